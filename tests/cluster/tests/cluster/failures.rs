//! A failure names its cause, leaves what works alone, and ends when its cause does.

use anyhow::Result;
use serde_json::json;

use crate::case::{Case, config_map};

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_broken_commit_is_refused_as_a_whole() -> Result<()> {
    // parity: KS-APPLY-002, KS-APPLY-008, KS-STATUS-004
    let case = Case::new("broken").await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "good"))?;
    let first = case.push("first").await?;
    case.add_source().await?;
    let app = case.add_kustomization("app", "./app", json!({})).await?;
    case.ready(&app, &first).await?;

    case.repository
        .write("app/one.yaml", &config_map("one", "key", "next"))?;
    let service = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  ports:\n    - port: seventy\n";
    case.repository.write("app/web.yaml", service)?;
    case.push("broken").await?;
    let failed = case.fails(&app, "ReconciliationFailed", "port").await?;
    assert!(
        failed.message.contains("(app/web.yaml:7)"),
        "{}",
        failed.message
    );
    assert!(failed.attempted != failed.revision);
    // The dry run comes first: not even the good half is applied.
    assert_eq!(case.value("one", "key").await?.as_deref(), Some("good"));

    case.repository
        .write("app/web.yaml", &service.replace("seventy", "70"))?;
    let third = case.push("corrected").await?;
    case.ready(&app, &third).await?;
    assert_eq!(case.value("one", "key").await?.as_deref(), Some("next"));
    Ok(())
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn yaml_that_cannot_be_read_is_pointed_at() -> Result<()> {
    // Flux reads such a file before the build, with other words than those of a failed build.
    let case = Case::new("bad-yaml").await?;
    case.repository.write(
        "app/one.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: one\n   namespace: oops\n",
    )?;
    case.push("first").await?;
    case.add_source().await?;
    let app = case.add_kustomization("app", "./app", json!({})).await?;
    case.fails(&app, "BuildFailed", "one.yaml").await.map(drop)
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn hidden_files_are_manifests_unless_the_source_ignores_them() -> Result<()> {
    // parity: KS-GEN-004
    let case = Case::new("hidden-files").await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "value"))?;
    case.repository
        .write("app/.settings.yaml", "stages: [build]\n")?;
    let commit = case.push("first").await?;
    let source = case.add_source().await?;
    let app = case.add_kustomization("app", "./app", json!({})).await?;
    case.fails(&app, "BuildFailed", ".settings.yaml").await?;
    let ignore = json!({ "spec": { "ignore": "/app/.settings.yaml\n" } });
    case.api.merge(&source, &ignore, "test").await?;
    case.ready(&app, &commit).await.map(drop)
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_path_that_is_not_there() -> Result<()> {
    // parity: KS-SRC-010
    let case = Case::new("no-path").await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "value"))?;
    let commit = case.push("first").await?;
    case.add_source().await?;
    let app = case
        .add_kustomization("app", "./elsewhere", json!({}))
        .await?;
    case.fails(&app, "ArtifactFailed", "kustomization path not found:")
        .await?;
    case.api
        .merge(&app, &json!({ "spec": { "path": "./app" } }), "test")
        .await?;
    case.ready(&app, &commit).await.map(drop)
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_source_that_is_not_there_may_appear() -> Result<()> {
    // parity: KS-SRC-002
    let case = Case::new("no-source").await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "value"))?;
    let commit = case.push("first").await?;
    let app = case.add_kustomization("app", "./app", json!({})).await?;
    case.fails(&app, "ArtifactFailed", "").await?;
    case.add_source().await?;
    case.ready(&app, &commit).await.map(drop)
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_password_that_is_missing_then_wrong_then_right() -> Result<()> {
    // parity: SRC-GIT-015, SRC-GIT-014
    let case = Case::new("password").await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "value"))?;
    let commit = case.push("first").await?;
    case.shared.git.require("password", "me", "right");
    case.add_source().await?;
    case.fails(
        &case.source(),
        "GitOperationFailed",
        "failed to checkout and determine revision",
    )
    .await?;
    let secret = |password: &str| {
        let data = json!({ "username": "me", "password": password });
        json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "git", "namespace": case.namespace }, "stringData": data })
    };
    case.api.apply(&secret("wrong-password")).await?;
    case.api
        .merge(
            &case.source(),
            &json!({ "spec": { "secretRef": { "name": "git" } } }),
            "test",
        )
        .await?;
    let failed = case
        .fails(
            &case.source(),
            "GitOperationFailed",
            "failed to checkout and determine revision",
        )
        .await?;
    assert!(!failed.message.contains("wrong-password"));
    case.api.apply(&secret("right")).await?;
    rosin_cluster_tests::flux::request(&case.api, &case.source()).await?;
    case.ready(&case.source(), &commit).await.map(drop)
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_git_server_that_fails_keeps_the_last_artifact() -> Result<()> {
    // parity: SRC-GEN-021
    let case = Case::new("server-fails").await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "value"))?;
    let first = case.push("first").await?;
    case.add_source().await?;
    let app = case.add_kustomization("app", "./app", json!({})).await?;
    case.ready(&app, &first).await?;
    case.shared.git.fail("server-fails", Some(500));
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "later"))?;
    let second = case.push("second").await?;
    let failed = case.fails(&case.source(), "GitOperationFailed", "").await?;
    assert!(failed.revision.contains(&first), "{failed}");
    assert_eq!(case.value("one", "key").await?.as_deref(), Some("value"));
    // It looks again by itself.
    case.shared.git.fail("server-fails", None);
    case.ready(&case.source(), &second).await?;
    case.ready(&app, &second).await.map(drop)
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn an_immutable_field_needs_force() -> Result<()> {
    // parity: KS-APPLY-002, KS-APPLY-016
    let case = Case::new("force").await?;
    let secret = |value: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: fixed\nimmutable: true\ndata:\n  key: {value}\n"
        )
    };
    case.repository.write("app/one.yaml", &secret("first"))?;
    let first = case.push("first").await?;
    case.add_source().await?;
    let app = case.add_kustomization("app", "./app", json!({})).await?;
    case.ready(&app, &first).await?;
    let uid = case.uid(&case.config_map("fixed")).await?;

    case.repository.write("app/one.yaml", &secret("second"))?;
    let second = case.push("second").await?;
    case.fails(&app, "ReconciliationFailed", "immutable")
        .await?;
    assert_eq!(case.value("fixed", "key").await?.as_deref(), Some("first"));
    case.api
        .merge(&app, &json!({ "spec": { "force": true } }), "test")
        .await?;
    case.ready(&app, &second).await?;
    assert_eq!(case.value("fixed", "key").await?.as_deref(), Some("second"));
    assert_ne!(case.uid(&case.config_map("fixed")).await?, uid);
    Ok(())
}
