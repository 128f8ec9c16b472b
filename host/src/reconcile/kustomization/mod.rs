//! Kustomization: from a source's artifact to healthy objects.
//!
//! `story` is the reconcile itself; this file gives it its object, and turns its end into status, events, metrics and the next run.

mod accounts;
mod apply;
mod artifact;
mod decrypt;
mod deletion;
mod error;
mod health;
mod identity;
mod index;
mod memo;
mod origins;
mod pods;
mod progress;
mod prune;
mod remote;
mod render;
mod renderer;
mod report;
mod revoke;
mod sources;
mod story;
mod trusting;
mod variables;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use rosin_api::{FluxObject, Kustomization, names};
use tracing::{error, info};

pub use accounts::{OwnIdentity, Tokens};
pub use artifact::Artifacts;
pub(crate) use artifact::{ArtifactError, chain};
pub use decrypt::KeyServices;
pub(crate) use identity::{Place, Wish};
pub use index::{ConfigKey, Index};
pub(super) use index::{dependency_key, kube_config_objects};
pub use remote::Clusters;
pub use render::Renderers;
pub(crate) use render::options as kustomize_options;
pub use sources::{SourceKey, SourceState, Sources, artifact_changed};

use self::{
    error::{Error, Retry},
    memo::Memo,
    progress::Progress,
    report::Report,
};
use crate::{
    cluster::{Resource, Session},
    config::Config,
    controller::{
        Events, Interrupted, Key, Next, Reconcile, Run, StatusWriter, Wake, Watched,
        ensure_finalizer, has_finalizer,
    },
    live::Live,
    metrics::{Metrics, ObjectLabels},
    renderers::DropIns,
};

/// Everything that reconciles of Kustomizations share.
pub struct Kustomizations {
    pub config: Arc<Config>,
    pub session: Session,
    pub resource: Resource,
    pub watched: Watched<Kustomization>,
    pub writer: StatusWriter,
    pub events: Events,
    pub sources: Sources,
    pub artifacts: Artifacts,
    pub renderers: Renderers,
    pub drop_ins: DropIns,
    pub key_services: KeyServices,
    pub clusters: Clusters,
    pub tokens: Arc<Tokens>,
    pub live: Live,
    pub metrics: Metrics,
    pub memos: Memos,
    pub takeover: rosin_domain::drift::TakeOver,
    pub stage_kinds: rosin_domain::plan::StageKinds,
}

/// What each object's last run left behind in memory; lost at a restart, which costs dry runs and nothing else.
#[derive(Default)]
pub struct Memos(Mutex<HashMap<Key, Memo>>);

impl Memos {
    fn take(&self, key: &Key) -> Memo {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(key)
            .unwrap_or_default()
    }

    fn put(&self, key: &Key, memo: Memo) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key.clone(), memo);
    }
}

/// How a run ended when nothing failed.
pub(crate) enum Outcome {
    /// Applied and healthy.
    Done(story::Done),
    /// Newer work arrived while it waited.
    Interrupted(Interrupted),
    /// Newer work arrived before there was anything to tell.
    Superseded,
    /// A dependency was not ready a moment ago; nobody is told yet, since it may be ready in the next.
    Settling(std::time::Duration),
}

impl Reconcile for Kustomizations {
    async fn reconcile(&self, key: &Key, wake: Wake, run: &Run) -> Next {
        let labels = ObjectLabels::new("Kustomization", key);
        let Some(object) = self.watched.get(key) else {
            self.memos.take(key);
            self.metrics.forget(&labels);
            return Next::Forget;
        };
        let started = Instant::now();
        let next = self.run(key, object, wake, run, started).await;
        self.metrics.reconciled(labels, started.elapsed(), next);
        next
    }
}

impl Kustomizations {
    async fn run(
        &self,
        key: &Key,
        object: Arc<Kustomization>,
        wake: Wake,
        run: &Run,
        started: Instant,
    ) -> Next {
        let object = match self.prepare(key, object, run).await {
            Ok(Some(object)) => object,
            Ok(None) => return Next::OnChange,
            Err(error) => {
                error!(error = %error, "the reconcile could not begin");
                return Next::Backoff;
            }
        };
        let mut progress = Progress::new(key, object.clone(), &self.writer, &self.watched);
        if object.suspended() {
            return self.suspended(progress).await;
        }
        let mut memo = self.memos.take(key);
        let mut report = Report::new(&self.events, object.clone());
        let end = self
            .story(&object, wake, run, &mut progress, &mut memo, &mut report)
            .await;
        let next = match end {
            Ok(Outcome::Done(done)) => {
                self.succeeded(&object, wake, done, progress, &mut memo, &report, started)
                    .await
            }
            Ok(Outcome::Interrupted(by)) => self.interrupted(&by, progress, &memo, &report).await,
            Ok(Outcome::Superseded) => Ok(Next::Now),
            Ok(Outcome::Settling(pause)) => Ok(Next::After(pause)),
            Err(error) => {
                self.failed(&object, &error, progress, &mut memo, &report, started)
                    .await
            }
        };
        self.memos.put(key, memo);
        next.unwrap_or_else(|error| {
            error!(error = %error, "the status could not be written");
            Next::Backoff
        })
    }

    /// Deletion and the finalizer. `None`: there is nothing more to do.
    async fn prepare(
        &self,
        key: &Key,
        object: Arc<Kustomization>,
        run: &Run,
    ) -> Result<Option<Arc<Kustomization>>, Error> {
        if object.metadata.deletion_timestamp.is_some() {
            if has_finalizer(&object.metadata) {
                self.finalize(key, &object, run).await?;
            }
            return Ok(None);
        }
        let manager = names::KUSTOMIZE_STATUS_MANAGER;
        let (session, resource) = (&self.session, &self.resource);
        ensure_finalizer(session, resource, &self.watched, key, object, manager)
            .await
            .map(Some)
            .map_err(Error::from)
    }

    /// Its health checks were left for newer work, which begins at once.
    async fn interrupted(
        &self,
        by: &Interrupted,
        mut progress: Progress<'_>,
        memo: &Memo,
        report: &Report<'_>,
    ) -> Result<Next, Error> {
        let by = &by.by;
        info!("new reconciliation triggered by {by}, canceling health checks");
        let message = format!("New reconciliation triggered by {by}");
        progress.failed(rosin_api::Reason::HealthCheckCanceled, &message);
        progress.write().await?;
        report.canceled(by, memo.attempt.as_ref());
        Ok(Next::Now)
    }

    async fn suspended(&self, mut progress: Progress<'_>) -> Next {
        let ready = progress.status.conditions.iter().any(|c| {
            c.type_ == rosin_api::condition_type::READY
                && c.status == rosin_api::ConditionStatus::True
        });
        if ready {
            progress.observed();
        }
        progress.mirror_request();
        match progress.write().await {
            Ok(()) => Next::OnChange,
            Err(error) => {
                error!(%error, "the status could not be written");
                Next::Backoff
            }
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of one run, each used once"
    )]
    async fn succeeded(
        &self,
        object: &Kustomization,
        wake: Wake,
        done: story::Done,
        mut progress: Progress<'_>,
        memo: &mut Memo,
        report: &Report<'_>,
        started: Instant,
    ) -> Result<Next, Error> {
        let interval = Next::interval(
            object.spec.interval.to_std(),
            self.config.interval_jitter_percentage,
        );
        let quiet = matches!(wake, Wake::Due | Wake::Drift | Wake::Dependency)
            && !done.changed
            && !progress.needs_handling(&done.revision);
        memo.not_ready_since = None;
        if quiet {
            // In sync and known to be: the API server hears nothing of it.
            return Ok(interval);
        }
        if wake == Wake::Drift && done.changed {
            self.metrics.drift_corrected();
        }
        let revision = done.revision.clone();
        progress.ready(&revision);
        progress.status.last_applied_revision = Some(revision.clone());
        progress.status.last_applied_origin_revision = done.origin_revision.clone();
        progress.record(
            &done,
            rosin_api::Reason::ReconciliationSucceeded,
            started.elapsed(),
        );
        progress.mirror_request();
        progress.write().await?;
        let took = rosin_api::Duration::from(round_millis(started.elapsed()));
        let message = format!(
            "Reconciliation finished in {took}, next run in {}",
            object.spec.interval
        );
        info!(revision, "{message}");
        report.finished(&revision, done.origin_revision.as_deref(), &message);
        Ok(interval)
    }

    async fn failed(
        &self,
        object: &Kustomization,
        error: &Error,
        mut progress: Progress<'_>,
        memo: &mut Memo,
        report: &Report<'_>,
        started: Instant,
    ) -> Result<Next, Error> {
        let message = error.to_string();
        if error.retry() == Retry::OnChange {
            progress.stalled(error.reason(), &message);
            if matches!(error, Error::InvalidExpression(_)) {
                progress.status.observed_generation = object.metadata.generation;
            }
        } else {
            progress.failed(error.reason(), &message);
        }
        if let Some(attempt) = &memo.attempt {
            progress.record_attempt(attempt, error.reason(), started.elapsed());
        }
        progress.mirror_request();
        progress.write().await?;
        error!(
            reason = error.reason().as_str(),
            error = message,
            "the reconcile failed"
        );
        report.failed(error, memo.attempt.as_ref());
        let retry = object
            .spec
            .retry_interval
            .unwrap_or(object.spec.interval)
            .to_std();
        Ok(match error.retry() {
            Retry::Interval => Next::After(retry),
            Retry::Dependency => Next::After(self.config.requeue_dependency),
            Retry::Backoff => Next::Backoff,
            Retry::OnChange => Next::OnChange,
        })
    }
}

fn round_millis(duration: std::time::Duration) -> std::time::Duration {
    std::time::Duration::from_millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}
