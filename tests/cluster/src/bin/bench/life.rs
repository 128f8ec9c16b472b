//! What a fleet costs once it is rolled out: while nothing happens, when one of many changes, when somebody interferes, and when the
//! controller starts again.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use rosin_cluster_tests::api::Ref;
use rosin_cluster_tests::flux;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::Layout;
use crate::peer::Running;
use crate::run::{World, count_until, quiet};
use crate::workload::{self, HOME};

/// How long it is left alone.
const IDLE: Duration = Duration::from_secs(30);
/// Of so many corrections the one in the middle counts.
const DRIFTS: usize = 5;
/// Nobody asks anything for so long once all is looked at.
const SETTLED: Duration = Duration::from_secs(2);

pub(crate) struct Life {
    /// A minute.
    pub(crate) idle_requests: f64,
    /// Of one core.
    pub(crate) idle_cpu: f64,
    /// From the request after a push to the changed object, and to all being ready at the new revision.
    pub(crate) live: Duration,
    pub(crate) moved: Duration,
    pub(crate) moved_requests: f64,
    /// Only of those that do not wait for the interval.
    pub(crate) drift: Option<Duration>,
    pub(crate) restart: Option<Restart>,
    pub(crate) peak_memory: u64,
}

pub(crate) struct Restart {
    pub(crate) ready: Duration,
    pub(crate) settled: Duration,
    pub(crate) requests: f64,
}

impl fmt::Display for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "  idle: {:.1} requests a minute, {:.1} % of a core; a commit for one: live after {:.2} s, all ready after {:.2} s, {:.2} requests each",
            self.idle_requests,
            self.idle_cpu * 100.0,
            self.live.as_secs_f64(),
            self.moved.as_secs_f64(),
            self.moved_requests,
        )?;
        if let Some(drift) = self.drift {
            write!(f, "; drift corrected after {} ms", drift.as_millis())?;
        }
        if let Some(restart) = &self.restart {
            write!(
                f,
                "; ready {} ms after a kill, settled after {:.1} s and {:.1} requests each",
                restart.ready.as_millis(),
                restart.settled.as_secs_f64(),
                restart.requests,
            )?;
        }
        write!(f, "; {} MiB", self.peak_memory >> 20)
    }
}

pub(crate) async fn measure(
    world: &mut World,
    layout: Layout,
    count: usize,
    deadline: Duration,
) -> Result<Life> {
    quiet(world).await?;
    let (before, cpu) = (world.plane.audited()?.len(), world.running.usage()?.cpu);
    sleep(IDLE).await;
    let idle = world.plane.audited()?.len() - before;
    let idle_cpu = world.running.usage()?.cpu.saturating_sub(cpu);

    let config = Ref::config_map(&workload::namespace(layout, 0), &workload::name(0));
    workload::write_app(&world.repository, 0, "changed")?;
    world.commit = world.repository.push("one app")?;
    let before = world.plane.audited()?.len();
    let started = Instant::now();
    let live = {
        let (api, config) = (world.api.clone(), config.clone());
        tokio::spawn(async move {
            until_mode(&api, &config, "changed", deadline).await?;
            anyhow::Ok(started.elapsed())
        })
    };
    flux::request(&world.api, &Ref::git_repository(HOME, HOME)).await?;
    let (moved, ready) = world.all_ready(count, started, deadline).await?;
    if ready < count {
        bail!("{ready} of {count} were ready at the new revision when the time was up");
    }
    let live = live.await??;
    quiet(world).await?;
    let moved_requests = (world.plane.audited()?.len() - before) as f64 / count as f64;

    let drift = match world.running {
        Running::Rosin(_) => Some(drift(world, &config).await?),
        _ => None,
    };
    let peak_memory = world.running.usage()?.peak_memory;
    let restart = restart(world, count).await?;
    Ok(Life {
        idle_requests: idle as f64 * 60.0 / IDLE.as_secs_f64(),
        idle_cpu: idle_cpu.as_secs_f64() / IDLE.as_secs_f64(),
        live,
        moved,
        moved_requests,
        drift,
        restart,
        peak_memory,
    })
}

/// Until the ConfigMap has this word.
async fn until_mode(
    api: &rosin_cluster_tests::Api,
    config: &Ref,
    mode: &str,
    deadline: Duration,
) -> Result<()> {
    let name = config.name.clone();
    let mode = mode.to_owned();
    let done = move |object: &Value| {
        object["metadata"]["name"] == name.as_str() && object["data"]["mode"] == mode.as_str()
    };
    let watched = (
        "v1",
        "ConfigMap",
        config.namespace.as_deref().unwrap_or_default(),
    );
    match count_until(api, watched, done, 1, deadline).await? {
        0 => bail!("the ConfigMap did not change"),
        _ => Ok(()),
    }
}

async fn drift(world: &World, config: &Ref) -> Result<Duration> {
    let mut all = Vec::new();
    for _ in 0..DRIFTS {
        let theirs = json!({ "data": { "mode": "theirs" } });
        let started = Instant::now();
        world.api.merge(config, &theirs, "somebody").await?;
        until_mode(&world.api, config, "changed", Duration::from_secs(60)).await?;
        all.push(started.elapsed());
    }
    all.sort();
    Ok(all[DRIFTS / 2])
}

async fn restart(world: &mut World, count: usize) -> Result<Option<Restart>> {
    quiet(world).await?;
    let before = world.plane.audited()?.len();
    let started = Instant::now();
    let Some(ready) = world.running.restart().await? else {
        return Ok(None);
    };
    let (mut last, mut moved) = (world.plane.audited_bytes(), started.elapsed());
    while started.elapsed().saturating_sub(moved) < SETTLED {
        sleep(Duration::from_millis(50)).await;
        let now = world.plane.audited_bytes();
        if now != last {
            (last, moved) = (now, started.elapsed());
        }
    }
    Ok(Some(Restart {
        ready,
        settled: moved,
        requests: (world.plane.audited()?.len() - before) as f64 / count as f64,
    }))
}
