//! `rosin-bench`: many Kustomizations, or HelmReleases, of one small app each, by rosin, by Flux's controllers and by a bare client that sends the same
//! server-side applies and nothing else: the floor that no controller can beat. All on the same machine, one after the other.

mod bare;
mod life;
mod measure;
mod peer;
mod report;
mod run;
mod workload;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::{Parser, ValueEnum};

/// Compare rosin with a bare client and with Flux's controllers
#[derive(Parser)]
struct Cli {
    /// How many Kustomizations or HelmReleases; may be repeated
    #[arg(long = "count", default_values_t = [100, 300, 1000])]
    counts: Vec<usize>,
    /// Who does the work; may be repeated
    #[arg(long = "peer", value_enum, default_values_t = [Peer::Bare, Peer::Rosin, Peer::Flux])]
    peers: Vec<Peer>,
    /// A namespace for each Kustomization, or one for all, or HelmReleases of one chart; may be repeated
    #[arg(long = "layout", value_enum, default_values_t = [Layout::Each, Layout::One, Layout::Releases])]
    layouts: Vec<Layout>,
    /// Seconds after which a run is given up
    #[arg(long, default_value_t = 600)]
    deadline: u64,
    /// Folder for state, logs and results
    #[arg(long, default_value = ".demo/bench")]
    dir: PathBuf,
    /// Only apply the objects of so many apps and say how long it took
    #[arg(long, hide = true)]
    bare_client: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Peer {
    Bare,
    Rosin,
    Flux,
}

impl Peer {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare client",
            Self::Rosin => "rosin",
            Self::Flux => "Flux",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Layout {
    Each,
    One,
    /// HelmReleases instead of Kustomizations, with a namespace each.
    Releases,
}

impl Layout {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Each => "a namespace each",
            Self::One => "one namespace",
            Self::Releases => "HelmReleases, a namespace each",
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let result = async {
        let cli = Cli::parse();
        match cli.bare_client {
            Some(count) => {
                bare::client(count, cli.layouts.first().copied().unwrap_or(Layout::Each)).await
            }
            None => compare(cli).await,
        }
    };
    match result.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn compare(mut cli: Cli) -> Result<()> {
    // Servers are told where things are and run elsewhere.
    cli.dir = std::path::absolute(&cli.dir)?;
    let deadline = Duration::from_secs(cli.deadline);
    let mut report = report::Report::default();
    for &layout in &cli.layouts {
        for &count in &cli.counts {
            for &peer in &cli.peers {
                if (layout, peer) == (Layout::Releases, Peer::Flux) {
                    // Its helm-controller is not among the tools.
                    continue;
                }
                println!("{}: {count} apps, {} …", peer.name(), layout.name());
                let result = run::rollout(&cli.dir, peer, layout, count, deadline).await?;
                println!("  {result}");
                report.add(peer, layout, count, result);
            }
        }
    }
    for &peer in cli.peers.iter().filter(|peer| **peer != Peer::Bare) {
        println!(
            "{}: a chain of 50 dependsOn, and reconciles without change …",
            peer.name()
        );
        let result = run::steady(&cli.dir, peer).await?;
        println!("  {result}");
        report.steady(peer, result);
    }
    report.print();
    Ok(())
}
