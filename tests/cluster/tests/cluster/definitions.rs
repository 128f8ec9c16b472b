//! The definitions as a real API server applies them: what Flux's accept is accepted, what they reject is rejected. The rules were read
//! off Flux's own definitions.

use anyhow::Result;
use rosin_cluster_tests::flux::{git_repository, kustomization};
use serde_json::{Value, json};

use crate::case::Case;

/// A valid object with one change, by a JSON merge patch, and whether the API server takes it.
async fn table(case: &Case, valid: &Value, rows: &[(&str, Value, bool)]) -> Result<()> {
    let mut wrong = Vec::new();
    for (index, (what, patch, accepted)) in rows.iter().enumerate() {
        let mut object = valid.clone();
        merge(&mut object, patch);
        object["metadata"]["name"] = format!("row-{index}").into();
        // Suspended, so that the controller leaves it alone.
        object["spec"]["suspend"] = true.into();
        let answer = case.api.create(&object).await;
        if answer.is_ok() != *accepted {
            wrong.push(format!(
                "{what}: {}",
                answer.map_or_else(|error| error.to_string(), |_| "was accepted".to_owned())
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

fn merge(target: &mut Value, patch: &Value) {
    let (Some(fields), Some(changes)) = (target.as_object_mut(), patch.as_object()) else {
        *target = patch.clone();
        return;
    };
    for (name, change) in changes {
        match change {
            Value::Null => drop(fields.remove(name)),
            _ => merge(fields.entry(name.clone()).or_insert(Value::Null), change),
        }
    }
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn kustomizations_are_validated_as_flux_does() -> Result<()> {
    // parity: KS-API-005, KS-API-006, KS-API-007, KS-API-008, KS-API-010, KS-API-011, KS-API-012, KS-API-014, KS-API-015, KS-API-016, KS-API-017, KS-SRC-001
    let case = Case::new("definition-ks").await?;
    let valid = kustomization(&case.namespace, "x", "app", "./app", &json!({}));
    let spec = |spec: Value| json!({ "spec": spec });
    let rows = [
        ("as it is", json!({}), true),
        ("no interval", spec(json!({ "interval": null })), false),
        ("no prune", spec(json!({ "prune": null })), false),
        ("no source", spec(json!({ "sourceRef": null })), false),
        (
            "a source without a name",
            spec(json!({ "sourceRef": { "name": null } })),
            false,
        ),
        (
            "a kind that is no source",
            spec(json!({ "sourceRef": { "kind": "HelmRepository" } })),
            false,
        ),
        (
            "an OCIRepository",
            spec(json!({ "sourceRef": { "kind": "OCIRepository" } })),
            true,
        ),
        (
            "a Bucket",
            spec(json!({ "sourceRef": { "kind": "Bucket" } })),
            true,
        ),
        (
            "an ExternalArtifact",
            spec(json!({ "sourceRef": { "kind": "ExternalArtifact" } })),
            true,
        ),
        (
            "an interval without unit",
            spec(json!({ "interval": "10" })),
            false,
        ),
        (
            "an interval in days",
            spec(json!({ "interval": "1d" })),
            false,
        ),
        (
            "an interval of parts",
            spec(json!({ "interval": "1h30m0.5s" })),
            true,
        ),
        (
            "a number as interval",
            spec(json!({ "interval": 10 })),
            false,
        ),
        (
            "an empty target namespace",
            spec(json!({ "targetNamespace": "" })),
            false,
        ),
        (
            "a long target namespace",
            spec(json!({ "targetNamespace": "n".repeat(64) })),
            false,
        ),
        (
            "the longest target namespace",
            spec(json!({ "targetNamespace": "n".repeat(63) })),
            true,
        ),
        (
            "a long name prefix",
            spec(json!({ "namePrefix": "n".repeat(201) })),
            false,
        ),
        (
            "an empty name suffix",
            spec(json!({ "nameSuffix": "" })),
            false,
        ),
        (
            "values from a Pod",
            spec(json!({ "postBuild": { "substituteFrom": [{ "kind": "Pod", "name": "x" }] } })),
            false,
        ),
        (
            "values without a name",
            spec(json!({ "postBuild": { "substituteFrom": [{ "kind": "Secret" }] } })),
            false,
        ),
        (
            "values from a Secret",
            spec(json!({ "postBuild": { "substituteFrom": [{ "kind": "Secret", "name": "x" }] } })),
            true,
        ),
        (
            "a number as a value",
            spec(json!({ "postBuild": { "substitute": { "a": 1 } } })),
            false,
        ),
        (
            "an unknown deletion policy",
            spec(json!({ "deletionPolicy": "Never" })),
            false,
        ),
        (
            "a deletion policy",
            spec(json!({ "deletionPolicy": "WaitForTermination" })),
            true,
        ),
        (
            "an empty kubeConfig",
            spec(json!({ "kubeConfig": {} })),
            false,
        ),
        (
            "both kinds of kubeConfig",
            spec(
                json!({ "kubeConfig": { "secretRef": { "name": "a" }, "configMapRef": { "name": "b" } } }),
            ),
            false,
        ),
        (
            "a kubeConfig",
            spec(json!({ "kubeConfig": { "secretRef": { "name": "a" } } })),
            true,
        ),
        (
            "another decryption provider",
            spec(json!({ "decryption": { "provider": "vault" } })),
            false,
        ),
        (
            "decryption",
            spec(json!({ "decryption": { "provider": "sops", "secretRef": { "name": "keys" } } })),
            true,
        ),
        (
            "an image without a name",
            spec(json!({ "images": [{ "newTag": "1" }] })),
            false,
        ),
        (
            "an image",
            spec(
                json!({ "images": [{ "name": "a", "newName": "b", "newTag": "1", "digest": "sha256:0" }] }),
            ),
            true,
        ),
        (
            "a patch without a patch",
            spec(json!({ "patches": [{ "target": { "kind": "Pod" } }] })),
            false,
        ),
        (
            "a patch",
            spec(
                json!({ "patches": [{ "patch": "x", "target": { "kind": "Pod", "labelSelector": "a=b" } }] }),
            ),
            true,
        ),
        (
            "a health check without a name",
            spec(json!({ "healthChecks": [{ "kind": "Deployment" }] })),
            false,
        ),
        (
            "a health check",
            spec(json!({ "healthChecks": [{ "kind": "Deployment", "name": "a" }] })),
            true,
        ),
        (
            "an expression without current",
            spec(json!({ "healthCheckExprs": [{ "apiVersion": "a/v1", "kind": "A" }] })),
            false,
        ),
        (
            "an expression",
            spec(
                json!({ "healthCheckExprs": [{ "apiVersion": "a/v1", "kind": "A", "current": "true" }] }),
            ),
            true,
        ),
        (
            "a dependency without a name",
            spec(json!({ "dependsOn": [{ "namespace": "a" }] })),
            false,
        ),
        (
            "a dependency",
            spec(json!({ "dependsOn": [{ "name": "a", "readyExpr": "true" }] })),
            true,
        ),
        (
            "common metadata",
            spec(json!({ "commonMetadata": { "labels": { "a": "b" } } })),
            true,
        ),
        (
            "a number as a label",
            spec(json!({ "commonMetadata": { "labels": { "a": 1 } } })),
            false,
        ),
        (
            "components",
            spec(json!({ "components": ["../a"], "ignoreMissingComponents": true })),
            true,
        ),
        ("a text as wait", spec(json!({ "wait": "yes" })), false),
    ];
    table(&case, &valid, &rows).await
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn git_repositories_are_validated_as_flux_does() -> Result<()> {
    // parity: SRC-GEN-004, SRC-GIT-001, SRC-GIT-024
    let case = Case::new("definition-git").await?;
    let valid = git_repository(&case.namespace, "x", "https://example.com/a.git", "1m");
    let spec = |spec: Value| json!({ "spec": spec });
    let rows = [
        ("as it is", json!({}), true),
        ("no url", spec(json!({ "url": null })), false),
        ("no interval", spec(json!({ "interval": null })), false),
        (
            "ftp",
            spec(json!({ "url": "ftp://example.com/a.git" })),
            false,
        ),
        (
            "the short form of ssh",
            spec(json!({ "url": "git@example.com:a.git" })),
            false,
        ),
        (
            "ssh",
            spec(json!({ "url": "ssh://git@example.com/a.git" })),
            true,
        ),
        (
            "http",
            spec(json!({ "url": "http://example.com/a.git" })),
            true,
        ),
        (
            "an interval in days",
            spec(json!({ "interval": "1d" })),
            false,
        ),
        (
            "a timeout in hours",
            spec(json!({ "timeout": "1h" })),
            false,
        ),
        ("a timeout", spec(json!({ "timeout": "1m30s" })), true),
        (
            "an unknown provider",
            spec(json!({ "provider": "gitlab" })),
            false,
        ),
        ("a provider", spec(json!({ "provider": "generic" })), true),
        (
            "all references",
            spec(
                json!({ "ref": { "branch": "a", "tag": "b", "semver": "c", "name": "refs/heads/a", "commit": "d" } }),
            ),
            true,
        ),
        (
            "a Secret without a name",
            spec(json!({ "secretRef": {} })),
            false,
        ),
        (
            "an unknown mode of verification",
            spec(json!({ "verify": { "mode": "all", "secretRef": { "name": "a" } } })),
            false,
        ),
        (
            "verification",
            spec(json!({ "verify": { "mode": "HEAD", "secretRef": { "name": "a" } } })),
            true,
        ),
        (
            "an inclusion without a repository",
            spec(json!({ "include": [{ "toPath": "a" }] })),
            false,
        ),
        (
            "an inclusion",
            spec(json!({ "include": [{ "repository": { "name": "a" } }] })),
            true,
        ),
        ("a list as ignore", spec(json!({ "ignore": ["a"] })), false),
        (
            "sparse checkout",
            spec(json!({ "sparseCheckout": ["a", "b"] })),
            true,
        ),
    ];
    table(&case, &valid, &rows).await
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_new_object_never_looks_ready() -> Result<()> {
    // parity: KS-API-004, SRC-GEN-003
    let case = Case::new("definition-status").await?;
    for mut object in [
        kustomization(
            &case.namespace,
            "x",
            "app",
            "./app",
            &json!({ "suspend": true }),
        ),
        git_repository(&case.namespace, "x", "https://example.com/a.git", "1m"),
    ] {
        object["spec"]["suspend"] = true.into();
        let created = case.api.create(&object).await?;
        assert_eq!(created["status"]["observedGeneration"], -1, "{created}");
    }
    Ok(())
}
