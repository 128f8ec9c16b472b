//! A Helm repository over HTTP: charts of folders, packed, with an index of them.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, Uri};
use serde_json::{Value, json};

use crate::registry::digest;

/// It ends with the runtime that it was started in.
pub struct ChartRepository;

impl ChartRepository {
    /// Serves the charts in these folders at a port of 127.0.0.1.
    pub async fn start_at(port: u16, charts: &[&Path]) -> Result<Self> {
        let mut files = BTreeMap::new();
        let mut entries = serde_json::Map::new();
        for folder in charts {
            let Chart {
                name,
                version,
                archive,
            } = pack(folder)?;
            let file = format!("{name}-{version}.tgz");
            let entry = json!({
                "apiVersion": "v2", "name": name, "version": version, "urls": [file],
                "digest": digest(&archive).trim_start_matches("sha256:"),
            });
            match entries.entry(name).or_insert_with(|| json!([])) {
                Value::Array(versions) => versions.push(entry),
                _ => unreachable!("entries are lists"),
            }
            files.insert(format!("/{file}"), archive);
        }
        let index = json!({ "apiVersion": "v1", "entries": entries });
        files.insert(
            "/index.yaml".to_owned(),
            serde_yaml::to_string(&index)?.into_bytes(),
        );
        let router = Router::new().fallback(answer).with_state(Arc::new(files));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self)
    }
}

async fn answer(State(files): State<Arc<BTreeMap<String, Vec<u8>>>>, uri: Uri) -> Response {
    match files.get(uri.path()) {
        Some(content) => content.clone().into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A chart as `helm package` would make it.
pub struct Chart {
    pub name: String,
    pub version: String,
    pub archive: Vec<u8>,
}

/// Packs the chart in a folder that has its name.
pub fn pack(folder: &Path) -> Result<Chart> {
    let text = std::fs::read_to_string(folder.join("Chart.yaml"))
        .with_context(|| format!("reading the chart in {}", folder.display()))?;
    let chart: Value = serde_yaml::from_str(&text)?;
    let field = |name: &str| {
        let value = chart[name].as_str().map(str::to_owned);
        value.with_context(|| format!("the chart in {} has no {name}", folder.display()))
    };
    let (name, version) = (field("name")?, field("version")?);
    let output = Command::new("tar")
        .args(["--create", "--gzip", "--directory"])
        .arg(folder.parent().context("a chart's folder is in another")?)
        .arg(&name)
        .output()
        .context("starting tar")?;
    ensure!(
        output.status.success(),
        "tar: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(Chart {
        name,
        version,
        archive: output.stdout,
    })
}
