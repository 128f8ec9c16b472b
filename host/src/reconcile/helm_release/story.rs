//! The reconcile of a HelmRelease: each line reads the world, decides, enters the sandbox, or writes. What is to be released comes first;
//! then the release is looked at, an action is taken, and it is looked at again, until nothing is left to do.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use rosin_api::{ConditionStatus, HelmRelease, Reason, condition_type as kind, names};
use rosin_domain::health::Checks;
use rosin_release::{
    Algorithm, Values,
    decide::{self, Action, Course, End, Keep, Next, Situation},
    history, messages,
    names::{release_name, shorten},
    state::{self, State},
    values,
};
use tracing::{debug, info};

use super::{
    HelmReleases, Running,
    action::{Desired, Work},
    chart::LoadedChart,
    drift::{self, Difference},
    error::Error,
    memo::Memo,
    report::Report,
    storage::Storage,
    take::entries,
};
use crate::{controller::Run, reconcile::kustomization::dependency_key};

/// What is not ready, or not there, is given this long to become so before anybody is told that it is not.
const SETTLE: Duration = Duration::from_secs(3);

/// How a run ended when nothing failed.
pub(super) enum Outcome {
    Done,
    /// Again in a moment.
    Again,
    /// Again after an interval, as for an end.
    Retry(Duration),
    /// Something was not ready a moment ago; nobody is told yet.
    Settling(Duration),
}

impl HelmReleases {
    pub(super) async fn story(
        &self,
        object: &Arc<HelmRelease>,
        run: &Run,
        progress: &mut Running<'_>,
        memo: &mut Memo,
        report: &Report<'_>,
    ) -> Result<Outcome, Error> {
        if object.spec.chart.is_some() == object.spec.chart_ref.is_some() {
            return Err(Error::NoChart);
        }
        let checks = Checks::of_expressions(&object.spec.health_check_exprs).map_err(|error| {
            Error::InvalidExpression(format!(
                "Reconciliation failed terminally due to configuration error: {error}"
            ))
        })?;
        self.chart_of_template(object, progress, memo, report)
            .await?;
        progress.under_way(Reason::Progressing, "Fulfilling prerequisites");
        let found = self
            .check_dependencies(object)
            .and_then(|()| self.artifact_of(object));
        let (source, artifact) = match found {
            Err(error) if error.may_settle() => return settle(memo, error),
            found => found?,
        };
        memo.not_ready_since = None;
        let values = self.values_of(object).await?;
        let chart = self.load_chart(&source, &artifact).await?;
        let place = self.place_of(object).await?;
        progress.recovered(&[
            Reason::DependencyNotReady,
            Reason::AccessDenied,
            Reason::ArtifactFailed,
            Reason::SourceNotReady,
            Reason::ValuesError,
            Reason::ChartMutateError,
            Reason::RESTClientError,
        ]);
        let mut work = Work {
            releases: self,
            object,
            place: &place,
            run,
            checks: &checks,
            name: shorten(&name_of(object)),
        };
        if let Some(reason) = state::changed_target(object, chart.name()) {
            info!(reason, "the release is made elsewhere; the old one goes");
            if let Some(latest) = history::latest(&progress.status.history) {
                work.name.clone_from(&latest.name);
            }
            self.uninstall_current(&work, progress, report).await?;
            progress.status.history.clear();
            progress.status.clear_failures();
            progress.status.storage_namespace = None;
            return Ok(Outcome::Again);
        }
        self.note_attempt(object, progress, &chart, &values);
        let desired = Desired {
            chart: &chart,
            values: &values,
        };
        self.bring_about(&work, desired, progress, report).await
    }

    /// What is about to be tried, in the status.
    fn note_attempt(
        &self,
        object: &HelmRelease,
        progress: &mut Running<'_>,
        chart: &LoadedChart,
        values: &Values,
    ) {
        let mut handled = progress.status.last_handled_reset_at.take();
        let reset = progress.takes_request(names::RESET_REQUEST, &mut handled);
        let status = &mut progress.status;
        status.last_handled_reset_at = handled;
        status.storage_namespace = Some(object.storage_namespace().to_owned());
        let resets = state::resets_failures(object, chart.version(), values);
        if reset || resets.is_some() {
            status.clear_failures();
        }
        status.last_attempted_generation = object.metadata.generation;
        status.last_attempted_revision = Some(chart.version().to_owned());
        status.last_attempted_revision_digest =
            Some(chart.oci_digest.clone()).filter(|digest| !digest.is_empty());
        status.last_attempted_config_digest = Some(values::digest(Algorithm::Sha256, values));
        status.last_attempted_values_checksum = None;
        status.last_release_revision = None;
    }

    fn check_dependencies(&self, object: &HelmRelease) -> Result<(), Error> {
        let spec = &object.spec;
        let found: Vec<_> = spec
            .depends_on
            .iter()
            .map(|reference| {
                let key = dependency_key(object.namespace(), reference);
                (reference, key.to_string(), self.watched.get(&key))
            })
            .collect();
        let found = found
            .iter()
            .map(|(reference, name, found)| (*reference, name.as_str(), found.as_deref()));
        rosin_domain::dependencies::check_releases(object, found).map_err(|error| {
            if error.is_terminal() {
                Error::InvalidExpression(format!(
                    "Reconciliation failed terminally due to configuration error: {error}"
                ))
            } else {
                Error::Dependency {
                    message: error.to_string(),
                    retry: self.config.requeue_dependency,
                }
            }
        })
    }

    /// Looks at the release and takes action, until there is none to take.
    async fn bring_about(
        &self,
        work: &Work<'_>,
        desired: Desired<'_>,
        progress: &mut Running<'_>,
        report: &Report<'_>,
    ) -> Result<Outcome, Error> {
        let session = &work.place.session;
        let mut storage = Storage::open(session, work.object.storage_namespace(), &work.name)
            .await
            .map_err(|error| {
                Error::State(format!(
                    "failed to retrieve last release from storage: {error}"
                ))
            })?;
        let mut course = Course::default();
        let mut was_unmanaged = false;
        loop {
            let (state, drifted) = self.look(work, desired, &storage, progress).await?;
            was_unmanaged |= matches!(state, State::Unmanaged(_));
            if matches!(state, State::Failed(_))
                && self
                    .recovered(work, desired, &mut storage, progress, report)
                    .await
            {
                continue;
            }
            let action = match self.decide(work, &state, &drifted, progress, &storage, report)? {
                None => {
                    progress.unset(kind::RECONCILING);
                    progress.summarize();
                    return Ok(Outcome::Done);
                }
                Some(action) => action,
            };
            let spec = work.object.spec.clone();
            if let Err(end) = course.before(&action, &situation(&spec, progress)) {
                return ended(end, progress, "");
            }
            let message = action.progress(&spec);
            info!("{message}");
            progress.under_way(Reason::Progressing, &message);
            if action.makes_release() {
                let unknown = ConditionStatus::Unknown;
                progress.mark(kind::READY, unknown, Reason::Progressing, &message);
            }
            progress.write().await?;
            let started = Instant::now();
            let done = self
                .take(
                    work,
                    desired,
                    &action,
                    drifted,
                    &mut storage,
                    progress,
                    report,
                )
                .await;
            debug!(took = ?started.elapsed(), action = action.name(), "done");
            if let Err(failure) = done {
                let end = Course::failed(&situation(&spec, progress));
                return ended(end, progress, &failure.to_string());
            }
            if was_unmanaged && progress.is_true(kind::RELEASED) {
                // What came before was only there for the case that this one fails.
                progress.status.history.truncate(1);
            }
            if let Err(end) = course.after(&action, &situation(&spec, progress)) {
                return ended(end, progress, "");
            }
        }
    }

    /// Where the release stands, and what in the cluster differs from it.
    async fn look(
        &self,
        work: &Work<'_>,
        desired: Desired<'_>,
        storage: &Storage<'_>,
        progress: &Running<'_>,
    ) -> Result<(State, Vec<Difference>), Error> {
        // As the status is by now, not as it was when the run began.
        let mut object = work.object.clone();
        object.status = Some(progress.status.clone());
        let state = state::determine(&object, storage.last(), &desired.wanted())
            .map_err(|error| Error::State(error.to_string()))?;
        let looks = object.spec.drift_mode() != rosin_api::helm_release::DriftMode::Disabled;
        if let (State::InSync, true, Some(last)) = (&state, looks, storage.last()) {
            let found = drift::detect(work, last).await.map_err(|failure| {
                Error::State(format!("unable to determine cluster state: {failure}"))
            })?;
            if !found.is_empty() {
                return Ok((State::Drifted, found));
            }
        }
        Ok((state, Vec::new()))
    }

    /// What comes next; the conditions and the history follow at once.
    fn decide(
        &self,
        work: &Work<'_>,
        state: &State,
        drifted: &[Difference],
        progress: &mut Running<'_>,
        storage: &Storage<'_>,
        report: &Report<'_>,
    ) -> Result<Option<Action>, Error> {
        let mut handled = progress.status.last_handled_force_at.take();
        let forced = progress.takes_request(names::FORCE_REQUEST, &mut handled);
        progress.status.last_handled_force_at = handled;
        let spec = &work.object.spec;
        let decision = decide::next(
            state,
            &Situation {
                forced,
                ..situation(spec, progress)
            },
        );
        info!(?state, "{}", decision.why);
        match decision.history {
            Keep::Known => entries(progress).forget_unknown(|version| storage.get(version)),
            keep => keep.apply(&mut progress.status.history),
        }
        if progress.is_true(kind::REMEDIATED)
            && let Some(message) = &decision.not_remediated
        {
            progress.remedy_was_upgrade(message);
        }
        if decision.recovered {
            recover(progress);
        }
        if decision.no_drift {
            let message = "No drift detected against the cluster state";
            let clean = ConditionStatus::False;
            progress.mark(kind::DRIFTED, clean, Reason::NoDriftDetected, message);
        }
        if *state == State::Drifted
            && let Some(latest) = history::latest(&progress.status.history).cloned()
        {
            let message = messages::drifted(&latest, &drift::summary(drifted));
            let severity = crate::controller::Severity::Error;
            report.plain(severity, Reason::DriftDetected, &message);
            let is = ConditionStatus::True;
            progress.mark(kind::DRIFTED, is, Reason::DriftDetected, &message);
        }
        match decision.next {
            Next::Done => Ok(None),
            Next::Run(Action::Rollback(target)) => {
                let record = storage.get(target.version);
                Ok(Some(decide::confirm_rollback(&target, record)))
            }
            Next::Run(action) => Ok(Some(action)),
            Next::Stalled(stalled) => {
                progress.stuck(stalled.reason, &stalled.message);
                Err(Error::Exhausted(stalled.error.to_owned()))
            }
        }
    }
}

/// A release that failed, and is as wanted now without having been made again.
fn recover(progress: &mut Running<'_>) {
    if progress.is_true(kind::READY) && progress.is_true(kind::RELEASED) {
        return;
    }
    let failed = progress.condition(kind::RELEASED).map(|c| c.reason.clone());
    let Some(latest) = history::latest(&progress.status.history).cloned() else {
        return;
    };
    let (reason, message) = match failed.as_deref() {
        Some("InstallFailed") => (
            Reason::InstallSucceeded,
            messages::install_succeeded(&latest),
        ),
        Some("UpgradeFailed") => (
            Reason::UpgradeSucceeded,
            messages::upgrade_succeeded(&latest),
        ),
        _ => return,
    };
    progress.mark(kind::RELEASED, ConditionStatus::True, reason, &message);
    progress.summarize();
}

fn situation<'s>(spec: &'s rosin_api::HelmReleaseSpec, progress: &'s Running<'_>) -> Situation<'s> {
    Situation {
        spec,
        status: &progress.status,
        forced: false,
        retry_by_default: false,
    }
}

/// The end of a run before all is as wanted.
fn ended(end: End, progress: &mut Running<'_>, failure: &str) -> Result<Outcome, Error> {
    match end {
        End::Done => {
            progress.unset(kind::RECONCILING);
            Ok(Outcome::Done)
        }
        End::Requeue => {
            progress.goes_on();
            Ok(Outcome::Again)
        }
        End::RetryAfter(interval) => {
            let message = messages::retrying(interval);
            progress.under_way(Reason::ProgressingWithRetry, &message);
            Ok(Outcome::Retry(interval.to_std()))
        }
        End::Stalled(stalled) => {
            progress.stuck(stalled.reason, &stalled.message);
            Err(Error::Exhausted(stalled.error.to_owned()))
        }
        End::Backoff => {
            if progress.is_true(kind::READY) {
                let not = ConditionStatus::False;
                progress.mark(kind::READY, not, Reason::ReconcileError, failure);
            }
            Err(Error::Action(failure.to_owned()))
        }
    }
}

/// What others have yet to do may be done in the next moment: an error of theirs is told only if it lasts.
fn settle(memo: &mut Memo, error: Error) -> Result<Outcome, Error> {
    let since = *memo.not_ready_since.get_or_insert_with(Instant::now);
    if since.elapsed() >= SETTLE {
        return Err(error);
    }
    Ok(Outcome::Settling(SETTLE.saturating_sub(since.elapsed())))
}

/// The release's name before it is shortened.
pub(super) fn name_of(object: &HelmRelease) -> String {
    release_name(
        object.spec.release_name.as_deref(),
        object.spec.target_namespace.as_deref(),
        object.name(),
    )
}
