//! Installs what `deploy/` holds, as a user's `kubectl apply` would. Where the controller runs as a process beside the cluster, its
//! Deployment is left out.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::api::{Api, Ref, documents};
use crate::paths;
use crate::wait::{Look, until};

/// Applies the manifests of `deploy/` without workloads and waits until the custom resources are served. Says how many objects.
pub async fn install(api: &Api) -> Result<usize> {
    let mut objects = Vec::new();
    for file in manifests(&paths::deploy())? {
        let text = fs::read_to_string(&file)?;
        objects.extend(documents(&text).with_context(|| format!("reading {}", file.display()))?);
    }
    objects.retain(|object| {
        let api_version = object["apiVersion"].as_str().unwrap_or_default();
        !api_version.starts_with("kustomize.config.k8s.io/") && object["kind"] != "Deployment"
    });
    if objects.is_empty() {
        bail!("deploy/ holds no manifests");
    }
    api.create_namespace("flux-system").await?;
    // Namespaces and definitions before what needs them; otherwise the order of the files.
    objects.sort_by_key(|object| match object["kind"].as_str() {
        Some("Namespace") => 0,
        Some("CustomResourceDefinition") => 1,
        _ => 2,
    });
    for object in &objects {
        api.apply(object).await.with_context(|| {
            format!(
                "applying {}",
                Ref::of(object).map(|r| r.to_string()).unwrap_or_default()
            )
        })?;
    }
    for object in objects
        .iter()
        .filter(|object| object["kind"] == "CustomResourceDefinition")
    {
        established(api, &Ref::of(object)?).await?;
    }
    Ok(objects.len())
}

/// Applies the definitions of a YAML text and waits until they are served.
pub async fn define(api: &Api, text: &str) -> Result<()> {
    let definitions = api.apply_yaml(text).await?;
    for definition in &definitions {
        established(api, definition).await?;
    }
    Ok(())
}

async fn established(api: &Api, definition: &Ref) -> Result<()> {
    until(
        format!("{definition} to be served"),
        Duration::from_secs(30),
        async || {
            let object = api.read(definition).await?;
            Ok(match condition(&object, "Established") {
                Some(found) if found["status"] == "True" => Look::Done(()),
                found => Look::Waiting(format!("{found:?}")),
            })
        },
    )
    .await
}

/// A status condition by its type.
pub fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    object
        .pointer("/status/conditions")?
        .as_array()?
        .iter()
        .find(|condition| condition["type"] == kind)
}

fn manifests(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(manifests(&path)?);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
