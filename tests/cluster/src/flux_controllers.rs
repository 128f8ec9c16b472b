//! Flux's own source-controller and kustomize-controller, as processes beside the API server.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::api::Api;
use crate::control_plane::free_ports;
use crate::controller::http_get;
use crate::process::{Background, Lifetime};
use crate::wait::{Look, until};
use crate::{install, paths};

/// Installs Flux's definitions.
pub async fn define(api: &Api) -> Result<()> {
    let text = fs::read_to_string(paths::tool("flux-definitions.yaml")?)?;
    install::define(api, &text).await
}

/// Both run until this is dropped or stopped.
pub struct FluxControllers(Vec<Background>);

impl FluxControllers {
    /// Starts them, and waits until they are ready. They get as much room as the program under test: twenty objects side by side, no
    /// throttling of requests.
    pub async fn start(folder: &Path, kubeconfig: &Path, more: &[&str]) -> Result<Self> {
        let [
            artifacts,
            metrics,
            health,
            metrics_of_kustomize,
            health_of_kustomize,
        ] = free_ports()?;
        let common = |program: &str, metrics: u16, health: u16| -> Result<Command> {
            let mut command = Command::new(paths::tool(program)?);
            command
                .arg(format!("--metrics-addr=127.0.0.1:{metrics}"))
                .arg(format!("--health-addr=127.0.0.1:{health}"))
                .args(["--events-addr=", "--watch-all-namespaces=true"])
                .args(["--kube-api-qps=500", "--kube-api-burst=1000"])
                .args(more)
                .env("KUBECONFIG", kubeconfig)
                .env("RUNTIME_NAMESPACE", "flux-system");
            Ok(command)
        };
        let storage = folder.join("storage");
        fs::create_dir_all(&storage)?;
        let mut source = common("source-controller", metrics, health)?;
        source
            .arg("--concurrent=10")
            .arg(format!("--storage-path={}", storage.display()))
            .arg(format!("--storage-addr=127.0.0.1:{artifacts}"))
            .arg(format!("--storage-adv-addr=127.0.0.1:{artifacts}"));
        let (metrics, of_kustomize) = (metrics_of_kustomize, health_of_kustomize);
        let mut kustomize = common("kustomize-controller", metrics, of_kustomize)?;
        kustomize.arg("--concurrent=20");
        let mut running = Vec::new();
        for (name, command, port) in [
            ("source-controller", source, health),
            ("kustomize-controller", kustomize, of_kustomize),
        ] {
            let log = folder.join(format!("{name}.log"));
            let mut process = Background::start(name, &command, &log, Lifetime::Owned)?;
            let ready = until(
                format!("{name} to be ready"),
                Duration::from_secs(60),
                async || {
                    process.check()?;
                    let answer = http_get(port, "/readyz").await.unwrap_or_default();
                    Ok(match answer.starts_with("HTTP/1.1 200") {
                        true => Look::Done(()),
                        false => Look::Waiting("it is not".into()),
                    })
                },
            );
            ready.await?;
            running.push(process);
        }
        Ok(Self(running))
    }

    /// Only the processes, for who measures them.
    pub fn into_processes(self) -> Vec<Background> {
        self.0
    }

    /// Asks both to end, as an upgrade does.
    pub fn stop(mut self) {
        for process in &mut self.0 {
            process.stop();
        }
    }
}
