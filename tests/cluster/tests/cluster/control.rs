//! What annotations ask of single objects, and what may be said twice.

use std::time::Duration;

use anyhow::Result;
use rosin_cluster_tests::api::Ref;
use rosin_cluster_tests::flux::{self, reconcile};
use rosin_cluster_tests::wait::stays;
use serde_json::json;

use crate::case::{Case, config_map};

fn annotated(name: &str, annotation: &str, value: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  annotations:\n    {annotation}\ndata:\n  key: {value}\n"
    )
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn an_object_that_is_disabled_is_neither_applied_nor_pruned() -> Result<()> {
    // parity: KS-APPLY-014
    let case = Case::new("disabled").await?;
    let disabled = "kustomize.toolkit.fluxcd.io/reconcile: disabled";
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "first"))?;
    case.repository
        .write("app/never.yaml", &annotated("never", disabled, "first"))?;
    let first = case.push("first").await?;
    case.add_source().await?;
    let app = case
        .add_kustomization("app", "./app", json!({ "prune": true }))
        .await?;
    case.ready(&app, &first).await?;
    assert_eq!(case.value("never", "key").await?, None);

    // The live object asks for it from now on.
    let patch = json!({ "metadata": { "annotations": { "kustomize.toolkit.fluxcd.io/reconcile": "disabled" } } });
    case.api
        .merge(&case.config_map("one"), &patch, "somebody")
        .await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "second"))?;
    let second = case.push("second").await?;
    case.ready(&app, &second).await?;
    assert_eq!(case.value("one", "key").await?.as_deref(), Some("first"));

    case.repository.remove("app/one.yaml")?;
    let third = case.push("third").await?;
    case.ready(&app, &third).await?;
    assert_eq!(case.value("one", "key").await?.as_deref(), Some("first"));
    Ok(())
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn an_object_may_ask_to_be_made_anew() -> Result<()> {
    // parity: KS-APPLY-015, KS-APPLY-018
    let case = Case::new("force-one").await?;
    let fixed = |value: &str| {
        let force = "kustomize.toolkit.fluxcd.io/force: enabled";
        format!("{}immutable: true\n", annotated("fixed", force, value))
    };
    case.repository.write("app/one.yaml", &fixed("first"))?;
    let first = case.push("first").await?;
    case.add_source().await?;
    let app = case.add_kustomization("app", "./app", json!({})).await?;
    case.ready(&app, &first).await?;
    let uid = case.uid(&case.config_map("fixed")).await?;

    case.repository.write("app/one.yaml", &fixed("second"))?;
    let second = case.push("second").await?;
    case.ready(&app, &second).await?;
    assert_eq!(case.value("fixed", "key").await?.as_deref(), Some("second"));
    assert_ne!(case.uid(&case.config_map("fixed")).await?, uid);
    Ok(())
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_namespace_is_never_made_by_the_way() -> Result<()> {
    // parity: KS-APPLY-009
    let case = Case::new("no-namespace").await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "value"))?;
    case.push("first").await?;
    case.add_source().await?;
    let elsewhere = json!({ "targetNamespace": "t-no-namespace-elsewhere" });
    let app = case.add_kustomization("app", "./app", elsewhere).await?;
    let words = "namespaces \"t-no-namespace-elsewhere\" not found";
    case.fails(&app, "ReconciliationFailed", words).await?;
    let namespace = Ref::new("v1", "Namespace", "", "t-no-namespace-elsewhere");
    assert!(case.api.get(&namespace).await?.is_none());
    Ok(())
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn an_object_that_is_there_twice_fails_the_build() -> Result<()> {
    // parity: KS-BUILD-007, KS-BUILD-011
    let case = Case::new("twice").await?;
    for file in ["one", "two"] {
        case.repository.write(
            &format!("app/{file}.yaml"),
            &config_map("same", "key", file),
        )?;
    }
    case.push("first").await?;
    case.add_source().await?;
    let app = case.add_kustomization("app", "./app", json!({})).await?;
    let words = "may not add resource with an already registered id";
    let failed = case.fails(&app, "BuildFailed", words).await?;
    assert!(
        failed.message.starts_with("kustomize build failed:"),
        "{}",
        failed.message
    );
    assert_eq!(case.value("same", "key").await?, None);
    Ok(())
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_kustomization_file_is_used_with_the_fields_of_the_object() -> Result<()> {
    // parity: KS-GEN-001, KS-RENDER-001
    let case = Case::new("own-file").await?;
    case.repository.write(
        "app/kustomization.yml",
        "namePrefix: own-\nresources: [one.yaml]\n",
    )?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "value"))?;
    // Not named by the file, so that it is not read.
    case.repository
        .write("app/two.yaml", &config_map("two", "key", "value"))?;
    let commit = case.push("first").await?;
    case.add_source().await?;
    let patch = "- op: replace\n  path: /data/key\n  value: patched\n";
    let more = json!({ "patches": [{ "patch": patch, "target": { "kind": "ConfigMap" } }] });
    let app = case.add_kustomization("app", "./app", more).await?;
    case.ready(&app, &commit).await?;
    assert_eq!(
        case.value("own-one", "key").await?.as_deref(),
        Some("patched")
    );
    assert_eq!(case.value("own-two", "key").await?, None);
    assert_eq!(case.value("two", "key").await?, None);
    Ok(())
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_kustomization_that_applies_itself_does_not_wait_for_itself() -> Result<()> {
    // parity: KS-HEALTH-002
    let case = Case::new("itself").await?;
    let spec = json!({ "wait": true, "timeout": "20s" });
    let itself = flux::kustomization(&case.namespace, "app", "app", "./app", &spec);
    case.repository
        .write("app/itself.yaml", &serde_json::to_string_pretty(&itself)?)?;
    case.repository.write(
        "app/one.yaml",
        &config_map("one", "key", "value").replace(
            "  name: one",
            &format!("  name: one\n  namespace: {}", case.namespace),
        ),
    )?;
    let commit = case.push("first").await?;
    case.add_source().await?;
    case.api.apply(&itself).await?;
    let app = Ref::kustomization(&case.namespace, "app");
    case.ready(&app, &commit).await?;
    assert_eq!(case.value("one", "key").await?.as_deref(), Some("value"));
    Ok(())
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn what_follows_a_render_is_the_same_for_every_renderer() -> Result<()> {
    // parity: KS-RENDER-002
    let case = Case::new("renderer").await?;
    case.repository.write(
        "chart/Chart.yaml",
        "apiVersion: v2\nname: chart\nversion: 1.0.0\n",
    )?;
    let template = |name: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  namespace: {}\ndata:\n  key: ${{value}}\n",
            case.namespace
        )
    };
    case.repository
        .write("chart/templates/one.yaml", &template("one"))?;
    case.repository
        .write("chart/templates/two.yaml", &template("two"))?;
    let first = case.push("first").await?;
    case.add_source().await?;
    let more = json!({
        "renderer": { "name": "helm" },
        "targetNamespace": null,
        "prune": true,
        "wait": true,
        "commonMetadata": { "labels": { "team": "blue" } },
        "postBuild": { "substitute": { "value": "substituted" } },
    });
    let app = case.add_kustomization("app", "./chart", more).await?;
    case.ready(&app, &first).await?;
    let one = case.api.read(&case.config_map("one")).await?;
    assert_eq!(one["data"]["key"], "substituted");
    assert_eq!(one["metadata"]["labels"]["team"], "blue");
    assert_eq!(
        one["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/name"],
        "app"
    );

    case.repository.remove("chart/templates/two.yaml")?;
    let second = case.push("second").await?;
    case.ready(&app, &second).await?;
    assert!(case.api.get(&case.config_map("two")).await?.is_none());
    Ok(())
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_new_annotation_starts_nothing_and_a_new_spec_does() -> Result<()> {
    // parity: KS-SCHED-006
    let case = Case::new("generation").await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "value"))?;
    let commit = case.push("first").await?;
    case.add_source().await?;
    let app = case
        .add_kustomization("app", "./app", json!({ "interval": "1h" }))
        .await?;
    case.ready(&app, &commit).await?;
    reconcile(&case.api, &app).await?;
    let end = async || {
        let object = case.api.read(&app).await?;
        anyhow::Ok(object["status"]["history"][0]["lastReconciled"].clone())
    };
    let before = end().await?;
    // The history counts in seconds.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let patch = json!({ "metadata": { "annotations": { "example.com/note": "1" } } });
    case.api.merge(&app, &patch, "somebody").await?;
    stays("the last reconcile", Duration::from_secs(1), async || {
        Ok(end().await? == before)
    })
    .await?;
    let spec = json!({ "spec": { "commonMetadata": { "labels": { "team": "blue" } } } });
    case.api.merge(&app, &spec, "somebody").await?;
    let labelled = |object: &serde_json::Value| object["metadata"]["labels"]["team"] == "blue";
    for _ in 0..100 {
        if labelled(&case.api.read(&case.config_map("one")).await?) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    anyhow::bail!("the new spec was not applied")
}
