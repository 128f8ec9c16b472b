//! The events of one run.

use std::sync::Arc;

use rosin_api::{FluxObject, Kustomization, Reason, names};

use super::{error::Error, memo::Attempt};
use crate::controller::{Event, Events, Severity, annotated, involved};

pub(super) struct Report<'a> {
    events: &'a Events,
    object: Arc<Kustomization>,
}

impl<'a> Report<'a> {
    pub(super) fn new(events: &'a Events, object: Arc<Kustomization>) -> Self {
        Self { events, object }
    }

    /// What was created, configured, deleted: lines of `Kind/ns/name action`.
    pub(super) fn changed(&self, revision: &str, origin: Option<&str>, message: &str) {
        self.send(
            Severity::Info,
            Reason::Progressing.as_str(),
            message,
            Some(revision),
            origin,
            None,
        );
    }

    pub(super) fn finished(&self, revision: &str, origin: Option<&str>, message: &str) {
        let extra = Some((names::EVENT_COMMIT_STATUS, "update"));
        self.send(
            Severity::Info,
            Reason::ReconciliationSucceeded.as_str(),
            message,
            Some(revision),
            origin,
            extra,
        );
    }

    /// What is not the object's fault is told as news, the rest as a warning; what is only waited for, not at all.
    pub(super) fn failed(&self, error: &Error, attempt: Option<&Attempt>) {
        let revision = attempt.map(|a| a.revision.as_str());
        let origin = attempt.and_then(|a| a.origin_revision.as_deref());
        match error {
            Error::NoArtifact(_) | Error::ArtifactGone(_) | Error::SourceMissing(_) => {}
            Error::Dependency { retry, .. } => {
                let message = format!(
                    "Dependencies do not meet ready condition, retrying in {}",
                    rosin_api::Duration::from(*retry)
                );
                self.send(
                    Severity::Info,
                    error.reason().as_str(),
                    &message,
                    revision,
                    origin,
                    None,
                );
            }
            _ => self.send(
                Severity::Error,
                error.reason().as_str(),
                &error.event_text(),
                revision,
                origin,
                None,
            ),
        }
    }

    /// Newer work ended the wait for health.
    pub(super) fn canceled(&self, by: &str, attempt: Option<&Attempt>) {
        let message = format!("Health checks canceled due to new reconciliation triggered by {by}");
        self.send(
            Severity::Info,
            Reason::HealthCheckCanceled.as_str(),
            &message,
            attempt.map(|a| a.revision.as_str()),
            attempt.and_then(|a| a.origin_revision.as_deref()),
            None,
        );
    }

    /// About the deletion of the Kustomization itself.
    pub(super) fn deletion(&self, severity: Severity, reason: &str, message: &str) {
        let revision = self
            .object
            .status
            .as_ref()
            .and_then(|s| s.last_applied_revision.clone());
        self.send(severity, reason, message, revision.as_deref(), None, None);
    }

    fn send(
        &self,
        severity: Severity,
        reason: &str,
        message: &str,
        revision: Option<&str>,
        origin: Option<&str>,
        extra: Option<(&str, &str)>,
    ) {
        let meta = self.object.meta();
        let mut metadata = annotated(meta, names::KUSTOMIZE_GROUP);
        let mut set = |key: &str, value: Option<&str>| {
            if let Some(value) = value {
                metadata.insert(key.to_owned(), value.to_owned());
            }
        };
        set(names::EVENT_REVISION, revision);
        set(names::EVENT_ORIGIN_REVISION, origin);
        if let Some((key, value)) = extra {
            set(key, Some(value));
        }
        self.events.send(Event {
            object: involved(&*self.object),
            severity,
            reason: reason.to_owned(),
            message: message.to_owned(),
            metadata,
        });
    }
}
