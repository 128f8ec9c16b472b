//! `status.history`: what a HelmRelease remembers of its releases, newest first.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rosin_api::Time as ApiTime;
use rosin_api::helm_release::{ReleaseSnapshot as Snapshot, TestFilter, TestHookStatus};

use crate::digest::Algorithm;
use crate::record::{HookEvent, Release, Status};
use crate::{Time, observe, values};

/// How digests are computed nowadays.
const API_VERSION: &str = "v2";
/// What is kept of a history that has nothing good in it.
const MAX: usize = 5;

/// What made an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Install,
    Upgrade,
    Rollback,
    Uninstall,
    UninstallRemediation,
}

impl Action {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::Upgrade => "upgrade",
            Self::Rollback => "rollback",
            Self::Uninstall => "uninstall",
            Self::UninstallRemediation => "uninstall-remediation",
        }
    }
}

/// Whole seconds, as the API has them; none for Go's zero time.
fn time(time: &Time) -> Option<ApiTime> {
    let seconds = time.timestamp().as_second();
    (!time.is_zero()).then(|| ApiTime(Timestamp::from_second(seconds).unwrap_or_default()))
}

fn filled(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// The entry of a record.
#[must_use]
pub fn snapshot(
    release: &Release,
    oci_digest: Option<&str>,
    action: Option<&str>,
    algorithm: Algorithm,
) -> Snapshot {
    let oci_digest = oci_digest.unwrap_or_default();
    let metadata = &release.chart.metadata;
    let never = || ApiTime(Time::default().timestamp());
    Snapshot {
        action: action.and_then(filled),
        api_version: Some(API_VERSION.to_owned()),
        app_version: filled(&metadata.app_version),
        chart_name: metadata.name.clone(),
        chart_version: metadata.version.clone(),
        config_digest: values::digest(algorithm, &release.config),
        deleted: time(&release.info.deleted),
        digest: observe::digest(algorithm, release, oci_digest),
        first_deployed: time(&release.info.first_deployed).unwrap_or_else(never),
        last_deployed: time(&release.info.last_deployed).unwrap_or_else(never),
        name: release.name.clone(),
        namespace: release.namespace.clone(),
        oci_digest: filled(oci_digest),
        status: release.info.status.to_string(),
        test_hooks: None,
        version: release.version,
    }
}

/// A history that is being changed.
pub struct History<'h> {
    entries: &'h mut Vec<Snapshot>,
    algorithm: Algorithm,
}

impl<'h> History<'h> {
    pub fn new(entries: &'h mut Vec<Snapshot>, algorithm: Algorithm) -> Self {
        Self { entries, algorithm }
    }

    fn position(&self, release: &Release) -> Option<usize> {
        self.entries
            .iter()
            .position(|entry| targets(entry, release))
    }

    /// Enters what an install or an upgrade wrote: the newest record in front, and the one before it, whose state changed, in
    /// its old place.
    pub fn record(&mut self, written: &[Release], oci_digest: Option<&str>, action: Action) {
        let mut versions: BTreeMap<i64, &Release> = BTreeMap::new();
        for release in written {
            versions.insert(release.version, release);
        }
        let mut newest_first = versions.into_values().rev();
        let Some(newest) = newest_first.next() else {
            return;
        };
        let entry = snapshot(newest, oci_digest, Some(action.as_str()), self.algorithm);
        self.entries.insert(0, entry);
        for older in newest_first {
            if let Some(at) = self.position(older) {
                // As Flux does: the entry loses what made it, and keeps its tests.
                let before = &self.entries[at];
                let mut entry = snapshot(older, before.oci_digest.as_deref(), None, self.algorithm);
                entry.test_hooks.clone_from(&before.test_hooks);
                self.entries[at] = entry;
                return;
            }
        }
    }

    /// Renews the entry of a record, if there is one.
    fn renew(&mut self, release: &Release, action: Option<Action>) -> bool {
        let Some(at) = self.position(release) else {
            return false;
        };
        let before = &self.entries[at];
        let action = action.map(Action::as_str).or(before.action.as_deref());
        let mut entry = snapshot(
            release,
            before.oci_digest.as_deref(),
            action,
            self.algorithm,
        );
        entry.test_hooks.clone_from(&before.test_hooks);
        self.entries[at] = entry;
        true
    }

    /// Enters a record that a rollback wrote.
    pub fn rolled_back(&mut self, written: &Release) {
        if !self.renew(written, Some(Action::Rollback)) {
            let entry = snapshot(written, None, None, self.algorithm);
            self.entries.insert(0, entry);
        }
    }

    /// Enters a record that an uninstall wrote; others than ours are left out.
    pub fn uninstalled(&mut self, written: &Release, action: Action) {
        self.renew(written, Some(action));
    }

    /// Enters a record whose pending state was ended. As Flux does, this forgets its tests.
    pub fn unlocked(&mut self, written: &Release) {
        if let Some(at) = self.position(written) {
            self.renew(written, None);
            self.entries[at].test_hooks = None;
        }
    }

    /// Forgets the entries that no record bears out: the last record is not ours. It may be, if the program ended before it could tell
    /// the status; then what it made before is what can be rolled back to. (Flux forgets all entries.)
    pub fn forget_unknown<'r>(&mut self, record: impl Fn(i64) -> Option<&'r Release>) {
        for entry in std::mem::take(self.entries) {
            let found = record(entry.version).filter(|found| targets(&entry, found));
            let Some(found) = found else { continue };
            if verify(&entry, found).is_ok() {
                self.entries.push(entry);
                continue;
            }
            // That another one took its place may not have been told either.
            let mut deployed = found.clone();
            deployed.info.status = Status::Deployed;
            if verify(&entry, &deployed).is_ok() {
                let (oci_digest, action) = (entry.oci_digest.as_deref(), entry.action.as_deref());
                let mut renewed = snapshot(found, oci_digest, action, self.algorithm);
                renewed.test_hooks = entry.test_hooks;
                self.entries.push(renewed);
            }
        }
    }

    /// Enters the results of tests, if they are those of the latest release.
    pub fn tested(&mut self, written: &Release, filters: &[TestFilter]) {
        sort(self.entries);
        if self.position(written) == Some(0) {
            self.renew(written, None);
            self.entries[0].test_hooks = Some(test_hooks(written, filters));
        }
    }
}

/// The tests of a release that are selected, with their last results.
#[must_use]
pub fn test_hooks(release: &Release, filters: &[TestFilter]) -> BTreeMap<String, TestHookStatus> {
    let tests = release
        .hooks
        .iter()
        .filter(|hook| hook.runs_at(HookEvent::Test) && is_selected(&hook.name, filters));
    tests
        .map(|hook| {
            let run = &hook.last_run;
            let status = TestHookStatus {
                last_completed: time(&run.completed_at),
                last_started: time(&run.started_at),
                phase: filled(&run.phase),
            };
            (hook.name.clone(), status)
        })
        .collect()
}

/// Is a test run? Exclusions win; where something is included, nothing else is.
#[must_use]
pub fn is_selected(name: &str, filters: &[TestFilter]) -> bool {
    let excluded = |filter: &TestFilter| filter.exclude && filter.name == name;
    let mut included = filters.iter().filter(|filter| !filter.exclude).peekable();
    !filters.iter().any(excluded)
        && (included.peek().is_none() || included.any(|filter| filter.name == name))
}

/// Is this the entry of that record?
#[must_use]
pub fn targets(entry: &Snapshot, release: &Release) -> bool {
    entry.name == release.name
        && entry.namespace == release.namespace
        && entry.version == release.version
}

fn sort(entries: &mut [Snapshot]) {
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.version));
}

/// The entry with the highest version.
#[must_use]
pub fn latest(entries: &[Snapshot]) -> Option<&Snapshot> {
    entries.iter().rev().max_by_key(|entry| entry.version)
}

/// The newest entry before the latest that a rollback may go to.
#[must_use]
pub fn previous(entries: &[Snapshot], ignore_tests: bool) -> Option<&Snapshot> {
    let mut sorted: Vec<&Snapshot> = entries.iter().collect();
    sorted.sort_by_key(|entry| std::cmp::Reverse(entry.version));
    let mut earlier = sorted.into_iter().skip(1);
    earlier.find(|entry| is_good(entry, ignore_tests))
}

fn is_good(entry: &Snapshot, ignore_tests: bool) -> bool {
    matches!(entry.status.as_str(), "deployed" | "superseded")
        && (ignore_tests || !has_failed_test(entry))
}

/// Shortens a history to the latest entry and all up to the one that a rollback may go to; to five where there is none.
pub fn truncate(entries: &mut Vec<Snapshot>, ignore_tests: bool) {
    sort(entries);
    let good = entries
        .iter()
        .skip(1)
        .position(|entry| is_good(entry, ignore_tests));
    entries.truncate(good.map_or(MAX, |at| at + 2));
}

/// Shortens a history to five entries, whatever they are.
pub fn truncate_to_limit(entries: &mut Vec<Snapshot>) {
    sort(entries);
    entries.truncate(MAX);
}

/// `namespace/name.v1`, as events and conditions call it.
#[must_use]
pub fn full_name(entry: &Snapshot) -> String {
    format!("{}/{}.v{}", entry.namespace, entry.name, entry.version)
}

/// `chart@version`
#[must_use]
pub fn chart_name(entry: &Snapshot) -> String {
    format!("{}@{}", entry.chart_name, entry.chart_version)
}

/// Were its tests run to their end, or to a failure? No tests to be run are run.
#[must_use]
pub fn is_tested(entry: &Snapshot) -> bool {
    let Some(tests) = &entry.test_hooks else {
        return false;
    };
    let succeeded = |test: &TestHookStatus| test.phase.as_deref() == Some("Succeeded");
    has_failed_test(entry) || tests.values().all(succeeded)
}

#[must_use]
pub fn has_failed_test(entry: &Snapshot) -> bool {
    let failed = |test: &TestHookStatus| test.phase.as_deref() == Some("Failed");
    entry
        .test_hooks
        .iter()
        .flatten()
        .any(|(_, test)| failed(test))
}

/// Why the latest entry and the latest record are not of one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    #[error("release digest verification error")]
    Digest,
    #[error("release not observed to be made for object")]
    NotObserved,
}

/// Is a record still what its entry says? Entries of before v2 are trusted.
pub fn verify(entry: &Snapshot, release: &Release) -> Result<(), Mismatch> {
    if entry.api_version.as_deref() != Some(API_VERSION) {
        return Ok(());
    }
    let (algorithm, hex) = entry.digest.split_once(':').ok_or(Mismatch::Digest)?;
    if algorithm.parse::<Algorithm>().is_err() || hex.is_empty() {
        return Err(Mismatch::Digest);
    }
    if observe::verifies(
        &entry.digest,
        release,
        entry.oci_digest.as_deref().unwrap_or_default(),
    ) {
        Ok(())
    } else {
        Err(Mismatch::NotObserved)
    }
}
