//! Work on what strangers wrote, in a process of its own with limits: it may be made to take minutes and gigabytes, and then that process
//! ends, not this one.

use std::{
    ffi::OsStr,
    io::Read,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Context, Result};
use clap::Args;
use rustix::process::{Resource, Rlimit, nice, setrlimit};
use tokio::{io::AsyncWriteExt, process::Command};

/// On a machine where many wait for the processor.
const TIME: Duration = Duration::from_secs(300);
/// Of what the child says.
const MESSAGE: usize = 4000;
/// By this the parent tells faults of the input from others.
const REFUSED: i32 = 65;

/// What a child may use.
#[derive(Clone, Copy, Debug, Args)]
pub struct Limits {
    /// Most memory, in MiB
    #[arg(long)]
    pub memory: u64,

    /// Most time of the processor, in seconds
    #[arg(long)]
    pub seconds: u64,
}

/// In the child: limits itself, and gives its standard input.
pub(super) fn begin(limits: Limits) -> Result<Vec<u8>> {
    limit(Resource::As, limits.memory << 20)?;
    limit(Resource::Cpu, limits.seconds)?;
    // Whoever renders goes first.
    let _ = nice(10);
    let mut input = Vec::new();
    std::io::stdin().lock().read_to_end(&mut input)?;
    Ok(input)
}

/// In the child: the input is at fault.
pub(super) fn refuse(why: &dyn std::fmt::Display) -> ! {
    eprintln!("{why}");
    std::process::exit(REFUSED)
}

fn limit(resource: Resource, most: u64) -> Result<()> {
    let limit = Rlimit {
        current: Some(most),
        maximum: Some(most),
    };
    setrlimit(resource, limit).with_context(|| format!("limiting {resource:?}"))
}

/// Why a child did not do its work.
pub(super) enum Failed {
    /// The input is at fault, and will be at the next attempt.
    Input(String),
    Host(String),
}

/// In the parent: runs a hidden command of this program. `doing` is for messages.
pub(super) async fn run(
    doing: &str,
    command: &str,
    args: &[&OsStr],
    limits: Limits,
    input: &[u8],
) -> Result<(), Failed> {
    let host = |error: std::io::Error| {
        tracing::error!(%error, command, "a process could not be run");
        Failed::Host(format!("the process for {doing} could not be run"))
    };
    let program = std::env::current_exe().map_err(host)?;
    let mut child = Command::new(program)
        .arg(command)
        .args(args)
        .arg(format!("--memory={}", limits.memory))
        .arg(format!("--seconds={}", limits.seconds))
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(host)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A child that ended before it read everything says why by how it ended.
        let _ = stdin.write_all(input).await;
    }
    let ended = tokio::time::timeout(TIME, child.wait_with_output()).await;
    let output = ended
        .map_err(|_| Failed::Host(format!("{doing} took more than {TIME:?}")))?
        .map_err(host)?;
    let said = String::from_utf8_lossy(&output.stderr);
    verdict(doing, output.status, said.trim(), limits)
}

fn verdict(doing: &str, status: ExitStatus, said: &str, limits: Limits) -> Result<(), Failed> {
    let said: String = said.chars().take(MESSAGE).collect();
    match status.code() {
        Some(0) => Ok(()),
        Some(REFUSED) => Err(Failed::Input(said)),
        Some(_) => {
            tracing::error!(said, "{doing} failed");
            Err(Failed::Host(format!("the process for {doing} failed")))
        }
        None => Err(Failed::Input(format!(
            "{doing} needs more than {} s of processor time or {} MiB of memory",
            limits.seconds, limits.memory
        ))),
    }
}
