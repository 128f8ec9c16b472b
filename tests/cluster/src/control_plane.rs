//! A Kubernetes control plane on loopback: etcd, API server, controller manager and, where pods are to become ready, scheduler and
//! kwok with a fake node. Everything it writes is in one folder.

mod components;

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tokio::net::TcpStream;

use crate::api::{Api, Ref};
use crate::process::{Background, Lifetime};
use crate::wait::{Look, until};
use crate::{certificates, process};

/// What a control plane is to have.
#[derive(Clone, Copy, Default)]
pub struct Options {
    /// A scheduler and a fake node, so that Deployments become ready. Without it pods stay pending, for who plays the kubelet.
    pub nodes: bool,
    /// Leave it running when this process ends.
    pub detached: bool,
    /// Log the requests of the user `controller`, see [`ControlPlane::audited`].
    pub audit: bool,
}

/// A port that was free a moment ago may be taken when a component binds it.
const ATTEMPTS: usize = 3;
const READY: Duration = Duration::from_secs(90);

/// A running control plane. It stops when it is dropped, unless it was started detached.
pub struct ControlPlane {
    folder: PathBuf,
    components: Vec<Background>,
    server: String,
}

impl ControlPlane {
    /// Starts one and waits until it is ready. `folder` is emptied.
    pub async fn start(folder: &Path, options: Options) -> Result<Self> {
        let mut attempt = 1;
        loop {
            match Self::start_once(folder, options).await {
                Err(error)
                    if attempt < ATTEMPTS
                        && format!("{error:#}").contains("address already in use") =>
                {
                    attempt += 1
                }
                done => return done,
            }
        }
    }

    async fn start_once(folder: &Path, options: Options) -> Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(folder).with_context(|| format!("emptying {}", folder.display()))?;
        }
        fs::create_dir_all(folder)?;
        let folder = folder.canonicalize()?;
        certificates::write(&folder)?;
        components::write_tokens(&folder)?;
        let [etcd, etcd_peer, api, manager] = free_ports()?;
        let server = format!("https://127.0.0.1:{api}");
        for user in components::USERS {
            write_kubeconfig(&folder, user, &server)?;
        }
        let mut plane = Self {
            folder,
            components: Vec::new(),
            server,
        };

        plane.run(
            "etcd",
            &components::etcd(&plane.folder, etcd, etcd_peer)?,
            options,
        )?;
        plane
            .wait_for("etcd", async || {
                Ok(TcpStream::connect(("127.0.0.1", etcd)).await.is_ok())
            })
            .await?;
        plane.run(
            "kube-apiserver",
            &components::api_server(&plane.folder, etcd, api, options.audit)?,
            options,
        )?;
        let client = Api::connect(&plane.kubeconfig()).await?;
        plane
            .wait_for("the API server", async || {
                Ok(client.text("/readyz").await.is_ok())
            })
            .await?;
        plane.run(
            "kube-controller-manager",
            &components::controller_manager(&plane.folder, manager)?,
            options,
        )?;
        if options.nodes {
            plane.run(
                "kube-scheduler",
                &components::scheduler(&plane.folder)?,
                options,
            )?;
            plane.run("kwok", &components::kwok(&plane.folder)?, options)?;
            client.apply(&components::node()).await?;
            plane
                .wait_for("the node", async || node_is_ready(&client).await)
                .await?;
        }
        // Pods are refused until the controller manager has made the service account that they run as.
        let account = Ref::new("v1", "ServiceAccount", "default", "default");
        plane
            .wait_for("the controller manager", async || {
                Ok(client.get(&account).await?.is_some())
            })
            .await?;
        if options.detached {
            plane.components.iter_mut().for_each(Background::keep);
        }
        Ok(plane)
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A kubeconfig with a bearer token of a cluster administrator.
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.join("kubeconfig")
    }

    /// A kubeconfig of an administrator of another name, whose requests are told apart.
    pub fn controller_kubeconfig(&self) -> PathBuf {
        self.folder.join("controller.kubeconfig")
    }

    /// The requests of the user `controller` so far: verb and resource of each, once it was answered.
    pub fn audited(&self) -> Result<Vec<String>> {
        let text = fs::read_to_string(self.folder.join("audit.log")).unwrap_or_default();
        let line = |line: &str| -> Result<String> {
            let event: serde_json::Value = serde_json::from_str(line)?;
            let text = |pointer: &str| {
                event
                    .pointer(pointer)
                    .and_then(|value| value.as_str())
                    .unwrap_or_default()
                    .to_owned()
            };
            let (resource, sub) = (text("/objectRef/resource"), text("/objectRef/subresource"));
            let dry = if text("/requestURI").contains("dryRun") {
                " (dry run)"
            } else {
                ""
            };
            Ok(format!(
                "{} {resource}{}{sub}{dry}",
                text("/verb"),
                if sub.is_empty() { "" } else { "/" }
            ))
        };
        // The last line may be half written.
        let complete = text.rfind('\n').map_or("", |end| &text[..end]);
        complete.lines().map(line).collect()
    }

    /// How long the log of those requests is: it grows with every one.
    pub fn audited_bytes(&self) -> u64 {
        fs::metadata(self.folder.join("audit.log")).map_or(0, |file| file.len())
    }

    /// The address of the API server.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// The process ids, for who stops a detached control plane.
    pub fn pids(&self) -> impl Iterator<Item = u32> {
        self.components.iter().map(Background::pid)
    }

    /// A client with administrator's rights, for the runtime of the caller.
    pub async fn api(&self) -> Result<Api> {
        Api::connect(&self.kubeconfig()).await
    }

    /// An error with the end of the log when a component runs no longer.
    pub fn check(&mut self) -> Result<()> {
        self.components.iter_mut().try_for_each(Background::check)
    }

    /// Stops all, the last started first. Nothing needs to be flushed: the state dies with it.
    pub fn stop(mut self) {
        while let Some(mut component) = self.components.pop() {
            component.kill();
        }
    }

    fn run(&mut self, name: &str, command: &Command, options: Options) -> Result<()> {
        let lifetime = if options.detached {
            Lifetime::Detached
        } else {
            Lifetime::Owned
        };
        let log = self.folder.join(format!("{name}.log"));
        self.components
            .push(Background::start(name, command, &log, lifetime)?);
        Ok(())
    }

    async fn wait_for(
        &mut self,
        what: &str,
        mut ready: impl AsyncFnMut() -> Result<bool>,
    ) -> Result<()> {
        let components = &mut self.components;
        let waited = until(format!("{what} to be ready"), READY, async || {
            components.iter_mut().try_for_each(Background::check)?;
            Ok(if ready().await? {
                Look::Done(())
            } else {
                Look::Waiting("it is not".into())
            })
        })
        .await;
        let Err(error) = waited else { return Ok(()) };
        let logs: Vec<String> = self
            .components
            .iter()
            .map(|c| format!("{}:\n{}", c.log().display(), c.last_lines(8)))
            .collect();
        // A dead component has put its own log into the error; a slow one has not.
        match self
            .components
            .iter_mut()
            .all(|component| component.ended().is_none())
        {
            true => bail!("{error:#}\n{}", logs.join("\n")),
            false => Err(error),
        }
    }
}

async fn node_is_ready(client: &Api) -> Result<bool> {
    let node = client
        .read(&Ref::new("v1", "Node", "", components::NODE))
        .await?;
    let conditions = node
        .pointer("/status/conditions")
        .and_then(|c| c.as_array())
        .cloned()
        .unwrap_or_default();
    let ready = conditions
        .iter()
        .any(|condition| condition["type"] == "Ready" && condition["status"] == "True");
    // Until the controller manager saw that, the node keeps the taint that it was born with, and nothing is scheduled.
    Ok(ready && node.pointer("/spec/taints").is_none())
}

fn write_kubeconfig(folder: &Path, user: &components::User, server: &str) -> Result<()> {
    let authority = STANDARD.encode(fs::read(folder.join("ca.crt"))?);
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "rosin",
        "contexts": [{ "name": "rosin", "context": { "cluster": "rosin", "user": user.name } }],
        "clusters": [{ "name": "rosin", "cluster": { "server": server, "certificate-authority-data": authority } }],
        "users": [{ "name": user.name, "user": { "token": components::token(folder, user)? } }],
    });
    fs::write(
        folder.join(user.kubeconfig),
        serde_yaml::to_string(&config)?,
    )?;
    Ok(())
}

/// Ports that are free now, all different because they are held until all are known.
pub fn free_ports<const N: usize>() -> Result<[u16; N]> {
    let listeners: Vec<TcpListener> = (0..N)
        .map(|_| TcpListener::bind("127.0.0.1:0"))
        .collect::<std::io::Result<_>>()?;
    let mut ports = [0; N];
    for (port, listener) in ports.iter_mut().zip(&listeners) {
        *port = listener.local_addr()?.port();
    }
    Ok(ports)
}

/// Stops a detached control plane by the process ids that it was started with.
pub fn stop_detached(pids: impl IntoIterator<Item = u32>) {
    for pid in pids {
        process::kill_group(pid, rustix::process::Signal::KILL);
    }
}
