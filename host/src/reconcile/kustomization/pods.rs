//! Pods of workloads that do not become ready: a workload whose pods have failed for good has failed, however long it may still try,
//! and what keeps them from being ready is told with the failure.

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

use rosin_domain::{
    ObjectId,
    readiness::{self, Readiness},
};
use serde_json::Value;

use crate::cluster::{ApiError, Resource, Session};

/// Kinds whose `spec.selector` selects pods, and whether pods that failed fail them.
const WORKLOADS: [(&str, &str, bool); 5] = [
    ("apps", "Deployment", true),
    ("apps", "ReplicaSet", true),
    ("apps", "StatefulSet", true),
    ("apps", "DaemonSet", false),
    ("batch", "Job", false),
];

/// Pods of one workload mostly have the same trouble.
const TOLD: usize = 3;

/// How long a workload may be on its way before its pods are looked at, and how often they are then. Pods are not watched: those of a
/// cluster are many, and those that matter here are few.
const EVERY: Duration = Duration::from_secs(5);

/// What the last look at the pods of each workload said.
pub(super) struct Pods {
    looked: Instant,
    failed: HashMap<ObjectId, Readiness>,
    /// What keeps pods from being ready.
    troubles: BTreeMap<ObjectId, Vec<String>>,
}

impl Pods {
    pub(super) fn new() -> Self {
        Self {
            looked: Instant::now(),
            failed: HashMap::new(),
            troubles: BTreeMap::new(),
        }
    }

    /// What keeps the workloads' pods from being ready, a line for each; empty when nothing does.
    pub(super) fn explain(&self) -> String {
        let mut text = String::new();
        for (id, troubles) in &self.troubles {
            for trouble in troubles {
                text.push_str(&format!("\n{id}: {trouble}"));
            }
        }
        text
    }

    /// What became of a workload's pods, as far as it is known.
    pub(super) fn of(&self, id: &ObjectId) -> Option<&Readiness> {
        self.failed.get(id)
    }

    /// When to look next.
    pub(super) fn due(&self) -> Duration {
        EVERY.saturating_sub(self.looked.elapsed())
    }

    /// Looks at the pods of workloads that are in progress.
    pub(super) async fn look(&mut self, session: &Session, in_progress: Vec<(ObjectId, Resource)>) {
        self.failed.clear();
        self.troubles.clear();
        for (id, resource) in in_progress.into_iter().filter(|(id, _)| has_pods(id)) {
            match looked_at(session, &id, &resource).await {
                Ok((readiness, troubles)) => {
                    if matches!(readiness, Readiness::Failed(_)) && fails_with_pods(&id) {
                        self.failed.insert(id.clone(), readiness);
                    }
                    self.troubles.insert(id, troubles);
                }
                // Who may not read pods still sees the workload itself.
                Err(error) => tracing::debug!(%error, %id, "its pods could not be read"),
            }
        }
        self.looked = Instant::now();
    }
}

fn workload(id: &ObjectId) -> Option<bool> {
    let found = WORKLOADS
        .iter()
        .find(|(group, kind, _)| id.group == *group && id.kind == *kind);
    found.map(|(_, _, fails)| *fails)
}

pub(super) fn has_pods(id: &ObjectId) -> bool {
    workload(id).is_some()
}

fn fails_with_pods(id: &ObjectId) -> bool {
    workload(id) == Some(true)
}

/// How a workload stands with its pods, and what keeps them from being ready.
async fn looked_at(
    session: &Session,
    id: &ObjectId,
    resource: &Resource,
) -> Result<(Readiness, Vec<String>), ApiError> {
    let namespace = Some(id.namespace.as_str());
    let Some(live) = session.get(resource, namespace, &id.name).await? else {
        return Ok((Readiness::NotFound, Vec::new()));
    };
    let workload = readiness::assess(&live);
    let Some(selector) = selector(&live["spec"]["selector"]) else {
        return Ok((workload, Vec::new()));
    };
    let path = format!(
        "/api/v1/namespaces/{}/pods?labelSelector={selector}",
        id.namespace
    );
    let pods = session.send(http::Method::GET, &path, None, None).await?;
    let pods = pods["items"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let troubles = pods.iter().filter_map(readiness::pod_trouble).take(TOLD);
    let troubles = troubles.collect();
    let now = jiff::Timestamp::now();
    Ok((readiness::with_pods(workload, pods, now), troubles))
}

/// A label selector as the API server reads it in a query; none where it would select everything. Keys and values were accepted by
/// the API server, so that only the blanks need an escape.
fn selector(selector: &Value) -> Option<String> {
    let labels = selector["matchLabels"].as_object().into_iter().flatten();
    let mut terms: Vec<String> = labels
        .filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?)))
        .collect();
    for expression in selector["matchExpressions"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let key = expression["key"].as_str()?;
        let values: Vec<&str> = expression["values"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let values = values.join(",");
        terms.push(match expression["operator"].as_str()? {
            "In" => format!("{key}%20in%20({values})"),
            "NotIn" => format!("{key}%20notin%20({values})"),
            "Exists" => key.to_owned(),
            "DoesNotExist" => format!("!{key}"),
            _ => return None,
        });
    }
    (!terms.is_empty()).then(|| terms.join(","))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn selectors_are_written_as_the_server_reads_them() {
        let written = |value: Value| selector(&value);
        assert_eq!(written(json!({})), None);
        assert_eq!(
            written(json!({
                "matchLabels": { "app": "web" },
                "matchExpressions": [
                    { "key": "tier", "operator": "In", "values": ["a", "b"] },
                    { "key": "old", "operator": "DoesNotExist" },
                ],
            })),
            Some("app=web,tier%20in%20(a,b),!old".into())
        );
        assert_eq!(
            written(json!({ "matchExpressions": [{ "key": "a", "operator": "Like" }] })),
            None
        );
    }
}
