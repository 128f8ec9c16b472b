//! Whether a live object does what it is for: kstatus' rules, one file for each family of kinds.
//!
//! What is generic comes first, since it is what new kinds follow; then the rule of the kind, from the table below; then a `Ready`
//! condition; and an object that says nothing is as good as it gets.

mod batch;
mod core;
mod generic;
mod pod;
mod replicas;
mod view;

use jiff::Timestamp;
use serde_json::Value;

use self::view::View;

/// What can be said of an object. The messages are for people; only the variant decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It is as its spec wants it.
    Current,
    InProgress(String),
    /// It will not get there by itself.
    Failed(String),
    /// It is being deleted.
    Terminating,
    NotFound,
    /// An expression could not be evaluated on it.
    Unknown(String),
}

impl Readiness {
    /// The word in messages.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Current => "Current",
            Self::InProgress(_) => "InProgress",
            Self::Failed(_) => "Failed",
            Self::Terminating => "Terminating",
            Self::NotFound => "NotFound",
            Self::Unknown(_) => "Unknown",
        }
    }
}

/// A rule of a kind.
type Rule = fn(&View<'_>) -> Readiness;

/// Kinds that do not follow the generic rules, by group.
const RULES: [(&str, &str, Rule); 12] = [
    ("apps", "Deployment", replicas::deployment),
    ("apps", "StatefulSet", replicas::stateful_set),
    ("apps", "ReplicaSet", replicas::replica_set),
    ("apps", "DaemonSet", replicas::daemon_set),
    ("", "Pod", pod::pod),
    ("", "Service", core::service),
    ("", "PersistentVolumeClaim", core::claim),
    ("", "ConfigMap", core::always_ready),
    ("", "Secret", core::always_ready),
    ("batch", "CronJob", core::always_ready),
    ("policy", "PodDisruptionBudget", core::always_ready),
    (
        "apiextensions.k8s.io",
        "CustomResourceDefinition",
        core::definition,
    ),
];

/// Whether a live object is ready, as far as the object alone tells.
pub fn assess(object: &Value) -> Readiness {
    assess_at(object, None)
}

/// The same with the time, which matters for pods that find no node: they have 15 seconds.
pub fn assess_at(object: &Value, now: Option<Timestamp>) -> Readiness {
    let view = View::new(object, now);
    // A Job has a condition for its end and no other; generic rules would call it ready as it starts.
    if (view.group(), view.kind()) == ("batch", "Job") {
        return batch::job(&view);
    }
    if let Some(readiness) = generic::common(&view) {
        return readiness;
    }
    match RULES
        .iter()
        .find(|(group, kind, _)| (*group, *kind) == (view.group(), view.kind()))
    {
        Some((_, _, rule)) => rule(&view),
        None => generic::ready_condition(&view),
    }
}

/// How a workload that is on its way stands when its pods are looked at too: a pod that failed for good fails the workload. Pods that
/// wait for a node or are being deleted do not.
pub fn with_pods<'a>(
    workload: Readiness,
    pods: impl IntoIterator<Item = &'a Value>,
    now: Timestamp,
) -> Readiness {
    if !matches!(workload, Readiness::InProgress(_)) {
        return workload;
    }
    let failed = pods
        .into_iter()
        .filter(|pod| pod::has_failed(&View::new(pod, Some(now))))
        .count();
    if failed == 0 {
        workload
    } else {
        Readiness::Failed(format!("{failed} pods have failed"))
    }
}

/// Why a pod is not ready: its container, reason and last message.
pub fn pod_trouble(pod: &Value) -> Option<String> {
    pod::trouble(pod)
}

#[cfg(test)]
mod tests;
