//! kill -9 at every stage of a reconcile: while a request of that stage is under way, whether it got through or not, and then a
//! revision that wants neither what was nor all that was begun.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rosin_cluster_tests::Fault;
use rosin_cluster_tests::api::Ref;
use rosin_cluster_tests::fault_proxy::Seen;
use rosin_cluster_tests::flux::{self, inventory};
use tokio::sync::Notify;

use crate::case::config_map;
use crate::faults::{NAMESPACE, World};

/// Its name, its requests, and which of them it is.
type Stage = (&'static str, fn(&Seen) -> bool, usize);

fn writes(seen: &Seen, path: &str) -> bool {
    seen.method == "PATCH" && seen.path.contains(path) && !seen.is_dry_run()
}

const STAGES: [Stage; 8] = [
    // The artifact is stored, and nobody has been told.
    ("fetch", of_source, 1),
    // It is rendered, and nothing has been looked at.
    ("render", Seen::is_dry_run, 1),
    ("claim", of_status, 1),
    ("apply of the first stage", of_role, 1),
    ("apply of the last stage", of_new, 1),
    ("prune", |seen| seen.method == "DELETE", 1),
    ("status", of_status, 2),
    ("event", |seen| seen.path.contains("/events"), 1),
];

fn of_source(seen: &Seen) -> bool {
    writes(seen, "/gitrepositories/app/status")
}

fn of_status(seen: &Seen) -> bool {
    writes(seen, "/kustomizations/app/status")
}

fn of_role(seen: &Seen) -> bool {
    writes(seen, "/clusterroles/t-kills-")
}

fn of_new(seen: &Seen) -> bool {
    writes(seen, "/configmaps/new-")
}

fn role(round: usize) -> String {
    format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: t-kills-{round}\nrules: []\n"
    )
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn killed_at_every_stage_it_loses_and_leaves_nothing() -> Result<()> {
    let world = World::start("kills").await?;
    let mut controller = world.controller("controller", &[]).await?;
    let remove = |name: &str| world.repository.remove(&format!("app/{name}.yaml"));
    let write = |name: &str, text: &str| world.repository.write(&format!("app/{name}.yaml"), text);
    write("stays", &config_map("stays", "round", "\"0\""))?;
    write("old", &config_map("old-0", "round", "\"0\""))?;
    let commit = world.repository.push("start")?;
    let app = world.add().await?;
    flux::wait_ready(&world.api, &app, &commit).await?;
    let uid = world.live().await?["stays"]["metadata"]["uid"].clone();

    let mut round = 0;
    for (stage, hits, which) in STAGES {
        for fault in [Fault::Hold, Fault::HoldAnswer] {
            round += 1;
            let what = format!("killed during {stage}, {fault:?}");
            // One changes, one goes, one comes, and a cluster role, which is of a stage of its own.
            write(
                "stays",
                &config_map("stays", "round", &format!("\"{round}\"")),
            )?;
            remove("old")?;
            write(
                "new",
                &config_map(&format!("new-{round}"), "round", "\"x\""),
            )?;
            write("role", &role(round))?;
            world.repository.push(&format!("round {round}"))?;
            let hit = Arc::new(Notify::new());
            let seen_it = hit.clone();
            let count = AtomicUsize::new(0);
            world.proxy.set(move |seen| {
                let hit = hits(seen) && count.fetch_add(1, Ordering::SeqCst) + 1 >= which;
                hit.then(|| {
                    seen_it.notify_one();
                    fault
                })
            });
            flux::request(&world.api, &Ref::git_repository(NAMESPACE, "app")).await?;
            tokio::time::timeout(Duration::from_secs(60), hit.notified())
                .await
                .with_context(|| {
                    format!("{what}: no such request\n{}", controller.last_lines(6))
                })?;
            controller.kill();
            world.proxy.heal();

            // What was begun is not wanted any more.
            remove("new")?;
            remove("role")?;
            write(
                "old",
                &config_map(&format!("old-{round}"), "round", "\"x\""),
            )?;
            let commit = world.repository.push(&format!("after round {round}"))?;
            controller.restart()?;
            controller.wait_ready().await?;
            flux::request(&world.api, &Ref::git_repository(NAMESPACE, "app")).await?;
            let ready = flux::wait_ready(&world.api, &app, &commit).await;
            ready.with_context(|| format!("{what}\n{}", controller.last_lines(6)))?;

            let wanted = BTreeSet::from(["stays".to_owned(), format!("old-{round}")]);
            let live = world.live().await?;
            let found: BTreeSet<String> = live.keys().cloned().collect();
            ensure!(found == wanted, "{what}: {found:?} instead of {wanted:?}");
            ensure!(
                live["stays"]["metadata"]["uid"] == uid,
                "{what}: an object that stays was made anew"
            );
            ensure!(
                live["stays"]["data"]["round"] == round.to_string().as_str(),
                "{what}: an object is old"
            );
            let listed = inventory(&world.api.read(&app).await?);
            let listed: BTreeSet<String> = listed.into_iter().map(|object| object.name).collect();
            ensure!(listed == wanted, "{what}: the inventory has {listed:?}");
            let role = Ref::new(
                "rbac.authorization.k8s.io/v1",
                "ClusterRole",
                "",
                &format!("t-kills-{round}"),
            );
            ensure!(
                world.api.get(&role).await?.is_none(),
                "{what}: a cluster role was left behind"
            );
        }
    }
    controller.check()
}
