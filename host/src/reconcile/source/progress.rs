//! What the conditions of a source say: those that all kinds have are set here, and only here.

use rosin_api::{
    Artifact, ConditionStatus, FluxStatus, Reason, condition_type, source::StoredStatus,
};

use super::{Failure, Retry, SourceObject};
use crate::controller::Progress;

impl<K: SourceObject> Progress<'_, K> {
    /// Why there is something to do, in the words that the Reconciling condition keeps if it fails.
    pub(super) fn reconciling(&mut self) {
        let (seen, now) = (
            self.status.observed_generation().unwrap_or(-1),
            self.object.generation(),
        );
        let stored = self.object.status().and_then(StoredStatus::artifact);
        let message = match (self.status.artifact(), stored) {
            (None, Some(_)) => "building artifact: disappeared from storage".to_owned(),
            (None, None) => "building artifact".to_owned(),
            _ if seen != now => format!("processing object: new generation {seen} -> {now}"),
            _ => "reconciliation in progress".to_owned(),
        };
        self.progressing(&message);
    }

    pub(in crate::reconcile) fn progressing(&mut self, message: &str) {
        let reason = Reason::Progressing.as_str();
        self.set(
            condition_type::RECONCILING,
            ConditionStatus::True,
            reason,
            message,
        );
    }

    /// Upstream has something else than what is stored.
    pub(in crate::reconcile) fn outdated(&mut self, reason: Reason, message: &str) {
        if self.status.artifact().is_some() {
            self.set(
                condition_type::ARTIFACT_OUTDATED,
                ConditionStatus::True,
                reason.as_str(),
                message,
            );
        }
        self.progressing(&format!("building artifact: {message}"));
    }

    /// What is stored is what upstream has.
    pub(in crate::reconcile) fn in_storage(&mut self, reason: Reason, message: &str) {
        self.set(
            condition_type::ARTIFACT_IN_STORAGE,
            ConditionStatus::True,
            reason.as_str(),
            message,
        );
    }

    pub(in crate::reconcile) fn verified(&mut self, message: &str) {
        self.set(
            condition_type::SOURCE_VERIFIED,
            ConditionStatus::True,
            Reason::Succeeded.as_str(),
            message,
        );
    }

    pub(super) fn advertise(&mut self, artifact: Artifact, url: Option<String>) {
        self.status.set_artifact(Some(artifact));
        if url.is_some() {
            self.status.set_url(url);
        }
    }

    /// The stored file is gone or damaged.
    pub(super) fn lost_artifact(&mut self) {
        self.status.set_artifact(None);
        self.status.set_url(None);
        self.unset(condition_type::ARTIFACT_IN_STORAGE);
    }

    /// The artifact is that of upstream; with it, what failed before is over. Ready says what ArtifactInStorage says.
    pub(super) fn succeeded(&mut self, failures: &[&str]) {
        let over = [
            condition_type::ARTIFACT_OUTDATED,
            condition_type::RECONCILING,
            condition_type::STALLED,
        ];
        for over in failures.iter().copied().chain(over) {
            self.unset(over);
        }
        let mut conditions = self.status.conditions().iter();
        let stored = conditions.find(|c| c.type_ == condition_type::ARTIFACT_IN_STORAGE);
        let (reason, message) = stored.map_or_else(
            || (Reason::Succeeded.as_str().to_owned(), String::new()),
            |stored| (stored.reason.clone(), stored.message.clone()),
        );
        let ready = condition_type::READY;
        self.set(ready, ConditionStatus::True, &reason, &message);
        self.observed();
    }

    pub(super) fn failed_by(&mut self, failures: &[&str], error: &impl Failure, message: &str) {
        let (type_, reason) = (error.condition(), error.reason().as_str());
        for failure in failures.iter().filter(|failure| **failure != type_) {
            self.unset(failure);
        }
        let status = if type_ == condition_type::SOURCE_VERIFIED {
            ConditionStatus::False
        } else {
            ConditionStatus::True
        };
        self.set(type_, status, reason, message);
        let ready = condition_type::READY;
        self.set(ready, ConditionStatus::False, reason, message);
        if error.retry() == Retry::OnChange {
            let stalled = condition_type::STALLED;
            self.set(stalled, ConditionStatus::True, reason, message);
            self.unset(condition_type::RECONCILING);
            self.observed();
        } else {
            self.unset(condition_type::STALLED);
            self.with_retry();
        }
    }

    /// What is suspended has nothing more to do for its spec, unless it was failing.
    pub(super) fn suspended(&mut self) {
        if !self.was_failing() && self.status.artifact().is_some() {
            self.observed();
        }
    }
}
