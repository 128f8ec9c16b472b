//! Suspend, metrics, and what a restart finds.

use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use rosin_cluster_tests::api::documents;
use rosin_cluster_tests::paths;
use rosin_cluster_tests::wait::{Look, stays, until};
use serde_json::json;

use crate::case::{Case, DEADLINE, config_map, folder};

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn suspended_objects_do_nothing_until_they_resume() -> Result<()> {
    // parity: KS-SCHED-007, SRC-GEN-005
    let case = Case::new("suspend").await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "first"))?;
    let first = case.push("first").await?;
    case.add_source().await?;
    let app = case.add_kustomization("app", "./app", json!({})).await?;
    case.ready(&app, &first).await?;

    case.api
        .merge(&app, &json!({ "spec": { "suspend": true } }), "test")
        .await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "second"))?;
    let second = case.push("second").await?;
    case.ready(&case.source(), &second).await?;
    stays("the suspended state", Duration::from_secs(1), async || {
        Ok(case.value("one", "key").await?.as_deref() == Some("first"))
    })
    .await?;

    case.api
        .merge(&app, &json!({ "spec": { "suspend": false } }), "test")
        .await?;
    case.ready(&app, &second).await?;
    assert_eq!(case.value("one", "key").await?.as_deref(), Some("second"));
    Ok(())
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn logs_have_the_keys_that_flux_logs_reads() -> Result<()> {
    // parity: KS-FLAG-004
    let case = Case::new("logs").await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "value"))?;
    let commit = case.push("first").await?;
    case.add_source().await?;
    let app = case.add_kustomization("app", "./app", json!({})).await?;
    case.ready(&app, &commit).await?;
    let log = case.shared.controller.lock().unwrap().log().to_owned();
    let lines = || -> Result<Vec<serde_json::Value>> {
        let text = std::fs::read_to_string(&log)?;
        let lines = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        let lines = lines.filter(|line: &serde_json::Value| {
            line["namespace"] == case.namespace.as_str()
                && line["controllerKind"] == "Kustomization"
        });
        Ok(lines.collect())
    };
    let line = until("a line about it", DEADLINE, async || {
        let found = lines()?.into_iter().find(|line| {
            let text = line["msg"].as_str().unwrap_or_default();
            text.starts_with("Reconciliation finished in ")
        });
        Ok(found.map_or_else(|| Look::Waiting("it is not there".into()), Look::Done))
    })
    .await?;
    assert_eq!(line["level"], "info");
    assert_eq!(line["controller"], "kustomization");
    assert_eq!(line["name"], "app");
    assert_eq!(
        line["Kustomization"],
        json!({ "name": "app", "namespace": case.namespace })
    );
    assert!(
        line["ts"].as_str().is_some_and(|ts| ts.ends_with('Z')),
        "{line}"
    );
    let id = line["reconcileID"].as_str().unwrap_or_default();
    assert_eq!(id.len(), 36, "{line}");
    Ok(())
}

#[test]
#[ignore = "needs the program: make test-cluster"]
fn patches_of_the_original_find_their_deployment() -> Result<()> {
    // parity: KS-FLAG-008
    let folder = folder("flux-names");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    let copied = Command::new("cp")
        .arg("-r")
        .arg(paths::deploy())
        .arg(&folder)
        .status()?;
    assert!(copied.success());
    let patched = "resources: [deploy]\ncomponents: [deploy/flux-names]\npatches:\n\
        - target: {kind: Deployment, name: kustomize-controller}\n  patch: |-\n    - op: add\n      \
        path: /spec/template/spec/containers/0/args/-\n      value: --concurrent=20\n\
        - target: {kind: ServiceAccount, name: kustomize-controller}\n  patch: |-\n    - op: add\n      \
        path: /metadata/annotations\n      value: {role: ours}\n";
    std::fs::write(folder.join("kustomization.yaml"), patched)?;
    let built = Command::new(paths::rosin()?)
        .arg("build")
        .arg(&folder)
        .output()?;
    let text = String::from_utf8(built.stdout)?;
    let objects = documents(&text)?;
    let one = |kind: &str| {
        let found: Vec<_> = objects
            .iter()
            .filter(|object| object["kind"] == kind)
            .collect();
        assert_eq!(
            found.len(),
            1,
            "{kind}: {}",
            String::from_utf8_lossy(&built.stderr)
        );
        found[0]
    };
    let (deployment, account) = (one("Deployment"), one("ServiceAccount"));
    assert_eq!(deployment["metadata"]["name"], "kustomize-controller");
    assert_eq!(account["metadata"]["name"], "kustomize-controller");
    assert_eq!(account["metadata"]["annotations"]["role"], "ours");
    let pod = &deployment["spec"]["template"]["spec"];
    assert_eq!(pod["serviceAccountName"], "kustomize-controller");
    assert_eq!(pod["containers"][0]["name"], "manager");
    let mut args = pod["containers"][0]["args"]
        .as_array()
        .into_iter()
        .flatten();
    assert!(args.any(|arg| arg == "--concurrent=20"));
    // Nothing binds the name that is gone.
    let bound = objects
        .iter()
        .filter_map(|object| object["subjects"].as_array());
    for subject in bound
        .flatten()
        .filter(|subject| subject["kind"] == "ServiceAccount")
    {
        assert_ne!(subject["name"], "rosin");
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn metrics_are_those_that_dashboards_know() -> Result<()> {
    let case = Case::new("metrics").await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "value"))?;
    let commit = case.push("first").await?;
    case.add_source().await?;
    let app = case.add_kustomization("app", "./app", json!({})).await?;
    case.ready(&app, &commit).await?;
    let port = {
        let controller = case.shared.controller.lock().unwrap();
        controller.metrics_port()
    };
    let text = rosin_cluster_tests::controller::http_get(port, "/metrics").await?;
    assert!(
        text.starts_with("HTTP/1.1 200"),
        "{}",
        text.lines().next().unwrap_or_default()
    );
    assert!(
        text.contains("gotk_reconcile_duration_seconds_count"),
        "{text}"
    );
    Ok(())
}
