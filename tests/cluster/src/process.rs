//! Programs in the background: each in a process group of its own, with its output in a file, and gone when its value is dropped
//! or when this process dies, however it dies.

use std::fs::{self, File};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::sync::{LazyLock, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use rustix::process::{Pid, Signal, kill_process_group};

/// How long a program may take to stop by itself before it is killed.
const GRACE: Duration = Duration::from_secs(10);

/// A program in the background.
pub struct Background {
    name: String,
    log: PathBuf,
    child: Child,
    ended: Option<ExitStatus>,
    kept: bool,
}

/// Whether a program ends with this process.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    Owned,
    /// It survives this process once [`Background::keep`] was called; its process group is known by [`Background::pid`].
    Detached,
}

impl Background {
    /// Starts `command` with its output appended to `log`.
    pub fn start(name: &str, command: &Command, log: &Path, lifetime: Lifetime) -> Result<Self> {
        let output = File::options()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| format!("opening the log {}", log.display()))?;
        let mut command = match lifetime {
            Lifetime::Owned => dying_with_us(command),
            Lifetime::Detached => copy(command, Command::new(command.get_program())),
        };
        command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .process_group(0);
        let child = spawn(command).with_context(|| format!("starting {name}"))?;
        Ok(Self {
            name: name.to_owned(),
            log: log.to_owned(),
            child,
            ended: None,
            kept: false,
        })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// From now on, dropping this value leaves the program running.
    pub fn keep(&mut self) {
        self.kept = true;
    }

    pub fn log(&self) -> &Path {
        &self.log
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().ok().flatten();
        }
        self.ended
    }

    /// An error, with the end of its log, when it runs no longer.
    pub fn check(&mut self) -> Result<()> {
        let Some(status) = self.ended() else {
            return Ok(());
        };
        let how = match (status.code(), status.signal()) {
            (Some(code), _) => format!("exit code {code}"),
            (None, signal) => format!("signal {}", signal.unwrap_or_default()),
        };
        Err(anyhow!(
            "{} ended with {how}; the last lines of {}:\n{}",
            self.name,
            self.log.display(),
            self.last_lines(15)
        ))
    }

    pub fn last_lines(&self, count: usize) -> String {
        last_lines(&self.log, count)
    }

    /// `kill -9`: no chance to tidy up.
    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
        let _ = self.child.wait().map(|status| self.ended = Some(status));
    }

    /// Asks it to end, and kills it when it does not. Says whether it ended by itself.
    pub fn stop(&mut self) -> bool {
        if self.ended().is_some() {
            return true;
        }
        self.signal(Signal::TERM);
        let deadline = Instant::now() + GRACE;
        while Instant::now() < deadline {
            if self.ended().is_some() {
                return true;
            }
            thread::sleep(Duration::from_millis(20));
        }
        self.kill();
        false
    }

    /// Peak resident memory in bytes and CPU time so far, from `/proc`.
    pub fn usage(&self) -> Result<Usage> {
        usage(self.pid())
    }

    fn signal(&mut self, signal: Signal) {
        if self.ended().is_none()
            && let Some(pid) = i32::try_from(self.pid()).ok().and_then(Pid::from_raw)
        {
            // It may have ended in this moment, which is what was wanted.
            let _ = kill_process_group(pid, signal);
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if !self.kept {
            self.signal(Signal::KILL);
            let _ = self.child.wait();
        }
    }
}

/// What a process used so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    pub peak_memory: u64,
    pub cpu: Duration,
}

fn usage(pid: u32) -> Result<Usage> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap_or_default();
    let kib: u64 = peak
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .context("VmHWM")?;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in parentheses may hold spaces; utime and stime are fields 14 and 15 in ticks, which Linux has fixed at 100 Hz.
    let fields: Vec<&str> = stat
        .rsplit_once(')')
        .map_or("", |(_, rest)| rest)
        .split_whitespace()
        .collect();
    let ticks = |index: usize| {
        fields
            .get(index)
            .and_then(|field| field.parse::<u64>().ok())
            .unwrap_or_default()
    };
    Ok(Usage {
        peak_memory: kib * 1024,
        cpu: Duration::from_millis((ticks(11) + ticks(12)) * 10),
    })
}

/// Kills a process group that another process started, see [`Lifetime::Detached`].
pub fn kill_group(pid: u32, signal: Signal) -> bool {
    i32::try_from(pid)
        .ok()
        .and_then(Pid::from_raw)
        .is_some_and(|pid| kill_process_group(pid, signal).is_ok())
}

pub fn last_lines(file: &Path, count: usize) -> String {
    let text = fs::read(file).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..]
        .iter()
        .map(|line| format!("    {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// `drop` does not run after SIGKILL or an abort. The kernel's parent-death signal does; util-linux' `setpriv` sets it without
/// unsafe code here. It is essential on Debian; where it is missing, only `drop` protects from orphans.
fn dying_with_us(command: &Command) -> Command {
    static SETPRIV: LazyLock<bool> = LazyLock::new(|| {
        Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "true"])
            .output()
            .is_ok_and(|o| o.status.success())
    });
    if !*SETPRIV {
        return copy(command, Command::new(command.get_program()));
    }
    let mut wrapped = Command::new("setpriv");
    wrapped
        .args(["--pdeathsig", "KILL", "--"])
        .arg(command.get_program());
    copy(command, wrapped)
}

fn copy(from: &Command, mut to: Command) -> Command {
    to.args(from.get_args());
    for (name, value) in from.get_envs() {
        match value {
            Some(value) => to.env(name, value),
            None => to.env_remove(name),
        };
    }
    if let Some(folder) = from.get_current_dir() {
        to.current_dir(folder);
    }
    to
}

/// The parent-death signal is sent when the *thread* that started a program ends, so that one thread, which ends with the process,
/// starts them all.
fn spawn(command: Command) -> Result<Child> {
    type Request = (Command, mpsc::Sender<std::io::Result<Child>>);
    static SPAWNER: LazyLock<Mutex<mpsc::Sender<Request>>> = LazyLock::new(|| {
        let (sender, requests) = mpsc::channel::<Request>();
        thread::spawn(move || {
            for (mut command, answer) in requests {
                let _ = answer.send(command.spawn());
            }
        });
        Mutex::new(sender)
    });
    let (answer, child) = mpsc::channel();
    SPAWNER
        .lock()
        .map_err(|_| anyhow!("the spawning thread is gone"))?
        .send((command, answer))?;
    Ok(child.recv()??)
}
