//! Puts the parts together and runs them until a signal, a lost lease or a failed server.

mod releases;
mod sources;

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context, Result};
use kube::{
    config::{KubeConfigOptions, Kubeconfig},
    runtime::watcher,
};
use prometheus_client::registry::Registry as MetricsRegistry;
use rosin_api::{Decode, FluxObject, Kustomization, kustomization::SourceKind, names};
use rosin_domain::{drift::TakeOver, plan::StageKinds};
use rosin_source::{
    artifact::{Capacity, Downloads, Store},
    http::HttpClients,
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    cluster::{DiscoveryError, Gvk, Resource, Session},
    config::Config,
    controller::{
        Change, Events, Key, LeaderConfig, Scheduler, SchedulerConfig, StatusWriter, Wake,
        WakeHandle, Watched, lead, watch,
    },
    live::{Live, Rules},
    metrics::Metrics,
    reconcile::{
        kustomization::{
            Artifacts, Clusters, ConfigKey, Index, KeyServices, Kustomizations, Memos, Renderers,
            SourceKey, Sources, Tokens,
        },
        oci_repository::Registries,
        source::Shared,
    },
    renderers::{DropIns, PolicyFile},
    serve::{self, Readiness},
};

use self::sources::{OnArtifact, SourceWatches, Starter};

/// How long the API server may fail before our start fails with it.
const START_PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// Runs the controllers.
pub async fn run(config: Config, kubeconfig: Option<PathBuf>) -> Result<()> {
    let config = Arc::new(config);
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone())?;
    let session = Session::new(client(kubeconfig, &config).await?);

    let mut registry = MetricsRegistry::default();
    let metrics = Metrics::new(&mut registry);
    let readiness = Readiness::default();
    let mut servers = JoinSet::new();
    let (_, server) = serve::serve(
        "metrics",
        config.metrics_addr,
        serve::metrics(Arc::new(registry)),
        stop.clone(),
    )
    .await?;
    servers.spawn(server);
    let (_, server) = serve::serve(
        "probes",
        config.health_addr,
        serve::probes(readiness.clone()),
        stop.clone(),
    )
    .await?;
    servers.spawn(server);

    let store = Arc::new(open_store(&config).with_context(|| {
        format!(
            "opening the artifact storage {}",
            config.storage_path.display()
        )
    })?);
    if config.source {
        let (address, server) = serve::serve(
            "artifacts",
            config.storage_addr,
            rosin_source::serve::router(store.clone()),
            stop.clone(),
        )
        .await?;
        info!(%address, "serving artifacts");
        servers.spawn(server);
    }
    readiness.ready();

    let _leases = match &config.leader_election {
        None => Vec::new(),
        Some(election) => {
            let mut leases = Vec::new();
            if config.source {
                leases.push("source-controller-leader-election".to_owned());
            }
            if config.kustomize {
                leases.push("kustomize-controller-leader-election".to_owned());
            }
            if config.helm {
                leases.push("helm-controller-leader-election".to_owned());
            }
            let leader = LeaderConfig {
                namespace: config.runtime_namespace.clone(),
                leases,
                identity: identity(),
                duration: election.lease_duration.as_secs(),
                grace: election
                    .lease_duration
                    .saturating_sub(election.renew_deadline)
                    .as_secs()
                    .max(1),
            };
            lead(session.client().clone(), &leader, stop.clone())
                .await
                .context("leader election")?
        }
    };
    if stop.is_cancelled() {
        return Ok(());
    }
    metrics.leading();

    let mut controllers = JoinSet::new();
    start(
        &mut controllers,
        config.clone(),
        session,
        store,
        metrics,
        stop.clone(),
    )
    .await?;
    info!("running");
    stop.cancelled().await;
    info!("stopping; running reconciles may end");
    if tokio::time::timeout(config.graceful_shutdown_timeout, drain(&mut controllers))
        .await
        .is_err()
    {
        warn!("some reconciles did not end in time; the next process continues them");
    }
    Ok(())
}

fn open_store(config: &Config) -> Result<Store> {
    std::fs::create_dir_all(&config.storage_path)?;
    let folder =
        cap_std::fs::Dir::open_ambient_dir(&config.storage_path, cap_std::ambient_authority())?;
    Ok(Store::new(
        &folder,
        rosin_tree::Limits::default(),
        Capacity::default(),
    )?)
}

async fn drain(tasks: &mut JoinSet<()>) {
    while tasks.join_next().await.is_some() {}
}

async fn start(
    tasks: &mut JoinSet<()>,
    config: Arc<Config>,
    session: Session,
    store: Arc<Store>,
    metrics: Metrics,
    stop: CancellationToken,
) -> Result<()> {
    let clients = Arc::new(HttpClients::new());
    let watches = SourceWatches::default();
    let mut sources = Sources::new(
        watches.git.clone(),
        watches.oci.clone(),
        watches.buckets.clone(),
    );
    let kustomizations: Watched<Kustomization> = Watched::default();
    let index = Arc::new(Index::default());
    let ks_scheduler = Scheduler::new(scheduler(&config, "Kustomization"));
    let ks_wakes = ks_scheduler.handle();
    let releases = releases::Queue::new(&config);

    let shared = if config.source {
        let endpoint = endpoint(&config)?;
        let (events, send) = Events::new(session.clone(), names::SOURCE_CONTROLLER, endpoint);
        tasks.spawn(until(send, stop.clone()));
        Some(Arc::new(Shared {
            config: config.clone(),
            session: session.clone(),
            events,
            store: store.clone(),
            clients: clients.clone(),
            metrics: metrics.clone(),
        }))
    } else {
        None
    };
    let starter = Starter {
        tasks: &mut *tasks,
        config: &config,
        session: &session,
        told: vec![wake_readers(&index, &ks_wakes), releases.on_artifact()],
        stop: stop.clone(),
    };
    starter.start(&watches, shared).await?;
    let renderers = Renderers::load(&config)?;
    if config.helm {
        let parts = releases::Parts {
            config: config.clone(),
            session: session.clone(),
            store: store.clone(),
            clients: clients.clone(),
            renderers: renderers.clone(),
            metrics: metrics.clone(),
            stop: stop.clone(),
        };
        releases.start(tasks, watches.clone(), parts).await?;
    }
    if !config.kustomize {
        return Ok(());
    }

    for kind in SourceKind::ALL {
        if kind != SourceKind::ExternalArtifact {
            continue;
        }
        // A cluster has the kinds that its other source controllers serve; those that it has not cannot be referred to.
        let gvk = Gvk::new(names::SOURCE_GROUP, "v1", kind.as_str());
        let Ok(resource) = session.resource(&gvk).await else {
            continue;
        };
        let (index, wakes) = (index.clone(), ks_wakes.clone());
        let on_change = move |source: SourceKey| {
            index
                .of_source(&source)
                .into_iter()
                .for_each(|key| wakes.wake_by(key, Wake::Input, &source.to_string()))
        };
        tasks.spawn(sources.watch_other(
            kind,
            &session,
            &resource,
            config.namespace.clone(),
            on_change,
            stop.clone(),
        ));
    }

    let ks_resource = resource(&session, names::KUSTOMIZE_GROUP, "v1", "Kustomization").await?;
    {
        let (index, wakes) = (index.clone(), ks_wakes.clone());
        kustomizations.on_change(move |key, change| {
            match &change {
                Change::Set { new, .. } => index.set(key, new),
                Change::Removed(_) => index.remove(key),
                Change::Unreadable(_) => {}
            }
            wake_on_change(key, &change, &wakes);
            if readiness_moved(&change) {
                index
                    .dependants(key)
                    .into_iter()
                    .for_each(|key| wakes.wake(key, Wake::Dependency));
            }
        });
    }
    // Sources first: a Kustomization that runs before its source is known would be told that there is none.
    let ks_watch = {
        let kustomizations = kustomizations.clone();
        let (client, api, namespace) = (
            session.client().clone(),
            ks_resource.api_resource(),
            config.namespace.clone(),
        );
        let (selector, stop) = (selector(&config, true), stop.clone());
        async move {
            watches.synced().await;
            watch(
                kustomizations,
                client,
                api,
                namespace,
                selector,
                Kustomization::from_value,
                stop,
            )
            .await;
        }
    };
    tasks.spawn(until(ks_watch, stop.clone()));
    let told = {
        let wakes = ks_wakes.clone();
        move |config: ConfigKey| {
            let readers = index.of_config(&config).into_iter();
            readers.for_each(|key| wakes.wake_by(key, Wake::Input, &config.to_string()));
        }
    };
    let configs = watch_configs(session.clone(), told, config.clone());
    tasks.spawn(until(configs, stop.clone()));

    let takeover = TakeOver::new(&config.override_managers);
    let rules = Rules {
        manager: names::KUSTOMIZE_CONTROLLER,
        takeover: {
            let takeover = takeover.clone();
            Arc::new(move |manager| takeover.includes(manager))
        },
        on_drift: {
            let (wakes, on) = (ks_wakes.clone(), config.watch_drift);
            Arc::new(move |owner| {
                if on {
                    wakes.wake(owner.clone(), Wake::Drift);
                }
            })
        },
        // Those that wait for it look by themselves.
        on_ready: Arc::new(|_| {}),
        owner_name: names::OWNER_NAME,
        owner_namespace: names::OWNER_NAMESPACE,
    };
    let (events, send) = Events::new(
        session.clone(),
        names::KUSTOMIZE_CONTROLLER,
        endpoint(&config)?,
    );
    tasks.spawn(until(send, stop.clone()));
    let tokens = Arc::new(Tokens::default());
    let artifacts = Artifacts::new(
        store.clone(),
        Downloads::new(store, clients.clone(), config.http_retry),
        config.requeue_dependency,
    );
    let drop_ins = DropIns::new(
        renderers.engine().clone(),
        artifacts.clone(),
        Registries {
            session: session.clone(),
            clients,
        },
        PolicyFile::open(config.renderers_policy.as_deref()).context("--renderers-policy")?,
        config.storage_path.join("renderers"),
        renderers.limits().clone(),
    );
    let reconcile = Kustomizations {
        writer: StatusWriter::new(
            session.clone(),
            ks_resource.clone(),
            names::KUSTOMIZE_STATUS_MANAGER,
        ),
        live: Live::new(session.clone(), rules, stop.clone()),
        artifacts,
        renderers,
        drop_ins,
        clusters: Clusters::new(&config, tokens.clone()),
        tokens,
        key_services: KeyServices::new().context("a client for key services")?,
        stage_kinds: StageKinds::parse(&config.custom_apply_stage_kinds.join(","))
            .map_err(anyhow::Error::msg)
            .context("--custom-apply-stage-kinds")?,
        memos: Memos::default(),
        resource: ks_resource,
        watched: kustomizations,
        takeover,
        config,
        session,
        events,
        sources,
        metrics,
    };
    tasks.spawn(ks_scheduler.run(Arc::new(reconcile), stop));
    Ok(())
}

/// ConfigMaps and Secrets that ask for it are told of when they change, for those that read them. Only their metadata is watched.
async fn watch_configs(
    session: Session,
    told: impl Fn(ConfigKey) + Clone + Send + Sync + 'static,
    config: Arc<Config>,
) {
    if config.gates.disable_config_watchers {
        return;
    }
    let (label, namespace) = (&config.watch_configs_label_selector, &config.namespace);
    let one = |kind: &'static str| {
        let (session, told, namespace) = (session.clone(), told.clone(), namespace.clone());
        let config = watcher::Config::default().labels(label);
        async move {
            let Ok(resource) = resource(&session, "", "v1", kind).await else {
                return;
            };
            let watched: Watched<()> = Watched::default();
            let synced = watched.clone();
            watched.on_change(move |key, _| {
                // What is there at the start was there when its readers last ran, or they run now anyway.
                if synced.is_synced() {
                    let key = key.clone();
                    told(ConfigKey { kind, key });
                }
            });
            let decode = |_| Ok::<(), std::convert::Infallible>(());
            watch(
                watched,
                session.client().clone(),
                resource.api_resource(),
                namespace,
                config,
                decode,
                CancellationToken::new(),
            )
            .await;
        }
    };
    futures::future::join(one("ConfigMap"), one("Secret")).await;
}

/// A change of the object that asks for a reconcile: new, another spec, another request, or marked for deletion. Status updates,
/// our own among them, ask for none.
fn wake_on_change<K: FluxObject>(key: &Key, change: &Change<K>, wakes: &WakeHandle) {
    let asks = change.shows(|old, new| {
        old.generation() != new.generation()
            || old.reconcile_request() != new.reconcile_request()
            || old.meta().deletion_timestamp != new.meta().deletion_timestamp
            || old.meta().uid != new.meta().uid
    });
    if asks {
        wakes.wake(key.clone(), Wake::Object);
    }
}

/// Another artifact wakes the Kustomizations that read it.
fn wake_readers(index: &Arc<Index>, wakes: &WakeHandle) -> OnArtifact {
    let (index, wakes) = (index.clone(), wakes.clone());
    Box::new(move |kind, key| {
        let mut kinds = SourceKind::ALL.into_iter();
        if let Some(kind) = kinds.find(|known| known.as_str() == kind) {
            let key = key.clone();
            let source = SourceKey { kind, key };
            let readers = index.of_source(&source).into_iter();
            readers.for_each(|key| wakes.wake_by(key, Wake::Input, &source.to_string()));
        }
    })
}

/// Could a dependant see another answer than before?
fn readiness_moved(change: &Change<Kustomization>) -> bool {
    let ready = |object: &Kustomization| {
        let ready = object
            .condition(rosin_api::condition_type::READY)
            .map(|c| c.status);
        let applied = object
            .status
            .as_ref()
            .and_then(|s| s.last_applied_revision.clone());
        (ready, object.observed_generation(), applied)
    };
    change.shows(|old, new| ready(old) != ready(new))
}

fn scheduler(config: &Config, kind: &'static str) -> SchedulerConfig {
    SchedulerConfig {
        kind,
        concurrent: config.concurrent,
        min_retry_delay: config.min_retry_delay,
        max_retry_delay: config.max_retry_delay,
    }
}

/// The shard selector applies to the kinds that this process reconciles, not to those that it only reads.
fn selector(config: &Config, reconciles: bool) -> watcher::Config {
    match &config.watch_label_selector {
        Some(selector) if reconciles => watcher::Config::default().labels(selector),
        _ => watcher::Config::default(),
    }
}

async fn resource(session: &Session, group: &str, version: &str, kind: &str) -> Result<Resource> {
    let gvk = Gvk::new(group, version, kind);
    let until = tokio::time::Instant::now() + START_PATIENCE;
    let mut pause = std::time::Duration::from_millis(200);
    loop {
        match session.resource(&gvk).await {
            // A server that is not quite there at our start is no reason to end and be started again.
            Err(DiscoveryError::Api(error))
                if error.is_transient() && tokio::time::Instant::now() < until =>
            {
                warn!(%error, "the cluster does not answer yet");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(std::time::Duration::from_secs(5));
            }
            result => {
                return result.with_context(|| {
                    format!(
                        "the cluster does not serve {kind}; install the definitions of deploy/crds"
                    )
                });
            }
        }
    }
}

/// A source kind that we serve must be there; one that we only read may be absent.
async fn served(config: &Config, session: &Session, kind: &str) -> Result<Option<Resource>> {
    match resource(session, names::SOURCE_GROUP, "v1", kind).await {
        Ok(resource) => Ok(Some(resource)),
        Err(error) if config.source => Err(error),
        Err(_) => Ok(None),
    }
}

async fn client(kubeconfig: Option<PathBuf>, config: &Config) -> Result<kube::Client> {
    let mut kube_config = match kubeconfig {
        Some(path) => {
            let file = Kubeconfig::read_from(&path)
                .with_context(|| format!("reading {}", path.display()))?;
            kube::Config::from_custom_kubeconfig(file, &KubeConfigOptions::default())
                .await
                .context("reading the kubeconfig")?
        }
        None => kube::Config::infer().await.context("finding the cluster")?,
    };
    kube_config.connect_timeout = Some(std::time::Duration::from_secs(10));
    kube_config.headers.push((
        http::header::USER_AGENT,
        http::HeaderValue::from_static(concat!("rosin/", env!("CARGO_PKG_VERSION"))),
    ));
    info!(
        namespace = config.runtime_namespace,
        "connecting to the cluster"
    );
    kube::Client::try_from(kube_config).context("connecting to the cluster")
}

fn endpoint(config: &Config) -> Result<Option<(reqwest::Client, String)>> {
    let Some(address) = &config.events_addr else {
        return Ok(None);
    };
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .context("--events-addr")?;
    Ok(Some((client, address.clone())))
}

/// Unique to the process: two pods of one name on two nodes must not both think that they hold a lease.
fn identity() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}_{:016x}", host.trim(), rand::random::<u64>())
}

fn stop_on_signal(stop: CancellationToken) -> Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        stop.cancel();
    });
    Ok(())
}

async fn until(task: impl Future<Output = ()>, stop: CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = task => {}
    }
}
