//! OCIRepository: from a reference in a registry to an artifact in the store.
//!
//! `fetch` is the reconcile itself; this file gives it its object, and turns its end into status, events, metrics and the next run.

mod connect;
mod error;
mod fetch;
mod progress;
mod verify;

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use rosin_api::{FluxObject, OCIRepository, Reason, names};
use rosin_source::{
    artifact::{ObjectKey, Store},
    http::HttpClients,
};
use tracing::{error, info};

use self::{
    error::{Error, Retry},
    fetch::Outcome,
    progress::Progress,
};
use super::source::storage;
use crate::{
    cluster::{ApiError, Resource, Session},
    config::Config,
    controller::{
        Event, Events, Key, Next, Reconcile, Run, Severity, StatusWriter, Wake, Watched,
        add_finalizer, remove_finalizer,
    },
    metrics::{Metrics, ObjectLabels, ReconcileResult},
};

const KIND: &str = "OCIRepository";
/// Where an artifact says what it was built from.
const ORIGIN_SOURCE: &str = "org.opencontainers.image.source";

/// Everything that reconciles of OCIRepositories share.
pub struct OciRepositories {
    pub config: Arc<Config>,
    pub session: Session,
    pub resource: Resource,
    pub watched: Watched<OCIRepository>,
    pub writer: StatusWriter,
    pub events: Events,
    pub store: Arc<Store>,
    pub clients: Arc<HttpClients>,
    pub metrics: Metrics,
}

impl Reconcile for OciRepositories {
    async fn reconcile(&self, key: &Key, _wake: Wake, run: &Run) -> Next {
        let labels = ObjectLabels {
            kind: KIND,
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

impl OciRepositories {
    async fn run(
        &self,
        key: &Key,
        object: Arc<OCIRepository>,
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
        self.collect(key, &object).await;
        let end = self.fetch(key, &object, run, &mut progress).await;
        progress.mirror_request();
        match end {
            Ok(outcome) => self.succeeded(&object, &outcome, progress, started).await,
            Err(error) => self.failed(&object, &error, progress).await,
        }
    }

    async fn prepare(
        &self,
        key: &Key,
        object: Arc<OCIRepository>,
    ) -> Result<Option<Arc<OCIRepository>>, ApiError> {
        let mut finalizers = object.metadata.finalizers.iter().flatten();
        let has_finalizer = finalizers.any(|f| f == names::FINALIZER);
        let manager = names::SOURCE_STATUS_MANAGER;
        let (session, resource, meta) = (&self.session, &self.resource, &object.metadata);
        if meta.deletion_timestamp.is_some() {
            if has_finalizer {
                self.remove_artifacts(key).await;
                remove_finalizer(session, resource, key, meta, names::FINALIZER, manager).await?;
            }
            return Ok(None);
        }
        if has_finalizer {
            return Ok(Some(object));
        }
        let answer = add_finalizer(session, resource, key, meta, names::FINALIZER, manager).await?;
        let version = answer
            .pointer("/metadata/resourceVersion")
            .and_then(|v| v.as_str())
            .unwrap_or_default()
            .to_owned();
        let object = <OCIRepository as rosin_api::Decode>::from_value(answer)
            .map_err(|e| ApiError::Request(e.to_string()))?;
        let object = Arc::new(object);
        self.watched.observe(key, &version, object.clone());
        Ok(Some(object))
    }

    async fn remove_artifacts(&self, key: &Key) {
        let Ok(folder) = ObjectKey::new(KIND, &key.namespace, &key.name) else {
            return;
        };
        let store = self.store.clone();
        match tokio::task::spawn_blocking(move || store.remove(&folder)).await {
            Ok(Ok(_)) => {}
            // What stays is found by nobody; the disk is the only one to suffer.
            Ok(Err(error)) => {
                error!(%error, "the artifacts of a deleted object could not be removed")
            }
            Err(error) => error!(%error, "the artifacts of a deleted object could not be removed"),
        }
    }

    /// Removes what this and earlier processes stored and nobody asks for any more, as each run begins.
    async fn collect(&self, key: &Key, object: &OCIRepository) {
        let folder = ObjectKey::new(KIND, &key.namespace, &key.name);
        let (Some(artifact), Ok(folder)) = (object.artifact(), folder) else {
            return;
        };
        let collected = storage::collect(&self.store, &self.config, folder, artifact).await;
        if collected > 0 {
            let message = format!("garbage collected {collected} artifacts");
            let reason = Reason::GarbageCollectionSucceeded;
            self.tell(object, Severity::Trace, reason, &message);
        }
    }

    async fn succeeded(
        &self,
        object: &OCIRepository,
        outcome: &Outcome,
        mut progress: Progress<'_>,
        started: Instant,
    ) -> Result<Next, ApiError> {
        let recovered = progress.was_failing();
        progress.ready();
        progress.write().await?;
        let current = progress.object_now();
        let message = announcement(&current);
        match outcome {
            Outcome::Stored { changed: true } => {
                info!(took = ?started.elapsed(), "{message}");
                self.tell(&current, Severity::Info, Reason::NewArtifact, &message);
            }
            _ if recovered => self.tell(&current, Severity::Info, Reason::Succeeded, &message),
            Outcome::Stored { changed: false } => {}
            Outcome::Unchanged => {
                let revision = current.artifact().map_or("", |artifact| &artifact.revision);
                let message = format!("artifact up-to-date with remote revision: '{revision}'");
                let reason = Reason::ArtifactUpToDate;
                self.tell(&current, Severity::Trace, reason, &message);
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
        object: &OCIRepository,
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
        self.tell(object, Severity::Error, error.reason(), &message);
        Ok(match error.retry() {
            Retry::Backoff => Next::Backoff,
            Retry::OnChange => Next::OnChange,
        })
    }

    /// New artifacts carry their revision and digest.
    fn tell(&self, object: &OCIRepository, severity: Severity, reason: Reason, message: &str) {
        let meta = object.meta();
        let mut metadata = BTreeMap::new();
        if matches!(reason, Reason::NewArtifact | Reason::Succeeded)
            && let Some(artifact) = object.artifact()
        {
            let revision = names::EVENT_SOURCE_REVISION.to_owned();
            metadata.insert(revision, artifact.revision.clone());
            let digest = names::EVENT_SOURCE_DIGEST.to_owned();
            metadata.insert(digest, artifact.digest.clone());
        }
        let object = serde_json::json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": KIND,
            "namespace": meta.namespace,
            "name": meta.name,
            "uid": meta.uid,
            "resourceVersion": meta.resource_version,
        });
        self.events.send(Event {
            object,
            severity,
            reason: reason.as_str().to_owned(),
            message: message.to_owned(),
            metadata,
        });
    }
}

/// What was stored, from where, and what that was built from.
fn announcement(object: &OCIRepository) -> String {
    let Some(artifact) = object.artifact() else {
        return String::new();
    };
    let mut message = format!(
        "stored artifact with revision '{}' from '{}'",
        artifact.revision, object.spec.url
    );
    let source = artifact
        .metadata
        .get(ORIGIN_SOURCE)
        .filter(|source| !source.is_empty());
    if let (Some(source), Some(revision)) = (source, artifact.origin_revision()) {
        message.push_str(&format!(
            ", origin source '{source}', origin revision '{revision}'"
        ));
    }
    message
}
