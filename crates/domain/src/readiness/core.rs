//! Kinds with a rule of a line or two.

use super::Readiness;
use super::view::{View, in_progress};

pub(super) fn always_ready(_: &View<'_>) -> Readiness {
    Readiness::Current
}

/// The external address of a load balancer may take for ever where there is none: not waited for.
pub(super) fn service(view: &View<'_>) -> Readiness {
    if view.text("/spec/type") == "LoadBalancer" && view.text("/spec/clusterIP").is_empty() {
        return in_progress("ClusterIP not set. Service type: LoadBalancer");
    }
    Readiness::Current
}

pub(super) fn claim(view: &View<'_>) -> Readiness {
    match view.text("/status/phase") {
        "Bound" => Readiness::Current,
        "" => in_progress("PVC is not Bound. phase: unknown"),
        phase => in_progress(format!("PVC is not Bound. phase: {phase}")),
    }
}

pub(super) fn definition(view: &View<'_>) -> Readiness {
    for condition in view.conditions() {
        match (condition.type_, condition.status) {
            ("NamesAccepted", "False") => return Readiness::Failed(condition.message.to_owned()),
            ("Established", "False") if condition.reason != "Installing" => {
                return Readiness::Failed(condition.message.to_owned());
            }
            ("Established", "True") => return Readiness::Current,
            _ => {}
        }
    }
    in_progress("Install in progress")
}
