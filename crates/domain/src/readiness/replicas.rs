//! Kinds that keep a number of pods: their counts must have reached what the spec asks for, and no more.

use super::Readiness;
use super::view::{View, in_progress};

pub(super) fn deployment(view: &View<'_>) -> Readiness {
    // Without a deadline the controller sets no `Progressing` condition; "none" is the largest 32-bit number.
    let no_deadline =
        view.int("/spec/progressDeadlineSeconds", i64::from(i32::MAX)) == i64::from(i32::MAX);
    let mut rolled_out = no_deadline;
    for condition in view
        .conditions()
        .filter(|condition| condition.type_ == "Progressing")
    {
        if condition.reason == "ProgressDeadlineExceeded" {
            return Readiness::Failed("Progress deadline exceeded".to_owned());
        }
        rolled_out |= condition.status == "True" && condition.reason == "NewReplicaSetAvailable";
    }
    let wanted = view.int("/spec/replicas", 1);
    let replicas = view.int("/status/replicas", 0);
    let updated = view.int("/status/updatedReplicas", 0);
    let ready = view.int("/status/readyReplicas", 0);
    let available = view.int("/status/availableReplicas", 0);
    if wanted > replicas {
        return in_progress(format!("Replicas: {replicas}/{wanted}"));
    }
    if wanted > updated {
        return in_progress(format!("Updated: {updated}/{wanted}"));
    }
    if replicas > wanted {
        return in_progress(format!("Pending termination: {}", replicas - wanted));
    }
    if updated > available {
        return in_progress(format!("Available: {available}/{updated}"));
    }
    if wanted > ready {
        return in_progress(format!("Ready: {ready}/{wanted}"));
    }
    if !rolled_out {
        return in_progress("ReplicaSet not Available");
    }
    if !view.has_condition("Available", "True") {
        return in_progress("Deployment not Available");
    }
    Readiness::Current
}

pub(super) fn stateful_set(view: &View<'_>) -> Readiness {
    // Somebody deletes the pods by hand; when, is theirs to say.
    if view.text("/spec/updateStrategy/type") == "OnDelete" {
        return Readiness::Current;
    }
    let wanted = view.int("/spec/replicas", 1);
    let replicas = view.int("/status/replicas", 0);
    let ready = view.int("/status/readyReplicas", 0);
    let current = view.int("/status/currentReplicas", 0);
    let updated = view.int("/status/updatedReplicas", 0);
    if wanted > replicas {
        return in_progress(format!("Replicas: {replicas}/{wanted}"));
    }
    if wanted > ready {
        return in_progress(format!("Ready: {ready}/{wanted}"));
    }
    if replicas > wanted {
        return in_progress(format!("Pending termination: {}", replicas - wanted));
    }
    if let Some(partition) = view
        .maybe_int("/spec/updateStrategy/rollingUpdate/partition")
        .filter(|partition| *partition != -1)
    {
        let share = wanted - partition;
        if updated < share {
            return in_progress(format!("updated: {updated}/{share}"));
        }
        return Readiness::Current;
    }
    if wanted > current {
        return in_progress(format!("current: {current}/{wanted}"));
    }
    if view.text("/status/currentRevision") != view.text("/status/updateRevision") {
        return in_progress("Waiting for updated revision to match current");
    }
    Readiness::Current
}

pub(super) fn replica_set(view: &View<'_>) -> Readiness {
    if view.has_condition("ReplicaFailure", "True") {
        return in_progress("Replica Failure condition. Check Pods");
    }
    let wanted = view.int("/spec/replicas", 1);
    let replicas = view.int("/status/replicas", 0);
    for (field, name) in [
        ("fullyLabeledReplicas", "Labelled"),
        ("availableReplicas", "Available"),
        ("readyReplicas", "Ready"),
    ] {
        let count = view.int(&format!("/status/{field}"), 0);
        if wanted > count {
            return in_progress(format!("{name}: {count}/{wanted}"));
        }
    }
    if replicas > wanted {
        return in_progress(format!("Pending termination: {}", replicas - wanted));
    }
    Readiness::Current
}

pub(super) fn daemon_set(view: &View<'_>) -> Readiness {
    for (path, name) in [
        ("/metadata/generation", "metadata.generation"),
        ("/status/observedGeneration", "status.observedGeneration"),
    ] {
        if view.maybe_int(path).is_none() {
            return in_progress(format!("DaemonSet {name} not found"));
        }
    }
    let Some(wanted) = view
        .maybe_int("/status/desiredNumberScheduled")
        .filter(|wanted| *wanted != -1)
    else {
        return in_progress("Missing .status.desiredNumberScheduled");
    };
    for (field, name) in [
        ("currentNumberScheduled", "Current"),
        ("updatedNumberScheduled", "Updated"),
        ("numberAvailable", "Available"),
        ("numberReady", "Ready"),
    ] {
        let count = view.int(&format!("/status/{field}"), 0);
        if wanted > count {
            return in_progress(format!("{name}: {count}/{wanted}"));
        }
    }
    Readiness::Current
}
