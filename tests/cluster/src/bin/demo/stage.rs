//! What the demo plays on: a cluster, a git server with the fleet, the controller.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rosin_cluster_tests::control_plane::{ControlPlane, Options, free_ports, stop_detached};
use rosin_cluster_tests::process::{Background, Lifetime};
use rosin_cluster_tests::wait::{Look, until};
use rosin_cluster_tests::{Api, Controller, Repository, install, paths};

use crate::servers::{self, Ports};
use crate::terminal::Terminal;

pub(crate) struct Places {
    control_plane: PathBuf,
    controller: PathBuf,
    pub(crate) repositories: PathBuf,
    pids: PathBuf,
}

impl Places {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self {
            control_plane: folder.join("control-plane"),
            controller: folder.join("controller"),
            repositories: folder.join("git"),
            pids: folder.join("pids"),
        }
    }
}

pub(crate) struct Stage {
    control_plane: Option<ControlPlane>,
    git: Background,
    pub(crate) controller: Controller,
    pub(crate) fleet: Repository,
    pub(crate) api: Api,
    kubeconfig: PathBuf,
}

impl Stage {
    pub(crate) async fn set(
        places: &Places,
        kubeconfig: Option<PathBuf>,
        keep: bool,
        terminal: &Terminal,
    ) -> Result<Self> {
        terminal.act("Setting the stage");
        for folder in [&places.controller, &places.repositories] {
            if folder.exists() {
                fs::remove_dir_all(folder)
                    .with_context(|| format!("emptying {}", folder.display()))?;
            }
            fs::create_dir_all(folder)?;
        }
        let started = Instant::now();
        let lifetime = if keep {
            Lifetime::Detached
        } else {
            Lifetime::Owned
        };
        let (control_plane, kubeconfig) = match kubeconfig {
            Some(kubeconfig) => {
                terminal.line(&format!("using the cluster of {}", kubeconfig.display()));
                (None, kubeconfig)
            }
            None => {
                let plane = ControlPlane::start(
                    &places.control_plane,
                    Options {
                        nodes: true,
                        detached: keep,
                        ..Options::default()
                    },
                )
                .await?;
                let kubeconfig = plane.kubeconfig();
                terminal.success(
                    "Kubernetes control plane with a fake node",
                    started.elapsed(),
                );
                (Some(plane), kubeconfig)
            }
        };
        let api = Api::connect(&kubeconfig).await?;

        let started = Instant::now();
        let (git, fleet, ports) = serve_fleet(places, lifetime).await?;
        terminal.success(
            &format!(
                "git server with the example fleet: {}; a Helm repository and an OCI registry beside it",
                fleet.url()
            ),
            started.elapsed(),
        );

        let started = Instant::now();
        let count = install::install(&api).await?;
        terminal.success(
            &format!("{count} objects of deploy/ installed"),
            started.elapsed(),
        );

        servers::announce(&api, &places.repositories, ports).await?;

        let started = Instant::now();
        let mut controller = Controller::start_as(
            &places.controller,
            &kubeconfig,
            &["--log-encoding=json"],
            lifetime,
        )?;
        controller.wait_ready().await?;
        terminal.success("rosin controller", started.elapsed());
        Ok(Self {
            control_plane,
            git,
            controller,
            fleet,
            api,
            kubeconfig,
        })
    }

    /// Says how to reach what is kept, or stops it.
    pub(crate) async fn finish(
        mut self,
        keep: bool,
        places: &Places,
        terminal: &Terminal,
    ) -> Result<()> {
        if !keep {
            if !self.controller.stop() {
                anyhow::bail!("the controller did not stop when it was asked to");
            }
            return Ok(());
        }
        self.git.keep();
        self.controller.keep();
        let mut pids: Vec<u32> = self
            .control_plane
            .iter()
            .flat_map(ControlPlane::pids)
            .collect();
        pids.extend([self.git.pid(), self.controller.pid()]);
        fs::write(
            &places.pids,
            pids.iter()
                .map(u32::to_string)
                .collect::<Vec<_>>()
                .join("\n"),
        )?;
        let kubectl = paths::tool("kubectl")
            .map_or_else(|_| "kubectl".to_owned(), |path| path.display().to_string());
        terminal.act("Everything stays");
        terminal.line(&format!("export KUBECONFIG={}", self.kubeconfig.display()));
        terminal.line(&format!(
            "{kubectl} get gitrepositories,kustomizations,helmreleases -A"
        ));
        terminal.line(&format!("{kubectl} get all -n shop"));
        terminal.line(&format!("git clone {}", self.fleet.url()));
        terminal.line(&format!(
            "log of the controller: {}",
            self.controller.log().display()
        ));
        terminal.line("make demo-stop ends it");
        Ok(())
    }
}

async fn serve_fleet(
    places: &Places,
    lifetime: Lifetime,
) -> Result<(Background, Repository, Ports)> {
    let [port, charts, registry] = free_ports()?;
    let ports = Ports {
        git: port,
        charts,
        registry,
    };
    let fleet = Repository::create_in(
        &places.repositories,
        "fleet",
        format!("http://127.0.0.1:{port}/fleet.git"),
    )?;
    fleet.copy_from(&paths::repository().join("examples/fleet"))?;
    fleet.push("Deploy the shop")?;
    let mut command = Command::new(std::env::current_exe()?);
    let folder = places.repositories.parent().unwrap_or(Path::new("."));
    command
        .arg("--serve")
        .args([port, charts, registry].map(|port| port.to_string()))
        .arg("--dir")
        .arg(folder);
    let mut git = Background::start(
        "the servers of the fleet",
        &command,
        &places.repositories.join("server.log"),
        lifetime,
    )?;
    until("the git server", Duration::from_secs(20), async || {
        git.check()?;
        let listed = fleet.git(&["ls-remote", fleet.url(), "main"]);
        Ok(listed.map_or_else(
            |error| Look::Waiting(format!("{error:#}")),
            |_| Look::Done(()),
        ))
    })
    .await?;
    Ok((git, fleet, ports))
}

/// Stops what a run with `--keep` left.
pub(crate) fn stop_kept(places: &Places) -> Result<()> {
    let Ok(text) = fs::read_to_string(&places.pids) else {
        return Ok(());
    };
    stop_detached(text.lines().filter_map(|line| line.parse().ok()));
    fs::remove_file(&places.pids)?;
    Ok(())
}
