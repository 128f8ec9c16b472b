//! What a hostile tenant can put into a repository ends in an error of its own, and the neighbours go on.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Result;
use rosin_cluster_tests::flux::{self, Ready};
use serde_json::json;

use crate::case::{Case, config_map};

/// 390 bytes that expand to a billion entries.
fn alias_bomb() -> String {
    let mut text = String::from("a: &a [x,x,x,x,x,x,x,x,x,x]\n");
    for (from, to) in ('a'..='h').zip('b'..='i') {
        let _ = writeln!(
            text,
            "{to}: &{to} [*{from},*{from},*{from},*{from},*{from},*{from},*{from},*{from},*{from},*{from}]"
        );
    }
    text
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn an_alias_bomb_fails_alone() -> Result<()> {
    // parity: SEC-YAML-01
    let case = Case::new("bomb").await?;
    let bomb = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: bomb\n{}",
        alias_bomb()
    );
    case.repository.write("bomb/bomb.yaml", &bomb)?;
    case.repository
        .write("good/one.yaml", &config_map("one", "key", "value"))?;
    let commit = case.push("first").await?;
    case.add_source().await?;
    let bomb = case.add_kustomization("bomb", "./bomb", json!({})).await?;
    let good = case.add_kustomization("good", "./good", json!({})).await?;
    let failed = case.fails(&bomb, "BuildFailed", "bomb.yaml").await?;
    assert!(failed.message.len() < 2000, "{}", failed.message);
    case.ready(&good, &commit).await?;
    let usage = case.shared.controller.lock().unwrap().usage()?;
    assert!(
        usage.peak_memory < 1 << 30,
        "the controller used {} MiB",
        usage.peak_memory >> 20
    );
    Ok(())
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn bases_that_go_in_a_circle_end() -> Result<()> {
    let case = Case::new("circle").await?;
    case.repository
        .write("a/kustomization.yaml", "resources: [../b]\n")?;
    case.repository
        .write("b/kustomization.yaml", "resources: [../a]\n")?;
    case.push("first").await?;
    case.add_source().await?;
    let app = case.add_kustomization("app", "./a", json!({})).await?;
    case.fails(&app, "BuildFailed", "").await.map(drop)
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn files_outside_of_the_source_are_not_read() -> Result<()> {
    // parity: KS-GEN-014
    let case = Case::new("outside").await?;
    case.repository.write(
        "app/kustomization.yaml",
        "resources: [../../../../../../etc/passwd]\n",
    )?;
    case.repository.write(
        "link/kustomization.yaml",
        "configMapGenerator: [{name: stolen, files: [secret]}]\n",
    )?;
    std::os::unix::fs::symlink("/etc/hostname", case.repository.work().join("link/secret"))?;
    case.push("first").await?;
    case.add_source().await?;
    let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    for path in ["app", "link"] {
        let app = case
            .add_kustomization(path, &format!("./{path}"), json!({}))
            .await?;
        let failed: Ready =
            flux::wait_for(&case.api, &app, Duration::from_secs(60), Ready::is_false).await?;
        assert!(
            host.trim().is_empty() || !failed.message.contains(host.trim()),
            "{}",
            failed.message
        );
        assert!(!failed.message.contains("root:"), "{}", failed.message);
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn endless_templates_fail_alone() -> Result<()> {
    let case = Case::new("endless").await?;
    let endless = [
        // A hundred thousand times a hundred thousand times a hundred thousand.
        (
            "loop",
            "{{ range until 100000 }}{{ range until 100000 }}{{ range until 100000 }}{{ end }}{{ end }}{{ end }}",
        ),
        (
            "include",
            "{{ define \"again\" }}{{ include \"again\" . }}{{ end }}{{ include \"again\" . }}",
        ),
        (
            "output",
            "{{ range until 100000 }}{{ range until 100000 }}text: {{ . }}\n{{ end }}{{ end }}",
        ),
    ];
    for (name, template) in endless {
        let chart = format!("apiVersion: v2\nname: {name}\nversion: 1.0.0\n");
        case.repository
            .write(&format!("{name}/Chart.yaml"), &chart)?;
        case.repository
            .write(&format!("{name}/templates/endless.yaml"), template)?;
    }
    case.repository
        .write("good/one.yaml", &config_map("one", "key", "value"))?;
    let commit = case.push("first").await?;
    case.add_source().await?;
    let mut charts = Vec::new();
    for (name, _) in endless {
        let helm = json!({ "renderer": { "name": "helm" }, "targetNamespace": null });
        charts.push(
            case.add_kustomization(name, &format!("./{name}"), helm)
                .await?,
        );
    }
    let good = case.add_kustomization("good", "./good", json!({})).await?;
    case.ready(&good, &commit).await?;
    for chart in &charts {
        let failed = case.fails(chart, "BuildFailed", "").await?;
        assert!(
            failed.message.contains("helm") || failed.message.contains("endless.yaml"),
            "{}",
            failed.message
        );
    }
    let usage = case.shared.controller.lock().unwrap().usage()?;
    assert!(
        usage.peak_memory < 1 << 30,
        "the controller used {} MiB",
        usage.peak_memory >> 20
    );
    Ok(())
}
