//! A release that was given up because its objects were not ready in time, and whose objects are ready by now: it is what it should be,
//! and another attempt would do nothing but restart it. (Flux leaves it failed until somebody changes something.)

use rosin_api::{
    ConditionStatus, HelmRelease, condition_type as kind, helm_release::ReleaseAction,
};
use rosin_release::{HookEvent, Release, Status, history, state};
use tracing::info;

use super::{
    HelmReleases, Running,
    action::{Desired, Work, supersede_deployed},
    drift, objects,
    report::Report,
    storage::Storage,
    take::{entries, released},
    wait,
};

impl HelmReleases {
    /// Makes a success of a failure that is over. Says whether it was.
    pub(super) async fn recovered(
        &self,
        work: &Work<'_>,
        desired: Desired<'_>,
        storage: &mut Storage<'_>,
        progress: &mut Running<'_>,
        report: &Report<'_>,
    ) -> bool {
        // Those that are tried again are none of ours.
        if !was_given_up(work.object) {
            return false;
        }
        let Some(action) = progress.status.last_attempted_release_action else {
            return false;
        };
        let Some(last) = storage.last().cloned() else {
            return false;
        };
        let mut object = work.object.clone();
        object.status = Some(progress.status.clone());
        let failed_in_waiting = state::may_have_recovered(&object, &last, &desired.wanted());
        if !failed_in_waiting || misses_hooks(&last, action) || !is_healthy(work, &last).await {
            return false;
        }
        info!("the objects of the failed release are as wanted, and ready");
        let mut good = last;
        let (by, text) = match action {
            ReleaseAction::Install => (history::Action::Install, "Install complete"),
            ReleaseAction::Upgrade => (history::Action::Upgrade, "Upgrade complete"),
        };
        good.set_status(Status::Deployed, text);
        storage.take_written();
        supersede_deployed(storage).await;
        if let Err(failure) = storage.update(&good).await {
            tracing::warn!(%failure, "the release record could not be written");
            return false;
        }
        let written = storage.take_written();
        let oci_digest = progress.status.last_attempted_revision_digest.clone();
        // The failed attempt is this one.
        progress
            .status
            .history
            .retain(|entry| entry.version != good.version);
        entries(progress).record(&written, oci_digest.as_deref(), by);
        progress.unset(kind::STALLED);
        released(action, progress, report);
        progress.summarize();
        true
    }
}

fn was_given_up(object: &HelmRelease) -> bool {
    let conditions = object.status.iter().flat_map(|status| &status.conditions);
    conditions
        .filter(|condition| condition.type_ == kind::STALLED)
        .any(|condition| condition.status == ConditionStatus::True)
}

/// Were there hooks to come after the wait that failed?
fn misses_hooks(release: &Release, action: ReleaseAction) -> bool {
    let event = match action {
        ReleaseAction::Install => HookEvent::PostInstall,
        ReleaseAction::Upgrade => HookEvent::PostUpgrade,
    };
    let mut hooks = release.hooks.iter();
    hooks.any(|hook| hook.runs_at(event) && hook.last_run.phase.is_empty())
}

/// Are all objects in the cluster as the release has them, and ready?
async fn is_healthy(work: &Work<'_>, release: &Release) -> bool {
    let built = objects::build(&work.place.session, &release.manifest, &release.namespace);
    let Ok(items) = built.await else {
        return false;
    };
    if !wait::are_ready(work.place, &items, work.rules(work.waits_for_jobs())).await {
        return false;
    }
    // Ready may also be what an earlier release left.
    matches!(drift::detect(work, release).await, Ok(found) if found.is_empty())
}
