//! Pods: ready, done, on their way, or crashing.

use jiff::Timestamp;
use serde_json::Value;

use super::view::{View, in_progress};
use super::{Readiness, generic};

/// How long a pod may look for a node.
const SCHEDULE_SECONDS: i64 = 15;

pub(super) fn pod(view: &View<'_>) -> Readiness {
    match view.text("/status/phase") {
        // Whether it did well is not for the pod to say, but for what made it.
        "Succeeded" | "Failed" => Readiness::Current,
        "Running" if view.has_condition("Ready", "True") => Readiness::Current,
        "Running" => {
            let crashing = crash_looping(view);
            if crashing.is_empty() {
                in_progress("Pod is running but is not Ready")
            } else {
                Readiness::Failed(format!(
                    "Containers in CrashLoop state: {}",
                    crashing.join(",")
                ))
            }
        }
        "Pending" if is_unschedulable(view) => {
            if waited_too_long(view) {
                Readiness::Failed("Pod could not be scheduled".to_owned())
            } else {
                in_progress("Pod has not been scheduled")
            }
        }
        "Pending" => in_progress("Pod is in the Pending phase"),
        "" => in_progress("Pod phase not available"),
        phase => Readiness::Unknown(format!("unknown phase {phase}")),
    }
}

/// Whether a workload that owns this pod cannot become ready because of it.
pub(super) fn has_failed(view: &View<'_>) -> bool {
    let readiness = generic::common(view).unwrap_or_else(|| pod(view));
    matches!(readiness, Readiness::Failed(_)) && !is_unschedulable(view)
}

fn is_unschedulable(view: &View<'_>) -> bool {
    view.conditions().any(|condition| {
        condition.type_ == "PodScheduled"
            && condition.status == "False"
            && condition.reason == "Unschedulable"
    })
}

/// Without a clock nobody has waited.
fn waited_too_long(view: &View<'_>) -> bool {
    let created: Option<Timestamp> = view.text("/metadata/creationTimestamp").parse().ok();
    match (view.now(), created) {
        (Some(now), Some(created)) => now.as_second() - created.as_second() >= SCHEDULE_SECONDS,
        _ => false,
    }
}

fn crash_looping<'a>(view: &View<'a>) -> Vec<&'a str> {
    view.items("/status/containerStatuses")
        .filter(|status| {
            status
                .pointer("/state/waiting/reason")
                .and_then(Value::as_str)
                == Some("CrashLoopBackOff")
        })
        .filter_map(|status| status.get("name")?.as_str())
        .collect()
}
