//! kill -9 after each single write of install, upgrade, rollback and uninstall: what begins again finds what was left, and the release
//! is what is wanted, or gone, without anybody's doing.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rosin_cluster_tests::api::{Api, Ref};
use rosin_cluster_tests::fault_proxy::Seen;
use rosin_cluster_tests::flux::git_repository;
use rosin_cluster_tests::helm::{self, BAD, CONFIG, hook};
use rosin_cluster_tests::process::kill_group;
use rosin_cluster_tests::wait::{Look, until};
use rosin_cluster_tests::{
    ControlPlane, Controller, Fault, FaultProxy, GitServer, Options, Repository, install,
};
use rustix::process::Signal;
use serde_json::{Value, json};

use super::condition;
use crate::case::folder;

const NAMESPACE: &str = "t-helm-crash";

struct World {
    _plane: ControlPlane,
    _git: GitServer,
    proxy: FaultProxy,
    controller: Controller,
    api: Api,
}

/// A write that belongs to a release: its records, objects, hooks and status.
fn counts(seen: &Seen) -> bool {
    seen.method != "GET"
        && !seen.is_dry_run()
        && ["/secrets", "/configmaps", "/services", "/helmreleases"]
            .iter()
            .any(|part| seen.path.contains(part))
}

impl World {
    async fn start() -> Result<Self> {
        let folder = folder("helm-crash");
        let options = Options {
            nodes: false,
            ..Options::default()
        };
        let plane = ControlPlane::start(&folder.join("control-plane"), options).await?;
        let api = plane.api().await?;
        install::install(&api).await?;
        api.create_namespace(NAMESPACE).await?;
        let git = GitServer::start(&folder.join("git"))?;
        let repository = Repository::create(&git, "helm-crash")?;
        let proxy = FaultProxy::start(&folder, &plane.kubeconfig()).await?;
        let state = folder.join("controller");
        if state.exists() {
            std::fs::remove_dir_all(&state)?;
        }
        let flags = ["--min-retry-delay=200ms", "--max-retry-delay=2s"];
        let mut controller = Controller::start(&state, proxy.kubeconfig(), &flags)?;
        controller.wait_ready().await?;
        let hooks: Vec<(String, String)> = [
            "pre-install",
            "post-install",
            "pre-upgrade",
            "post-upgrade",
            "pre-rollback",
            "pre-delete",
            "post-delete",
        ]
        .map(|event| (format!("{event}.yaml"), hook(event)))
        .into();
        let mut templates = vec![("config.yaml", CONFIG), ("bad.yaml", BAD)];
        templates.extend(hooks.iter().map(|(name, text)| (&**name, &**text)));
        helm::write_chart(&repository, "1.0.0", &templates)?;
        repository.push("the chart")?;
        api.apply(&git_repository(NAMESPACE, "app", repository.url(), "1h"))
            .await?;
        Ok(Self {
            _plane: plane,
            _git: git,
            proxy,
            controller,
            api,
        })
    }

    /// The program will be killed after this many more writes.
    fn kill_after(&self, writes: i64) -> Arc<AtomicI64> {
        let left = Arc::new(AtomicI64::new(writes));
        let (pid, counter) = (self.controller.pid(), left.clone());
        self.proxy.set(move |seen| {
            if !counts(seen) {
                return None;
            }
            match counter.fetch_sub(1, Ordering::SeqCst) {
                1 => {
                    kill_group(pid, Signal::KILL);
                    Some(Fault::CutAfter)
                }
                // What it had sent when it died may still arrive, as on a real network.
                _ => None,
            }
        });
        left
    }

    /// Waits for the end of a step, starting the program again when it was killed. Says whether it was.
    async fn survive(
        &mut self,
        killed: &AtomicI64,
        done: impl Fn(Option<&Value>) -> bool,
        object: &Ref,
    ) -> Result<bool> {
        let (api, controller) = (&self.api, &mut self.controller);
        let what = format!("{object} to come to its end");
        let mut restarted = false;
        let waited = until(what, Duration::from_secs(60), async || {
            if !restarted && killed.load(Ordering::SeqCst) <= 0 {
                controller.restart()?;
                restarted = true;
            }
            let found = api.get(object).await?;
            Ok(if done(found.as_ref()) {
                Look::Done(())
            } else {
                Look::Waiting(found.map_or_else(String::new, |it| it["status"].to_string()))
            })
        })
        .await;
        waited.with_context(|| controller.last_lines(12))?;
        // The last write may have been the one: then it is done, and nobody is there for the next step.
        if !restarted && killed.load(Ordering::SeqCst) <= 0 {
            self.controller.restart()?;
            restarted = true;
        }
        self.proxy.heal();
        self.controller.wait_ready().await?;
        Ok(restarted)
    }

    /// The last record is the one that is deployed, and the objects are as it says.
    async fn check(&self, name: &str, message: &str) -> Result<()> {
        let records = helm::records(&self.api, NAMESPACE, name).await?;
        let deployed = records.iter().filter(|(_, status)| status == "deployed");
        ensure!(
            deployed.count() == 1 && records.last().is_some_and(|(_, last)| last == "deployed"),
            "{records:?}"
        );
        let config = Ref::config_map(NAMESPACE, &format!("{name}-conf"));
        let config = self.api.read(&config).await?;
        ensure!(config["data"]["message"] == message, "{}", config["data"]);
        let bad = Ref::new("v1", "Service", NAMESPACE, &format!("{name}-bad"));
        ensure!(self.api.get(&bad).await?.is_none());
        Ok(())
    }
}

fn is_ready(object: &Value) -> bool {
    rosin_cluster_tests::flux::Ready::of(object).is_some_and(|ready| ready.is_true())
        && object["status"]["observedGeneration"] == object["metadata"]["generation"]
}

// parity: HR-STATE-003
#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn killed_after_any_write_a_release_comes_to_its_end() -> Result<()> {
    let mut world = World::start().await?;
    let mut kills = [0; 4];
    for writes in 1.. {
        let name = format!("app-{writes}");
        let object = helm::reference(NAMESPACE, &name);
        let spec = |message: &str, bad: bool| {
            let spec = json!({
                "values": { "message": message, "bad": bad },
                "upgrade": { "remediation": { "remediateLastFailure": true } },
            });
            helm::release(NAMESPACE, &name, &spec)
        };
        let mut died = false;

        let killed = world.kill_after(writes);
        world.api.apply(&spec("one", false)).await?;
        let ready = |found: Option<&Value>| found.is_some_and(is_ready);
        let step = world.survive(&killed, ready, &object).await;
        let step = step.with_context(|| format!("killed after write {writes} of the install"))?;
        world.check(&name, "one").await?;
        kills[0] += usize::from(step);
        died |= step;

        let killed = world.kill_after(writes);
        world.api.apply(&spec("two", false)).await?;
        let step = world.survive(&killed, ready, &object).await;
        let step = step.with_context(|| format!("killed after write {writes} of the upgrade"))?;
        world.check(&name, "two").await?;
        kills[1] += usize::from(step);
        died |= step;

        // The upgrade fails, and what was before comes back.
        let killed = world.kill_after(writes);
        world.api.apply(&spec("three", true)).await?;
        let given_up = |found: Option<&Value>| {
            found.is_some_and(|it| {
                condition(it, "Stalled") == "True" && condition(it, "Remediated") == "True"
            })
        };
        let step = world.survive(&killed, given_up, &object).await;
        let step = step.with_context(|| format!("killed after write {writes} of the rollback"))?;
        world.check(&name, "two").await?;
        kills[2] += usize::from(step);
        died |= step;

        let killed = world.kill_after(writes);
        world.api.delete(&object).await?;
        let gone = |found: Option<&Value>| found.is_none();
        let step = world.survive(&killed, gone, &object).await;
        let step = step.with_context(|| format!("killed after write {writes} of the uninstall"))?;
        let records = helm::records(&world.api, NAMESPACE, &name).await?;
        ensure!(records.is_empty(), "{records:?}");
        let config = Ref::config_map(NAMESPACE, &format!("{name}-conf"));
        ensure!(world.api.get(&config).await?.is_none());
        kills[3] += usize::from(step);
        died |= step;

        if !died {
            break;
        }
    }
    println!(
        "killed: install {}, upgrade {}, rollback {}, uninstall {}",
        kills[0], kills[1], kills[2], kills[3]
    );
    ensure!(kills.iter().all(|count| *count >= 5), "{kills:?}");
    Ok(())
}
