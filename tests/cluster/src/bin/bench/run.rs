//! One run: a fresh control plane, a peer, a workload, and what it cost.

use std::collections::HashSet;
use std::fmt;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use futures::{StreamExt, TryStreamExt, stream};
use rosin_cluster_tests::api::Ref;
use rosin_cluster_tests::flux::{self, Ready, git_repository};
use rosin_cluster_tests::{Api, ControlPlane, GitServer, Options, Repository};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout_at};

use crate::life::{self, Life};
use crate::peer::{self, Running};
use crate::workload::{self, HOME};
use crate::{Layout, Peer, measure};

const JUST_DEFINED: Duration = Duration::from_secs(3);

/// What a rollout took.
pub(crate) struct Rollout {
    pub(crate) took: Duration,
    /// When all Deployments were ready after a client that does not wait for them.
    pub(crate) healthy: Option<Duration>,
    /// How many were ready when it was given up; all of them where it was not.
    pub(crate) ready: usize,
    pub(crate) count: usize,
    pub(crate) peak_memory: u64,
    pub(crate) cpu: Duration,
    /// Requests for each Kustomization: those of the peer, and with those of the control plane's own controllers.
    pub(crate) own: f64,
    pub(crate) all: f64,
    pub(crate) by_kind: Vec<(usize, String)>,
    /// What the fleet costs afterwards.
    pub(crate) life: Option<Life>,
}

impl fmt::Display for Rollout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            took,
            healthy,
            ready,
            count,
            peak_memory,
            cpu,
            own,
            all,
            by_kind,
            life,
        } = self;
        if ready < count {
            write!(f, "{ready} of {count} ready after ")?;
        }
        let (seconds, memory, each) = (
            took.as_secs_f64(),
            peak_memory >> 20,
            cpu.as_secs_f64() / *count as f64,
        );
        write!(
            f,
            "{seconds:.1} s, {memory} MiB, {each:.3} CPU seconds each, requests each: {own:.1} own, {all:.1} in all"
        )?;
        if let Some(healthy) = healthy {
            write!(f, "; all healthy after {:.1} s", healthy.as_secs_f64())?;
        }
        for (number, request) in by_kind.iter().take(12) {
            write!(
                f,
                "\n      {:7.2}  {request}",
                *number as f64 / *count as f64
            )?;
        }
        if let Some(life) = life {
            write!(f, "\n{life}")?;
        }
        Ok(())
    }
}

pub(crate) struct World {
    pub(crate) plane: ControlPlane,
    pub(crate) api: Api,
    _git: GitServer,
    pub(crate) repository: Repository,
    /// What a Kustomization that is done has in its revision.
    pub(crate) commit: String,
    layout: Layout,
    pub(crate) running: Running,
}

impl World {
    async fn start(folder: &Path, peer: Peer, layout: Layout, count: usize) -> Result<Self> {
        let options = Options {
            nodes: true,
            audit: true,
            ..Options::default()
        };
        let plane = ControlPlane::start(&folder.join("control-plane"), options).await?;
        let api = plane.api().await?;
        let git = GitServer::start(&folder.join("git"))?;
        let repository = Repository::create(&git, HOME)?;
        let commit = workload::write(&repository, count)?;
        peer::define(peer, &api).await?;
        let defined = Instant::now();
        for namespace in workload::namespaces(layout, count)
            .iter()
            .map(String::as_str)
            .chain([HOME, "flux-system"])
        {
            api.create_namespace(namespace).await?;
        }
        // Pods are refused in a namespace that has no service account yet.
        let last = workload::namespaces(layout, count)
            .pop()
            .unwrap_or_default();
        appears(&api, &Ref::new("v1", "ServiceAccount", &last, "default")).await?;
        let peer_folder = folder.join("peer");
        if peer_folder.exists() {
            fs::remove_dir_all(&peer_folder)?;
        }
        let running = peer::start(peer, &peer_folder, &plane).await?;
        if peer != Peer::Bare {
            api.apply(&git_repository(HOME, HOME, repository.url(), "1h"))
                .await?;
            flux::wait_ready(&api, &Ref::git_repository(HOME, HOME), &commit).await?;
            if layout == Layout::Releases {
                let chart = workload::chart();
                api.apply(&chart).await?;
                flux::wait_ready(&api, &Ref::of(&chart)?, "1.0.0").await?;
            }
        }
        // The API server holds back creations of a kind that was defined a moment ago, which is nobody's work.
        sleep(JUST_DEFINED.saturating_sub(defined.elapsed())).await;
        Ok(Self {
            plane,
            api,
            _git: git,
            repository,
            commit,
            layout,
            running,
        })
    }

    async fn create(&self, objects: Vec<Value>) -> Result<()> {
        let api = &self.api;
        stream::iter(objects)
            .map(|object| async move { api.create(&object).await.map(drop) })
            .buffer_unordered(16)
            .try_collect::<Vec<()>>()
            .await?;
        Ok(())
    }

    /// Waits until so many are ready; the time, and how many are at the end. A watch: lists of a thousand objects, again and again,
    /// would be a load of their own.
    pub(crate) async fn all_ready(
        &mut self,
        count: usize,
        started: Instant,
        deadline: Duration,
    ) -> Result<(Duration, usize)> {
        let commit = match self.layout {
            Layout::Releases => String::new(),
            Layout::Each | Layout::One => self.commit.clone(),
        };
        let done = move |object: &Value| {
            Ready::of(object)
                .is_some_and(|ready| ready.is_true() && ready.revision.contains(&commit))
        };
        let (api_version, kind) = workload::deployed_by(self.layout);
        let watched = (api_version, kind, HOME);
        let counted = count_until(&self.api, watched, done, count, deadline);
        let mut counted = std::pin::pin!(counted);
        loop {
            tokio::select! {
                ready = &mut counted => return Ok((started.elapsed(), ready?)),
                () = sleep(Duration::from_secs(1)) => self.running.check()?,
            }
        }
    }
}

/// Watches a kind until `count` of its objects are as asked for, or the time is up: how many are.
pub(crate) async fn count_until(
    api: &Api,
    (api_version, kind, namespace): (&str, &str, &str),
    done: impl Fn(&Value) -> bool,
    count: usize,
    deadline: Duration,
) -> Result<usize> {
    let mut found: HashSet<String> = HashSet::new();
    let until = tokio::time::Instant::now() + deadline;
    while found.len() < count {
        let events = api.watch(api_version, kind, namespace).await?;
        let mut events = std::pin::pin!(events);
        loop {
            let Ok(event) = timeout_at(until, events.next()).await else {
                return Ok(found.len());
            };
            // The server ends a watch after a while.
            let Some(object) = event.transpose()? else {
                break;
            };
            let name = format!(
                "{}/{}",
                object["metadata"]["namespace"], object["metadata"]["name"]
            );
            if done(&object) {
                found.insert(name);
            } else {
                found.remove(&name);
            }
            if found.len() >= count {
                break;
            }
        }
    }
    Ok(found.len())
}

pub(crate) async fn rollout(
    folder: &Path,
    peer: Peer,
    layout: Layout,
    count: usize,
    deadline: Duration,
) -> Result<Rollout> {
    let mut world = World::start(folder, peer, layout, count).await?;
    let before = measure::requests(&world.api).await?;
    let own_before = world.plane.audited()?.len();
    let mut healthy_after = None;
    let (took, ready, usage) = match peer {
        Peer::Bare => {
            let started = Instant::now();
            let healthy = async {
                let ready = |object: &Value| object["status"]["readyReplicas"] == 1;
                let watched = ("apps/v1", "Deployment", "");
                // The control plane's own work belongs to the sum of requests, so that it must be done.
                count_until(&world.api, watched, ready, count, deadline).await?;
                Ok(started.elapsed())
            };
            let bare_folder = folder.join("peer");
            let sent = peer::bare(&bare_folder, &world.plane, layout, count);
            let ((took, usage), after) = tokio::try_join!(sent, healthy)?;
            healthy_after = Some(after);
            (took, count, usage)
        }
        Peer::Rosin | Peer::Flux => {
            let started = Instant::now();
            let objects = (0..count)
                .map(|index| match layout {
                    Layout::Releases => workload::release_of(index),
                    Layout::Each | Layout::One => {
                        workload::kustomization_of(layout, index, &json!({}))
                    }
                })
                .collect();
            world.create(objects).await?;
            let (took, ready) = world.all_ready(count, started, deadline).await?;
            (took, ready, world.running.usage()?)
        }
    };
    let all = measure::requests(&world.api).await? - before;
    let audited = world.plane.audited()?.split_off(own_before);
    let life = match peer != Peer::Bare && ready == count {
        true => Some(life::measure(&mut world, layout, count, deadline).await?),
        false => None,
    };
    world.plane.stop();
    Ok(Rollout {
        life,
        took,
        healthy: healthy_after,
        ready,
        count,
        peak_memory: usage.peak_memory,
        cpu: usage.cpu,
        own: audited.len() as f64 / count as f64,
        all: all as f64 / count as f64,
        by_kind: measure::by_kind(&audited),
    })
}

/// What waiting costs: a chain of dependencies, and reconciles that change nothing.
pub(crate) struct Steady {
    pub(crate) chain: Duration,
    pub(crate) requested: f64,
    pub(crate) by_interval: f64,
    pub(crate) by_kind: Vec<(usize, String)>,
}

impl fmt::Display for Steady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            chain,
            requested,
            by_interval,
            by_kind,
        } = self;
        write!(
            f,
            "chain {:.1} s; requests of a reconcile without change: {requested:.1} where it was asked for, {by_interval:.1} by interval",
            chain.as_secs_f64()
        )?;
        for (number, request) in by_kind.iter().take(8) {
            write!(f, "\n      {number:5}  {request}")?;
        }
        Ok(())
    }
}

const LINKS: usize = 50;
const INTERVAL: Duration = Duration::from_secs(5);
const INTERVALS: u32 = 4;

pub(crate) async fn steady(folder: &Path, peer: Peer) -> Result<Steady> {
    let mut world = World::start(folder, peer, Layout::Each, LINKS).await?;
    let started = Instant::now();
    let link = |index: usize| {
        let needs = if index == 0 {
            json!([])
        } else {
            json!([{ "name": workload::name(index - 1) }])
        };
        workload::kustomization_of(Layout::Each, index, &json!({ "dependsOn": needs }))
    };
    world.create((0..LINKS).map(link).collect()).await?;
    let (chain, ready) = world
        .all_ready(LINKS, started, Duration::from_secs(300))
        .await?;
    if ready < LINKS {
        bail!(
            "{ready} of {LINKS} links were ready after {:.0} s",
            chain.as_secs_f64()
        );
    }

    let names: Vec<Ref> = (0..LINKS)
        .map(|index| Ref::kustomization(HOME, &workload::name(index)))
        .collect();
    quiet(&world).await?;
    let before = world.plane.audited()?.len();
    for name in &names {
        flux::reconcile(&world.api, name).await?;
    }
    quiet(&world).await?;
    let requested = (world.plane.audited()?.len() - before) as f64 / LINKS as f64;

    let seconds = format!("{}s", INTERVAL.as_secs());
    for name in &names {
        world
            .api
            .merge(name, &json!({ "spec": { "interval": seconds } }), "bench")
            .await?;
    }
    // The change itself is a reconcile; those after it are counted.
    sleep(INTERVAL).await;
    let before = world.plane.audited()?.len();
    sleep(INTERVAL * INTERVALS).await;
    let audited = world.plane.audited()?.split_off(before);
    let by_interval = audited.len() as f64 / (LINKS as f64 * f64::from(INTERVALS));
    world.running.check()?;
    world.plane.stop();
    Ok(Steady {
        chain,
        requested,
        by_interval,
        by_kind: measure::by_kind(&audited),
    })
}

/// Until the peer has asked for nothing for a while.
pub(crate) async fn quiet(world: &World) -> Result<()> {
    let mut last = world.plane.audited_bytes();
    for _ in 0..60 {
        sleep(Duration::from_millis(500)).await;
        let now = world.plane.audited_bytes();
        if now == last {
            return Ok(());
        }
        last = now;
    }
    // A peer that polls is never quiet; its polling is part of what it costs.
    Ok(())
}

async fn appears(api: &Api, object: &Ref) -> Result<()> {
    use rosin_cluster_tests::wait::{Look, until};
    until(object, Duration::from_secs(120), async || {
        Ok(if api.get(object).await?.is_some() {
            Look::Done(())
        } else {
            Look::Waiting("it is not there".into())
        })
    })
    .await
}
