//! The life of a GitRepository: what its status, its events and its file on the artifact server say.

use anyhow::{Context, Result};
use rosin_cluster_tests::controller::http_get;
use rosin_cluster_tests::flux::{self, Ready, reconcile};
use rosin_cluster_tests::install::condition;
use rosin_cluster_tests::wait::{Look, until};
use serde_json::{Value, json};

use crate::case::{Case, DEADLINE, config_map};

/// The first line of the answer to a request for an artifact.
async fn served(url: &str) -> Result<String> {
    let rest = url.strip_prefix("http://").context("a URL")?;
    let (host, path) = rest.split_once('/').context("a path")?;
    let port: u16 = host.rsplit_once(':').context("a port")?.1.parse()?;
    let answer = http_get(port, &format!("/{path}")).await?;
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}

async fn event(case: &Case, reason: &str) -> Result<Value> {
    until(format!("an event {reason}"), DEADLINE, async || {
        let events = case.api.list("v1", "Event", &case.namespace, "").await?;
        let found = events.into_iter().find(|event| {
            event["involvedObject"]["kind"] == "GitRepository" && event["reason"] == reason
        });
        Ok(found.map_or_else(|| Look::Waiting("it is not there".into()), Look::Done))
    })
    .await
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_repository_tells_its_life() -> Result<()> {
    // parity: SRC-GEN-006, SRC-GEN-007, SRC-GEN-008, SRC-GEN-010, SRC-GEN-016, SRC-GEN-023, SRC-GEN-024, SRC-GEN-025
    // parity: SRC-GIT-013, SRC-OPS-002
    let case = Case::new("source-life").await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "value"))?;
    let commit = case.push("first").await?;
    let source = case.add_source().await?;
    case.ready(&source, &commit).await?;

    let object = case.api.read(&source).await?;
    assert_eq!(
        object["metadata"]["finalizers"],
        json!(["finalizers.fluxcd.io"])
    );
    let revision = format!("main@sha1:{commit}");
    let stored = format!("stored artifact for revision '{revision}'");
    for type_ in ["Ready", "ArtifactInStorage"] {
        let found = condition(&object, type_).context(type_)?;
        assert_eq!(found["status"], "True");
        assert_eq!(found["reason"], "Succeeded");
        assert_eq!(found["message"], stored.as_str());
        assert_eq!(found["observedGeneration"], 1);
    }
    let conditions = object["status"]["conditions"].as_array().map(Vec::len);
    assert_eq!(conditions, Some(2), "{object}");
    assert_eq!(object["status"]["observedGeneration"], 1);
    let artifact = &object["status"]["artifact"];
    assert_eq!(artifact["revision"], revision.as_str());
    let digest = artifact["digest"].as_str().unwrap_or_default();
    assert!(
        digest
            .strip_prefix("sha256:")
            .is_some_and(|hex| hex.len() == 64),
        "{digest}"
    );
    assert!(artifact["size"].as_u64().is_some_and(|size| size > 0));
    let url = artifact["url"].as_str().unwrap_or_default().to_owned();
    assert!(
        url.ends_with(artifact["path"].as_str().unwrap_or("?")),
        "{artifact}"
    );
    assert_eq!(served(&url).await?, "HTTP/1.1 200 OK");
    let new = event(&case, "NewArtifact").await?;
    assert_eq!(new["type"], "Normal");
    let annotations = &new["metadata"]["annotations"];
    assert_eq!(
        annotations["source.toolkit.fluxcd.io/revision"],
        revision.as_str()
    );
    assert_eq!(annotations["source.toolkit.fluxcd.io/digest"], digest);

    // A request is handled and mirrored, and changes nothing else.
    reconcile(&case.api, &source).await?;
    assert_eq!(
        case.api.read(&source).await?["status"]["artifact"],
        *artifact
    );

    // A failure is told and keeps what is there.
    let nowhere = format!("{}-nowhere", case.repository.url());
    let patch = json!({ "spec": { "url": nowhere } });
    case.api.merge(&source, &patch, "test").await?;
    flux::wait_for(&case.api, &source, DEADLINE, Ready::is_false).await?;
    let object = case.api.read(&source).await?;
    let failed = condition(&object, "FetchFailed").context("FetchFailed")?;
    assert_eq!(failed["status"], "True");
    assert_eq!(failed["reason"], "GitOperationFailed");
    assert_eq!(object["status"]["artifact"], *artifact);
    let warning = event(&case, "GitOperationFailed").await?;
    assert_eq!(warning["type"], "Warning");
    assert_eq!(warning["message"], failed["message"]);

    // Nothing of it stays.
    case.api.delete(&source).await?;
    case.until_gone(&source).await?;
    assert_eq!(served(&url).await?, "HTTP/1.1 404 Not Found");
    Ok(())
}
