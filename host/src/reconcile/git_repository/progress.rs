//! The status of one run as it grows, and its writing: only here are conditions of a GitRepository set.

use std::sync::Arc;

use rosin_api::{
    Artifact, ConditionStatus, FluxObject, GitRepository, GitRepositoryStatus, Reason,
    condition_type,
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
    object: Arc<GitRepository>,
    pub status: GitRepositoryStatus,
    writer: &'a StatusWriter,
    watched: &'a Watched<GitRepository>,
    written: Value,
}

/// Conditions that are there only while they are true.
const FAILURES: [&str; 4] = [
    condition_type::STORAGE_OPERATION_FAILED,
    condition_type::FETCH_FAILED,
    condition_type::INCLUDE_UNAVAILABLE,
    condition_type::ARTIFACT_OUTDATED,
];

impl<'a> Progress<'a> {
    pub(super) fn new(
        key: &'a Key,
        object: Arc<GitRepository>,
        writer: &'a StatusWriter,
        watched: &'a Watched<GitRepository>,
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
        let message = if self.status.artifact.is_none() {
            "building artifact".to_owned()
        } else if seen != now {
            format!("processing object: new generation {seen} -> {now}")
        } else {
            "reconciliation in progress".to_owned()
        };
        self.set(
            condition_type::RECONCILING,
            ConditionStatus::True,
            Reason::Progressing.as_str(),
            &message,
        );
    }

    pub(super) fn new_revision(&mut self, revision: &str) {
        let message = format!("building artifact: new upstream revision '{revision}'");
        self.set(
            condition_type::RECONCILING,
            ConditionStatus::True,
            Reason::Progressing.as_str(),
            &message,
        );
    }

    /// The artifact is stored; with it, what failed before is over.
    pub(super) fn stored(&mut self, artifact: Artifact) {
        let message = format!("stored artifact for revision '{}'", artifact.revision);
        self.status.artifact = Some(artifact);
        self.set(
            condition_type::ARTIFACT_IN_STORAGE,
            ConditionStatus::True,
            Reason::Succeeded.as_str(),
            &message,
        );
    }

    /// The stored file is gone or damaged.
    pub(super) fn lost_artifact(&mut self) {
        self.status.artifact = None;
        self.unset(condition_type::ARTIFACT_IN_STORAGE);
    }

    pub(super) fn ready(&mut self) {
        for failure in FAILURES {
            self.unset(failure);
        }
        if self.object.spec.verify.is_none() {
            self.unset(condition_type::SOURCE_VERIFIED);
            self.status.source_verification_mode = None;
        }
        self.unset(condition_type::RECONCILING);
        self.unset(condition_type::STALLED);
        let message = self
            .status
            .artifact
            .as_ref()
            .map_or_else(String::new, |artifact| {
                format!("stored artifact for revision '{}'", artifact.revision)
            });
        self.set(
            condition_type::READY,
            ConditionStatus::True,
            Reason::Succeeded.as_str(),
            &message,
        );
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
        } else {
            self.unset(condition_type::STALLED);
            if let Some(reconciling) = self
                .status
                .conditions
                .iter_mut()
                .find(|c| c.type_ == condition_type::RECONCILING)
            {
                reconciling.reason = Reason::ProgressingWithRetry.as_str().to_owned();
            }
        }
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
                if let Ok(object) = <GitRepository as rosin_api::Decode>::from_value(answer) {
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
    pub(super) fn object_now(&self) -> Arc<GitRepository> {
        self.object.clone()
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

    fn unset(&mut self, type_: &str) {
        conditions::remove(&mut self.status.conditions, type_);
    }
}

fn to_value(status: &GitRepositoryStatus) -> Value {
    serde_json::to_value(status).unwrap_or_default()
}
