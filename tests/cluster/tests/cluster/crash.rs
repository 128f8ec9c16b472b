//! kill -9 at random moments. The API server is the database: whatever the program had in mind when it died, the next one converges,
//! deletes nothing that should stay and leaves nothing behind.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rosin_cluster_tests::api::{Api, Ref};
use rosin_cluster_tests::flux::{self, git_repository, inventory, kustomization};
use rosin_cluster_tests::{ControlPlane, Controller, GitServer, Options, Repository, install};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::case::folder;

const NAMESPACE: &str = "t-crash";
const OBJECTS: usize = 400;
const KILLS: usize = 20;

struct World {
    _plane: ControlPlane,
    _git: GitServer,
    controller: Controller,
    api: Api,
    repository: Repository,
}

impl World {
    /// A control plane of its own: another controller on the shared one would do the work of the dead.
    async fn start() -> Result<Self> {
        let folder = folder("crash");
        let plane = ControlPlane::start(
            &folder.join("control-plane"),
            Options {
                nodes: false,
                ..Options::default()
            },
        )
        .await?;
        let api = plane.api().await?;
        install::install(&api).await?;
        let controller_folder = folder.join("controller");
        if controller_folder.exists() {
            std::fs::remove_dir_all(&controller_folder)?;
        }
        let mut controller = Controller::start(&controller_folder, &plane.kubeconfig(), &[])?;
        controller.wait_ready().await?;
        let git = GitServer::start(&folder.join("git"))?;
        let repository = Repository::create(&git, "crash")?;
        api.create_namespace(NAMESPACE).await?;
        Ok(Self {
            _plane: plane,
            _git: git,
            controller,
            api,
            repository,
        })
    }

    /// Pushes a revision with exactly these ConfigMaps, ten to a file.
    fn push(&self, names: &BTreeSet<usize>, generation: usize) -> Result<String> {
        let folder = self.repository.work().join("app");
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        let names: Vec<usize> = names.iter().copied().collect();
        for (index, chunk) in names.chunks(10).enumerate() {
            let documents: Vec<String> =
                chunk.iter().map(|name| object(*name, generation)).collect();
            self.repository.write(
                &format!("app/part-{index:03}.yaml"),
                &documents.join("---\n"),
            )?;
        }
        self.repository.push(&format!("generation {generation}"))
    }

    async fn live(&self) -> Result<BTreeMap<String, Value>> {
        let owned = "kustomize.toolkit.fluxcd.io/name=app";
        let objects = self.api.list("v1", "ConfigMap", NAMESPACE, owned).await?;
        Ok(objects
            .into_iter()
            .map(|object| {
                (
                    object["metadata"]["name"]
                        .as_str()
                        .unwrap_or_default()
                        .to_owned(),
                    object,
                )
            })
            .collect())
    }

    async fn converge(&mut self, commit: &str) -> Result<()> {
        self.controller.wait_ready().await?;
        flux::request(&self.api, &Ref::git_repository(NAMESPACE, "app")).await?;
        let waited =
            flux::wait_ready(&self.api, &Ref::kustomization(NAMESPACE, "app"), commit).await;
        waited.map(drop).with_context(|| {
            format!(
                "the controller's log ends with:\n{}",
                self.controller.last_lines(10)
            )
        })
    }

    /// The objects are those of git, all of the newest generation, and the inventory lists the same.
    async fn check(
        &self,
        names: &BTreeSet<usize>,
        generation: usize,
    ) -> Result<BTreeMap<String, Value>> {
        let live = self.live().await?;
        let expected: BTreeSet<String> = names.iter().map(|name| object_name(*name)).collect();
        let found: BTreeSet<String> = live.keys().cloned().collect();
        let missing: Vec<_> = expected.difference(&found).collect();
        let orphans: Vec<_> = found.difference(&expected).collect();
        ensure!(
            missing.is_empty() && orphans.is_empty(),
            "missing: {missing:?}; left behind: {orphans:?}"
        );
        for (name, object) in &live {
            ensure!(
                generation_of(object) == Some(generation),
                "{name} is old: {}",
                object["data"]
            );
            ensure!(
                object["metadata"].get("deletionTimestamp").is_none(),
                "{name} is being deleted"
            );
        }
        let app = self.api.read(&Ref::kustomization(NAMESPACE, "app")).await?;
        let listed: BTreeSet<String> = inventory(&app)
            .into_iter()
            .map(|object| object.name)
            .collect();
        ensure!(
            listed == expected,
            "the inventory has {} objects, git has {}",
            listed.len(),
            expected.len()
        );
        Ok(live)
    }
}

fn object_name(index: usize) -> String {
    format!("object-{index:03}")
}

fn generation_of(object: &Value) -> Option<usize> {
    object["data"]["generation"].as_str()?.parse().ok()
}

fn object(index: usize, generation: usize) -> String {
    let name = object_name(index);
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  generation: \"{generation}\"\n"
    )
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn killed_at_random_moments_it_converges_and_loses_nothing() -> Result<()> {
    let mut world = World::start().await?;
    let bystander = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": { "name": "object-bystander", "namespace": NAMESPACE },
    });
    let bystander_uid = world.api.apply(&bystander).await?["metadata"]["uid"].clone();

    // How long a rollout takes, so that kills fall into all of it.
    let all: BTreeSet<usize> = (0..OBJECTS).collect();
    let commit = world.push(&all, 0)?;
    let started = Instant::now();
    world
        .api
        .apply(&git_repository(
            NAMESPACE,
            "app",
            world.repository.url(),
            "1h",
        ))
        .await?;
    let spec = json!({ "targetNamespace": NAMESPACE, "timeout": "1m" });
    world
        .api
        .apply(&kustomization(NAMESPACE, "app", "app", "./app", &spec))
        .await?;
    world.converge(&commit).await?;
    let rollout = started.elapsed();
    let mut before = world.check(&all, 0).await?;
    println!(
        "a rollout of {OBJECTS} objects takes {:.2} s",
        rollout.as_secs_f64()
    );

    let mut present = all.clone();
    for kill in 1..=KILLS {
        // The killed rollout changes every object and brings back all that the last one had removed.
        world.push(&all, 2 * kill)?;
        flux::request(&world.api, &Ref::git_repository(NAMESPACE, "app")).await?;
        let moment = Duration::from_secs_f64(rand::random_range(0.0..rollout.as_secs_f64() * 1.2));
        sleep(moment).await;
        world.controller.kill();
        let applied = world
            .live()
            .await?
            .values()
            .filter(|object| generation_of(object) == Some(2 * kill))
            .count();

        let kept: BTreeSet<usize> = (0..OBJECTS)
            .filter(|_| rand::random_range(0..2) == 0)
            .collect();
        let commit = world.push(&kept, 2 * kill + 1)?;
        world.controller.restart()?;
        world.converge(&commit).await.with_context(|| {
            format!("kill {kill}, {moment:?} after the push, {applied} applied")
        })?;
        let after = world
            .check(&kept, 2 * kill + 1)
            .await
            .with_context(|| format!("kill {kill}, {moment:?} after the push"))?;
        // What git had before and has still was never deleted in between: it is the same object.
        for name in present.intersection(&kept).map(|index| object_name(*index)) {
            let same = before[&name]["metadata"]["uid"] == after[&name]["metadata"]["uid"];
            ensure!(same, "kill {kill}: {name} was deleted and made again");
        }
        println!(
            "kill {kill:2}: after {:4} ms, {applied:3} of {OBJECTS} applied; converged to {} objects",
            moment.as_millis(),
            kept.len()
        );
        (present, before) = (kept, after);
    }
    let bystander = world
        .api
        .read(&Ref::config_map(NAMESPACE, "object-bystander"))
        .await?;
    ensure!(
        bystander["metadata"]["uid"] == bystander_uid,
        "an object of nobody was touched"
    );
    Ok(())
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_restart_finds_its_artifacts_again() -> Result<()> {
    // Its own storage and flags, but the control plane of all: the namespace is not that of the others' controller.
    let folder = folder("restart");
    let plane = ControlPlane::start(
        &folder.join("control-plane"),
        Options {
            nodes: false,
            ..Options::default()
        },
    )
    .await?;
    let api = plane.api().await?;
    install::install(&api).await?;
    let controller_folder = folder.join("controller");
    if controller_folder.exists() {
        std::fs::remove_dir_all(&controller_folder)?;
    }
    let mut controller = Controller::start(&controller_folder, &plane.kubeconfig(), &[])?;
    controller.wait_ready().await?;
    let git = GitServer::start(&folder.join("git"))?;
    let repository = Repository::create(&git, "restart")?;
    repository.write("app/one.yaml", &object(1, 0))?;
    let commit = repository.push("first")?;
    api.create_namespace(NAMESPACE).await?;
    api.apply(&git_repository(NAMESPACE, "app", repository.url(), "1h"))
        .await?;
    api.apply(&kustomization(
        NAMESPACE,
        "app",
        "app",
        "./app",
        &json!({ "targetNamespace": NAMESPACE }),
    ))
    .await?;
    let (source, app) = (
        Ref::git_repository(NAMESPACE, "app"),
        Ref::kustomization(NAMESPACE, "app"),
    );
    flux::wait_ready(&api, &app, &commit).await?;
    let before = api.read(&source).await?["status"]["artifact"].clone();

    // Without its git server, only the stored artifact can be what a new path is read from.
    assert!(
        controller.stop(),
        "it did not stop when it was asked to:\n{}",
        controller.last_lines(5)
    );
    git.fail("restart", Some(500));
    controller.restart()?;
    controller.wait_ready().await?;
    api.delete(&Ref::config_map(NAMESPACE, "object-001"))
        .await?;
    flux::reconcile(&api, &app).await?;
    api.read(&Ref::config_map(NAMESPACE, "object-001")).await?;
    let after = api.read(&source).await?["status"]["artifact"].clone();
    assert_eq!(after["digest"], before["digest"]);
    Ok(())
}
