//! What the conditions of a Kustomization say: only here are they set.

use std::{pin::pin, time::Duration};

use rosin_api::{
    ConditionStatus, FluxObject, Kustomization, Reason, condition_type, kustomization::Inventory,
};
use rosin_domain::status as conditions;

use super::{memo::Attempt, story::Done};
use crate::controller::now;

/// A step that takes longer is told: who looks meanwhile learns what is being done. Most steps do not, and are not worth a request.
const LASTING: Duration = Duration::from_secs(2);

/// What a run says of itself on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Fetching,
    Building,
    Detecting,
    Checking,
}

pub(super) type Progress<'a> = crate::controller::Progress<'a, Kustomization>;

impl Progress<'_> {
    /// Notes a step; it reaches the server with the next write.
    pub(super) fn step(&mut self, step: Step, revision: &str, timeout: Duration) {
        let doing = match step {
            Step::Fetching => "Fetching manifests",
            Step::Building => "Building manifests",
            Step::Detecting => "Detecting drift",
            Step::Checking => "Running health checks",
        };
        let message = format!(
            "{doing} for revision {revision} with a timeout of {}",
            rosin_api::Duration::from(timeout)
        );
        if step == Step::Checking {
            self.set(
                condition_type::HEALTHY,
                ConditionStatus::Unknown,
                Reason::Progressing.as_str(),
                &message,
            );
        }
        self.set(
            condition_type::READY,
            ConditionStatus::Unknown,
            Reason::Progressing.as_str(),
            "Reconciliation in progress",
        );
        self.set(
            condition_type::RECONCILING,
            ConditionStatus::True,
            Reason::Progressing.as_str(),
            &message,
        );
    }

    /// Works on a step, and tells which one it is if that lasts.
    pub(super) async fn lasting<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(LASTING) => {}
        }
        let (told, done) = tokio::join!(self.write(), work);
        if let Err(error) = told {
            tracing::debug!(%error, "the step could not be told");
        }
        done
    }

    pub(super) fn ready(&mut self, revision: &str) {
        let message = format!("Applied revision: {revision}");
        self.set(
            condition_type::READY,
            ConditionStatus::True,
            Reason::ReconciliationSucceeded.as_str(),
            &message,
        );
        self.unset(condition_type::RECONCILING);
        self.unset(condition_type::STALLED);
        self.observed();
    }

    pub(super) fn failed(&mut self, reason: Reason, message: &str) {
        self.set(
            condition_type::READY,
            ConditionStatus::False,
            reason.as_str(),
            message,
        );
        self.with_retry();
    }

    pub(super) fn stalled(&mut self, reason: Reason, message: &str) {
        self.set(
            condition_type::READY,
            ConditionStatus::False,
            reason.as_str(),
            message,
        );
        self.set(
            condition_type::STALLED,
            ConditionStatus::True,
            reason.as_str(),
            message,
        );
        self.unset(condition_type::RECONCILING);
    }

    pub(super) fn inventory(&mut self, inventory: Inventory) {
        self.status.inventory = Some(inventory);
    }

    /// Does the status not say yet what a successful run would say?
    pub(super) fn needs_handling(&self, revision: &str) -> bool {
        let status = self.object.status.as_ref();
        let ready = status.is_some_and(|s| is_true(&s.conditions, condition_type::READY));
        !ready
            || status.and_then(|s| s.last_applied_revision.as_deref()) != Some(revision)
            || self.object.observed_generation() != self.object.metadata.generation
            || self.object.reconcile_request() != self.object.last_handled_reconcile_at()
            // The conditions of this run would have to be written off again.
            || (self.current.status.as_ref())
                .is_some_and(|s| is_true(&s.conditions, condition_type::RECONCILING))
            || status.map(|s| &s.inventory) != Some(&self.status.inventory)
            || status.map(|s| &s.renderer) != Some(&self.status.renderer)
    }

    /// A run that applied, in the history.
    pub(super) fn record(&mut self, done: &Done, reason: Reason, took: Duration) {
        let attempt = Attempt {
            revision: done.revision.clone(),
            origin_revision: done.origin_revision.clone(),
            digest: Some(done.digest.clone()),
        };
        self.record_attempt(&attempt, reason, took);
    }

    /// Runs that rendered nothing leave no entry.
    pub(super) fn record_attempt(&mut self, attempt: &Attempt, reason: Reason, took: Duration) {
        let Some(digest) = &attempt.digest else {
            return;
        };
        let run = conditions::Run {
            digest,
            status: reason.as_str(),
            revision: &attempt.revision,
            origin_revision: attempt.origin_revision.as_deref(),
            duration: took.into(),
            end: now(),
        };
        conditions::record(&mut self.status.history, run);
    }
}

fn is_true(all: &[rosin_api::Condition], type_: &str) -> bool {
    conditions::find(all, type_).is_some_and(|c| c.status == ConditionStatus::True)
}
