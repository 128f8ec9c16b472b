//! HelmReleases against a real API server, and beside the real helm commands.

mod charts;
mod commands;
mod crash;
mod lifecycle;
mod options;
mod recovery;

use anyhow::{Context, Result};
use rosin_cluster_tests::api::Ref;
use rosin_cluster_tests::helm::{self, Helm};
use rosin_cluster_tests::wait::{Look, until};
use serde_json::Value;

use crate::case::{Case, DEADLINE};

/// A test's own namespace, with the chart `app` in the GitRepository `app`.
pub(super) struct World {
    pub(super) case: Case,
}

impl World {
    pub(super) async fn new(name: &str, templates: &[(&str, &str)]) -> Result<Self> {
        let case = Case::new(name).await?;
        helm::write_chart(&case.repository, "1.0.0", templates)?;
        case.push("the chart").await?;
        case.add_source().await?;
        Ok(Self { case })
    }

    /// Applies a HelmRelease with these fields in its spec.
    pub(super) async fn apply(&self, name: &str, spec: &Value) -> Result<Ref> {
        let object = helm::release(&self.case.namespace, name, spec);
        self.case.api.apply(&object).await?;
        Ok(helm::reference(&self.case.namespace, name))
    }

    pub(super) async fn released(&self, object: &Ref, revision: i64) -> Result<Value> {
        helm::wait_released(&self.case.api, object, revision).await
    }

    /// Waits until it is not ready, for this reason.
    pub(super) async fn failed(&self, object: &Ref, reason: &str) -> Result<Value> {
        helm::wait_for(&self.case.api, object, |ready, _| {
            ready.is_false() && ready.reason == reason
        })
        .await
        .with_context(|| format!("Ready=False, {reason}"))
    }

    /// Reason and message of all events about a HelmRelease.
    pub(super) async fn events(&self, object: &Ref) -> Result<Vec<(String, String)>> {
        let events = self.case.api.list("v1", "Event", &self.case.namespace, "");
        let events = events.await?.into_iter().filter(|event| {
            let about = &event["involvedObject"];
            about["kind"] == object.kind.as_str() && about["name"] == object.name.as_str()
        });
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Ok(events
            .map(|event| (text(&event["reason"]), text(&event["message"])))
            .collect())
    }

    /// Waits for an event with this reason, and answers its message.
    pub(super) async fn event(&self, object: &Ref, reason: &str) -> Result<String> {
        until(
            format!("an event {reason} of {object}"),
            DEADLINE,
            async || {
                let events = self.events(object).await?;
                let found = events.iter().find(|(found, _)| found == reason);
                Ok(match found {
                    Some((_, message)) => Look::Done(message.clone()),
                    None => Look::Waiting(format!("{events:?}")),
                })
            },
        )
        .await
    }

    /// The records of a release in a namespace: revision and status, the oldest first.
    pub(super) async fn records(&self, namespace: &str, name: &str) -> Result<Vec<(i64, String)>> {
        helm::records(&self.case.api, namespace, name).await
    }

    pub(super) fn helm(&self, program: &str) -> Result<Helm> {
        Helm::new(program, &self.case.shared.kubeconfig)
    }
}

/// The status of a condition, empty where there is none.
pub(super) fn condition<'a>(object: &'a Value, kind: &str) -> &'a str {
    let found = rosin_cluster_tests::install::condition(object, kind);
    found
        .and_then(|condition| condition["status"].as_str())
        .unwrap_or_default()
}
