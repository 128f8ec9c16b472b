//! What leaves git leaves the cluster, and nothing else does.

use std::time::Duration;

use anyhow::Result;
use rosin_cluster_tests::wait::stays;
use serde_json::json;

use crate::case::{Case, config_map};

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn objects_that_opted_out_are_kept() -> Result<()> {
    // parity: KS-PRUNE-005
    let case = Case::new("prune-disabled").await?;
    let kept = config_map("kept", "key", "value").replace(
        "  name: kept",
        "  name: kept\n  annotations:\n    kustomize.toolkit.fluxcd.io/prune: disabled",
    );
    case.repository.write("app/kept.yaml", &kept)?;
    case.repository
        .write("app/gone.yaml", &config_map("gone", "key", "value"))?;
    case.repository
        .write("app/stays.yaml", &config_map("stays", "key", "value"))?;
    let first = case.push("first").await?;
    case.add_source().await?;
    let app = case.add_kustomization("app", "./app", json!({})).await?;
    case.ready(&app, &first).await?;

    case.repository.remove("app/kept.yaml")?;
    case.repository.remove("app/gone.yaml")?;
    let second = case.push("second").await?;
    case.ready(&app, &second).await?;
    case.until_gone(&case.config_map("gone")).await?;
    assert!(case.value("kept", "key").await?.is_some());
    assert!(case.value("stays", "key").await?.is_some());
    Ok(())
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn without_prune_nothing_is_deleted() -> Result<()> {
    // parity: KS-PRUNE-009
    let case = Case::new("prune-off").await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "value"))?;
    case.repository
        .write("app/two.yaml", &config_map("two", "key", "value"))?;
    let first = case.push("first").await?;
    case.add_source().await?;
    let app = case
        .add_kustomization("app", "./app", json!({ "prune": false }))
        .await?;
    case.ready(&app, &first).await?;

    case.repository.remove("app/two.yaml")?;
    let second = case.push("second").await?;
    case.ready(&app, &second).await?;
    stays("ConfigMap two", Duration::from_secs(1), async || {
        Ok(case.value("two", "key").await?.is_some())
    })
    .await
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn an_object_that_moved_to_another_kustomization_is_not_deleted() -> Result<()> {
    // parity: KS-PRUNE-004, KS-PRUNE-006
    let case = Case::new("prune-moved").await?;
    case.repository
        .write("old/one.yaml", &config_map("one", "key", "value"))?;
    case.repository
        .write("old/two.yaml", &config_map("two", "key", "value"))?;
    case.repository
        .write("new/three.yaml", &config_map("three", "key", "value"))?;
    let first = case.push("first").await?;
    case.add_source().await?;
    let old = case.add_kustomization("old", "./old", json!({})).await?;
    let new = case.add_kustomization("new", "./new", json!({})).await?;
    case.ready(&old, &first).await?;
    case.ready(&new, &first).await?;
    let uid = case.uid(&case.config_map("one")).await?;

    case.repository
        .write("new/one.yaml", &config_map("one", "key", "moved"))?;
    let second = case.push("taken over").await?;
    case.ready(&new, &second).await?;
    case.repository.remove("old/one.yaml")?;
    let third = case.push("given up").await?;
    case.ready(&old, &third).await?;
    case.ready(&new, &third).await?;
    assert_eq!(case.uid(&case.config_map("one")).await?, uid);
    assert_eq!(case.value("one", "key").await?.as_deref(), Some("moved"));
    Ok(())
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_revision_without_objects_prunes_nothing_unasked() -> Result<()> {
    // parity: KS-APPLY-029
    let case = Case::new("prune-empty").await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "value"))?;
    let first = case.push("first").await?;
    case.add_source().await?;
    let app = case.add_kustomization("app", "./app", json!({})).await?;
    case.ready(&app, &first).await?;

    case.repository.remove("app/one.yaml")?;
    case.repository.write("app/README.md", "nothing here\n")?;
    case.push("empty").await?;
    case.fails(&app, "PruneFailed", "1").await?;
    assert!(case.value("one", "key").await?.is_some());
    // Said to be meant, it is a success like any other.
    let confirm = json!({ "metadata": { "annotations": { "rosin.dev/confirm-empty": "true" } } });
    case.api.merge(&app, &confirm, "test").await?;
    rosin_cluster_tests::flux::reconcile(&case.api, &app).await?;
    let empty = case.push("still empty").await?;
    case.ready(&app, &empty).await?;
    case.until_gone(&case.config_map("one")).await
}
