//! dependsOn: nothing starts before what it needs is ready, and then it starts at once.

use std::time::Duration;

use anyhow::Result;
use rosin_cluster_tests::wait::stays;
use serde_json::json;

use crate::case::{Case, config_map, deployment};

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_dependent_waits_for_its_dependency() -> Result<()> {
    // parity: KS-DEP-001, KS-DEP-003
    let case = Case::new("depends").await?;
    // Its pods want a node that does not exist: it is not ready until that changes.
    case.repository
        .write("first/web.yaml", &deployment("web", 1, Some("nowhere")))?;
    case.repository
        .write("second/one.yaml", &config_map("one", "key", "value"))?;
    case.push("first").await?;
    case.add_source().await?;
    let first = case
        .add_kustomization("first", "./first", json!({ "wait": true, "timeout": "2m" }))
        .await?;
    let second = case
        .add_kustomization(
            "second",
            "./second",
            json!({ "dependsOn": [{ "name": "first" }] }),
        )
        .await?;
    let message = format!("dependency '{}/first' is not ready", case.namespace);
    case.fails(&second, "DependencyNotReady", &message).await?;
    stays("the dependent", Duration::from_secs(1), async || {
        Ok(case.value("one", "key").await?.is_none())
    })
    .await?;

    case.repository
        .write("first/web.yaml", &deployment("web", 1, None))?;
    let commit = case.push("a node that exists").await?;
    case.ready(&first, &commit).await?;
    case.ready(&second, &commit).await?;
    assert_eq!(case.value("one", "key").await?.as_deref(), Some("value"));
    Ok(())
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_missing_dependency_is_named_and_may_appear_later() -> Result<()> {
    // parity: KS-DEP-003
    let case = Case::new("depends-missing").await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "value"))?;
    let commit = case.push("first").await?;
    case.add_source().await?;
    let app = case
        .add_kustomization(
            "app",
            "./app",
            json!({ "dependsOn": [{ "name": "later" }] }),
        )
        .await?;
    case.fails(
        &app,
        "DependencyNotReady",
        &format!("dependency '{}/later'", case.namespace),
    )
    .await?;
    case.repository
        .write("later/two.yaml", &config_map("two", "key", "value"))?;
    let commit_of_later = case.push("later").await?;
    assert_ne!(commit, commit_of_later);
    let later = case
        .add_kustomization("later", "./later", json!({}))
        .await?;
    case.ready(&later, &commit_of_later).await?;
    case.ready(&app, &commit_of_later).await.map(drop)
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_chain_runs_in_order() -> Result<()> {
    let case = Case::new("depends-chain").await?;
    for index in 0..5 {
        case.repository.write(
            &format!("app-{index}/one.yaml"),
            &config_map(&format!("link-{index}"), "key", "value"),
        )?;
    }
    let commit = case.push("first").await?;
    case.add_source().await?;
    let mut last = None;
    // The last one first, so that each has to wait for one that does not exist yet.
    for index in (0..5).rev() {
        let needs = if index == 0 {
            json!([])
        } else {
            json!([{ "name": format!("link-{}", index - 1) }])
        };
        let added = case
            .add_kustomization(
                &format!("link-{index}"),
                &format!("./app-{index}"),
                json!({ "dependsOn": needs }),
            )
            .await?;
        last.get_or_insert(added);
    }
    let last = last.unwrap();
    case.ready(&last, &commit).await?;
    let mut applied = Vec::new();
    for index in 0..5 {
        let object = case
            .api
            .read(&case.config_map(&format!("link-{index}")))
            .await?;
        applied.push(
            object["metadata"]["resourceVersion"]
                .as_str()
                .unwrap_or_default()
                .parse::<u64>()?,
        );
    }
    assert!(applied.is_sorted(), "{applied:?}");
    Ok(())
}
