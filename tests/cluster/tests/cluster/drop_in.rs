//! Renderers that a registry delivers: one that is signed and pinned renders, and what is not what it should be is refused before it
//! runs, by name, while what was applied stays.

use std::time::Duration;

use anyhow::{Context, Result};
use rcgen::KeyPair;
use rosin_cluster_tests::Registry;
use rosin_cluster_tests::api::Ref;
use rosin_cluster_tests::flux;
use rosin_cluster_tests::registry::{WASM, digest};
use serde_json::{Value, json};

use crate::case::Case;

/// The operator's rules for the tests of this file; `signer` is the operator's own key.
pub(crate) fn policy(signer: &str) -> String {
    let rules = json!({"rules": [
        {"namespaces": ["t-open-renderers"], "unsigned": true, "unpinned": true, "maximum": {"memory": "64Mi", "timeout": "5s"}},
        {"namespaces": ["t-operators-signers"], "signers": [signer], "unpinned": true},
        {"namespaces": ["t-signed-renderers", "t-refused-renderers"]},
    ]});
    rules.to_string()
}

const CONFIG_MAP: &str =
    r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"made"},"data":{"key":"value"}}"#;

/// An OCIRepository of a component.
async fn add_plugin(case: &Case, name: &str, url: &str, more: Value) -> Result<Ref> {
    let mut spec = json!({
        "interval": "1h",
        "url": url,
        "layerSelector": {"mediaType": WASM, "operation": "copy"},
    });
    if let (Some(spec), Value::Object(more)) = (spec.as_object_mut(), more) {
        spec.extend(more);
        spec.retain(|_, value| !value.is_null());
    }
    let object = json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "OCIRepository",
        "metadata": {"name": name, "namespace": case.namespace},
        "spec": spec,
    });
    case.api.apply(&object).await?;
    Ref::of(&object)
}

async fn add_key(case: &Case, name: &str, key: &KeyPair) -> Result<Value> {
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": name, "namespace": case.namespace},
        "stringData": {"cosign.pub": key.public_key_pem()},
    });
    case.api.apply(&secret).await?;
    Ok(json!({"provider": "cosign", "secretRef": {"name": name}}))
}

/// `good` with a schema for its options.
fn with_schema(schema: &str) -> Result<Vec<u8>> {
    let module = rosin_hostile::module("good")?;
    let text = format!("hostile0.1.0{}", schema.replace('"', "\\\""));
    let length = format!("(i32.const 1044) (i32.const {}))", schema.len());
    let module = module
        .replace("hostile0.1.0{}", &text)
        .replace("(i32.const 1044) (i32.const 2))", &length);
    rosin_hostile::component_of(&module, &[], "plugin")
}

fn renderer(name: &str) -> Value {
    json!({"sourceRef": {"kind": "OCIRepository", "name": name}})
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_signed_renderer_from_a_registry_renders() -> Result<()> {
    let case = Case::new("signed-renderers").await?;
    let (registry, key) = (Registry::start().await?, KeyPair::generate()?);
    let component = rosin_hostile::component("good")?;
    let manifest = registry.push("plugins/good", "v1", &component);
    registry.sign("plugins/good", &manifest, &key)?;
    let verify = add_key(&case, "keys", &key).await?;
    let pinned = json!({"ref": {"digest": manifest}, "verify": verify});
    let plugin = add_plugin(&case, "good", &registry.url("plugins/good"), pinned).await?;

    case.repository.write("object.json", CONFIG_MAP)?;
    case.repository.write("app/README", "a folder")?;
    let commit = case.push("first").await?;
    case.add_source().await?;
    // The fields of kustomize count for every renderer, and so does substitution.
    let spec = json!({
        "renderer": renderer("good"),
        "namePrefix": "my-",
        "patches": [{"patch": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: made}\ndata: {more: \"${text}\"}"}],
        "postBuild": {"substitute": {"text": "substituted"}},
    });
    let app = case.add_kustomization("app", "./app", spec).await?;
    case.ready(&app, &commit).await?;
    case.until_value("my-made", "key", "value").await?;
    case.until_value("my-made", "more", "substituted").await?;
    let status = case.api.read(&app).await?["status"]["renderer"].clone();
    assert_eq!(status["digest"], digest(&component));
    assert_eq!(
        status["source"],
        format!("OCIRepository/{}/good", case.namespace)
    );
    let revision = status["revision"].as_str().context("a revision")?;
    assert!(revision.ends_with(&manifest), "{revision}");
    assert_eq!(status["capabilities"], json!(["source", "diagnostics"]));

    // The annotation says the same, for those whose tools drop the field.
    let mut object = flux::kustomization(
        &case.namespace,
        "annotated",
        "app",
        "./app",
        &json!({"targetNamespace": case.namespace, "nameSuffix": "-annotated"}),
    );
    object["metadata"]["annotations"] = json!({"rosin.dev/renderer": renderer("good").to_string()});
    case.api.apply(&object).await?;
    case.ready(&Ref::of(&object)?, &commit).await?;
    case.until_value("made-annotated", "key", "value").await?;

    // Without its renderer, it is refused, and keeps what it has.
    case.api.delete(&plugin).await?;
    case.until_gone(&plugin).await?;
    case.repository
        .write("object.json", &CONFIG_MAP.replace("value", "later"))?;
    case.push("second").await?;
    case.fails(&app, "RendererFailed", "there is no such source")
        .await?;
    assert_eq!(
        case.value("my-made", "key").await?.as_deref(),
        Some("value")
    );
    let entries = &case.api.read(&app).await?["status"]["inventory"]["entries"];
    assert_eq!(entries.as_array().map(Vec::len), Some(1), "{entries}");
    Ok(())
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn what_the_rules_do_not_allow_does_not_run() -> Result<()> {
    // parity: SEC-WASM-11
    let case = Case::new("refused-renderers").await?;
    let (registry, key) = (Registry::start().await?, KeyPair::generate()?);
    let stranger = KeyPair::generate()?;
    let component = rosin_hostile::component("good")?;
    let signed = registry.push("signed", "v1", &component);
    registry.sign("signed", &signed, &key)?;
    let unsigned = registry.push("unsigned", "v1", &component);
    let theirs = registry.push("theirs", "v1", &component);
    registry.sign("theirs", &theirs, &stranger)?;
    let verify = add_key(&case, "keys", &key).await?;
    let pin = |digest: &str| json!({"digest": digest});
    let sources = [
        (
            "unverified",
            "signed",
            json!({"ref": pin(&signed)}),
            "has no spec.verify",
        ),
        (
            "unsigned",
            "unsigned",
            json!({"ref": pin(&unsigned), "verify": verify}),
            "no matching signatures",
        ),
        (
            "strange",
            "theirs",
            json!({"ref": pin(&theirs), "verify": verify}),
            "no matching signatures",
        ),
        (
            "tagged",
            "signed",
            json!({"ref": {"tag": "v1"}, "verify": verify}),
            "not pinned",
        ),
        (
            "extracted",
            "signed",
            json!({"ref": pin(&signed), "verify": verify, "layerSelector": {"operation": "extract"}}),
            "taken as it is",
        ),
    ];
    case.repository.write("object.json", CONFIG_MAP)?;
    case.push("first").await?;
    case.add_source().await?;
    let mut refused = Vec::new();
    for (name, repository, more, words) in sources {
        add_plugin(&case, name, &registry.url(repository), more).await?;
        let spec = json!({"renderer": renderer(name)});
        refused.push((case.add_kustomization(name, "./", spec).await?, words));
    }
    for (app, words) in &refused {
        case.fails(app, "RendererFailed", words).await?;
    }
    assert!(case.api.get(&case.config_map("made")).await?.is_none());
    Ok(())
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn signers_of_the_operator_count_whatever_tenants_verify() -> Result<()> {
    // parity: SEC-WASM-11
    let case = Case::new("operators-signers").await?;
    let (registry, tenant) = (Registry::start().await?, KeyPair::generate()?);
    let component = rosin_hostile::component("good")?;
    let ours = registry.push("ours", "v1", &component);
    registry.sign("ours", &ours, &case.shared.signer)?;
    // Equal bytes would be the same component, wherever they lie.
    let other = rosin_hostile::component("trap")?;
    let theirs = registry.push("theirs", "v1", &other);
    registry.sign("theirs", &theirs, &tenant)?;
    let verify = add_key(&case, "keys", &tenant).await?;
    add_plugin(
        &case,
        "ours",
        &registry.url("ours"),
        json!({"ref": {"tag": "v1"}}),
    )
    .await?;
    let more = json!({"ref": {"tag": "v1"}, "verify": verify});
    add_plugin(&case, "theirs", &registry.url("theirs"), more).await?;
    case.repository.write("object.json", CONFIG_MAP)?;
    let commit = case.push("first").await?;
    case.add_source().await?;
    let good = case
        .add_kustomization("good", "./", json!({"renderer": renderer("ours")}))
        .await?;
    let spec = json!({"renderer": renderer("theirs"), "namePrefix": "bad-"});
    let bad = case.add_kustomization("bad", "./", spec).await?;
    case.ready(&good, &commit).await?;
    case.fails(
        &bad,
        "RendererFailed",
        "none of the operator's signers signed",
    )
    .await?;
    assert!(case.api.get(&case.config_map("bad-made")).await?.is_none());
    Ok(())
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn hostile_components_and_registries_fail_alone() -> Result<()> {
    // parity: SEC-WASM-01, SEC-WASM-02, SEC-WASM-07, SEC-WASM-08
    let case = Case::new("open-renderers").await?;
    let registry = Registry::start().await?;
    let good = rosin_hostile::component("good")?;
    let clock = rosin_hostile::component_of(
        "(module (import \"rosin:render/ambient@0.1.0\" \"now\" (func (result i64))) (memory (export \"memory\") 1) (func (export \"run\")))",
        &[
            "package test:stranger; world stranger { import rosin:render/ambient@0.1.0; export run: func(); }",
        ],
        "stranger",
    )?;
    registry.push("good", "v1", &good);
    registry.push(
        "options",
        "v1",
        &with_schema(r#"{"required": ["replicas"]}"#)?,
    );
    registry.push("elf", "v1", b"\x7fELF\x02\x01\x01");
    registry.push("clock", "v1", &clock);
    registry.push("loop", "v1", &rosin_hostile::component("loop")?);
    registry.push("grow", "v1", &rosin_hostile::component("grow")?);
    registry.push("start", "v1", &rosin_hostile::component("loop_in_start")?);
    registry.push_layer(
        "tar",
        "v1",
        "application/vnd.oci.image.layer.v1.tar+gzip",
        &good,
    );
    registry.push("lies", "v1", &good);
    registry.lie("lies", &digest(&good), rosin_hostile::component("trap")?)?;
    let cases = [
        ("options", "RendererFailed", "missing property 'replicas'"),
        ("elf", "RendererFailed", "not a WebAssembly component"),
        (
            "clock",
            "RendererFailed",
            "it was not granted to this plugin",
        ),
        (
            "loop",
            "BuildFailed",
            "did not end within its deadline of 2s",
        ),
        (
            "grow",
            "BuildFailed",
            "needs more memory than its limit of 64 MiB",
        ),
        ("start", "RendererFailed", "did not end within its deadline"),
        ("tar", "RendererFailed", "its source has no artifact"),
        ("lies", "RendererFailed", "its source has no artifact"),
        ("missing", "RendererFailed", "its source has no artifact"),
    ];
    case.repository.write("object.json", CONFIG_MAP)?;
    case.push("first").await?;
    case.add_source().await?;
    let mut hostile = Vec::new();
    for (name, reason, words) in cases {
        add_plugin(
            &case,
            name,
            &registry.url(name),
            json!({"ref": {"tag": "v1"}}),
        )
        .await?;
        let mut renderer = renderer(name);
        renderer["limits"] = json!({"timeout": "2s", "memory": "64Mi"});
        let spec = json!({"renderer": renderer, "namePrefix": format!("{name}-")});
        hostile.push((
            case.add_kustomization(name, "./", spec).await?,
            reason,
            words,
        ));
    }
    add_plugin(
        &case,
        "good",
        &registry.url("good"),
        json!({"ref": {"tag": "v1"}}),
    )
    .await?;
    let mut greedy = renderer("good");
    greedy["limits"] = json!({"memory": "65Mi"});
    let spec = json!({"renderer": greedy, "namePrefix": "greedy-"});
    let greedy = case.add_kustomization("greedy", "./", spec).await?;
    let mut told = renderer("options");
    told["options"] = json!({"replicas": 2});
    let neighbour = case
        .add_kustomization("neighbour", "./", json!({"renderer": told}))
        .await?;
    for (app, reason, words) in &hostile {
        case.fails(app, reason, words).await?;
    }
    case.fails(
        &greedy,
        "RendererFailed",
        "is more than the 64Mi that the operator allows",
    )
    .await?;
    // And when all have failed, the next commit is live.
    case.repository
        .write("object.json", &CONFIG_MAP.replace("value", "later"))?;
    let commit = case.push("second").await?;
    case.ready(&neighbour, &commit).await?;
    case.until_value("made", "key", "later").await?;
    Ok(())
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn without_a_rule_there_are_no_renderers_from_sources() -> Result<()> {
    let case = Case::new("no-rule").await?;
    let registry = Registry::start().await?;
    let manifest = registry.push("good", "v1", &rosin_hostile::component("good")?);
    let pinned = json!({"ref": {"digest": manifest}});
    let plugin = add_plugin(&case, "good", &registry.url("good"), pinned).await?;
    flux::wait_for(
        &case.api,
        &plugin,
        Duration::from_secs(60),
        flux::Ready::is_true,
    )
    .await?;
    case.repository.write("object.json", CONFIG_MAP)?;
    case.push("first").await?;
    case.add_source().await?;
    let app = case
        .add_kustomization("app", "./", json!({"renderer": renderer("good")}))
        .await?;
    case.fails(
        &app,
        "RendererFailed",
        "no rule of the operator lets objects in namespace",
    )
    .await
    .map(drop)
}
