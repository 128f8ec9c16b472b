//! What deleting a Kustomization does to its objects.

use std::time::Duration;

use anyhow::Result;
use rosin_cluster_tests::api::Ref;
use rosin_cluster_tests::wait::stays;
use serde_json::{Value, json};

use crate::case::{Case, config_map};

async fn deleted(name: &str, more: Value) -> Result<(Case, Ref)> {
    let case = Case::new(name).await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "value"))?;
    let commit = case.push("first").await?;
    case.add_source().await?;
    let app = case.add_kustomization("app", "./app", more).await?;
    case.ready(&app, &commit).await?;
    case.api.delete(&app).await?;
    Ok((case, app))
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_pruning_kustomization_takes_its_objects_along() -> Result<()> {
    // parity: KS-DEL-002
    let (case, app) = deleted("delete-prune", json!({})).await?;
    case.until_gone(&app).await?;
    case.until_gone(&case.config_map("one")).await
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_kustomization_that_waits_goes_after_its_objects() -> Result<()> {
    // parity: KS-DEL-003
    let (case, app) = deleted(
        "delete-wait",
        json!({ "deletionPolicy": "WaitForTermination" }),
    )
    .await?;
    case.until_gone(&app).await?;
    assert_eq!(case.api.get(&case.config_map("one")).await?, None);
    Ok(())
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn orphans_stay() -> Result<()> {
    // parity: KS-DEL-002
    let (case, app) = deleted("delete-orphan", json!({ "deletionPolicy": "Orphan" })).await?;
    case.until_gone(&app).await?;
    stays("ConfigMap one", Duration::from_secs(1), async || {
        Ok(case.value("one", "key").await?.is_some())
    })
    .await
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_suspended_kustomization_leaves_its_objects() -> Result<()> {
    // parity: KS-DEL-002
    let case = Case::new("delete-suspended").await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "value"))?;
    let commit = case.push("first").await?;
    case.add_source().await?;
    let app = case.add_kustomization("app", "./app", json!({})).await?;
    case.ready(&app, &commit).await?;
    case.api
        .merge(&app, &json!({ "spec": { "suspend": true } }), "test")
        .await?;
    case.api.delete(&app).await?;
    case.until_gone(&app).await?;
    stays("ConfigMap one", Duration::from_secs(1), async || {
        Ok(case.value("one", "key").await?.is_some())
    })
    .await
}
