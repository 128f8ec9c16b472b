use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rosin_api::kustomization::CommonMetadata;
use serde_json::json;

use super::*;

fn finished(value: Value) -> Value {
    finished_by(&Kustomization::test("app"), value).unwrap()
}

fn finished_by(owner: &Kustomization, value: Value) -> Result<Value, FinishError> {
    let mut objects = [Object::new(value).unwrap()];
    finish(owner, &mut objects)?;
    let [object] = objects;
    Ok(object.into_value())
}

#[test]
fn every_object_gets_owner_labels() {
    // parity: KS-META-001
    let object = finished(
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a", "labels": { "own": "1" } } }),
    );
    assert_eq!(
        object["metadata"]["labels"],
        json!({ "own": "1", OWNER_NAME: "app", OWNER_NAMESPACE: "default" })
    );
}

#[test]
fn common_metadata_wins_and_stays_out_of_templates() {
    // parity: KS-META-002
    let mut owner = Kustomization::test("app");
    let map = |entries: &[(&str, &str)]| {
        entries
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    };
    owner.spec.common_metadata = Some(CommonMetadata {
        labels: map(&[("team", "new"), (OWNER_NAME, "other")]),
        annotations: map(&[("note", "x")]),
    });
    let object = finished_by(
        &owner,
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "a", "labels": { "team": "old" } },
            "spec": { "selector": { "matchLabels": { "a": "b" } }, "template": { "metadata": { "labels": { "a": "b" } } } },
        }),
    )
    .unwrap();
    assert_eq!(
        object["metadata"]["labels"],
        json!({ "team": "new", OWNER_NAME: "other", OWNER_NAMESPACE: "default" })
    );
    assert_eq!(object["metadata"]["annotations"], json!({ "note": "x" }));
    assert_eq!(
        object["spec"]["template"]["metadata"]["labels"],
        json!({ "a": "b" })
    );
}

#[test]
fn status_goes_but_for_definitions() {
    // parity: KS-NORM-002
    let with_status = |api_version: &str, kind: &str| {
        let object = json!({ "apiVersion": api_version, "kind": kind, "status": { "x": 1 },
            "metadata": { "name": "a", "creationTimestamp": null } });
        finished(object)
    };
    let object = with_status("example.com/v1", "Widget");
    assert!(
        object.get("status").is_none() && object["metadata"].get("creationTimestamp").is_none()
    );
    assert!(
        with_status("apiextensions.k8s.io/v1", "CustomResourceDefinition")
            .get("status")
            .is_some()
    );
}

#[test]
fn ports_are_tcp_unless_they_say_otherwise() {
    // parity: KS-NORM-003
    let service = finished(
        json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "a" },
        "spec": { "ports": [{ "port": 80 }, { "port": 53, "protocol": "UDP" }] } }),
    );
    assert_eq!(
        service["spec"]["ports"],
        json!([{ "port": 80, "protocol": "TCP" }, { "port": 53, "protocol": "UDP" }])
    );
    let ports = json!({ "ports": [{ "containerPort": 80 }] });
    let spec = json!({ "containers": [ports], "initContainers": [ports] });
    for (api_version, kind, wrap) in [
        ("v1", "Pod", 0),
        ("apps/v1", "Deployment", 1),
        ("apps/v1", "StatefulSet", 1),
        ("apps/v1", "DaemonSet", 1),
        ("apps/v1", "ReplicaSet", 1),
        ("batch/v1", "Job", 1),
        ("batch/v1", "CronJob", 2),
    ] {
        let spec = match wrap {
            0 => spec.clone(),
            1 => json!({ "template": { "spec": spec } }),
            _ => json!({ "jobTemplate": { "spec": { "template": { "spec": spec } } } }),
        };
        let path = [
            "/spec",
            "/spec/template/spec",
            "/spec/jobTemplate/spec/template/spec",
        ][wrap];
        let object = finished(
            json!({ "apiVersion": api_version, "kind": kind, "metadata": { "name": "a" }, "spec": spec }),
        );
        let pod = object.pointer(path).unwrap();
        assert_eq!(
            pod["containers"][0]["ports"][0]["protocol"], "TCP",
            "{kind}"
        );
        assert!(
            pod["initContainers"][0]["ports"][0]
                .get("protocol")
                .is_none(),
            "{kind}"
        );
    }
}

#[test]
fn string_data_is_folded_into_data() {
    // parity: KS-NORM-004
    let secret = finished(
        json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "a" },
        "data": { "a": "b2xk", "b": "b2xk" }, "stringData": { "b": "new" } }),
    );
    assert_eq!(secret["data"], json!({ "a": "b2xk", "b": "bmV3" }));
    assert!(secret.get("stringData").is_none());
}

#[test]
fn a_placeholder_for_a_certificate_is_removed_from_definitions() {
    // parity: KS-NORM-005
    let kept = |bundle: &str| {
        let object = finished(
            json!({ "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": { "name": "a" }, "spec": { "conversion": { "webhook": { "clientConfig": { "caBundle": bundle, "url": "x" } } } } }),
        );
        object
            .pointer("/spec/conversion/webhook/clientConfig/caBundle")
            .is_some()
    };
    let der = BASE64_STANDARD.encode([0x30, 0x82, 0x01, 0x00]);
    let pem = format!("-----BEGIN CERTIFICATE-----\n{der}\n-----END CERTIFICATE-----\n");
    assert!(kept(&BASE64_STANDARD.encode(&pem)));
    for broken in [
        "Cg==",
        "not base64",
        "",
        &BASE64_STANDARD.encode("text"),
        &BASE64_STANDARD.encode(pem.replace(&der, "AAAA")),
    ] {
        assert!(!kept(broken), "{broken}");
    }
}

#[test]
fn an_encrypted_secret_is_refused_unless_it_asks_for_it() {
    // parity: KS-DEC-023, KS-DEC-024
    let secret = |annotations: Value| {
        json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "s", "namespace": "apps", "annotations": annotations },
            "data": { "a": "ENC[AES256_GCM,data:x]" }, "sops": { "mac": "ENC[x]" } })
    };
    let owner = Kustomization::test("app");
    assert_eq!(
        finished_by(&owner, secret(json!({})))
            .unwrap_err()
            .to_string(),
        "Secret/apps/s is SOPS encrypted, configuring decryption is required for this secret to be reconciled"
    );
    assert!(finished_by(&owner, secret(json!({ DECRYPT_KEY: "Disabled" }))).is_ok());
}

#[test]
fn lists_are_taken_apart_and_what_is_no_object_is_dropped() {
    // parity: KS-BUILD-012
    let map = |name: &str| json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name } });
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": [map("a"), null, { "apiVersion": "v1", "kind": "ConfigMapList", "items": [map("b")] }, map("c")] });
    assert_eq!(flatten(list), [map("a"), map("b"), map("c")]);
    assert_eq!(flatten(Value::Null), Vec::<Value>::new());
    assert_eq!(
        flatten(
            json!({ "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization" })
        ),
        Vec::<Value>::new()
    );
    assert_eq!(flatten(map("a")), [map("a")]);
    let mut deep = map("x");
    for _ in 0..1_000 {
        deep = json!({ "apiVersion": "v1", "kind": "List", "items": [deep] });
    }
    assert_eq!(flatten(deep), [map("x")]);
}

#[test]
fn fields_that_a_kind_does_not_have_are_dropped_and_reported() {
    // parity: KS-NORM-001, KS-APPLY-027
    let mut objects = [Object::new(json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "a", "namespace": "apps", "nmae": "x" },
        "spec": {
            "replicas": 2, "replica": 3, "paused": null, "strategy": {},
            "selector": { "matchLabels": { "a": "b" } },
            "template": { "metadata": { "labels": { "a": "b" } }, "spec": {
                "volumes": [{ "name": "v", "emptyDir": { "sizeLimit": 1 } }],
                "containers": [
                    { "name": "c", "image": "i", "imagePullPolcy": "Always", "resources": { "limits": { "cpu": 1, "memory": "1Gi" } },
                      "ports": [{ "containerPort": 80 }], "env": [{ "name": "E", "value": "" }] },
                ],
            } },
        },
    }))
    .unwrap()];
    let unknown = finish(&Kustomization::test("app"), &mut objects).unwrap();
    assert_eq!(
        unknown[0].to_string(),
        "Deployment/apps/a: unknown fields were ignored: metadata.nmae, spec.replica, \
         spec.template.spec.containers[0].imagePullPolcy"
    );
    let object = objects[0].to_value();
    assert_eq!(
        object["spec"],
        json!({
            "replicas": 2, "paused": null, "strategy": {},
            "selector": { "matchLabels": { "a": "b" } },
            "template": { "metadata": { "labels": { "a": "b" } }, "spec": {
                "volumes": [{ "name": "v", "emptyDir": { "sizeLimit": 1 } }],
                "containers": [
                    { "name": "c", "image": "i", "resources": { "limits": { "cpu": 1, "memory": "1Gi" } },
                      "ports": [{ "containerPort": 80, "protocol": "TCP" }], "env": [{ "name": "E", "value": "" }] },
                ],
            } },
        })
    );
}

#[test]
fn what_does_not_decode_or_is_nobodys_kind_stays_as_it_is() {
    // parity: KS-NORM-001
    for value in [
        json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "a" }, "spec": { "replicas": "two", "x": 1 } }),
        json!({ "apiVersion": "example.com/v1", "kind": "Deployment", "metadata": { "name": "a" }, "spec": { "x": 1 } }),
        json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": { "name": "a" }, "rules": [{ "x": 1 }] }),
    ] {
        let object = finished(value.clone());
        assert_eq!(
            (object.get("spec"), object.get("rules")),
            (value.get("spec"), value.get("rules"))
        );
    }
}
