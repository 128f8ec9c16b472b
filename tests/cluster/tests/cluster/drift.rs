//! What somebody changes behind git's back is corrected at once, without an interval passing.

use std::time::Duration;

use anyhow::Result;
use rosin_cluster_tests::flux::reconcile;
use rosin_cluster_tests::wait::stays;
use serde_json::json;

use crate::case::{Case, config_map};

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_changed_field_and_a_deleted_object_come_back() -> Result<()> {
    // parity: KS-APPLY-010
    let case = Case::new("drift").await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "git"))?;
    case.repository
        .write("app/two.yaml", &config_map("two", "key", "git"))?;
    let commit = case.push("first").await?;
    case.add_source().await?;
    let app = case
        .add_kustomization("app", "./app", json!({ "interval": "1h" }))
        .await?;
    case.ready(&app, &commit).await?;

    case.api
        .merge(
            &case.config_map("one"),
            &json!({ "data": { "key": "somebody" } }),
            "somebody",
        )
        .await?;
    case.until_value("one", "key", "git").await?;
    case.api.delete(&case.config_map("two")).await?;
    case.until_value("two", "key", "git").await
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn fields_that_git_does_not_have_stay() -> Result<()> {
    let case = Case::new("drift-foreign").await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "git"))?;
    let commit = case.push("first").await?;
    case.add_source().await?;
    let app = case.add_kustomization("app", "./app", json!({})).await?;
    case.ready(&app, &commit).await?;

    case.api
        .merge(
            &case.config_map("one"),
            &json!({ "data": { "other": "theirs" } }),
            "somebody",
        )
        .await?;
    reconcile(&case.api, &app).await?;
    let both = async || {
        Ok(
            case.value("one", "other").await?.as_deref() == Some("theirs")
                && case.value("one", "key").await?.as_deref() == Some("git"),
        )
    };
    stays("the foreign field", Duration::from_secs(1), both).await
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_reconcile_without_change_writes_nothing() -> Result<()> {
    // parity: KS-APPLY-003, KS-SCHED-005, KS-STATUS-013
    let case = Case::new("no-op").await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "git"))?;
    let commit = case.push("first").await?;
    case.add_source().await?;
    let app = case.add_kustomization("app", "./app", json!({})).await?;
    case.ready(&app, &commit).await?;
    let version = |object: &serde_json::Value| object["metadata"]["resourceVersion"].clone();
    let before = version(&case.api.read(&case.config_map("one")).await?);
    reconcile(&case.api, &app).await?;
    assert_eq!(
        version(&case.api.read(&case.config_map("one")).await?),
        before
    );
    Ok(())
}
