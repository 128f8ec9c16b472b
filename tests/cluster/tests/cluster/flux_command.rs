//! The real flux command, unchanged, against the program.

use std::process::Command;

use anyhow::{Result, bail};
use rosin_cluster_tests::paths;
use serde_json::json;

use crate::case::{Case, config_map};

impl Case {
    pub(crate) async fn flux(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(paths::tool("flux")?);
        command
            .args(arguments)
            .args(["-n", &self.namespace, "--timeout=60s"])
            .env("KUBECONFIG", &self.shared.kubeconfig);
        // It waits for the cluster, which must not stand still meanwhile.
        let output = tokio::task::spawn_blocking(move || command.output()).await??;
        let text = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        if !output.status.success() {
            bail!("flux {} failed:\n{text}", arguments.join(" "));
        }
        Ok(text)
    }
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn the_commands_that_people_use() -> Result<()> {
    // parity: KS-STATUS-015
    let case = Case::new("flux-command").await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "first"))?;
    let first = case.push("first").await?;
    case.add_source().await?;
    let app = case
        .add_kustomization("app", "./app", json!({ "wait": true }))
        .await?;
    case.ready(&app, &first).await?;
    let short = &first[..8];

    let sources = case.flux(&["get", "sources", "git"]).await?;
    assert!(
        sources.contains(&format!("main@sha1:{short}"))
            && sources.contains("stored artifact for revision"),
        "{sources}"
    );
    let kustomizations = case.flux(&["get", "kustomizations"]).await?;
    assert!(
        kustomizations.contains("Applied revision") && kustomizations.contains("True"),
        "{kustomizations}"
    );

    case.repository
        .write("app/two.yaml", &config_map("two", "key", "second"))?;
    let second = case.repository.push("second")?;
    let reconciled = case
        .flux(&["reconcile", "kustomization", "app", "--with-source"])
        .await?;
    assert!(
        reconciled.contains(&format!("applied revision main@sha1:{second}")),
        "{reconciled}"
    );
    assert_eq!(case.value("two", "key").await?.as_deref(), Some("second"));

    let suspended = case.flux(&["suspend", "kustomization", "app"]).await?;
    assert!(suspended.contains("suspended"), "{suspended}");
    assert_eq!(case.api.read(&app).await?["spec"]["suspend"], true);
    let resumed = case.flux(&["resume", "kustomization", "app"]).await?;
    assert!(
        resumed.contains(&format!("applied revision main@sha1:{second}")),
        "{resumed}"
    );

    let tree = case.flux(&["tree", "kustomization", "app"]).await?;
    for name in ["one", "two"] {
        assert!(
            tree.contains(&format!("ConfigMap/{}/{name}", case.namespace)),
            "{tree}"
        );
    }
    let events = case.flux(&["events"]).await?;
    assert!(
        events.contains("Kustomization/app") && events.contains("GitRepository/app"),
        "{events}"
    );
    Ok(())
}
