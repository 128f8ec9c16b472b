//! HelmRelease: from a chart and values to a release that is as it should be.
//!
//! `story` is the reconcile itself, `action` what Helm does to a release, and `take` what is told of it; this file gives the story its
//! object, and turns its end into status, events, metrics and the next run.

mod action;
mod chart;
mod conditions;
mod crds;
mod deletion;
mod drift;
mod error;
mod hooks;
mod index;
mod log;
mod lookup;
mod memo;
mod objects;
mod place;
mod recovery;
mod render;
mod report;
mod source;
mod storage;
mod story;
mod take;
mod template;
mod values;
mod wait;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use rosin_api::{ConditionStatus, HelmRelease, Reason, condition_type as kind, names};
use tracing::{error, info};

pub use chart::Known;
pub use index::{Index, Reference, references};
pub use memo::Memos;
pub use source::{ChartKey, ChartSources};

use self::{
    error::{Error, Retry},
    report::Report,
    story::Outcome,
};
use super::kustomization::{Artifacts, Clusters, Renderers};
use crate::{
    cluster::{Resource, Session},
    config::Config,
    controller::{
        Events, Key, Next, Progress, Reconcile, Run, Severity, StatusWriter, Wake, Watched,
        ensure_finalizer, has_finalizer,
    },
    live::Live,
    metrics::{Metrics, ObjectLabels},
};
use rosin_api::FluxObject;

type Running<'a> = Progress<'a, HelmRelease>;

/// Everything that reconciles of HelmReleases share.
pub struct HelmReleases {
    pub config: Arc<Config>,
    pub session: Session,
    pub resource: Resource,
    pub watched: Watched<HelmRelease>,
    pub writer: StatusWriter,
    pub events: Events,
    pub sources: ChartSources,
    pub artifacts: Artifacts,
    pub renderers: Renderers,
    pub clusters: Clusters,
    pub live: Live,
    pub metrics: Metrics,
    pub memos: Memos,
    pub known: Known,
}

impl Reconcile for HelmReleases {
    async fn reconcile(&self, key: &Key, _wake: Wake, run: &Run) -> Next {
        let labels = ObjectLabels::new("HelmRelease", key);
        let Some(object) = self.watched.get(key) else {
            self.memos.take(key);
            self.metrics.forget(&labels);
            return Next::Forget;
        };
        let started = Instant::now();
        let next = self.run(key, object, run).await.unwrap_or_else(|error| {
            error!(%error, "the reconcile could not be carried out");
            Next::Backoff
        });
        self.metrics.reconciled(labels, started.elapsed(), next);
        next
    }
}

impl HelmReleases {
    async fn run(&self, key: &Key, object: Arc<HelmRelease>, run: &Run) -> Result<Next, Error> {
        if object.metadata.deletion_timestamp.is_some() {
            return self.end(key, object, run).await;
        }
        let object = ensure_finalizer(
            &self.session,
            &self.resource,
            &self.watched,
            key,
            object,
            names::HELM_STATUS_MANAGER,
        )
        .await?;
        let mut progress = Progress::new(key, object.clone(), &self.writer, &self.watched);
        if object.suspended() {
            progress.observed();
            progress.mirror_request();
            progress.write().await?;
            return Ok(Next::OnChange);
        }
        let mut memo = self.memos.take(key);
        let report = Report::new(&self.events, object.clone());
        let end = self
            .story(&object, run, &mut progress, &mut memo, &report)
            .await;
        self.memos.put(key, memo);
        let next = match end {
            Ok(Outcome::Settling(pause)) => {
                // Nothing is told yet, but what was made must not be forgotten.
                let made = &progress.status.helm_chart;
                if *made != object.status.as_ref().and_then(|s| s.helm_chart.clone()) {
                    progress.write().await?;
                }
                return Ok(Next::After(pause));
            }
            Err(Error::NoChart) => return Ok(Next::OnChange),
            Ok(Outcome::Done) => {
                progress.observed();
                let percent = self.config.interval_jitter_percentage;
                Next::interval(object.spec.interval.to_std(), percent)
            }
            // Flux looks once a second whether its last write has reached its cache, and adds the delay of a first failure. What
            // was said can be seen for as long.
            Ok(Outcome::Again) => Next::After(self.config.min_retry_delay + Duration::from_secs(1)),
            Ok(Outcome::Retry(interval)) => {
                progress.observed();
                Next::interval(interval, self.config.interval_jitter_percentage)
            }
            Err(error) => match (self.failed(&error, &mut progress, &report), error) {
                // It may be good by itself meanwhile; that costs no more than a look.
                (Next::OnChange, Error::Exhausted(_)) => {
                    let percent = self.config.interval_jitter_percentage;
                    Next::interval(object.spec.interval.to_std(), percent)
                }
                (next, _) => next,
            },
        };
        progress.mirror_request();
        progress.write().await?;
        Ok(next)
    }

    /// The object is being deleted.
    async fn end(&self, key: &Key, object: Arc<HelmRelease>, run: &Run) -> Result<Next, Error> {
        if !has_finalizer(&object.metadata) {
            return Ok(Next::OnChange);
        }
        let mut progress = Progress::new(key, object.clone(), &self.writer, &self.watched);
        let report = Report::new(&self.events, object.clone());
        let done = self
            .finalize(key, &object, run, &mut progress, &report)
            .await;
        match done {
            Ok(()) => {
                info!("the release is gone");
                Ok(Next::OnChange)
            }
            Err(error) => {
                let next = self.failed(&error, &mut progress, &report);
                progress.write().await?;
                Ok(next)
            }
        }
    }

    /// What an error says in conditions and events, and when it is tried again.
    fn failed(&self, error: &Error, progress: &mut Running<'_>, report: &Report<'_>) -> Next {
        error!(%error, "the reconcile failed");
        if let Some(reason) = error.reason() {
            let message = error.to_string();
            progress.mark(kind::READY, ConditionStatus::False, reason, &message);
            if error.stalls() {
                progress.stuck(reason, &message);
            }
            match error {
                Error::Dependency { .. } => report.plain(Severity::Info, reason, &message),
                Error::Values(_) | Error::Chart(_) | Error::AccessDenied(_) => {
                    report.plain(Severity::Error, reason, &message);
                }
                Error::InvalidExpression(_) => {
                    let told = message.split_once(": ").map_or(&*message, |(_, told)| told);
                    report.plain(Severity::Error, Reason::InvalidCELExpression, told);
                }
                _ => {}
            }
        }
        match error.retry() {
            Retry::OnChange => {
                progress.observed();
                Next::OnChange
            }
            Retry::Backoff => Next::Backoff,
            Retry::After(pause) => Next::After(pause),
        }
    }
}
