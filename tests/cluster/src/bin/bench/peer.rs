//! Those that are compared, as processes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rosin_cluster_tests::control_plane::ControlPlane;
use rosin_cluster_tests::flux_controllers::{self, FluxControllers};
use rosin_cluster_tests::process::{Background, Lifetime, Usage};
use rosin_cluster_tests::wait::{Look, until};
use rosin_cluster_tests::{Api, Controller, install};

use crate::{Layout, Peer};

/// The processes of a peer.
pub(crate) enum Running {
    Nothing,
    Rosin(Box<Controller>),
    Flux(Vec<Background>),
}

impl Running {
    /// Sums over its processes.
    pub(crate) fn usage(&self) -> Result<Usage> {
        let processes = match self {
            Self::Nothing => return Ok(Usage::default()),
            Self::Rosin(controller) => return controller.usage(),
            Self::Flux(processes) => processes,
        };
        processes.iter().try_fold(Usage::default(), |sum, process| {
            let usage = process.usage()?;
            Ok(Usage {
                peak_memory: sum.peak_memory + usage.peak_memory,
                cpu: sum.cpu + usage.cpu,
            })
        })
    }

    pub(crate) fn check(&mut self) -> Result<()> {
        match self {
            Self::Nothing => Ok(()),
            Self::Rosin(controller) => controller.check(),
            Self::Flux(processes) => processes.iter_mut().try_for_each(Background::check),
        }
    }

    /// Kills it and starts it again; how long until it says that it is ready. Nothing for those that are not measured so.
    pub(crate) async fn restart(&mut self) -> Result<Option<Duration>> {
        let Self::Rosin(controller) = self else {
            return Ok(None);
        };
        controller.kill();
        let started = Instant::now();
        controller.restart()?;
        controller.wait_ready().await?;
        Ok(Some(started.elapsed()))
    }
}

/// The definitions that a peer brings along.
pub(crate) async fn define(peer: Peer, api: &Api) -> Result<()> {
    match peer {
        Peer::Bare => Ok(()),
        Peer::Rosin => install::install(api).await.map(drop),
        Peer::Flux => flux_controllers::define(api).await,
    }
}

/// Starts a controller, and waits until it is ready. Both get the same room: twenty objects side by side, no throttling of requests.
pub(crate) async fn start(peer: Peer, folder: &Path, plane: &ControlPlane) -> Result<Running> {
    let kubeconfig = plane.controller_kubeconfig();
    match peer {
        Peer::Bare => Ok(Running::Nothing),
        Peer::Rosin => {
            let mut controller = Controller::start(
                folder,
                &kubeconfig,
                &["--concurrent=20", "--requeue-dependency=2s"],
            )?;
            controller.wait_ready().await?;
            Ok(Running::Rosin(Box::new(controller)))
        }
        Peer::Flux => {
            let more = ["--requeue-dependency=2s", "--log-level=error"];
            let flux = FluxControllers::start(folder, &kubeconfig, &more).await?;
            Ok(Running::Flux(flux.into_processes()))
        }
    }
}

/// Runs the bare client to its end: how long it took, and what it used.
pub(crate) async fn bare(
    folder: &Path,
    plane: &ControlPlane,
    layout: Layout,
    count: usize,
) -> Result<(Duration, Usage)> {
    fs::create_dir_all(folder)?;
    let log: PathBuf = folder.join("bare-client.log");
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(format!("--bare-client={count}"));
    command.arg(format!(
        "--layout={}",
        match layout {
            Layout::Each | Layout::Releases => "each",
            Layout::One => "one",
        }
    ));
    command.env("KUBECONFIG", plane.controller_kubeconfig());
    let mut process = Background::start("the bare client", &command, &log, Lifetime::Owned)?;
    let took: f64 = until("the bare client", Duration::from_secs(600), async || {
        process.check()?;
        let text = fs::read_to_string(&log)?;
        Ok(if text.ends_with('\n') {
            Look::Done(text)
        } else {
            Look::Waiting("it works".into())
        })
    })
    .await?
    .trim()
    .parse()
    .context("the bare client's time")?;
    Ok((Duration::from_secs_f64(took), process.usage()?))
}
