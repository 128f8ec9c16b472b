//! What the status says on the way, and when pruning and deletion happen.

use std::process::Command;

use anyhow::{Result, ensure};
use rosin_cluster_tests::Registry;
use rosin_cluster_tests::api::Ref;
use rosin_cluster_tests::flux::git_repository;
use rosin_cluster_tests::install::condition;
use rosin_cluster_tests::paths;
use rosin_cluster_tests::wait::{Look, until};
use serde_json::{Value, json};

use crate::case::{Case, DEADLINE, config_map, deployment};

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_source_without_artifact_is_said_to_have_none() -> Result<()> {
    // parity: KS-SRC-003
    let case = Case::new("no-artifact").await?;
    let nowhere = git_repository(&case.namespace, "app", "http://127.0.0.1:1/none.git", "1h");
    case.api.apply(&nowhere).await?;
    let app = case.add_kustomization("app", "./app", json!({})).await?;
    let failed = case.fails(&app, "ArtifactFailed", "").await?;
    // The tests' controller is started with --requeue-dependency=2s.
    ensure!(
        failed.message == "Source artifact not found, retrying in 2s",
        "{}",
        failed.message
    );
    Ok(())
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn conditions_are_ours_and_tools_can_wait_for_them() -> Result<()> {
    // parity: KS-STATUS-001, KS-STATUS-005, KS-STATUS-016
    let case = Case::new("conditions").await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "value"))?;
    let commit = case.push("first").await?;
    case.add_source().await?;
    let app = case
        .add_kustomization("app", "./nowhere", json!({}))
        .await?;
    case.fails(&app, "ArtifactFailed", "path not found").await?;
    let attempted = async || {
        let object = case.api.read(&app).await?;
        anyhow::Ok(object["status"]["lastAttemptedRevision"].clone())
    };
    ensure!(
        attempted().await?.is_null(),
        "a path that is not there was attempted"
    );
    case.api
        .merge(&app, &json!({ "spec": { "path": "./app" } }), "test")
        .await?;
    let mut kubectl = Command::new(paths::tool("kubectl")?);
    kubectl
        .arg(format!("--kubeconfig={}", case.shared.kubeconfig.display()))
        .args(["wait", "--for=condition=ready", "--timeout=60s"])
        .args(["kustomization/app", "-n", &case.namespace]);
    let waited = tokio::task::spawn_blocking(move || kubectl.output()).await??;
    ensure!(
        waited.status.success(),
        "{}",
        String::from_utf8_lossy(&waited.stderr)
    );
    ensure!(
        attempted()
            .await?
            .as_str()
            .is_some_and(|text| text.contains(&commit))
    );

    // What others write into our conditions does not last.
    let time = "2026-01-01T00:00:00Z";
    let theirs = |kind: &str| {
        json!({
            "type": kind, "status": "True", "reason": "Theirs", "message": "theirs",
            "lastTransitionTime": time,
        })
    };
    let status = json!({ "status": { "conditions": [theirs("Stalled"), theirs("Reconciling")] } });
    case.api.merge_status(&app, &status).await?;
    rosin_cluster_tests::flux::reconcile(&case.api, &app).await?;
    let object = case.api.read(&app).await?;
    ensure!(
        condition(&object, "Stalled").is_none(),
        "{}",
        object["status"]
    );
    ensure!(
        condition(&object, "Reconciling").is_none(),
        "{}",
        object["status"]
    );
    let ready = condition(&object, "Ready").cloned().unwrap_or_default();
    ensure!(ready["reason"] == "ReconciliationSucceeded", "{ready}");
    Ok(())
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn pruning_comes_after_a_full_apply_and_before_health() -> Result<()> {
    // parity: KS-PRUNE-002
    let case = Case::new("prune-when").await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "value"))?;
    case.repository
        .write("app/two.yaml", &config_map("two", "key", "value"))?;
    let first = case.push("first").await?;
    case.add_source().await?;
    let more = json!({ "wait": true, "timeout": "10m", "prune": true });
    let app = case.add_kustomization("app", "./app", more).await?;
    case.ready(&app, &first).await?;
    // What is not applied as a whole prunes nothing.
    case.repository.remove("app/two.yaml")?;
    let service = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  ports:\n    - port: seventy\n";
    case.repository.write("app/web.yaml", service)?;
    case.push("broken").await?;
    case.fails(&app, "ReconciliationFailed", "port").await?;
    ensure!(
        case.value("two", "key").await?.is_some(),
        "it was pruned after a failed apply"
    );
    // What is applied prunes, although it will never be healthy.
    case.repository
        .write("app/web.yaml", &deployment("web", 1, Some("nowhere")))?;
    case.push("unhealthy").await?;
    case.until_gone(&case.config_map("two")).await?;
    let checking = until("the health check to be told", DEADLINE, async || {
        let object = case.api.read(&app).await?;
        let reconciling = condition(&object, "Reconciling")
            .cloned()
            .unwrap_or_default();
        let message = reconciling["message"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        Ok(
            match message.starts_with("Running health checks for revision") {
                true => Look::Done(object),
                false => Look::Waiting(message),
            },
        )
    });
    let object = checking.await?;
    let ready = condition(&object, "Ready").cloned().unwrap_or_default();
    ensure!(
        ready["status"] == "Unknown" && ready["reason"] == "Progressing",
        "{ready}"
    );
    ensure!(ready["message"] == "Reconciliation in progress", "{ready}");
    let healthy = condition(&object, "Healthy").cloned().unwrap_or_default();
    ensure!(
        healthy["status"] == "Unknown" && healthy["reason"] == "Progressing",
        "{healthy}"
    );
    Ok(())
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn ignored_fields_are_applied_when_an_object_is_made() -> Result<()> {
    // parity: KS-DRIFT-006
    let case = Case::new("ignore-create").await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "git"))?;
    let commit = case.push("first").await?;
    case.add_source().await?;
    let more = json!({ "ignore": [{ "paths": ["/data/key"] }] });
    let app = case.add_kustomization("app", "./app", more).await?;
    case.ready(&app, &commit).await?;
    ensure!(case.value("one", "key").await?.as_deref() == Some("git"));
    let theirs = json!({ "data": { "key": "theirs" } });
    case.api
        .merge(&case.config_map("one"), &theirs, "somebody")
        .await?;
    rosin_cluster_tests::flux::reconcile(&case.api, &app).await?;
    ensure!(case.value("one", "key").await?.as_deref() == Some("theirs"));
    case.api.delete(&case.config_map("one")).await?;
    case.until_value("one", "key", "git").await
}

async fn event(case: &Case, words: &str) -> Result<Value> {
    until(format!("an event with {words:?}"), DEADLINE, async || {
        let events = case.api.list("v1", "Event", &case.namespace, "").await?;
        let has = |event: &&Value| {
            event["message"]
                .as_str()
                .is_some_and(|text| text.starts_with(words))
        };
        Ok(match events.iter().find(has) {
            Some(event) => Look::Done(event.clone()),
            None => Look::Waiting(format!("{} others", events.len())),
        })
    })
    .await
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_deletion_needs_its_account_and_its_rights() -> Result<()> {
    // parity: KS-DEL-004, KS-DEL-005
    let case = Case::new("deletion-rights").await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "value"))?;
    let commit = case.push("first").await?;
    case.add_source().await?;
    let verbs = json!(["get", "list", "watch", "create", "patch"]);
    crate::remote::account(&case, "tenant", crate::remote::config_maps(verbs)).await?;
    let more = json!({ "serviceAccountName": "tenant", "prune": true });
    let app = case.add_kustomization("app", "./app", more.clone()).await?;
    case.ready(&app, &commit).await?;
    case.api.delete(&app).await?;
    let failed = event(&case, "pruning for deleted resource failed").await?;
    ensure!(failed["type"] == "Warning", "{failed}");
    let kept = case.api.read(&app).await?;
    ensure!(
        kept["metadata"]["finalizers"][0] == "finalizers.fluxcd.io",
        "{kept}"
    );
    let verbs = json!(["get", "list", "watch", "create", "patch", "delete"]);
    crate::remote::account(&case, "tenant", crate::remote::config_maps(verbs)).await?;
    case.until_gone(&app).await?;
    case.until_gone(&case.config_map("one")).await?;

    // Without the account nothing is deleted, and nobody is kept waiting.
    let app = case.add_kustomization("app", "./app", more).await?;
    case.ready(&app, &commit).await?;
    case.api
        .delete(&Ref::new("v1", "ServiceAccount", &case.namespace, "tenant"))
        .await?;
    case.api.delete(&app).await?;
    case.until_gone(&app).await?;
    let told = event(&case, "unable to prune objects:").await?;
    let message = told["message"].as_str().unwrap_or_default();
    ensure!(
        message.contains(&format!("ConfigMap/{}/one", case.namespace)),
        "{message}"
    );
    ensure!(case.value("one", "key").await?.is_some(), "it was deleted");
    Ok(())
}

/// Waits until the conditions say that this is being done.
async fn says(case: &Case, app: &Ref, doing: &str) -> Result<()> {
    until(format!("{app} to say {doing:?}"), DEADLINE, async || {
        let object = case.api.read(app).await?;
        let (Some(ready), Some(reconciling)) = (
            condition(&object, "Ready"),
            condition(&object, "Reconciling"),
        ) else {
            return Ok(Look::Waiting("it says nothing yet".into()));
        };
        let all = ready["status"] == "Unknown"
            && ready["reason"] == "Progressing"
            && ready["message"] == "Reconciliation in progress"
            && reconciling["status"] == "True"
            && reconciling["reason"] == "Progressing"
            && reconciling["message"] == doing;
        Ok(match all {
            true => Look::Done(()),
            false => Look::Waiting(reconciling.to_string()),
        })
    })
    .await
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn what_lasts_is_told() -> Result<()> {
    // parity: KS-STATUS-002
    let case = Case::new("progressing").await?;
    case.repository
        .write("app/web.yaml", &deployment("web", 1, Some("nowhere")))?;
    let commit = case.push("first").await?;
    case.add_source().await?;
    let waits = json!({ "wait": true, "timeout": "2m" });
    let waits = case.add_kustomization("waits", "./app", waits).await?;
    let endless = json!({ "renderer": { "name": "loop" }, "timeout": "45s" });
    let endless = case.add_kustomization("endless", "./app", endless).await?;
    let revision = format!("main@sha1:{commit}");
    let doing = format!("Running health checks for revision {revision} with a timeout of 2m0s");
    says(&case, &waits, &doing).await?;
    let doing = format!("Building manifests for revision {revision} with a timeout of 45s");
    says(&case, &endless, &doing).await
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn the_origin_of_an_artifact_is_kept() -> Result<()> {
    // parity: KS-STATUS-007, KS-EVENT-004
    let case = Case::new("origin").await?;
    let folder = crate::case::folder("origin");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("one.yaml"), config_map("one", "key", "value"))?;
    let packed = std::process::Command::new("tar")
        .args(["-czf", "-", "-C"])
        .arg(&folder)
        .arg("one.yaml")
        .output()?;
    let registry = Registry::start().await?;
    let layer = "application/vnd.cncf.flux.content.v1.tar+gzip";
    let origin = "main@sha1:1234567890123456789012345678901234567890";
    let annotations = json!({ "org.opencontainers.image.revision": origin });
    let digest = registry.push_annotated("app", "v1", (layer, &packed.stdout), annotations);
    let source = json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "OCIRepository",
        "metadata": { "name": "app", "namespace": case.namespace },
        "spec": { "interval": "1h", "url": registry.url("app"), "ref": { "tag": "v1" }, "insecure": true },
    });
    case.api.apply(&source).await?;
    let source = json!({ "sourceRef": { "kind": "OCIRepository", "name": "app" } });
    let app = case.add_kustomization("app", "./", source).await?;
    case.ready(&app, &digest).await?;
    let status = case.api.read(&app).await?["status"].clone();
    assert_eq!(status["lastAppliedOriginRevision"], origin, "{status}");
    assert_eq!(status["history"][0]["metadata"]["originRevision"], origin);
    until("an event with the origin", DEADLINE, async || {
        let events = case.api.list("v1", "Event", &case.namespace, "").await?;
        let key = "kustomize.toolkit.fluxcd.io/originRevision";
        let told = events
            .iter()
            .any(|event| event["metadata"]["annotations"][key] == origin);
        Ok(match told {
            true => Look::Done(()),
            false => Look::Waiting("there is none".into()),
        })
    })
    .await
}
