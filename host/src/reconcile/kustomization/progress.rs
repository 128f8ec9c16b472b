//! The status of one run as it grows, and its writing: only here are conditions of a Kustomization set.

use std::{sync::Arc, time::Duration};

use rosin_api::{
    ConditionStatus, FluxObject, Kustomization, KustomizationStatus, Reason, condition_type,
    kustomization::Inventory,
};
use rosin_domain::status::{self as conditions, Wording};
use serde_json::Value;

use super::{memo::Attempt, story::Done};
use crate::{
    cluster::ApiError,
    controller::{Key, StatusWriter, Watched, now},
};

/// What a run says of itself on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Fetching,
    Building,
    Detecting,
    Checking,
}

pub(super) struct Progress<'a> {
    pub key: &'a Key,
    pub object: Arc<Kustomization>,
    pub status: KustomizationStatus,
    writer: &'a StatusWriter,
    watched: &'a Watched<Kustomization>,
    written: Value,
}

impl<'a> Progress<'a> {
    pub(super) fn new(
        key: &'a Key,
        object: Arc<Kustomization>,
        writer: &'a StatusWriter,
        watched: &'a Watched<Kustomization>,
    ) -> Self {
        let status = object.status.clone().unwrap_or_default();
        let written = object
            .status
            .as_ref()
            .map_or(Value::Object(serde_json::Map::new()), to_value);
        Self {
            key,
            object,
            status,
            writer,
            watched,
            written,
        }
    }

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
        self.status.observed_generation = self.object.metadata.generation;
    }

    pub(super) fn failed(&mut self, reason: Reason, message: &str) {
        self.set(
            condition_type::READY,
            ConditionStatus::False,
            reason.as_str(),
            message,
        );
        if let Some(reconciling) = self
            .status
            .conditions
            .iter_mut()
            .find(|c| c.type_ == condition_type::RECONCILING)
        {
            reconciling.reason = Reason::ProgressingWithRetry.as_str().to_owned();
        }
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

    pub(super) fn set(
        &mut self,
        type_: &str,
        status: ConditionStatus,
        reason: &str,
        message: &str,
    ) {
        let generation = self.object.metadata.generation;
        conditions::set(
            &mut self.status.conditions,
            Wording {
                type_,
                status,
                reason,
                message,
            },
            generation,
            &now(),
        );
    }

    pub(super) fn unset(&mut self, type_: &str) {
        conditions::remove(&mut self.status.conditions, type_);
    }

    pub(super) fn inventory(&mut self, inventory: Inventory) {
        self.status.inventory = Some(inventory);
    }

    /// Sends what changed since the last write. An object that is gone needs no status.
    pub(super) async fn write(&mut self) -> Result<(), ApiError> {
        let new = to_value(&self.status);
        let uid = self.object.metadata.uid.clone().unwrap_or_default();
        match self.writer.write(self.key, &uid, &self.written, &new).await {
            Ok(None) => {}
            Ok(Some(answer)) => {
                let version = answer
                    .pointer("/metadata/resourceVersion")
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned();
                if let Ok(object) = <Kustomization as rosin_api::Decode>::from_value(answer) {
                    self.watched.observe(self.key, &version, Arc::new(object));
                }
                self.written = new;
            }
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// `lastHandledReconcileAt` follows the request annotation after every run.
    pub(super) fn mirror_request(&mut self) {
        if let Some(request) = self.object.reconcile_request() {
            self.status.last_handled_reconcile_at = Some(request.to_owned());
        }
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
            || status.is_some_and(|s| is_true(&s.conditions, condition_type::RECONCILING))
            || status.map(|s| &s.inventory) != Some(&self.status.inventory)
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

fn to_value(status: &KustomizationStatus) -> Value {
    serde_json::to_value(status).unwrap_or_default()
}
