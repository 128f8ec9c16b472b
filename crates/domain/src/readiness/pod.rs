//! Pods: ready, done, on their way, or crashing.

use jiff::Timestamp;
use serde_json::Value;

use super::view::{View, in_progress};
use super::{Readiness, generic};
use crate::visible::visible;

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

/// Texts of containers and nodes may be long; what is wrong is at the start.
const SAID: usize = 300;

/// Why a pod is not ready, in the words of whoever knows: its containers, the scheduler. None where all is well or just begins.
pub(super) fn trouble(pod: &Value) -> Option<String> {
    let view = View::new(pod, None);
    let name = view.text("/metadata/name");
    let said = |text: &str| {
        let short: String = text.trim().chars().take(SAID).collect();
        visible(&short).into_owned()
    };
    let states = ["/status/initContainerStatuses", "/status/containerStatuses"];
    let statuses = states.iter().flat_map(|path| view.items(path));
    for status in statuses.filter(|status| status["ready"] != true) {
        let text = |path: &str| status.pointer(path).and_then(Value::as_str);
        let ended = |state: &str| {
            let reason = text(&format!("/{state}/terminated/reason"))?;
            let message = text(&format!("/{state}/terminated/message")).unwrap_or_default();
            let code = &status[state]["terminated"]["exitCode"];
            Some((reason, format!("exit code {code} {message}")))
        };
        // An init container that did its part is not ready either.
        if text("/state/terminated/reason") == Some("Completed") {
            continue;
        }
        let waiting = text("/state/waiting/reason")
            .filter(|reason| !matches!(*reason, "ContainerCreating" | "PodInitializing"))
            .map(|reason| {
                (
                    reason,
                    text("/state/waiting/message")
                        .unwrap_or_default()
                        .to_owned(),
                )
            });
        let Some((reason, message)) = waiting.or_else(|| ended("state")) else {
            continue;
        };
        let last = ended("lastState")
            .map(|(reason, message)| format!("; before: {reason} {}", said(&message)));
        let container = text("/name").unwrap_or_default();
        return Some(format!(
            "pod {name}: container {container}: {reason} {}{}",
            said(&message),
            last.unwrap_or_default()
        ));
    }
    // A container that runs and is not ready has no more to say than that.
    let tells = ["PodScheduled", "Ready"];
    let running = view.text("/status/phase") == "Running";
    let condition = view.conditions().find(|c| {
        tells.contains(&c.type_) && c.status == "False" && (running || c.type_ != "Ready")
    })?;
    Some(format!(
        "pod {name}: {} {}",
        condition.reason,
        said(condition.message)
    ))
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
