//! The status of one run as it grows, and its writing: only here are conditions of an OCIRepository set.

use std::sync::Arc;

use rosin_api::{
    Artifact, ConditionStatus, FluxObject, OCIRepository, Reason, condition_type,
    source::OCIRepositoryStatus,
};
use rosin_domain::status::{self as conditions, Wording};
use serde_json::Value;

use super::error::{Error, Retry};
use crate::{
    cluster::ApiError,
    controller::{Key, StatusWriter, Watched, now},
};

pub(super) struct Progress<'a> {
    key: &'a Key,
    object: Arc<OCIRepository>,
    pub status: OCIRepositoryStatus,
    writer: &'a StatusWriter,
    watched: &'a Watched<OCIRepository>,
    written: Value,
}

/// Conditions that are there only while they are true, and that a run finds out anew.
const FAILURES: [&str; 2] = [
    condition_type::STORAGE_OPERATION_FAILED,
    condition_type::FETCH_FAILED,
];

impl<'a> Progress<'a> {
    pub(super) fn new(
        key: &'a Key,
        object: Arc<OCIRepository>,
        writer: &'a StatusWriter,
        watched: &'a Watched<OCIRepository>,
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

    /// Was the last run a failure?
    pub(super) fn was_failing(&self) -> bool {
        self.object
            .conditions()
            .iter()
            .any(|c| c.type_ == condition_type::READY && c.status == ConditionStatus::False)
    }

    /// Why there is something to do, in the words that the Reconciling condition keeps if it fails.
    pub(super) fn reconciling(&mut self) {
        let (seen, now) = (
            self.status.observed_generation.unwrap_or(-1),
            self.object.generation(),
        );
        let message = match (&self.status.artifact, self.object.artifact()) {
            (None, Some(_)) => "building artifact: disappeared from storage".to_owned(),
            (None, None) => "building artifact".to_owned(),
            _ if seen != now => format!("processing object: new generation {seen} -> {now}"),
            _ => "reconciliation in progress".to_owned(),
        };
        self.progressing(&message);
    }

    /// Upstream has something else than what is stored. `name` says where.
    pub(super) fn new_revision(&mut self, revision: &str, name: &str) {
        let message = format!("new revision '{revision}' for '{name}'");
        if self.status.artifact.is_some() {
            self.set(
                condition_type::ARTIFACT_OUTDATED,
                ConditionStatus::True,
                Reason::NewRevision.as_str(),
                &message,
            );
        }
        self.progressing(&format!("building artifact: {message}"));
    }

    pub(super) fn verified(&mut self, revision: &str) {
        self.set(
            condition_type::SOURCE_VERIFIED,
            ConditionStatus::True,
            Reason::Succeeded.as_str(),
            &format!("verified signature of revision {revision}"),
        );
    }

    pub(super) fn stored(&mut self, artifact: Artifact) {
        self.status.artifact = Some(artifact);
    }

    /// The stored file is gone or damaged.
    pub(super) fn lost_artifact(&mut self) {
        self.status.artifact = None;
        self.status.url = None;
        self.unset(condition_type::ARTIFACT_IN_STORAGE);
    }

    /// The artifact is that of upstream; with it, what failed before is over.
    pub(super) fn ready(&mut self) {
        for over in FAILURES {
            self.unset(over);
        }
        if self.object.spec.verify.is_none() {
            self.unset(condition_type::SOURCE_VERIFIED);
        }
        for over in [
            condition_type::ARTIFACT_OUTDATED,
            condition_type::RECONCILING,
            condition_type::STALLED,
        ] {
            self.unset(over);
        }
        let revision = self.status.artifact.as_ref().map(|a| a.revision.clone());
        let message = format!(
            "stored artifact for digest '{}'",
            revision.unwrap_or_default()
        );
        for type_ in [condition_type::ARTIFACT_IN_STORAGE, condition_type::READY] {
            self.set(
                type_,
                ConditionStatus::True,
                Reason::Succeeded.as_str(),
                &message,
            );
        }
        self.status.observed_generation = self.object.metadata.generation;
    }

    pub(super) fn failed(&mut self, error: &Error, message: &str) {
        let (type_, reason) = (error.condition(), error.reason().as_str());
        for failure in FAILURES.into_iter().filter(|failure| *failure != type_) {
            self.unset(failure);
        }
        let status = if type_ == condition_type::SOURCE_VERIFIED {
            ConditionStatus::False
        } else {
            ConditionStatus::True
        };
        self.set(type_, status, reason, message);
        self.set(
            condition_type::READY,
            ConditionStatus::False,
            reason,
            message,
        );
        if error.retry() == Retry::OnChange {
            self.set(
                condition_type::STALLED,
                ConditionStatus::True,
                reason,
                message,
            );
            self.unset(condition_type::RECONCILING);
            self.status.observed_generation = self.object.metadata.generation;
            return;
        }
        self.unset(condition_type::STALLED);
        let conditions = &mut self.status.conditions;
        if let Some(reconciling) = conditions
            .iter_mut()
            .find(|c| c.type_ == condition_type::RECONCILING)
        {
            reconciling.reason = Reason::ProgressingWithRetry.as_str().to_owned();
        }
    }

    fn progressing(&mut self, message: &str) {
        self.set(
            condition_type::RECONCILING,
            ConditionStatus::True,
            Reason::Progressing.as_str(),
            message,
        );
    }

    /// What is suspended has nothing more to do for its spec, unless it was failing.
    pub(super) fn suspended(&mut self) {
        if !self.was_failing() && self.status.artifact.is_some() {
            self.status.observed_generation = self.object.metadata.generation;
        }
    }

    pub(super) fn mirror_request(&mut self) {
        if let Some(request) = self.object.reconcile_request() {
            self.status.last_handled_reconcile_at = Some(request.to_owned());
        }
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
                if let Ok(object) = <OCIRepository as rosin_api::Decode>::from_value(answer) {
                    self.object = Arc::new(object);
                    self.watched
                        .observe(self.key, &version, self.object.clone());
                }
                self.written = new;
            }
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// The object as the server has it after the last write.
    pub(super) fn object_now(&self) -> Arc<OCIRepository> {
        self.object.clone()
    }

    fn set(&mut self, type_: &str, status: ConditionStatus, reason: &str, message: &str) {
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

    fn unset(&mut self, type_: &str) {
        conditions::remove(&mut self.status.conditions, type_);
    }
}

fn to_value(status: &OCIRepositoryStatus) -> Value {
    serde_json::to_value(status).unwrap_or_default()
}
