//! GitRepository: from a reference in a repository to an artifact in the store.
//!
//! `fetch` is the reconcile itself; this file gives it its object, and turns its end into status, events, metrics and the next run.

mod error;
mod fetch;
mod progress;
mod verify;

use std::{sync::Arc, time::Instant};

use rosin_api::{FluxObject, GitRepository, Reason, names};
use rosin_source::{
    artifact::{ObjectKey, Store},
    git::Git,
};
use tracing::{error, info};

use self::{
    error::{Error, Retry},
    fetch::Outcome,
    progress::Progress,
};
use crate::{
    cluster::{ApiError, Resource, Session},
    config::Config,
    controller::{
        Event, Events, Key, Next, Reconcile, Run, Severity, StatusWriter, Wake, Watched,
        add_finalizer, remove_finalizer,
    },
    metrics::{Metrics, ObjectLabels, ReconcileResult},
};

/// Everything that reconciles of GitRepositories share.
pub struct GitRepositories {
    pub config: Arc<Config>,
    pub session: Session,
    pub resource: Resource,
    pub watched: Watched<GitRepository>,
    pub writer: StatusWriter,
    pub events: Events,
    pub store: Arc<Store>,
    pub git: Git,
    pub metrics: Metrics,
}

impl Reconcile for GitRepositories {
    async fn reconcile(&self, key: &Key, _wake: Wake, run: &Run) -> Next {
        let labels = ObjectLabels {
            kind: "GitRepository",
            name: key.name.clone(),
            namespace: key.namespace.clone(),
        };
        let Some(object) = self.watched.get(key) else {
            self.metrics.forget(&labels);
            return Next::Forget;
        };
        let started = Instant::now();
        let next = self
            .run(key, object, run, started)
            .await
            .unwrap_or_else(|error| {
                error!(%error, "the reconcile could not be carried out");
                Next::Backoff
            });
        let result = match next {
            Next::Backoff => ReconcileResult::Error,
            Next::After(_) => ReconcileResult::RequeueAfter,
            _ => ReconcileResult::Success,
        };
        self.metrics.reconciled(labels, started.elapsed(), result);
        next
    }
}

impl GitRepositories {
    async fn run(
        &self,
        key: &Key,
        object: Arc<GitRepository>,
        run: &Run,
        started: Instant,
    ) -> Result<Next, ApiError> {
        let Some(object) = self.prepare(key, object).await? else {
            return Ok(Next::OnChange);
        };
        let mut progress = Progress::new(key, object.clone(), &self.writer, &self.watched);
        if object.suspended() {
            progress.suspended();
            progress.mirror_request();
            progress.write().await?;
            return Ok(Next::OnChange);
        }
        let collected = self.collect(key, &object).await;
        if collected > 0 {
            let message = format!("garbage collected {collected} artifacts");
            let reason = Reason::GarbageCollectionSucceeded.as_str();
            self.tell(&object, Severity::Trace, reason, &message);
        }
        let end = self.fetch(key, &object, run, &mut progress).await;
        progress.mirror_request();
        match end {
            Ok(outcome) => self.succeeded(&object, outcome, progress, started).await,
            Err(error) => self.failed(&object, &error, progress).await,
        }
    }

    async fn prepare(
        &self,
        key: &Key,
        object: Arc<GitRepository>,
    ) -> Result<Option<Arc<GitRepository>>, ApiError> {
        let has_finalizer = object
            .metadata
            .finalizers
            .iter()
            .flatten()
            .any(|f| f == names::FINALIZER);
        let manager = names::SOURCE_STATUS_MANAGER;
        if object.metadata.deletion_timestamp.is_some() {
            if has_finalizer {
                self.remove_artifacts(key).await;
                remove_finalizer(
                    &self.session,
                    &self.resource,
                    key,
                    &object.metadata,
                    names::FINALIZER,
                    manager,
                )
                .await?;
            }
            return Ok(None);
        }
        if has_finalizer {
            return Ok(Some(object));
        }
        let answer = add_finalizer(
            &self.session,
            &self.resource,
            key,
            &object.metadata,
            names::FINALIZER,
            manager,
        )
        .await?;
        let version = answer
            .pointer("/metadata/resourceVersion")
            .and_then(|v| v.as_str())
            .unwrap_or_default()
            .to_owned();
        let object = <GitRepository as rosin_api::Decode>::from_value(answer)
            .map_err(|e| ApiError::Request(e.to_string()))?;
        let object = Arc::new(object);
        self.watched.observe(key, &version, object.clone());
        Ok(Some(object))
    }

    async fn remove_artifacts(&self, key: &Key) {
        let Ok(folder) = ObjectKey::new("GitRepository", &key.namespace, &key.name) else {
            return;
        };
        let (store, git, cache) = (
            self.store.clone(),
            self.git.clone(),
            format!("{}/{}", key.namespace, key.name),
        );
        let removal = tokio::task::spawn_blocking(move || {
            git.remove(&cache)?;
            store.remove(&folder)
        });
        match removal.await {
            Ok(Ok(_)) => {}
            // What stays is found by nobody; the disk is the only one to suffer.
            Ok(Err(error)) => {
                error!(%error, "the artifacts of a deleted object could not be removed")
            }
            Err(error) => error!(%error, "the artifacts of a deleted object could not be removed"),
        }
    }

    async fn succeeded(
        &self,
        object: &GitRepository,
        outcome: Outcome,
        mut progress: Progress<'_>,
        started: Instant,
    ) -> Result<Next, ApiError> {
        let recovered = progress.was_failing();
        progress.ready();
        progress.write().await?;
        match &outcome {
            Outcome::Stored { message, changed } => {
                let reason = if *changed {
                    Some(Reason::NewArtifact)
                } else {
                    recovered.then_some(Reason::Succeeded)
                };
                info!(took = ?started.elapsed(), "{message}");
                if let Some(reason) = reason {
                    self.tell(
                        &progress.object_now(),
                        Severity::Info,
                        reason.as_str(),
                        message,
                    );
                }
            }
            Outcome::Unchanged { message } => {
                let reason = if recovered {
                    Reason::Succeeded
                } else {
                    Reason::GitOperationSucceeded
                };
                let severity = if recovered {
                    Severity::Info
                } else {
                    Severity::Trace
                };
                self.tell(object, severity, reason.as_str(), message);
            }
        }
        Ok(Next::After(rosin_domain::schedule::jittered(
            object.spec.interval.to_std(),
            self.config.interval_jitter_percentage,
            rand::random(),
        )))
    }

    async fn failed(
        &self,
        object: &GitRepository,
        error: &Error,
        mut progress: Progress<'_>,
    ) -> Result<Next, ApiError> {
        let message = error.to_string();
        progress.failed(error, &message);
        progress.write().await?;
        error!(
            reason = error.reason().as_str(),
            error = message,
            "the reconcile failed"
        );
        let severity = if error.retry() == Retry::Dependency {
            Severity::Trace
        } else {
            Severity::Error
        };
        self.tell(object, severity, error.reason().as_str(), &message);
        Ok(match error.retry() {
            Retry::Backoff => Next::Backoff,
            Retry::Dependency => Next::After(self.config.requeue_dependency),
            Retry::OnChange => Next::OnChange,
        })
    }

    /// New artifacts carry their revision and digest.
    fn tell(&self, object: &GitRepository, severity: Severity, reason: &str, message: &str) {
        let meta = object.meta();
        let mut metadata = std::collections::BTreeMap::new();
        if matches!(reason, "NewArtifact" | "Succeeded")
            && let Some(artifact) = object.artifact()
        {
            metadata.insert(
                names::EVENT_SOURCE_REVISION.to_owned(),
                artifact.revision.clone(),
            );
            metadata.insert(
                names::EVENT_SOURCE_DIGEST.to_owned(),
                artifact.digest.clone(),
            );
        }
        let object = serde_json::json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": "GitRepository",
            "namespace": meta.namespace,
            "name": meta.name,
            "uid": meta.uid,
            "resourceVersion": meta.resource_version,
        });
        self.events.send(Event {
            object,
            severity,
            reason: reason.to_owned(),
            message: message.to_owned(),
            metadata,
        });
    }
}
