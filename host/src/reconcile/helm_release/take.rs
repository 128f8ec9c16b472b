//! Taking an action, and telling what came of it: history, counters, conditions and events.

use std::time::Instant;

use rosin_api::{
    ConditionStatus, Reason, condition_type as kind,
    helm_release::{ReleaseAction, ReleaseSnapshot},
    kustomization::{Inventory, InventoryEntry},
};
use rosin_release::{
    Algorithm, Release,
    decide::Action,
    history::{self, History},
    messages::{self, Attempt},
    remedy::{self, Remediation},
};
use tracing::{error, info, warn};

use super::{
    HelmReleases, Running,
    action::{self, Desired, Uninstalled, Work},
    drift::{self, Difference},
    error::Error,
    objects::{Failure, documents, place},
    report::{About, Report},
    storage::Storage,
    story::name_of,
};
use crate::controller::Severity;

impl HelmReleases {
    /// Takes an action. An error means that it left no trace, so that it is simply tried again.
    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of one run, each used once"
    )]
    pub(super) async fn take(
        &self,
        work: &Work<'_>,
        desired: Desired<'_>,
        action: &Action,
        drifted: Vec<Difference>,
        storage: &mut Storage<'_>,
        progress: &mut Running<'_>,
        report: &Report<'_>,
    ) -> Result<(), Failure> {
        storage.take_written();
        work.place.log.begin();
        match action {
            Action::Unlock => self.unlock(storage, progress, report).await,
            Action::Install | Action::Upgrade => {
                let action = match action {
                    Action::Install => ReleaseAction::Install,
                    _ => ReleaseAction::Upgrade,
                };
                let result = self
                    .release(work, desired, action, storage, progress, report)
                    .await;
                progress.summarize();
                result
            }
            Action::Test => {
                let result = self.run_tests(work, storage, progress, report).await;
                progress.summarize();
                result
            }
            Action::CorrectDrift => {
                let message = "correcting cluster drift";
                let unknown = ConditionStatus::Unknown;
                progress.mark(kind::READY, unknown, Reason::Progressing, message);
                drift::correct(work, drifted, progress, report).await;
                Ok(())
            }
            Action::Rollback(target) => {
                let result = self
                    .roll_back(work, desired, target, storage, progress, report)
                    .await;
                progress.summarize();
                result
            }
            Action::Uninstall => self.uninstall_failed(work, storage, progress, report).await,
        }
    }

    async fn unlock(
        &self,
        storage: &mut Storage<'_>,
        progress: &mut Running<'_>,
        report: &Report<'_>,
    ) -> Result<(), Failure> {
        let Some((release, status, written)) = action::unlock(storage).await else {
            return Ok(());
        };
        let entry = history::snapshot(&release, None, None, Algorithm::Sha256);
        for release in storage.take_written() {
            entries(progress).unlocked(&release);
        }
        let (severity, message) = match &written {
            Ok(()) => (Severity::Info, messages::unlocked(&entry, &status)),
            Err(failure) => {
                progress.status.failures += 1;
                let message = messages::unlock_failed(&entry, &status, &failure.to_string());
                (Severity::Error, message)
            }
        };
        let not = ConditionStatus::False;
        progress.mark(kind::RELEASED, not, Reason::PendingRelease, &message);
        report.release(severity, Reason::PendingRelease, &message, &entry);
        progress.summarize();
        written
    }

    async fn release(
        &self,
        work: &Work<'_>,
        desired: Desired<'_>,
        action: ReleaseAction,
        storage: &mut Storage<'_>,
        progress: &mut Running<'_>,
        report: &Report<'_>,
    ) -> Result<(), Failure> {
        let started = Instant::now();
        progress.status.last_attempted_release_action = Some(action);
        if action == ReleaseAction::Install {
            progress.status.history.clear();
        }
        progress.unset(kind::TEST_SUCCESS);
        progress.unset(kind::REMEDIATED);
        let result = match action {
            ReleaseAction::Install => action::install(work, desired, storage).await,
            ReleaseAction::Upgrade => action::upgrade(work, desired, storage).await,
        };
        let took = rosin_api::Duration::from(started.elapsed());
        progress.status.last_attempted_release_action_duration = Some(took.to_string());
        let written = storage.take_written();
        let oci_digest = progress.status.last_attempted_revision_digest.clone();
        let by = match action {
            ReleaseAction::Install => history::Action::Install,
            ReleaseAction::Upgrade => history::Action::Upgrade,
        };
        entries(progress).record(&written, oci_digest.as_deref(), by);
        self.take_inventory(work, desired, &written, progress).await;
        match result {
            Ok(()) => {
                released(action, progress, report);
                Ok(())
            }
            Err(failure) => {
                self.release_failed(work, desired, action, &failure, progress, report);
                if written.is_empty() {
                    return Err(failure);
                }
                remedy::count_failure(&mut progress.status, action);
                Ok(())
            }
        }
    }

    fn release_failed(
        &self,
        work: &Work<'_>,
        desired: Desired<'_>,
        action: ReleaseAction,
        failure: &Failure,
        progress: &mut Running<'_>,
        report: &Report<'_>,
    ) {
        let name = name_of(work.object);
        let attempt = Attempt {
            namespace: work.object.release_namespace(),
            name: &name,
            chart_name: desired.chart.name(),
            chart_version: desired.chart.version(),
        };
        let text = failure.to_string();
        let (reason, message) = match action {
            ReleaseAction::Install => (
                Reason::InstallFailed,
                messages::install_failed(&attempt, &text),
            ),
            ReleaseAction::Upgrade => (
                Reason::UpgradeFailed,
                messages::upgrade_failed(&attempt, &text),
            ),
        };
        error!("{message}");
        progress.status.failures += 1;
        progress.mark(kind::RELEASED, ConditionStatus::False, reason, &message);
        let about = About {
            version: desired.chart.version().to_owned(),
            config_digest: progress
                .status
                .last_attempted_config_digest
                .clone()
                .unwrap_or_default(),
            app_version: desired.chart.metadata.app_version.clone(),
            oci_digest: desired.chart.oci_digest.clone(),
        };
        let told = work.place.log.after(&message);
        report.release(Severity::Error, reason, &told, about);
    }

    /// The objects of the newest of what was written, and the definitions of its chart.
    async fn take_inventory(
        &self,
        work: &Work<'_>,
        desired: Desired<'_>,
        written: &[Release],
        progress: &mut Running<'_>,
    ) {
        let Some(newest) = written.iter().max_by_key(|release| release.version) else {
            return;
        };
        let session = &work.place.session;
        let mut objects = documents(&newest.manifest).unwrap_or_default();
        objects.extend(desired.chart.all_definitions().unwrap_or_default());
        let mut entries = Vec::with_capacity(objects.len());
        for object in objects {
            match place(session, object, &newest.namespace).await {
                Ok(item) => entries.push(InventoryEntry::from(&item.reference())),
                Err(failure) => warn!(%failure, "an object of the release is not in the inventory"),
            }
        }
        progress.status.inventory = Some(Inventory { entries });
    }

    async fn run_tests(
        &self,
        work: &Work<'_>,
        storage: &mut Storage<'_>,
        progress: &mut Running<'_>,
        report: &Report<'_>,
    ) -> Result<(), Failure> {
        let result = action::test(work, storage).await;
        let filters = work.object.spec.test.as_ref();
        let filters = filters.map_or(&[][..], |test| &test.filters);
        for release in storage.take_written() {
            entries(progress).tested(&release, filters);
        }
        let Some(latest) = history::latest(&progress.status.history).cloned() else {
            return result;
        };
        let Err(failure) = result else {
            let message = messages::tests_succeeded(&latest);
            let passed = ConditionStatus::True;
            progress.mark(kind::TEST_SUCCESS, passed, Reason::TestSucceeded, &message);
            report.release(Severity::Info, Reason::TestSucceeded, &message, &latest);
            return Ok(());
        };
        let message = messages::tests_failed(&latest, &failure.to_string());
        error!("{message}");
        progress.status.failures += 1;
        let not = ConditionStatus::False;
        progress.mark(kind::TEST_SUCCESS, not, Reason::TestFailed, &message);
        report.release(Severity::Error, Reason::TestFailed, &message, &latest);
        if !history::is_tested(&latest) {
            return Err(failure);
        }
        let spec = &work.object.spec;
        if let Some(remediation) = Remediation::active(spec, &progress.status)
            && !remediation.ignore_test_failures
        {
            remedy::count_failure(&mut progress.status, remediation.action);
        }
        Ok(())
    }

    async fn roll_back(
        &self,
        work: &Work<'_>,
        desired: Desired<'_>,
        target: &ReleaseSnapshot,
        storage: &mut Storage<'_>,
        progress: &mut Running<'_>,
        report: &Report<'_>,
    ) -> Result<(), Failure> {
        let result = action::rollback(work, storage, target.version).await;
        let written = storage.take_written();
        for release in &written {
            entries(progress).rolled_back(release);
        }
        self.take_inventory(work, desired, &written, progress).await;
        let config_digest = progress.status.last_attempted_config_digest.clone();
        let about = About {
            config_digest: config_digest.unwrap_or_default(),
            ..About::from(target)
        };
        let Err(failure) = result else {
            let message = messages::rollback_succeeded(target);
            let done = ConditionStatus::True;
            progress.mark(kind::REMEDIATED, done, Reason::RollbackSucceeded, &message);
            report.release(Severity::Info, Reason::RollbackSucceeded, &message, about);
            return Ok(());
        };
        let message = messages::rollback_failed(target, &failure.to_string());
        error!("{message}");
        progress.status.failures += 1;
        let not = ConditionStatus::False;
        progress.mark(kind::REMEDIATED, not, Reason::RollbackFailed, &message);
        let told = work.place.log.after(&message);
        report.release(Severity::Error, Reason::RollbackFailed, &told, about);
        if written.is_empty() {
            return Err(failure);
        }
        Ok(())
    }

    /// Removes a release that failed.
    async fn uninstall_failed(
        &self,
        work: &Work<'_>,
        storage: &mut Storage<'_>,
        progress: &mut Running<'_>,
        report: &Report<'_>,
    ) -> Result<(), Failure> {
        // One that was being uninstalled may be older than what the status remembers.
        if let (true, Some(last)) = (progress.status.history.is_empty(), storage.last()) {
            let found = history::snapshot(last, None, None, Algorithm::Sha256);
            progress.status.history.push(found);
        }
        let Some(current) = history::latest(&progress.status.history).cloned() else {
            return Err(Failure::new("no latest release: required to uninstall"));
        };
        let result = action::uninstall(work, storage).await;
        for release in storage.take_written() {
            entries(progress).uninstalled(&release, history::Action::UninstallRemediation);
        }
        let latest = history::latest(&progress.status.history)
            .cloned()
            .unwrap_or_else(|| current.clone());
        let traced = latest.digest != current.digest;
        let failure = match result {
            Ok(Uninstalled::Removed(version)) => mismatch(version, &current),
            Ok(Uninstalled::NotFound) => Some(Failure::new("release: not found")),
            Ok(Uninstalled::Already) => Some(Failure::new(format!(
                "the release named {:?} is already deleted",
                current.name
            ))),
            Err((_, failure)) => Some(failure),
        };
        let failure = failure.or_else(|| (!traced).then(no_storage_update));
        let Some(failure) = failure else {
            let message = messages::remediation_succeeded(&latest);
            let done = ConditionStatus::True;
            progress.mark(kind::REMEDIATED, done, Reason::UninstallSucceeded, &message);
            report.release(
                Severity::Info,
                Reason::UninstallSucceeded,
                &message,
                &latest,
            );
            return Ok(());
        };
        let message = messages::remediation_failed(&latest, &failure.to_string());
        error!("{message}");
        progress.status.failures += 1;
        let not = ConditionStatus::False;
        progress.mark(kind::REMEDIATED, not, Reason::UninstallFailed, &message);
        let told = work.place.log.after(&message);
        report.release(Severity::Error, Reason::UninstallFailed, &told, &latest);
        if traced { Ok(()) } else { Err(failure) }
    }

    /// Removes the release that the status knows of: the object is deleted, or wants its release elsewhere.
    pub(super) async fn uninstall_current(
        &self,
        work: &Work<'_>,
        progress: &mut Running<'_>,
        report: &Report<'_>,
    ) -> Result<(), Error> {
        let Some(current) = history::latest(&progress.status.history).cloned() else {
            return Ok(());
        };
        let namespace = progress
            .status
            .storage_namespace
            .clone()
            .unwrap_or_else(|| work.object.storage_namespace().to_owned());
        let mut storage = Storage::open(&work.place.session, &namespace, &current.name)
            .await
            .map_err(Error::Action)?;
        let result = action::uninstall(work, &mut storage).await;
        for release in storage.take_written() {
            entries(progress).uninstalled(&release, history::Action::Uninstall);
        }
        let latest = history::latest(&progress.status.history)
            .cloned()
            .unwrap_or_else(|| current.clone());
        let not = ConditionStatus::False;
        let failure = match result {
            Ok(Uninstalled::NotFound) => {
                let message = messages::uninstall_found_nothing(&current);
                progress.mark(kind::RELEASED, not, Reason::UninstallSucceeded, &message);
                progress.summarize();
                return Ok(());
            }
            Ok(Uninstalled::Already) => {
                let message = messages::uninstalled_before(&current);
                progress.mark(kind::RELEASED, not, Reason::UninstallSucceeded, &message);
                progress.summarize();
                return Ok(());
            }
            Ok(Uninstalled::Removed(version)) => mismatch(version, &current).or_else(|| {
                let unchanged = latest.digest == current.digest && current.status != "uninstalled";
                unchanged.then(no_storage_update)
            }),
            Err((_, failure)) => Some(failure),
        };
        if let Some(failure) = failure {
            let message = messages::uninstall_failed(&latest, &failure.to_string());
            progress.status.failures += 1;
            progress.mark(kind::RELEASED, not, Reason::UninstallFailed, &message);
            let told = work.place.log.after(&message);
            report.release(Severity::Error, Reason::UninstallFailed, &told, &latest);
            progress.summarize();
            return Err(Error::Action(failure.to_string()));
        }
        let message = messages::uninstall_succeeded(&latest);
        info!("{message}");
        progress.status.inventory = None;
        progress.mark(kind::RELEASED, not, Reason::UninstallSucceeded, &message);
        report.release(
            Severity::Info,
            Reason::UninstallSucceeded,
            &message,
            &latest,
        );
        progress.summarize();
        Ok(())
    }
}

pub(super) fn entries<'h>(progress: &'h mut Running<'_>) -> History<'h> {
    History::new(&mut progress.status.history, Algorithm::Sha256)
}

fn mismatch(version: i64, current: &ReleaseSnapshot) -> Option<Failure> {
    (version != current.version).then(|| {
        Failure::new(format!(
            "release mismatch: uninstalled release {}/{}.v{version} != current release {}",
            current.namespace,
            current.name,
            history::full_name(current)
        ))
    })
}

fn no_storage_update() -> Failure {
    Failure::new("uninstall completed with error: release not updated in Helm storage")
}

/// A release was made.
pub(super) fn released(action: ReleaseAction, progress: &mut Running<'_>, report: &Report<'_>) {
    let Some(latest) = history::latest(&progress.status.history).cloned() else {
        return;
    };
    let (reason, message) = match action {
        ReleaseAction::Install => (
            Reason::InstallSucceeded,
            messages::install_succeeded(&latest),
        ),
        ReleaseAction::Upgrade => (
            Reason::UpgradeSucceeded,
            messages::upgrade_succeeded(&latest),
        ),
    };
    info!("{message}");
    progress.mark(kind::RELEASED, ConditionStatus::True, reason, &message);
    let object = progress.object.clone();
    if object.spec.tests_enabled() && !history::is_tested(&latest) {
        let pending = messages::awaiting_tests(&latest);
        let unknown = ConditionStatus::Unknown;
        progress.mark(kind::TEST_SUCCESS, unknown, Reason::AwaitingTests, &pending);
    }
    if remedy::retry_interval(action, &object.spec, false).is_some() {
        progress.status.clear_failures();
    }
    report.release(Severity::Info, reason, &message, &latest);
}
