//! The API server fails in every way between the controller and its answers: what git has is what the cluster has in the end, and
//! nothing that stays was deleted or made anew on the way.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rosin_cluster_tests::api::{Api, Ref};
use rosin_cluster_tests::fault_proxy::Seen;
use rosin_cluster_tests::flux::{self, git_repository, inventory, kustomization};
use rosin_cluster_tests::wait::{Look, until};
use rosin_cluster_tests::{
    ControlPlane, Controller, Fault, FaultProxy, GitServer, Options, Repository, install,
};
use serde_json::{Value, json};

use crate::case::{config_map, folder};

pub(crate) const NAMESPACE: &str = "t-faults";

pub(crate) struct World {
    pub(crate) plane: ControlPlane,
    pub(crate) git: GitServer,
    pub(crate) proxy: FaultProxy,
    pub(crate) api: Api,
    pub(crate) repository: Repository,
}

impl World {
    pub(crate) async fn start(name: &str) -> Result<Self> {
        let folder = folder(name);
        let options = Options {
            nodes: false,
            ..Options::default()
        };
        let plane = ControlPlane::start(&folder.join("control-plane"), options).await?;
        let api = plane.api().await?;
        install::install(&api).await?;
        api.create_namespace(NAMESPACE).await?;
        let git = GitServer::start(&folder.join("git"))?;
        let repository = Repository::create(&git, name)?;
        let proxy = FaultProxy::start(&folder, &plane.kubeconfig()).await?;
        let state = folder.join("controller");
        if state.exists() {
            std::fs::remove_dir_all(&state)?;
        }
        Ok(Self {
            plane,
            git,
            proxy,
            api,
            repository,
        })
    }

    pub(crate) async fn controller(&self, name: &str, flags: &[&str]) -> Result<Controller> {
        let state = self.plane.folder().with_file_name(name);
        let mut all = vec!["--min-retry-delay=200ms", "--max-retry-delay=2s"];
        all.extend(flags);
        let mut controller = Controller::start(&state, self.proxy.kubeconfig(), &all)?;
        controller.wait_ready().await?;
        Ok(controller)
    }

    pub(crate) async fn add(&self) -> Result<Ref> {
        let source = git_repository(NAMESPACE, "app", self.repository.url(), "1h");
        self.api.apply(&source).await?;
        let more = json!({ "targetNamespace": NAMESPACE, "retryInterval": "1s" });
        self.api
            .apply(&kustomization(NAMESPACE, "app", "app", "./app", &more))
            .await?;
        Ok(Ref::kustomization(NAMESPACE, "app"))
    }

    pub(crate) async fn live(&self) -> Result<BTreeMap<String, Value>> {
        let owned = "kustomize.toolkit.fluxcd.io/name=app";
        let objects = self.api.list("v1", "ConfigMap", NAMESPACE, owned).await?;
        let name = |object: &Value| {
            object["metadata"]["name"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        Ok(objects
            .into_iter()
            .map(|object| (name(&object), object))
            .collect())
    }
}

/// Which requests a fault hits.
type Class = (&'static str, fn(&Seen) -> bool);

const CLASSES: [Class; 6] = [
    ("dry run", |seen| seen.is_dry_run()),
    ("apply", |seen| {
        seen.method == "PATCH" && seen.path.contains("/configmaps/") && !seen.is_dry_run()
    }),
    ("read", |seen| {
        seen.method == "GET" && seen.path.contains("/configmaps/")
    }),
    ("prune", |seen| seen.method == "DELETE"),
    ("status", |seen| {
        seen.path.contains("/kustomizations/app/status")
    }),
    ("status of the source", |seen| {
        seen.path.contains("/gitrepositories/app/status")
    }),
];

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn each_request_of_a_rollout_may_fail() -> Result<()> {
    // parity: REL-API-07, REL-API-09, REL-API-10, REL-PRUNE-05
    let world = World::start("faults").await?;
    let mut controller = world.controller("controller", &[]).await?;
    let write = |round: usize| -> Result<BTreeSet<String>> {
        let mut names = BTreeSet::new();
        for file in std::fs::read_dir(world.repository.work().join("app"))
            .into_iter()
            .flatten()
        {
            std::fs::remove_file(file?.path())?;
        }
        // Two stay and change; one comes, and that of the last round goes.
        for name in [
            "first".to_owned(),
            "second".to_owned(),
            format!("of-{round}"),
        ] {
            let path = format!("app/{name}.yaml");
            let object = config_map(&name, "round", &format!("\"{round}\""));
            world.repository.write(&path, &object)?;
            names.insert(name);
        }
        Ok(names)
    };
    write(0)?;
    let commit = world.repository.push("round 0")?;
    let app = world.add().await?;
    flux::wait_ready(&world.api, &app, &commit).await?;
    let uid = |all: &BTreeMap<String, Value>, name: &str| all[name]["metadata"]["uid"].clone();
    let before = world.live().await?;

    let faults = [
        Fault::Status(429),
        Fault::Status(500),
        Fault::Status(503),
        Fault::CutBefore,
        Fault::CutAfter,
        Fault::CutAt(40),
    ];
    let mut round = 0;
    for (class, hits) in CLASSES {
        for fault in faults {
            round += 1;
            let names = write(round)?;
            let commit = world.repository.push(&format!("round {round}"))?;
            let hit = Arc::new(AtomicUsize::new(0));
            let count = hit.clone();
            world.proxy.set(move |seen| {
                let first = hits(seen) && count.fetch_add(1, Ordering::SeqCst) == 0;
                first.then_some(fault)
            });
            flux::request(&world.api, &Ref::git_repository(NAMESPACE, "app")).await?;
            let what = || format!("{fault:?} of a {class}");
            let ready = flux::wait_ready(&world.api, &app, &commit).await;
            ready.with_context(|| format!("{}\n{}", what(), controller.last_lines(6)))?;
            // What nothing is read or deleted for is hit never; drift has nothing to read here.
            ensure!(
                hit.load(Ordering::SeqCst) > 0 || class == "read",
                "{}: it was never sent",
                what()
            );
            let live = world.live().await?;
            let found: BTreeSet<String> = live.keys().cloned().collect();
            ensure!(found == names, "{}: {found:?} instead of {names:?}", what());
            for name in ["first", "second"] {
                ensure!(
                    uid(&live, name) == uid(&before, name),
                    "{}: {name} is another",
                    what()
                );
                ensure!(
                    live[name]["data"]["round"] == round.to_string().as_str(),
                    "{}",
                    what()
                );
            }
            let listed = inventory(&world.api.read(&app).await?);
            let listed: BTreeSet<String> = listed.into_iter().map(|object| object.name).collect();
            ensure!(listed == names, "{}: the inventory has {listed:?}", what());
        }
    }
    controller.check()
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn watches_that_end_or_expire_miss_nothing() -> Result<()> {
    // parity: REL-API-11
    let world = World::start("watches").await?;
    let mut controller = world.controller("controller", &[]).await?;
    world
        .repository
        .write("app/one.yaml", &config_map("one", "key", "git"))?;
    let commit = world.repository.push("first")?;
    let app = world.add().await?;
    flux::wait_ready(&world.api, &app, &commit).await?;
    let one = Ref::config_map(NAMESPACE, "one");
    for fault in [
        Fault::Gone,
        Fault::CutAt(300),
        Fault::CutBefore,
        Fault::Status(503),
    ] {
        // Every watch fails from now on, those that are open end with their server's patience; what happens meanwhile is not seen.
        world
            .proxy
            .set(move |seen| seen.is_watch().then_some(fault));
        controller.restart()?;
        controller.wait_ready().await?;
        let theirs = json!({ "data": { "key": format!("{fault:?}") } });
        world.api.merge(&one, &theirs, "somebody").await?;
        tokio::time::sleep(Duration::from_secs(2)).await;
        world.proxy.heal();
        let corrected = until(
            format!("the drift under {fault:?} to be corrected"),
            Duration::from_secs(60),
            async || {
                let found = world.api.read(&one).await?;
                Ok(match found["data"]["key"] == "git" {
                    true => Look::Done(()),
                    false => Look::Waiting(found["data"].to_string()),
                })
            },
        );
        corrected.await.with_context(|| controller.last_lines(6))?;
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn of_two_leaders_one_ends() -> Result<()> {
    // parity: KS-FLAG-002
    let world = World::start("leaders").await?;
    let flags = [
        "--enable-leader-election",
        "--leader-election-lease-duration=4s",
        "--leader-election-renew-deadline=3s",
    ];
    world
        .repository
        .write("app/one.yaml", &config_map("one", "key", "git"))?;
    let commit = world.repository.push("first")?;
    let mut first = world.controller("controller-1", &flags).await?;
    let app = world.add().await?;
    flux::wait_ready(&world.api, &app, &commit).await?;
    let lease = Ref::new(
        "coordination.k8s.io/v1",
        "Lease",
        "flux-system",
        "kustomize-controller-leader-election",
    );
    let holder = async || {
        let lease = world.api.read(&lease).await?;
        anyhow::Ok(lease["spec"]["holderIdentity"].clone())
    };
    let before = holder().await?;
    let mut second = world.controller("controller-2", &flags).await?;

    // The first one is cut off, does not know what happens, and comes back when another one leads.
    signal(first.pid(), rustix::process::Signal::STOP)?;
    let led = until("the second to lead", Duration::from_secs(60), async || {
        Ok(match holder().await? != before {
            true => Look::Done(()),
            false => Look::Waiting("the first still holds the lease".into()),
        })
    });
    led.await?;
    world
        .repository
        .write("app/one.yaml", &config_map("one", "key", "second"))?;
    let commit = world.repository.push("second")?;
    flux::request(&world.api, &Ref::git_repository(NAMESPACE, "app")).await?;
    flux::wait_ready(&world.api, &app, &commit).await?;
    let version = async || {
        let object = world.api.read(&Ref::config_map(NAMESPACE, "one")).await?;
        anyhow::Ok(object["metadata"]["resourceVersion"].clone())
    };
    let applied = version().await?;
    signal(first.pid(), rustix::process::Signal::CONT)?;
    let ended = until("the first to end", Duration::from_secs(30), async || {
        Ok(match first.check() {
            Err(_) => Look::Done(()),
            Ok(()) => Look::Waiting("it runs".into()),
        })
    });
    ended.await?;
    ensure!(
        version().await? == applied,
        "the one that lost its lease applied something"
    );
    second.check()?;
    drop(world.git);
    Ok(())
}

fn signal(pid: u32, signal: rustix::process::Signal) -> Result<()> {
    let pid = i32::try_from(pid)
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    rustix::process::kill_process(pid.context("a process has an id")?, signal)?;
    Ok(())
}
