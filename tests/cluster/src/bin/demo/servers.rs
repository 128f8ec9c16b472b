//! What the fleet comes from: a git server, a Helm repository and an OCI registry. They are a process of their own, so that they can stay
//! when the demo ends.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rcgen::KeyPair;
use rosin_cluster_tests::chart_repository::{ChartRepository, pack};
use rosin_cluster_tests::{Api, GitServer, Registry, paths};
use serde_json::json;

const CHART_LAYER: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";

#[derive(Clone, Copy)]
pub(crate) struct Ports {
    pub(crate) git: u16,
    pub(crate) charts: u16,
    pub(crate) registry: u16,
}

/// Where the process that signs charts tells its public key.
fn public_key(repositories: &Path) -> PathBuf {
    repositories.join("signer.pub")
}

/// Serves until it is killed.
pub(crate) async fn serve(repositories: &Path, ports: Ports) -> Result<()> {
    let folder = paths::repository().join("examples/fleet/charts/worker");
    let _charts = ChartRepository::start_at(ports.charts, &[&folder]).await?;
    let registry = Registry::start_at(ports.registry).await?;
    let chart = pack(&folder)?;
    let digest = registry.push_layer("charts/worker", &chart.version, CHART_LAYER, &chart.archive);
    let signer = KeyPair::generate()?;
    registry.sign("charts/worker", &digest, &signer)?;
    fs::write(public_key(repositories), signer.public_key_pem())?;
    // Last: whoever reaches it finds all the others.
    let _git = GitServer::start_at(repositories, ports.git)?;
    std::future::pending().await
}

/// Tells the cluster where the charts are, and whose signature they must have.
pub(crate) async fn announce(api: &Api, repositories: &Path, ports: Ports) -> Result<()> {
    let key = fs::read_to_string(public_key(repositories)).context("reading the signer's key")?;
    for namespace in ["flux-system", "shop"] {
        api.create_namespace(namespace).await?;
    }
    let servers = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": { "name": "chart-servers", "namespace": "flux-system" },
        "data": {
            "charts": format!("http://127.0.0.1:{}", ports.charts),
            "registry": format!("127.0.0.1:{}", ports.registry),
        },
    });
    let signers = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": { "name": "chart-signers", "namespace": "shop" },
        "stringData": { "signer.pub": key },
    });
    for object in [servers, signers] {
        api.apply(&object).await?;
    }
    Ok(())
}
