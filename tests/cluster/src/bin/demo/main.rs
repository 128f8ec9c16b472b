//! `rosin-demo`: the main job, shown on the example fleet: from a git repository to a live cluster, a commit that goes live, drift
//! that is corrected, a mistake that is explained.

mod acts;
mod servers;
mod stage;
mod terminal;
mod tree;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use clap::Parser;
use rosin_cluster_tests::paths;

use crate::stage::{Places, Stage};
use crate::terminal::Terminal;

/// Deploy the example fleet with rosin and show what it does
#[derive(Parser)]
struct Cli {
    /// Leave everything running, and print how to reach it
    #[arg(long)]
    keep: bool,
    /// Stop what an earlier run with --keep left
    #[arg(long)]
    stop: bool,
    /// The cluster to use; without it, a control plane is started for the demo
    #[arg(long, env = "KUBECONFIG")]
    kubeconfig: Option<PathBuf>,
    /// Folder for state and logs
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Only serve the repositories of that folder on these ports: git, charts, OCI
    #[arg(long, hide = true, num_args = 3)]
    serve: Vec<u16>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let terminal = Terminal::new();
    match run(cli, &terminal) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal.failure(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(cli: Cli, terminal: &Terminal) -> Result<()> {
    let folder = cli.dir.unwrap_or_else(|| paths::repository().join(".demo"));
    let places = Places::new(folder);
    if let [git, charts, registry] = cli.serve[..] {
        let ports = servers::Ports {
            git,
            charts,
            registry,
        };
        return servers::serve(&places.repositories, ports).await;
    }
    stage::stop_kept(&places)?;
    if cli.stop {
        return Ok(());
    }
    let started = Instant::now();
    let shown = async {
        let mut stage = Stage::set(
            &places,
            cli.kubeconfig.filter(|path| !path.as_os_str().is_empty()),
            cli.keep,
            terminal,
        )
        .await?;
        let shown = acts::play(&mut stage, terminal).await;
        match shown {
            // What the controller said last explains more than a deadline that passed.
            Err(error) => Err(error.context(format!(
                "the controller's log ends with:\n{}\n",
                stage.controller.last_lines(8)
            ))),
            Ok(()) => stage.finish(cli.keep, &places, terminal).await,
        }
    };
    tokio::select! {
        shown = shown => shown?,
        _ = tokio::signal::ctrl_c() => anyhow::bail!("interrupted"),
    }
    terminal.line(&format!(
        "The demo took {:.0} s.",
        started.elapsed().as_secs_f64()
    ));
    Ok(())
}
