//! HelmReleases: their watch, that of the charts that they are made of, and their reconcile.

use std::sync::Arc;

use anyhow::Result;
use kube::runtime::watcher;
use rosin_api::{
    Decode, FluxObject, HelmRelease,
    helm_release::ChartReferenceKind,
    names,
    source::{ExternalArtifact, HelmChart, Source},
};
use rosin_source::{
    artifact::{Downloads, Store},
    http::HttpClients,
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{
    endpoint, resource, scheduler, selector,
    sources::{OnArtifact, SourceWatches},
    until, wake_on_change, watch_configs,
};
use crate::{
    cluster::{Gvk, Session},
    config::Config,
    controller::{Change, Events, Key, Scheduler, StatusWriter, Wake, WakeHandle, Watched, watch},
    live::{Live, Rules},
    metrics::Metrics,
    reconcile::{
        helm_release::{
            ChartKey, ChartSources, HelmReleases, Index, Known, Memos, Reference, references,
        },
        kustomization::{Artifacts, Clusters, Renderers, artifact_changed},
    },
};

/// What HelmReleases share with the rest of the process.
pub(super) struct Parts {
    pub(super) config: Arc<Config>,
    pub(super) session: Session,
    pub(super) store: Arc<Store>,
    pub(super) clients: Arc<HttpClients>,
    pub(super) renderers: Renderers,
    pub(super) metrics: Metrics,
    pub(super) stop: CancellationToken,
}

/// The queue of HelmReleases, and who is in it for what.
pub(super) struct Queue {
    scheduler: Scheduler,
    index: Arc<Index>,
}

impl Queue {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            scheduler: Scheduler::new(scheduler(config, "HelmRelease")),
            index: Arc::default(),
        }
    }

    /// Wakes the HelmReleases of a chart that changed.
    pub(super) fn on_artifact(&self) -> OnArtifact {
        let (index, wakes) = (self.index.clone(), self.scheduler.handle());
        Box::new(move |kind, key| wake_readers(&index, &wakes, kind, key))
    }

    pub(super) async fn start(
        self,
        tasks: &mut JoinSet<()>,
        watches: SourceWatches,
        parts: Parts,
    ) -> Result<()> {
        let Parts {
            config,
            session,
            store,
            clients,
            renderers,
            metrics,
            stop,
        } = parts;
        let (index, wakes) = (self.index, self.scheduler.handle());
        let own = resource(&session, names::HELM_GROUP, "v2", "HelmRelease").await?;
        let sources = ChartSources {
            charts: Watched::default(),
            oci: watches.oci.clone(),
            external: Watched::default(),
        };
        let mut watch_source = SourceWatch {
            tasks,
            config: &config,
            session: &session,
            index: &index,
            wakes: &wakes,
            stop: &stop,
        };
        watch_source
            .start(
                &sources.charts,
                "HelmChart",
                HelmChart::from_value,
                |chart| {
                    let status = chart.status.as_ref();
                    let artifact = status.and_then(|status| status.artifact.clone());
                    // What it says of itself counts too.
                    let conditions = chart
                        .conditions()
                        .iter()
                        .map(|c| (c.reason.clone(), c.message.clone()));
                    (artifact, chart.observed_generation(), conditions.collect())
                },
            )
            .await;
        watch_source
            .start(
                &sources.external,
                "ExternalArtifact",
                ExternalArtifact::from_value,
                |external| (external.artifact().cloned(), None, Vec::new()),
            )
            .await;

        let watched: Watched<HelmRelease> = Watched::default();
        {
            let (index, wakes) = (index.clone(), wakes.clone());
            watched.on_change(move |key, change| {
                match &change {
                    Change::Set { new, .. } => index.set(key, references(key, new)),
                    Change::Removed(_) => index.set(key, Vec::new()),
                    Change::Unreadable(_) => {}
                }
                wake_on_change(key, &change, &wakes);
                if readiness_moved(&change) {
                    let dependants = index.of(&Reference::Dependency(key.clone()));
                    dependants
                        .into_iter()
                        .for_each(|key| wakes.wake(key, Wake::Dependency));
                }
            });
        }
        // Charts first: a HelmRelease that runs before its chart is known would be told that there is none.
        let own_watch = {
            let (watched, sources) = (watched.clone(), sources.clone());
            let (client, api) = (session.client().clone(), own.api_resource());
            let (namespace, selector) = (config.namespace.clone(), selector(&config, true));
            let stop = stop.clone();
            async move {
                watches.synced().await;
                sources.charts.synced().await;
                sources.external.synced().await;
                let decode = HelmRelease::from_value;
                watch(watched, client, api, namespace, selector, decode, stop).await;
            }
        };
        tasks.spawn(until(own_watch, stop.clone()));
        {
            let (index, wakes) = (index.clone(), wakes.clone());
            let told = move |config: crate::reconcile::kustomization::ConfigKey| {
                let readers = index.of(&Reference::Config(config.clone()));
                readers
                    .into_iter()
                    .for_each(|key| wakes.wake_by(key, Wake::Input, &config.to_string()));
            };
            let configs = watch_configs(session.clone(), told, config.clone());
            tasks.spawn(until(configs, stop.clone()));
        }
        let rules = Rules {
            manager: names::HELM_CONTROLLER,
            takeover: Arc::new(|_| false),
            // Drift is looked for when the interval is over, as in Flux.
            on_drift: Arc::new(|_| {}),
            // A release that was given up is good once its objects are.
            on_ready: {
                let (watched, wakes) = (watched.clone(), wakes.clone());
                Arc::new(move |key| {
                    if watched.get(key).is_some_and(|object| is_stalled(&object)) {
                        wakes.wake(key.clone(), Wake::Drift);
                    }
                })
            },
            owner_name: names::HELM_OWNER_NAME,
            owner_namespace: names::HELM_OWNER_NAMESPACE,
        };
        let (events, send) =
            Events::new(session.clone(), names::HELM_CONTROLLER, endpoint(&config)?);
        tasks.spawn(until(send, stop.clone()));
        let reconcile = HelmReleases {
            writer: StatusWriter::new(session.clone(), own.clone(), names::HELM_STATUS_MANAGER),
            live: Live::new(session.clone(), rules, stop.clone()),
            artifacts: Artifacts::new(
                store.clone(),
                Downloads::new(store, clients, config.http_retry),
                config.requeue_dependency,
            ),
            renderers,
            clusters: Clusters::new(&config, Arc::default()),
            memos: Memos::default(),
            known: Known::default(),
            resource: own,
            watched,
            config,
            session,
            events,
            sources,
            metrics,
        };
        tasks.spawn(self.scheduler.run(Arc::new(reconcile), stop));
        Ok(())
    }
}

struct SourceWatch<'a> {
    tasks: &'a mut JoinSet<()>,
    config: &'a Config,
    session: &'a Session,
    index: &'a Arc<Index>,
    wakes: &'a WakeHandle,
    stop: &'a CancellationToken,
}

/// What a HelmRelease could see of a source.
type Look = (
    Option<rosin_api::Artifact>,
    Option<i64>,
    Vec<(String, String)>,
);

impl SourceWatch<'_> {
    /// Watches a kind that holds charts, if the cluster has it.
    async fn start<K: Send + Sync + 'static>(
        &mut self,
        watched: &Watched<K>,
        kind: &'static str,
        decode: fn(serde_json::Value) -> Result<K, rosin_api::DecodeError>,
        look: fn(&K) -> Look,
    ) {
        let gvk = Gvk::new(names::SOURCE_GROUP, "v1", kind);
        let Ok(resource) = self.session.resource(&gvk).await else {
            watched.absent();
            return;
        };
        let (index, wakes) = (self.index.clone(), self.wakes.clone());
        watched.on_change(move |key, change: Change<K>| {
            let moved = change.brings(|old, new| {
                let (old, new) = (look(old), look(new));
                artifact_changed(old.0.as_ref(), new.0.as_ref()) || (old.1, old.2) != (new.1, new.2)
            });
            if moved {
                wake_readers(&index, &wakes, kind, key);
            }
        });
        self.tasks.spawn(watch(
            watched.clone(),
            self.session.client().clone(),
            resource.api_resource(),
            self.config.namespace.clone(),
            watcher::Config::default(),
            decode,
            self.stop.clone(),
        ));
    }
}

fn wake_readers(index: &Index, wakes: &WakeHandle, kind: &str, key: &Key) {
    let kinds = [
        ChartReferenceKind::HelmChart,
        ChartReferenceKind::OCIRepository,
        ChartReferenceKind::ExternalArtifact,
    ];
    let Some(kind) = kinds.into_iter().find(|known| known.as_str() == kind) else {
        return;
    };
    let chart = ChartKey {
        kind,
        key: key.clone(),
    };
    let readers = index.of(&Reference::Chart(chart)).into_iter();
    readers.for_each(|key| wakes.wake(key, Wake::Input));
}

fn is_stalled(object: &HelmRelease) -> bool {
    let stalled = object.condition(rosin_api::condition_type::STALLED);
    stalled.is_some_and(|c| c.status == rosin_api::ConditionStatus::True)
}

/// Could a dependant see another answer than before?
fn readiness_moved(change: &Change<HelmRelease>) -> bool {
    let ready = |object: &HelmRelease| {
        let ready = object.condition(rosin_api::condition_type::READY);
        (ready.map(|c| c.status), object.observed_generation())
    };
    change.shows(|old, new| ready(old) != ready(new))
}
