//! What is released of a rendered chart.
#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

mod support;

use rosin_api::helm_release::PostRenderStrategy::{self, Combined, NoHooks, Separate};
use rosin_release::postrender::{Document, Error, Rendered, metadata_digest, renderers_digest};
use serde_json::{Value, json};
use support::object;

fn document(path: &str, line: u32, text: &str) -> Document {
    Document {
        path: format!("app/templates/{path}"),
        line,
        text: text.into(),
    }
}

const HOOK: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: hook\n  annotations:\n    \"helm.sh/hook\": pre-install, post-upgrade\n    helm.sh/hook-weight: \"-5\"\n    helm.sh/hook-delete-policy: Hook-Succeeded,before-hook-creation\n    helm.sh/hook-output-log-policy: hook-failed\n";

fn chart() -> Vec<Document> {
    vec![
        document(
            "z.yaml",
            1,
            "# a comment\nkind: ConfigMap\napiVersion: v1\nmetadata:\n  name: z\n  labels: {b: \"1\", a: yes}\ndata:\n  x: \"1\"\n",
        ),
        document(
            "a.yaml",
            9,
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: second\n",
        ),
        document(
            "a.yaml",
            1,
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: first\n  annotations: {}\nspec:\n  template:\n    metadata:\n      labels: {}\n",
        ),
        document("hook.yaml", 1, HOOK),
    ]
}

fn finish(strategy: PostRenderStrategy, spec: Value) -> rosin_release::postrender::Released {
    let object = object(spec);
    let rendered = Rendered::new(chart(), strategy).unwrap();
    rendered.finish(&object.spec, "default", "app").unwrap()
}

const LABELS: &str =
    "    helm.toolkit.fluxcd.io/name: app\n    helm.toolkit.fluxcd.io/namespace: default\n";

#[test]
fn a_manifest_is_what_helm_stores() {
    // parity: HR-POST-003, HR-POST-005, HR-POST-006, HR-HOOK-001, HR-HOOK-003, HR-HOOK-006, HR-STORAGE-008, HR-HOOK-008
    let released = finish(Combined, json!({}));
    assert_eq!(
        released.manifest,
        format!(
            "---\n# Source: app/templates/a.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  labels:\n{LABELS}  name: second\n\n\
             ---\n# Source: app/templates/z.yaml\napiVersion: v1\ndata:\n  x: \"1\"\nkind: ConfigMap\nmetadata:\n  labels:\n    a: \"yes\"\n    b: \"1\"\n{LABELS}  name: z\n\n\
             ---\n# Source: app/templates/a.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  labels:\n{LABELS}  name: first\nspec:\n  template:\n    metadata:\n      labels: {{}}\n\n"
        )
    );
    let [hook] = released.hooks.as_slice() else {
        panic!("{:?}", released.hooks)
    };
    assert_eq!(
        (hook.name.as_str(), hook.kind.as_str(), hook.weight),
        ("hook", "Pod", -5)
    );
    assert_eq!(hook.path, "app/templates/hook.yaml");
    assert_eq!(hook.events, ["pre-install", "post-upgrade"]);
    assert_eq!(
        hook.delete_policies,
        ["hook-succeeded", "before-hook-creation"]
    );
    assert_eq!(hook.output_log_policies, ["hook-failed"]);
    assert!(hook.manifest.contains("helm.toolkit.fluxcd.io/name: app"));
    assert!(
        !released.manifest.contains("postrender-filename")
            && !hook.manifest.contains("postrender-filename")
    );
}

#[test]
fn common_metadata_loses_to_the_labels_of_the_origin() {
    // parity: HR-POST-002, HR-POST-003
    let common = json!({"commonMetadata": {
        "labels": {"helm.toolkit.fluxcd.io/name": "mine", "team": "a"}, "annotations": {"note": "b"},
    }});
    let released = finish(Combined, common);
    assert_eq!(released.manifest.matches("team: a").count(), 3);
    assert_eq!(released.manifest.matches("note: b").count(), 3);
    assert!(!released.manifest.contains("mine"));
    assert!(
        released
            .manifest
            .contains("  template:\n    metadata:\n      labels: {}\n")
    );
}

#[test]
fn hooks_may_be_left_alone_or_be_apart() {
    // parity: HR-POST-004
    let released = finish(NoHooks, json!({}));
    assert_eq!(released.hooks[0].manifest, HOOK);
    assert_eq!(released.manifest, finish(Combined, json!({})).manifest);
    let released = finish(Separate, json!({}));
    assert!(
        released.hooks[0]
            .manifest
            .contains("helm.toolkit.fluxcd.io/name: app")
    );

    // An object that is a hook as well: a conflict only where both are in one stream.
    let twice = || {
        let mut documents = chart();
        let text = HOOK.replace("helm.sh/hook\"", "not/hook\"");
        documents.push(document("pod.yaml", 1, &text));
        documents
    };
    assert_eq!(
        Rendered::new(twice(), Combined),
        Err(Error::Duplicate("Pod.v1.[noGrp]/hook.[noNs]".into()))
    );
    assert!(Rendered::new(twice(), Separate).is_ok());
    assert!(Rendered::new(twice(), NoHooks).is_ok());
}

#[test]
fn post_renderers_are_kustomizations_of_all_objects() {
    // parity: HR-POST-001, HR-POST-010
    let spec = object(json!({"postRenderers": [{"kustomize": {
        "patches": [{"patch": "kind: X", "target": {"kind": "Deployment", "labelSelector": "a=b"}}],
        "images": [{"name": "nginx", "newTag": "2"}],
    }}]}))
    .spec;
    let mut rendered = Rendered::new(chart(), Combined).unwrap();
    let [stream] = rendered.streams() else {
        panic!()
    };
    let files = stream.kustomization(
        spec.post_renderers.as_ref().unwrap()[0]
            .kustomize
            .as_ref()
            .unwrap(),
    );
    let kustomization: Value = serde_json::from_slice(&files[0].1).unwrap();
    assert_eq!(files[0].0, "kustomization.yaml");
    assert_eq!(
        kustomization,
        json!({
            "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": ["helm-output.yaml"],
            "images": [{"name": "nginx", "newTag": "2"}],
            "patches": [{"patch": "kind: X", "target": {"kind": "Deployment", "labelSelector": "a=b"}}],
        })
    );
    let input = String::from_utf8(files[1].1.clone()).unwrap();
    assert_eq!(input.matches("\n---\n").count(), 3);
    assert!(input.contains("postrenderer.helm.sh/postrender-filename: app/templates/z.yaml"));
    // What a renderer adds has a file of its own.
    stream.replace(vec![
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "new"}}),
    ]);
    let released = rendered.finish(&spec, "default", "app").unwrap();
    assert!(
        released
            .manifest
            .starts_with("---\n# Source: generated-by-postrender-0.yaml\n")
    );
    assert!(released.hooks.is_empty());
}

#[test]
fn lists_are_their_items_and_what_has_no_name_is_refused() {
    // parity: HR-TPL-021
    let list = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: b}}\n";
    let spec = object(json!({})).spec;
    let documents = vec![
        document("list.yaml", 1, list),
        document("empty.yaml", 1, "# nothing\n"),
    ];
    let rendered = Rendered::new(documents, Combined).unwrap();
    let released = rendered.finish(&spec, "default", "app").unwrap();
    assert_eq!(
        released
            .manifest
            .matches("# Source: app/templates/list.yaml")
            .count(),
        2
    );
    for (text, field) in [
        ("kind: ConfigMap\n", "metadata.name"),
        ("metadata: {name: a}\n", "kind"),
    ] {
        let error = Rendered::new(vec![document("x.yaml", 1, text)], Combined).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("missing {field} in object of app/templates/x.yaml")
        );
    }
    let error = Rendered::new(vec![document("x.yaml", 1, "a: [\n")], Combined).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("error merging manifests: parsing app/templates/x.yaml: ")
    );
}

#[test]
fn digests_are_those_of_gos_structs() {
    // parity: HR-POST-007
    let spec = object(json!({})).spec;
    assert_eq!(
        (renderers_digest(&spec), metadata_digest(&spec)),
        (None, None)
    );
    let spec = object(json!({
        "postRenderers": [{"kustomize": {
            "images": [{"name": "a", "newName": "b", "newTag": "c", "digest": "d"}],
            "patches": [{"patch": "<x>", "target": {"version": "v1", "group": "g", "name": "n"}}, {"patch": "y"}],
        }}, {}],
        "commonMetadata": {"labels": {"z": "1", "a": "2"}, "annotations": {"x": "<"}},
    }))
    .spec;
    let digest = |text: &str| Some(rosin_release::Algorithm::Sha256.digest(text.as_bytes()));
    let empty = object(json!({"postRenderers": []})).spec;
    assert_eq!(renderers_digest(&empty), digest("[]\n"));
    assert_eq!(
        renderers_digest(&spec),
        digest(
            "[{\"kustomize\":{\"patches\":[{\"patch\":\"\\u003cx\\u003e\",\"target\":{\"group\":\"g\",\"version\":\"v1\",\"name\":\"n\"}},{\"patch\":\"y\"}],\"images\":[{\"name\":\"a\",\"newName\":\"b\",\"newTag\":\"c\",\"digest\":\"d\"}]}},{}]\n"
        )
    );
    assert_eq!(
        metadata_digest(&spec),
        digest("{\"annotations\":{\"x\":\"\\u003c\"},\"labels\":{\"a\":\"2\",\"z\":\"1\"}}\n")
    );
}
