//! `rosin-many`: what thousands of Kustomizations cost the controller, against an API server in memory that costs nothing itself.

mod server;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use rosin_cluster_tests::Controller;
use serde_json::{Value, json};

use crate::server::Server;

/// Run many Kustomizations against an API server in memory
#[derive(Parser)]
struct Cli {
    /// How many Kustomizations, with a ConfigMap each
    #[arg(long, default_value_t = 10_000)]
    count: usize,
    /// Seconds that a phase may take
    #[arg(long, default_value_t = 900)]
    deadline: u64,
    /// Seconds to watch the steady state
    #[arg(long, default_value_t = 60)]
    quiet: u64,
    /// Folder for state and logs
    #[arg(long, default_value = ".demo/many")]
    dir: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    match many(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

struct World {
    server: Server,
    controller: Controller,
    address: std::net::SocketAddr,
    dir: PathBuf,
    count: usize,
    deadline: Duration,
}

async fn many(mut cli: Cli) -> Result<()> {
    cli.dir = std::path::absolute(&cli.dir)?;
    if cli.dir.exists() {
        std::fs::remove_dir_all(&cli.dir)?;
    }
    std::fs::create_dir_all(&cli.dir)?;
    let (server, address) = Server::start().await?;
    let kubeconfig = cli.dir.join("kubeconfig");
    let file = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "it",
        "clusters": [{ "name": "it", "cluster": { "server": format!("http://{address}") } }],
        "users": [{ "name": "it", "user": {} }],
        "contexts": [{ "name": "it", "context": { "cluster": "it", "user": "it" } }],
    });
    std::fs::write(&kubeconfig, file.to_string())?;
    for app in 0..cli.count {
        write(&cli.dir, app, "first")?;
        server.put("kustomizations", kustomization(app));
    }
    let flags = ["--controllers=kustomize", "--concurrent=20"];
    let controller = Controller::start(&cli.dir.join("controller"), &kubeconfig, &flags)?;
    let mut world = World {
        server,
        controller,
        address,
        dir: cli.dir.clone(),
        count: cli.count,
        deadline: Duration::from_secs(cli.deadline),
    };
    world.controller.wait_ready().await?;
    world.commit("1111111111111111111111111111111111111111")?;
    world.phase("fresh").await?;

    let before = world.controller.usage()?;
    world.server.take_asked();
    tokio::time::sleep(Duration::from_secs(cli.quiet)).await;
    let after = world.controller.usage()?;
    println!(
        "steady for {} s: {:.2} s CPU, requests {:?}",
        cli.quiet,
        (after.cpu - before.cpu).as_secs_f64(),
        world.server.take_asked()
    );

    write(&cli.dir, 0, "second")?;
    world.commit("2222222222222222222222222222222222222222")?;
    world.phase("a commit that changes one").await?;
    for app in 0..cli.count {
        write(&cli.dir, app, "third")?;
    }
    world.commit("3333333333333333333333333333333333333333")?;
    world.phase("a commit that changes all").await?;

    world.controller.restart()?;
    let started = Instant::now();
    world.controller.wait_ready().await?;
    let ready = started.elapsed();
    tokio::time::sleep(Duration::from_secs(2)).await;
    // Each object is dry-run once to know that it is as it was.
    let mut quiet = 0;
    let mut asked = 0;
    while quiet < 5 && started.elapsed() < world.deadline {
        let more: u64 = world.server.take_asked().values().sum();
        asked += more;
        quiet = if more == 0 { quiet + 1 } else { 0 };
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let usage = world.controller.usage()?;
    println!(
        "restart: ready after {:.0} ms; all looked at after {:.1} s, {:.1} s CPU, {asked} requests, {} MiB",
        ready.as_secs_f64() * 1e3,
        started.elapsed().as_secs_f64() - 5.0,
        usage.cpu.as_secs_f64(),
        usage.peak_memory >> 20
    );
    Ok(())
}

impl World {
    /// Makes the folder an artifact, and announces it.
    fn commit(&self, commit: &str) -> Result<()> {
        let archive = self.dir.join("artifact.tar.gz");
        let mut tar = Command::new("tar");
        tar.arg("-czf")
            .arg(&archive)
            .arg("-C")
            .arg(self.dir.join("files"))
            .arg(".");
        ensure!(tar.status()?.success(), "tar failed");
        let sum = Command::new("sha256sum").arg(&archive).output()?;
        let digest = String::from_utf8(sum.stdout)?;
        let digest = digest.split(' ').next().context("a digest")?.to_owned();
        self.server.serve(std::fs::read(&archive)?);
        let revision = format!("main@sha1:{commit}");
        let artifact = json!({
            "path": format!("gitrepository/many/app/{commit}.tar.gz"),
            "url": format!("http://{}/artifact.tar.gz", self.address),
            "revision": revision, "digest": format!("sha256:{digest}"),
            "lastUpdateTime": "2026-01-01T00:00:00Z",
        });
        let ready = json!({
            "type": "Ready", "status": "True", "reason": "Succeeded", "message": "",
            "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": 1,
        });
        self.server.put(
            "gitrepositories",
            json!({
                "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
                "metadata": { "name": "app", "namespace": "many", "generation": 1, "uid": "source" },
                "spec": { "url": "http://example.com/app.git", "interval": "1h" },
                "status": { "artifact": artifact, "observedGeneration": 1, "conditions": [ready] },
            }),
        );
        Ok(())
    }

    /// Waits until all are ready at the revision that was announced last, and says what it cost.
    async fn phase(&mut self, what: &str) -> Result<()> {
        let before = self.controller.usage()?;
        let renders = self.renders().await?;
        self.server.take_asked();
        let started = Instant::now();
        let revision = {
            let newest = std::cell::RefCell::new(Value::Null);
            self.server.count("gitrepositories", |source| {
                *newest.borrow_mut() = source["status"]["artifact"]["revision"].clone();
                true
            });
            newest.into_inner()
        };
        loop {
            let ready = self.server.count("kustomizations", |object| {
                let conditions = object["status"]["conditions"].as_array();
                let mut conditions = conditions.into_iter().flatten();
                object["status"]["lastAppliedRevision"] == revision
                    && conditions.any(|c| c["type"] == "Ready" && c["status"] == "True")
            });
            if ready == self.count {
                break;
            }
            self.controller.check()?;
            ensure!(
                started.elapsed() < self.deadline,
                "{what}: only {ready} are ready"
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let (took, usage) = (started.elapsed(), self.controller.usage()?);
        tokio::time::sleep(Duration::from_secs(3)).await;
        let asked = self.server.take_asked();
        println!(
            "{what}: all ready after {:.1} s, {:.1} s CPU, {} renders, {:.2} requests each, peak {} MiB; {asked:?}",
            took.as_secs_f64(),
            (usage.cpu - before.cpu).as_secs_f64(),
            self.renders().await? - renders,
            asked.values().sum::<u64>() as f64 / self.count as f64,
            usage.peak_memory >> 20,
        );
        Ok(())
    }

    async fn renders(&self) -> Result<f64> {
        let metrics = self.controller.metrics().await?;
        let lines = metrics
            .lines()
            .filter(|line| line.starts_with("rosin_renders") && line.contains("\"rendered\""));
        Ok(lines
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum())
    }
}

fn name(app: usize) -> String {
    format!("app-{app:05}")
}

fn write(dir: &Path, app: usize, value: &str) -> Result<()> {
    let name = name(app);
    let folder = dir.join("files").join(&name);
    std::fs::create_dir_all(&folder)?;
    let text = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  namespace: many\ndata:\n  key: {value}\n"
    );
    std::fs::write(folder.join("one.yaml"), text)?;
    Ok(())
}

fn kustomization(app: usize) -> Value {
    let name = name(app);
    json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
        "metadata": { "name": name, "namespace": "many", "generation": 1 },
        "spec": {
            "interval": "1h", "prune": true, "path": format!("./{name}"),
            "sourceRef": { "kind": "GitRepository", "name": "app" },
        },
    })
}
