//! `rosin-soak`: many Kustomizations for a long time, with random commits, drift, faults of the API server and of git, and kill -9. In
//! between and at the end all faults stop: then the cluster must equal git, nothing may be left over, and memory must be flat.

mod fleet;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use rosin_cluster_tests::{
    ControlPlane, Controller, Fault, FaultProxy, GitServer, Options, install,
};

use crate::fleet::Fleet;

/// Run many Kustomizations under random faults
#[derive(Parser)]
struct Cli {
    /// How long faults go on
    #[arg(long, default_value_t = 30.0)]
    minutes: f64,
    /// How many Kustomizations
    #[arg(long, default_value_t = 300)]
    count: usize,
    /// The same seed asks for the same commits and faults
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Minutes between two looks at whether everything is as git has it
    #[arg(long, default_value_t = 3.0)]
    round: f64,
    /// Seconds that everything may take to become as git has it once the faults have stopped
    #[arg(long, default_value_t = 300)]
    recovery: u64,
    /// Folder for state and logs
    #[arg(long, default_value = ".demo/soak")]
    dir: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    match soak(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn soak(mut cli: Cli) -> Result<()> {
    cli.dir = std::path::absolute(&cli.dir)?;
    if cli.dir.exists() {
        std::fs::remove_dir_all(&cli.dir)?;
    }
    let options = Options {
        nodes: false,
        ..Options::default()
    };
    let plane = ControlPlane::start(&cli.dir.join("control-plane"), options).await?;
    let api = plane.api().await?;
    install::install(&api).await?;
    let git = GitServer::start(&cli.dir.join("git"))?;
    let proxy = FaultProxy::start(&cli.dir, &plane.kubeconfig()).await?;
    let flags = [
        "--concurrent=20",
        "--min-retry-delay=200ms",
        "--max-retry-delay=5s",
        "--requeue-dependency=2s",
    ];
    let mut controller =
        Controller::start(&cli.dir.join("controller"), proxy.kubeconfig(), &flags)?;
    controller.wait_ready().await?;
    let mut random = StdRng::seed_from_u64(cli.seed);
    let mut fleet = Fleet::deploy(api, &git, cli.count).await?;
    let recovery = Duration::from_secs(cli.recovery);
    let took = fleet.converge(recovery).await?;
    println!(
        "{} Kustomizations are ready after {:.1} s",
        cli.count,
        took.as_secs_f64()
    );

    let end = Instant::now() + Duration::from_secs_f64(cli.minutes * 60.0);
    let mut memory: Vec<u64> = Vec::new();
    let mut done = BTreeMap::new();
    while Instant::now() < end {
        let round = Instant::now() + Duration::from_secs_f64(cli.round * 60.0);
        while Instant::now() < round.min(end) {
            let what = step(&mut random, &mut fleet, &proxy, &git, &mut controller).await?;
            *done.entry(what).or_insert(0usize) += 1;
            let pause = random.random_range(50..1500);
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        proxy.heal();
        git.fail(fleet.repository_name(), None);
        controller.check()?;
        let took = fleet.converge(recovery).await;
        let took = took.with_context(|| controller.last_lines(10))?;
        fleet.check().await?;
        let usage = controller.usage()?;
        let now = resident(controller.pid())?;
        memory.push(now);
        println!(
            "as git has it {:.1} s after the last fault; memory {} MiB (peak {}), {} files open, {:.0} s CPU; so far {done:?}",
            took.as_secs_f64(),
            now >> 20,
            usage.peak_memory >> 20,
            open_files(controller.pid())?,
            usage.cpu.as_secs_f64(),
        );
    }
    // The process may be young: it is killed now and then. What counts is that no round ends far above the others.
    if let (Some(least), Some(most)) = (memory.iter().min(), memory.iter().max()) {
        ensure!(
            *most < least * 2 + (32 << 20),
            "memory is not flat: {memory:?}"
        );
    }
    fleet.remove(recovery).await?;
    println!("all Kustomizations were deleted, and nothing is left of what they had applied");
    Ok(())
}

/// One thing that happens.
async fn step(
    random: &mut StdRng,
    fleet: &mut Fleet,
    proxy: &FaultProxy,
    git: &GitServer,
    controller: &mut Controller,
) -> Result<&'static str> {
    Ok(match random.random_range(0..20) {
        0..=7 => {
            fleet.commit(random).await?;
            "commits"
        }
        8..=10 => {
            fleet.drift(random).await?;
            "drifts"
        }
        11..=15 => {
            let (seed, rate) = (random.random::<u64>(), random.random_range(0.02..0.5));
            let state = std::sync::Mutex::new(StdRng::seed_from_u64(seed));
            proxy.set(move |seen| {
                let mut random = state.lock().ok()?;
                random
                    .random_bool(rate)
                    .then(|| fault(&mut random, seen.is_watch()))
            });
            "storms"
        }
        16 | 17 => {
            proxy.heal();
            "calms"
        }
        18 => {
            let broken = random.random_bool(0.5).then_some(503);
            git.fail(fleet.repository_name(), broken);
            "changes of the git server"
        }
        _ => {
            controller.restart()?;
            "kills"
        }
    })
}

fn fault(random: &mut StdRng, watch: bool) -> Fault {
    match random.random_range(0..9) {
        0 => Fault::Status(429),
        1 => Fault::Status(500),
        2 => Fault::Status(503),
        3 => Fault::Status(504),
        4 => Fault::CutBefore,
        5 => Fault::CutAfter,
        6 => Fault::CutAt(random.random_range(0..2000)),
        7 if watch => Fault::Gone,
        _ => Fault::Delay(Duration::from_millis(random.random_range(0..3000))),
    }
}

/// Bytes of memory that a process has now.
fn resident(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok());
    Ok(kilobytes.context("a process has memory")? << 10)
}

fn open_files(pid: u32) -> Result<usize> {
    Ok(std::fs::read_dir(format!("/proc/{pid}/fd"))?.count())
}
