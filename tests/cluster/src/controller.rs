//! The program under test, as a process that a test can kill and start again.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::control_plane::free_ports;
use crate::paths;
use crate::process::{Background, Lifetime, Usage};
use crate::wait::{Look, until};

/// A `rosin controller` with a storage folder and ports of its own. It is killed when dropped.
pub struct Controller {
    command: Command,
    process: Background,
    log: PathBuf,
    metrics: u16,
    health: u16,
}

impl Controller {
    /// Starts it with `flags` besides those that say where it stores, listens and finds the cluster. Storage stays in `folder`
    /// from one start to the next.
    pub fn start(folder: &Path, kubeconfig: &Path, flags: &[&str]) -> Result<Self> {
        Self::start_as(folder, kubeconfig, flags, Lifetime::Owned)
    }

    pub fn start_as(
        folder: &Path,
        kubeconfig: &Path,
        flags: &[&str],
        lifetime: Lifetime,
    ) -> Result<Self> {
        let command = Command::new(paths::rosin()?);
        Self::run(command, folder, kubeconfig, flags, lifetime)
    }

    /// Writes beyond so many KiB of a file fail, as they do on a full disk; what the limit does is the kernel's doing.
    pub fn start_with_small_files(
        folder: &Path,
        kubeconfig: &Path,
        flags: &[&str],
        kibibytes: u32,
    ) -> Result<Self> {
        let mut command = Command::new("bash");
        // A process that ignores the signal gets the error.
        let script = format!("trap '' XFSZ; ulimit -f {kibibytes}; exec \"$0\" \"$@\"");
        command.arg("-c").arg(script).arg(paths::rosin()?);
        Self::run(command, folder, kubeconfig, flags, Lifetime::Owned)
    }

    fn run(
        mut command: Command,
        folder: &Path,
        kubeconfig: &Path,
        flags: &[&str],
        lifetime: Lifetime,
    ) -> Result<Self> {
        let storage = folder.join("storage");
        std::fs::create_dir_all(&storage)?;
        let [artifacts, metrics, health] = free_ports()?;
        command
            .arg("controller")
            .arg(format!("--storage-path={}", storage.display()))
            .arg(format!("--storage-addr=127.0.0.1:{artifacts}"))
            .arg(format!("--storage-adv-addr=127.0.0.1:{artifacts}"))
            .arg(format!("--metrics-addr=127.0.0.1:{metrics}"))
            .arg(format!("--health-addr=127.0.0.1:{health}"))
            .args(flags)
            .env("KUBECONFIG", kubeconfig)
            .env("RUNTIME_NAMESPACE", "flux-system");
        let log = folder.join("controller.log");
        let process = Background::start("rosin controller", &command, &log, lifetime)?;
        Ok(Self {
            command,
            process,
            log,
            metrics,
            health,
        })
    }

    /// From now on, dropping this value leaves it running.
    pub fn keep(&mut self) {
        self.process.keep();
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Asks it to end; says whether it did so in time.
    pub fn stop(&mut self) -> bool {
        self.process.stop()
    }

    /// Starts it again with the same flags, ports and storage.
    pub fn restart(&mut self) -> Result<()> {
        self.process.kill();
        self.process = Background::start(
            "rosin controller",
            &self.command,
            &self.log,
            Lifetime::Owned,
        )?;
        Ok(())
    }

    /// Waits until it says that it is ready.
    pub async fn wait_ready(&mut self) -> Result<()> {
        let health = self.health;
        let process = &mut self.process;
        until(
            "the controller to be ready",
            Duration::from_secs(60),
            async || {
                process.check()?;
                Ok(match http_get(health, "/readyz").await {
                    Ok(answer) if answer.starts_with("HTTP/1.1 200") => Look::Done(()),
                    Ok(answer) => {
                        Look::Waiting(answer.lines().next().unwrap_or_default().to_owned())
                    }
                    Err(error) => Look::Waiting(error.to_string()),
                })
            },
        )
        .await
    }

    /// An error with the end of its log when it runs no longer.
    pub fn check(&mut self) -> Result<()> {
        self.process.check()
    }

    pub fn log(&self) -> &Path {
        &self.log
    }

    pub fn last_lines(&self, count: usize) -> String {
        self.process.last_lines(count)
    }

    pub fn usage(&self) -> Result<Usage> {
        self.process.usage()
    }

    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    pub fn metrics_port(&self) -> u16 {
        self.metrics
    }

    /// Its `/metrics`, as Prometheus would read them.
    pub async fn metrics(&self) -> Result<String> {
        http_get(self.metrics, "/metrics").await
    }
}

/// A GET without a client library: head and body as text.
pub async fn http_get(port: u16, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream
        .write_all(
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                .as_bytes(),
        )
        .await?;
    let mut answer = Vec::new();
    tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await??;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
