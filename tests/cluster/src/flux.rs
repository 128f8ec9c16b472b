//! Flux's objects as tests and demo write them, and what their status says.

use std::fmt;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use crate::api::{Api, Ref};
use crate::install::condition;
use crate::wait::{Look, until};

pub fn git_repository(namespace: &str, name: &str, url: &str, interval: &str) -> Value {
    json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "GitRepository",
        "metadata": { "name": name, "namespace": namespace },
        "spec": { "url": url, "interval": interval, "ref": { "branch": "main" } },
    })
}

/// A Kustomization of the GitRepository `source` in the same namespace, with `more` merged into its spec.
pub fn kustomization(namespace: &str, name: &str, source: &str, path: &str, more: &Value) -> Value {
    let mut spec = json!({
        "interval": "10m",
        "retryInterval": "2s",
        "timeout": "30s",
        "prune": true,
        "path": path,
        "sourceRef": { "kind": "GitRepository", "name": source },
    });
    if let (Some(spec), Some(more)) = (spec.as_object_mut(), more.as_object()) {
        spec.extend(more.clone());
    }
    json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": { "name": name, "namespace": namespace },
        "spec": spec,
    })
}

/// What the Ready condition says about the current generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ready {
    pub status: String,
    pub reason: String,
    pub message: String,
    /// The revision in the status: of the artifact, or the one applied last.
    pub revision: String,
    /// The one that it tried last.
    pub attempted: String,
}

impl Ready {
    /// Nothing where there is no such condition yet, or only one of an older generation.
    pub fn of(object: &Value) -> Option<Self> {
        let generation = &object["metadata"]["generation"];
        let found = condition(object, "Ready")?;
        if found
            .get("observedGeneration")
            .is_some_and(|observed| observed != generation)
        {
            return None;
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let status = &object["status"];
        let revision = status
            .pointer("/artifact/revision")
            .unwrap_or(&status["lastAppliedRevision"]);
        Some(Self {
            status: text(&found["status"]),
            reason: text(&found["reason"]),
            message: text(&found["message"]),
            revision: text(revision),
            attempted: text(&status["lastAttemptedRevision"]),
        })
    }

    pub fn is_true(&self) -> bool {
        self.status == "True"
    }

    pub fn is_false(&self) -> bool {
        self.status == "False"
    }
}

impl fmt::Display for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Ready={} {}: {} ({})",
            self.status, self.reason, self.message, self.revision
        )
    }
}

/// Waits until the Ready condition is as wanted, and answers it.
pub async fn wait_for(
    api: &Api,
    object: &Ref,
    deadline: Duration,
    wanted: impl Fn(&Ready) -> bool,
) -> Result<Ready> {
    until(object, deadline, async || {
        let Some(found) = api.get(object).await? else {
            return Ok(Look::Waiting("it does not exist".into()));
        };
        Ok(match Ready::of(&found) {
            Some(ready) if wanted(&ready) => Look::Done(ready),
            Some(ready) => Look::Waiting(ready.to_string()),
            None => Look::Waiting("it has no Ready condition for its generation".into()),
        })
    })
    .await
}

/// Waits until it is ready at the revision of this commit.
pub async fn wait_ready(api: &Api, object: &Ref, commit: &str) -> Result<Ready> {
    wait_for(api, object, Duration::from_secs(60), |ready| {
        ready.is_true() && ready.revision.contains(commit)
    })
    .await
}

/// Asks for a reconcile now, as `flux reconcile` does.
pub async fn request(api: &Api, object: &Ref) -> Result<String> {
    let token = format!("{:016x}", rand::random::<u64>());
    let patch =
        json!({ "metadata": { "annotations": { "reconcile.fluxcd.io/requestedAt": token } } });
    api.merge(object, &patch, "flux").await?;
    Ok(token)
}

/// The same, and waits until it was handled.
pub async fn reconcile(api: &Api, object: &Ref) -> Result<()> {
    let token = request(api, object).await?;
    until(
        format!("{object} to handle the request"),
        Duration::from_secs(60),
        async || {
            let found = api.read(object).await?;
            let handled = found["status"]["lastHandledReconcileAt"] == token.as_str();
            Ok(if handled {
                Look::Done(())
            } else {
                Look::Waiting(found["status"].to_string())
            })
        },
    )
    .await
}

/// The objects in the inventory of a Kustomization.
pub fn inventory(kustomization: &Value) -> Vec<Ref> {
    let entries = kustomization
        .pointer("/status/inventory/entries")
        .and_then(Value::as_array);
    entries.into_iter().flatten().filter_map(entry).collect()
}

/// `namespace_name_group_kind` and a version. Names of RBAC objects may hold colons, written as double underscores.
fn entry(entry: &Value) -> Option<Ref> {
    let (namespace, rest) = entry["id"].as_str()?.split_once('_')?;
    let (rest, kind) = rest.rsplit_once('_')?;
    let (name, group) = rest.rsplit_once('_')?;
    let version = entry["v"].as_str()?;
    let api_version = if group.is_empty() {
        version.to_owned()
    } else {
        format!("{group}/{version}")
    };
    Some(Ref::new(
        &api_version,
        kind,
        namespace,
        &name.replace("__", ":"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inventory_entries_become_references() {
        let object = json!({ "status": { "inventory": { "entries": [
            { "id": "shop_web_apps_Deployment", "v": "v1" },
            { "id": "_shop__Namespace", "v": "v1" },
            { "id": "_system__reader_rbac.authorization.k8s.io_ClusterRole", "v": "v1" },
        ] } } });
        let expected = [
            Ref::new("apps/v1", "Deployment", "shop", "web"),
            Ref::new("v1", "Namespace", "", "shop"),
            Ref::new(
                "rbac.authorization.k8s.io/v1",
                "ClusterRole",
                "",
                "system:reader",
            ),
        ];
        assert_eq!(inventory(&object), expected);
    }
}
