//! What is new: how many requests it costs, and that a stage is all or nothing although new objects need no dry run.

use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use rosin_cluster_tests::api::Ref;
use rosin_cluster_tests::fault_proxy::Seen;
use rosin_cluster_tests::flux;
use rosin_cluster_tests::wait::{Look, until};
use serde_json::{Value, json};

use crate::case::{Case, DEADLINE, config_map, deployment};
use crate::faults::{NAMESPACE, World};

const ACCOUNT: &str = "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: web\n";
/// How many steps of a run could last.
const STEPS: usize = 3;
const SERVICE: &str =
    "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  ports:\n    - port: 80\n";

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_new_app_costs_seven_requests_and_a_moved_revision_one() -> Result<()> {
    // parity: KS-EVENT-006, KS-EVENT-007
    let world = World::start("requests").await?;
    let mut controller = world.controller("controller", &[]).await?;
    let app = [
        ("account", ACCOUNT.to_owned()),
        ("config", config_map("web", "key", "value")),
        ("service", SERVICE.to_owned()),
        ("deployment", deployment("web", 1, None)),
    ];
    for (file, text) in app {
        world.repository.write(&format!("app/{file}.yaml"), &text)?;
    }
    let commit = world.repository.push("first")?;
    let log: Arc<Mutex<Vec<Seen>>> = Arc::default();
    let writes = log.clone();
    world.proxy.set(move |seen| {
        // Reads are of watches and discovery, once for all; a source has a status and events of its own.
        let ours = seen.method != "GET" && !seen.path.contains("/gitrepositories/");
        if ours {
            writes.lock().unwrap().push(seen.clone());
        }
        None
    });
    let app = world.add().await?;
    flux::wait_ready(&world.api, &app, &commit).await?;
    let events = |count: usize| {
        let api = &world.api;
        until(format!("{count} events"), DEADLINE, async move || {
            let events = api.list("v1", "Event", NAMESPACE, "").await?;
            let told = |event: &&Value| event["involvedObject"]["kind"] == "Kustomization";
            let found = events.iter().filter(told).count();
            Ok(match found == count {
                true => Look::Done(()),
                false => Look::Waiting(format!("{found} are there")),
            })
        })
    };
    events(2).await?;
    let sent = |log: &Mutex<Vec<Seen>>| -> Vec<String> {
        let mut sent: Vec<String> = std::mem::take(&mut *log.lock().unwrap())
            .into_iter()
            .filter(|seen| !seen.path.contains("/events"))
            .map(|seen| format!("{} {}", seen.method, seen.path))
            .collect();
        sent.sort();
        sent
    };
    let first = sent(&log);
    // The finalizer and four objects; what is about to be created, and the end. On a busy machine steps may last and be told.
    let (status, first): (Vec<_>, Vec<_>) = first
        .into_iter()
        .partition(|request| request.contains("/status"));
    assert_eq!(first.len(), 5, "{first:#?}");
    assert!((2..=2 + STEPS).contains(&status.len()), "{status:#?}");
    assert!(
        !first.iter().any(|request| request.contains("dryRun")),
        "{first:#?}"
    );

    world
        .repository
        .write("elsewhere.yaml", &config_map("x", "a", "b"))?;
    let commit = world.repository.push("elsewhere")?;
    flux::request(&world.api, &Ref::git_repository(NAMESPACE, "app")).await?;
    flux::wait_ready(&world.api, &app, &commit).await?;
    events(3).await?;
    let moved = sent(&log);
    assert!((1..=1 + STEPS).contains(&moved.len()), "{moved:#?}");
    assert!(
        moved.iter().all(|request| request.contains("/status")),
        "{moved:#?}"
    );
    controller.check()
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn of_a_new_app_with_one_refused_object_nothing_stays() -> Result<()> {
    // parity: KS-APPLY-002, KS-APPLY-008
    // The schema has no objection; the server's validation has.
    let bad = SERVICE.replace("port: 80", "port: 70000");
    nothing_stays("new-invalid", &bad, "70000").await?;
    // What does not fit the schema is refused with 500.
    let bad = SERVICE.replace("port: 80", "port: seventy");
    nothing_stays("new-ill-typed", &bad, "port").await
}

async fn nothing_stays(name: &str, bad: &str, words: &str) -> Result<()> {
    let case = Case::new(name).await?;
    case.repository
        .write("app/account.yaml", &ACCOUNT.replace("web", "app"))?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "value"))?;
    case.repository.write("app/web.yaml", bad)?;
    case.push("broken").await?;
    case.add_source().await?;
    let app = case.add_kustomization("app", "./app", json!({})).await?;
    let failed = case.fails(&app, "ReconciliationFailed", words).await?;
    assert!(
        failed.message.contains("dry-run failed") && failed.message.contains("(app/web.yaml:"),
        "{}",
        failed.message
    );
    case.until_gone(&case.config_map("one")).await?;
    case.until_gone(&Ref::new("v1", "ServiceAccount", &case.namespace, "app"))
        .await?;
    let found = case.api.read(&app).await?;
    assert!(flux::inventory(&found).is_empty(), "{}", found["status"]);

    case.repository.write("app/web.yaml", SERVICE)?;
    let commit = case.push("mended").await?;
    case.ready(&app, &commit).await?;
    assert_eq!(case.value("one", "key").await?.as_deref(), Some("value"));
    Ok(())
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn what_is_there_already_is_never_taken_for_new() -> Result<()> {
    let case = Case::new("not-new").await?;
    let theirs = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {
            "name": "theirs", "namespace": case.namespace,
            "annotations": { "kustomize.toolkit.fluxcd.io/reconcile": "disabled" },
        },
        "data": { "key": "theirs" },
    });
    case.api.apply(&theirs).await?;
    case.repository
        .write("app/theirs.yaml", &config_map("theirs", "key", "git"))?;
    case.repository
        .write("app/ours.yaml", &config_map("ours", "key", "git"))?;
    let commit = case.push("first").await?;
    case.add_source().await?;
    let app = case.add_kustomization("app", "./app", json!({})).await?;
    case.ready(&app, &commit).await?;
    assert_eq!(case.value("ours", "key").await?.as_deref(), Some("git"));
    assert_eq!(
        case.value("theirs", "key").await?.as_deref(),
        Some("theirs")
    );
    Ok(())
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_dependent_is_woken_and_does_not_look() -> Result<()> {
    // parity: KS-DEP-003
    let world = World::start("woken").await?;
    // Whatever looks at the clock looks in an hour.
    let mut controller = world
        .controller("controller", &["--requeue-dependency=1h"])
        .await?;
    world
        .repository
        .write("app/one.yaml", &config_map("one", "key", "value"))?;
    world
        .repository
        .write("next/two.yaml", &config_map("two", "key", "value"))?;
    let commit = world.repository.push("first")?;
    let first = world.add().await?;
    let missing =
        json!({ "spec": { "path": "./missing", "retryInterval": "1h", "interval": "1h" } });
    world.api.merge(&first, &missing, "test").await?;
    let spec = json!({
        "targetNamespace": NAMESPACE, "interval": "1h", "retryInterval": "1h",
        "dependsOn": [{ "name": "app" }],
    });
    let next = flux::kustomization(NAMESPACE, "next", "app", "./next", &spec);
    world.api.apply(&next).await?;
    let next = Ref::kustomization(NAMESPACE, "next");
    let waiting = |ready: &flux::Ready| ready.is_false() && ready.reason == "DependencyNotReady";
    flux::wait_for(&world.api, &next, DEADLINE, waiting).await?;
    let there = json!({ "spec": { "path": "./app" } });
    world.api.merge(&first, &there, "test").await?;
    let ready = flux::wait_ready(&world.api, &next, &commit).await;
    ready.with_context(|| controller.last_lines(6))?;
    controller.check()
}
