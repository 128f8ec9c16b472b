//! `rosin-testenv`: a real control plane for people and scripts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use rosin_cluster_tests::control_plane::{ControlPlane, Options, stop_detached};

/// Start and stop a Kubernetes control plane on loopback (build its programs first: tests/tools/build)
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Start one that stays, and print how to reach it
    Up(Where),
    /// Stop the one in this folder
    Down {
        /// Folder of its state and logs
        #[arg(long, default_value = ".demo/control-plane")]
        dir: PathBuf,
    },
    /// Start one, run a command with KUBECONFIG set, and stop it again
    Run {
        #[command(flatten)]
        place: Where,
        /// The command and its arguments
        #[arg(last = true, required = true)]
        command: Vec<String>,
    },
}

#[derive(Args)]
struct Where {
    /// Folder for its state and logs; emptied at the start
    #[arg(long, default_value = ".demo/control-plane")]
    dir: PathBuf,
    /// Neither scheduler nor fake node: pods stay pending, for who plays the kubelet
    #[arg(long)]
    without_nodes: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    run().await.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

async fn run() -> Result<ExitCode> {
    match Cli::parse().command {
        Action::Up(place) => {
            down(&place.dir)?;
            let plane = start(&place, true).await?;
            let pids: Vec<String> = plane.pids().map(|pid| pid.to_string()).collect();
            fs::write(plane.folder().join("pids"), pids.join("\n"))?;
            println!("export KUBECONFIG={}", plane.kubeconfig().display());
            Ok(ExitCode::SUCCESS)
        }
        Action::Down { dir } => {
            down(&dir)?;
            Ok(ExitCode::SUCCESS)
        }
        Action::Run { place, command } => {
            let plane = start(&place, false).await?;
            let (program, arguments) = command.split_first().context("no command")?;
            let status = Command::new(program)
                .args(arguments)
                .env("KUBECONFIG", plane.kubeconfig())
                .status();
            let status = status.with_context(|| format!("starting {program}"))?;
            plane.stop();
            Ok(status
                .code()
                .and_then(|code| u8::try_from(code).ok())
                .map_or(ExitCode::FAILURE, ExitCode::from))
        }
    }
}

async fn start(place: &Where, detached: bool) -> Result<ControlPlane> {
    let started = Instant::now();
    let plane = ControlPlane::start(
        &place.dir,
        Options {
            nodes: !place.without_nodes,
            detached,
            ..Options::default()
        },
    )
    .await?;
    eprintln!(
        "control plane: ready in {:.1} s at {}",
        started.elapsed().as_secs_f64(),
        plane.server()
    );
    Ok(plane)
}

fn down(folder: &Path) -> Result<()> {
    let pids = folder.join("pids");
    let Ok(text) = fs::read_to_string(&pids) else {
        return Ok(());
    };
    stop_detached(text.lines().filter_map(|line| line.parse().ok()));
    fs::remove_file(&pids)?;
    Ok(())
}
