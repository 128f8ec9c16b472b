//! The course of every run of every source kind: deletion and finalizer, suspension, the state of the storage, the fetch, and the turning
//! of its end into status, events, metrics and the next run.

use std::{sync::Arc, time::Instant};

use rosin_api::{Artifact, FluxObject, Reason, names, source::StoredStatus};
use tracing::{error, info};

use super::{
    Failure, Outcome, Retry, Shared, SourceKind, StorageFailed, folder,
    storage::{self, Advertised},
};
use crate::{
    cluster::{ApiError, Resource},
    controller::{
        Key, Next, Progress, Reconcile, Run, Severity, StatusWriter, Wake, Watched,
        ensure_finalizer, has_finalizer, remove_finalizer,
    },
    metrics::ObjectLabels,
};

const MANAGER: &str = names::SOURCE_STATUS_MANAGER;

/// The reconcile of a kind of source.
pub struct Course<S: SourceKind> {
    kind: Arc<S>,
    shared: Arc<Shared>,
    resource: Resource,
    watched: Watched<S::Object>,
    writer: StatusWriter,
}

impl<S: SourceKind> Reconcile for Course<S> {
    async fn reconcile(&self, key: &Key, _wake: Wake, run: &Run) -> Next {
        let labels = ObjectLabels::new(S::KIND, key);
        let Some(object) = self.watched.get(key) else {
            self.shared.metrics.forget(&labels);
            return Next::Forget;
        };
        let started = Instant::now();
        let next = self.run(key, object, run, started).await;
        let next = next.unwrap_or_else(|error| {
            error!(%error, "the reconcile could not be carried out");
            Next::Backoff
        });
        let metrics = &self.shared.metrics;
        metrics.reconciled(labels, started.elapsed(), next);
        next
    }
}

impl<S: SourceKind> Course<S> {
    pub fn new(
        kind: S,
        shared: Arc<Shared>,
        resource: Resource,
        watched: Watched<S::Object>,
    ) -> Self {
        Self {
            kind: Arc::new(kind),
            writer: StatusWriter::new(shared.session.clone(), resource.clone(), MANAGER),
            shared,
            resource,
            watched,
        }
    }

    async fn run(
        &self,
        key: &Key,
        object: Arc<S::Object>,
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
        self.collect(&object).await;
        let end = match self.stored(&mut progress).await {
            Ok(stored) => {
                progress.reconciling();
                self.kind.fetch(run, stored.as_ref(), &mut progress).await
            }
            Err(error) => Err(error.into()),
        };
        progress.mirror_request();
        match end {
            Ok(outcome) => self.succeeded(outcome, progress, started).await,
            Err(error) => self.failed(&error, progress).await,
        }
    }

    /// Deletion and the finalizer. `None`: there is nothing more to do.
    async fn prepare(
        &self,
        key: &Key,
        object: Arc<S::Object>,
    ) -> Result<Option<Arc<S::Object>>, ApiError> {
        let (session, resource, meta) = (&self.shared.session, &self.resource, object.meta());
        let deleted = meta.deletion_timestamp.is_some();
        if deleted || S::is_static(&object) {
            if !deleted {
                // Whatever there was to say belonged to another spec.
                let mut progress = Progress::new(key, object.clone(), &self.writer, &self.watched);
                progress.status = <S::Object as FluxObject>::Status::default();
                progress.write().await?;
            }
            if has_finalizer(meta) {
                self.remove(&object).await;
                let current = self.watched.get(key).unwrap_or_else(|| object.clone());
                remove_finalizer(session, resource, key, FluxObject::meta(&*current), MANAGER)
                    .await?;
            }
            return Ok(None);
        }
        let object = ensure_finalizer(session, resource, &self.watched, key, object, MANAGER);
        object.await.map(Some)
    }

    async fn remove(&self, object: &S::Object) {
        let Ok(folder) = folder(object) else {
            return;
        };
        let (store, kind) = (self.shared.store.clone(), self.kind.clone());
        let meta = FluxObject::meta(object);
        let (namespace, name) = (meta.namespace.clone(), meta.name.clone());
        let cache = format!(
            "{}/{}",
            namespace.unwrap_or_default(),
            name.unwrap_or_default()
        );
        let removal = tokio::task::spawn_blocking(move || {
            kind.forget(&cache)?;
            store.remove(&folder)
        });
        match removal.await {
            Ok(Ok(true)) => self.shared.tell(
                object,
                Severity::Trace,
                Reason::GarbageCollectionSucceeded,
                "garbage collected artifacts for deleted resource",
            ),
            Ok(Ok(false)) => {}
            // What stays is found by nobody; the disk is the only one to suffer.
            Ok(Err(error)) => {
                error!(%error, "the artifacts of a deleted object could not be removed")
            }
            Err(error) => error!(%error, "the artifacts of a deleted object could not be removed"),
        }
    }

    /// Removes what this and earlier processes stored and nobody asks for any more, as each run begins.
    async fn collect(&self, object: &S::Object) {
        let artifact = object.status().and_then(StoredStatus::artifact);
        let (Some(artifact), Ok(folder)) = (artifact, folder(object)) else {
            return;
        };
        let (store, config) = (&self.shared.store, &self.shared.config);
        let collected = storage::collect(store, config, folder, artifact).await;
        if collected > 0 {
            let message = format!("garbage collected {collected} artifacts");
            let reason = Reason::GarbageCollectionSucceeded;
            self.shared.tell(object, Severity::Trace, reason, &message);
        }
    }

    /// The artifact of the status, if it is in the store with the content that it should have.
    async fn stored(
        &self,
        progress: &mut Progress<'_, S::Object>,
    ) -> Result<Option<Artifact>, StorageFailed> {
        let artifact = progress.status.artifact().cloned();
        let found = storage::check(&self.shared.store, artifact.as_ref()).await;
        match found.map_err(|error| StorageFailed::archive(&error))? {
            Advertised::Nothing => Ok(None),
            Advertised::Gone => {
                progress.lost_artifact();
                Ok(None)
            }
            Advertised::Damaged => {
                let digest = artifact.map(|artifact| artifact.digest).unwrap_or_default();
                let message = format!(
                    "failed to verify integrity of artifact: computed digest doesn't match '{digest}'"
                );
                let reason = Reason::ArtifactVerificationFailed;
                let object = &*progress.object;
                self.shared.tell(object, Severity::Error, reason, &message);
                progress.lost_artifact();
                Ok(None)
            }
            Advertised::Sound => {
                // The address under which we are reached may have changed since.
                if let Some(artifact) = &artifact {
                    let url = storage::url(&self.shared.config, &artifact.path);
                    if artifact.url != url {
                        let latest = storage::beside(&artifact.path, S::LATEST);
                        let latest = latest.map(|path| storage::url(&self.shared.config, &path));
                        let artifact = artifact.clone();
                        progress.advertise(Artifact { url, ..artifact }, latest);
                    }
                }
                Ok(artifact)
            }
        }
    }

    async fn succeeded(
        &self,
        outcome: Outcome,
        mut progress: Progress<'_, S::Object>,
        started: Instant,
    ) -> Result<Next, ApiError> {
        let recovered = progress.was_failing();
        progress.succeeded(S::FAILURES);
        progress.write().await?;
        let current = &*progress.current;
        match outcome {
            Outcome::Stored {
                changed,
                reason,
                message,
            } => {
                info!(took = ?started.elapsed(), "{message}");
                let usual = if changed {
                    Reason::NewArtifact
                } else {
                    Reason::Succeeded
                };
                if changed || recovered {
                    let reason = reason.unwrap_or(usual);
                    self.shared.tell(current, Severity::Info, reason, &message);
                }
            }
            Outcome::Unchanged {
                reason,
                message,
                recovered: (reason_of_recovery, of_recovery),
            } => {
                self.shared.tell(current, Severity::Trace, reason, &message);
                if recovered {
                    self.shared
                        .tell(current, Severity::Info, reason_of_recovery, &of_recovery);
                }
            }
        }
        Ok(Next::interval(
            progress.object.interval().to_std(),
            self.shared.config.interval_jitter_percentage,
        ))
    }

    async fn failed(
        &self,
        error: &S::Error,
        mut progress: Progress<'_, S::Object>,
    ) -> Result<Next, ApiError> {
        let (message, reason) = (error.to_string(), error.reason());
        progress.failed_by(S::FAILURES, error, &message);
        progress.write().await?;
        error!(
            reason = reason.as_str(),
            error = message,
            "the reconcile failed"
        );
        let severity = match error.retry() {
            Retry::Dependency => Severity::Trace,
            Retry::Backoff | Retry::OnChange => Severity::Error,
        };
        self.shared
            .tell(&*progress.object, severity, reason, &message);
        Ok(match error.retry() {
            Retry::Backoff => Next::Backoff,
            Retry::Dependency => Next::After(self.shared.config.requeue_dependency),
            Retry::OnChange => Next::OnChange,
        })
    }
}
