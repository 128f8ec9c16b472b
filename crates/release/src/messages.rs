//! The words of conditions and events, which people alert on.

use rosin_api::helm_release::ReleaseSnapshot as Snapshot;
use rosin_api::{Condition, ConditionStatus, Duration};

use crate::Status;
use crate::history::{chart_name, full_name};

/// A release that is not there (yet): its name, and the chart that it was to be made of.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    pub namespace: &'a str,
    /// Before it is shortened.
    pub name: &'a str,
    pub chart_name: &'a str,
    pub chart_version: &'a str,
}

fn attempted(action: &str, attempt: &Attempt<'_>, error: &str) -> String {
    let Attempt {
        namespace,
        name,
        chart_name,
        chart_version,
    } = attempt;
    let error = error.trim();
    format!(
        "Helm {action} failed for release {namespace}/{name} with chart {chart_name}@{chart_version}: {error}"
    )
}

fn of(text: &str, release: &Snapshot) -> String {
    format!(
        "{text} {} with chart {}",
        full_name(release),
        chart_name(release)
    )
}

#[must_use]
pub fn install_failed(attempt: &Attempt<'_>, error: &str) -> String {
    attempted("install", attempt, error)
}

#[must_use]
pub fn upgrade_failed(attempt: &Attempt<'_>, error: &str) -> String {
    attempted("upgrade", attempt, error)
}

#[must_use]
pub fn install_succeeded(release: &Snapshot) -> String {
    of("Helm install succeeded for release", release)
}

#[must_use]
pub fn upgrade_succeeded(release: &Snapshot) -> String {
    of("Helm upgrade succeeded for release", release)
}

#[must_use]
pub fn rollback_succeeded(target: &Snapshot) -> String {
    of("Helm rollback to previous release", target) + " succeeded"
}

#[must_use]
pub fn rollback_failed(target: &Snapshot, error: &str) -> String {
    let start = of("Helm rollback to previous release", target);
    format!("{start} failed: {}", error.trim())
}

#[must_use]
pub fn uninstall_succeeded(release: &Snapshot) -> String {
    of("Helm uninstall succeeded for release", release)
}

#[must_use]
pub fn uninstall_failed(release: &Snapshot, error: &str) -> String {
    let start = of("Helm uninstall failed for release", release);
    format!("{start}: {}", error.trim())
}

/// There was nothing to uninstall.
#[must_use]
pub fn uninstall_found_nothing(release: &Snapshot) -> String {
    format!(
        "Release {} was not found, assuming it is uninstalled",
        full_name(release)
    )
}

/// It was uninstalled before, and its records are kept.
#[must_use]
pub fn uninstalled_before(release: &Snapshot) -> String {
    format!("Release {} was already uninstalled", full_name(release))
}

#[must_use]
pub fn remediation_succeeded(release: &Snapshot) -> String {
    of("Helm uninstall remediation for release", release) + " succeeded"
}

#[must_use]
pub fn remediation_failed(release: &Snapshot, error: &str) -> String {
    let start = of("Helm uninstall remediation for release", release);
    format!("{start} failed: {}", error.trim())
}

#[must_use]
pub fn unlocked(release: &Snapshot, state: &Status) -> String {
    let start = of("Unlocked Helm release", release);
    format!("{start} in {state} state")
}

#[must_use]
pub fn unlock_failed(release: &Snapshot, state: &Status, error: &str) -> String {
    let start = of("Unlock of Helm release", release);
    format!("{start} in {state} state failed: {}", error.trim())
}

/// What the record says of itself after it was unlocked.
#[must_use]
pub fn unlock_description(state: &Status) -> String {
    format!("Release unlocked from stale '{state}' state")
}

#[must_use]
pub fn awaiting_tests(release: &Snapshot) -> String {
    of("Helm release", release) + " is awaiting tests"
}

#[must_use]
pub fn tests_succeeded(release: &Snapshot) -> String {
    let start = of("Helm test succeeded for release", release);
    match release.test_hooks.as_ref().map_or(0, |tests| tests.len()) {
        0 => format!("{start}: no test hooks"),
        1 => format!("{start}: 1 test hook completed successfully"),
        count => format!("{start}: {count} test hooks completed successfully"),
    }
}

#[must_use]
pub fn tests_failed(release: &Snapshot, error: &str) -> String {
    let start = of("Helm test failed for release", release);
    format!("{start}: {}", error.trim())
}

#[must_use]
pub fn drifted(release: &Snapshot, changes: &str) -> String {
    format!(
        "Cluster state of release {} has drifted from the desired state:\n{changes}",
        full_name(release)
    )
}

#[must_use]
pub fn retrying(interval: Duration) -> String {
    format!("retrying after {interval}")
}

/// An event's text with what Helm logged last.
#[must_use]
pub fn with_log(message: &str, log: &str) -> String {
    match log {
        "" => message.to_owned(),
        log => format!("{message}\n\nLast Helm logs:\n\n{log}"),
    }
}

/// What an event carries: revision, token, app version and the digest of the chart's artifact, by their full names; empty ones
/// are left out.
#[must_use]
pub fn event_metadata(
    chart_version: &str,
    config_digest: &str,
    app_version: &str,
    oci_digest: &str,
) -> Vec<(String, String)> {
    [
        ("revision", chart_version),
        ("token", config_digest),
        ("app-version", app_version),
        ("oci-digest", oci_digest),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(key, value)| (format!("helm.toolkit.fluxcd.io/{key}"), value.to_owned()))
    .collect()
}

/// What `Ready` becomes at the end of an action: status, reason and message of the most telling condition. `tests_count`: tests
/// are run, and their failures are not ignored.
#[must_use]
pub fn summary(
    conditions: &[Condition],
    tests_count: bool,
) -> Option<(ConditionStatus, String, String)> {
    let rank = |condition: &Condition| match condition.type_.as_str() {
        "Remediated" => Some(0),
        "TestSuccess" if tests_count => Some(1),
        "Released" => Some(2),
        _ => None,
    };
    // Flux sorts with an order that is none (newer and more telling is first, but newer alone is not), so the way of its
    // sorting counts: insertion, from the front.
    let before = |a: &Condition, b: &Condition| match (rank(a), rank(b)) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(x), Some(y)) => a.observed_generation >= b.observed_generation && x < y,
    };
    let mut sorted: Vec<&Condition> = conditions.iter().collect();
    for end in 1..sorted.len() {
        let mut at = end;
        while at > 0 && before(sorted[at], sorted[at - 1]) {
            sorted.swap(at, at - 1);
            at -= 1;
        }
    }
    let first = sorted.first()?;
    let status = match first.type_.as_str() {
        "Remediated" => ConditionStatus::False,
        _ => first.status,
    };
    Some((status, first.reason.clone(), first.message.clone()))
}
