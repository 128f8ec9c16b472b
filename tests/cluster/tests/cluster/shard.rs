//! A second controller beside the first: it has the objects of one shard, a lock on references to other namespaces, a default
//! service account, somebody who hears its events, and corrects drift only at the interval.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result};
use axum::{Json, Router, extract::State, routing::post};
use rosin_cluster_tests::api::Ref;
use rosin_cluster_tests::install::condition;
use rosin_cluster_tests::{Controller, flux};
use serde_json::{Value, json};

use crate::case::{Case, config_map, folder};

type Heard = Arc<Mutex<Vec<Value>>>;

async fn listen() -> Result<(SocketAddr, Heard)> {
    async fn hear(State(heard): State<Heard>, Json(event): Json<Value>) {
        if let Ok(mut heard) = heard.lock() {
            heard.push(event);
        }
    }
    let heard = Heard::default();
    let router = Router::new()
        .route("/", post(hear))
        .with_state(heard.clone());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok((address, heard))
}

/// A Kustomization of the shard.
pub(crate) async fn add(case: &Case, shard: &str, name: &str, more: Value) -> Result<Ref> {
    let mut spec = json!({ "targetNamespace": case.namespace });
    if let (Some(spec), Value::Object(more)) = (spec.as_object_mut(), more) {
        spec.extend(more);
    }
    let mut object = flux::kustomization(&case.namespace, name, "app", "./app", &spec);
    object["metadata"]["labels"] = json!({ "sharding.fluxcd.io/key": shard });
    object["metadata"]["annotations"] = json!({ "event.toolkit.fluxcd.io/team": "blue" });
    case.api.apply(&object).await?;
    Ok(Ref::kustomization(&case.namespace, name))
}

pub(crate) async fn start(case: &Case, shard: &str, more: &[&str]) -> Result<Controller> {
    let folder = folder(shard);
    let selector = format!("--watch-label-selector=sharding.fluxcd.io/key={shard}");
    let mut flags = vec!["--controllers=kustomize", selector.as_str()];
    flags.extend(more);
    let mut controller = Controller::start(&folder, &case.shared.kubeconfig, &flags)?;
    controller.wait_ready().await?;
    Ok(controller)
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_locked_shard_refuses_sources_of_others() -> Result<()> {
    // parity: KS-SRC-004, KS-SRC-005, KS-SCHED-012
    let case = Case::new("locked").await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "value"))?;
    let commit = case.push("first").await?;
    case.add_source().await?;
    let _controller = start(&case, "locked", &["--no-cross-namespace-refs=true"]).await?;
    let foreign = json!({ "sourceRef": { "kind": "GitRepository", "name": "app", "namespace": "elsewhere" } });
    let stolen = add(&case, "locked", "stolen", foreign).await?;
    let words =
        "can't access 'GitRepository/elsewhere/app', cross-namespace references have been blocked";
    case.fails(&stolen, "AccessDenied", words).await?;
    let object = case.api.read(&stolen).await?;
    assert_eq!(
        condition(&object, "Stalled").map(|stalled| &stalled["reason"]),
        Some(&json!("AccessDenied"))
    );
    let own = add(&case, "locked", "own", json!({})).await?;
    case.ready(&own, &commit).await?;
    // A dependency may be anywhere: it is not found, and not refused.
    let needs = json!({ "dependsOn": [{ "name": "base", "namespace": "elsewhere" }] });
    let dependant = add(&case, "locked", "dependant", needs).await?;
    case.fails(&dependant, "DependencyNotReady", "elsewhere/base")
        .await
        .map(drop)
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn the_default_account_applies_and_nothing_else() -> Result<()> {
    // parity: KS-IMP-002, KS-IMP-003
    let case = Case::new("account").await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "${value}"))?;
    let commit = case.push("first").await?;
    case.add_source().await?;
    let _controller = start(&case, "account", &["--default-service-account=tenant"]).await?;
    let account = json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "tenant", "namespace": case.namespace } });
    case.api.apply(&account).await?;
    // The account may not read what is substituted; the controller may.
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "values", "namespace": case.namespace },
        "stringData": { "value": "secret" },
    });
    case.api.apply(&secret).await?;
    let more = json!({
        "postBuild": { "substituteFrom": [{ "kind": "Secret", "name": "values" }] },
        "retryInterval": "1s",
    });
    let app = add(&case, "account", "app", more).await?;
    let words = format!("system:serviceaccount:{}:tenant", case.namespace);
    case.fails(&app, "ReconciliationFailed", &words).await?;

    let rights = "rbac.authorization.k8s.io";
    let role = json!({
        "apiVersion": format!("{rights}/v1"), "kind": "Role",
        "metadata": { "name": "tenant", "namespace": case.namespace },
        "rules": [{ "apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "create", "patch"] }],
    });
    let binding = json!({
        "apiVersion": format!("{rights}/v1"), "kind": "RoleBinding",
        "metadata": { "name": "tenant", "namespace": case.namespace },
        "roleRef": { "apiGroup": rights, "kind": "Role", "name": "tenant" },
        "subjects": [{ "kind": "ServiceAccount", "name": "tenant", "namespace": case.namespace }],
    });
    case.api.apply(&role).await?;
    case.api.apply(&binding).await?;
    case.ready(&app, &commit).await?;
    assert_eq!(case.value("one", "key").await?.as_deref(), Some("secret"));
    Ok(())
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn events_are_posted_with_what_alerts_select_by() -> Result<()> {
    // parity: KS-EVENT-001, KS-EVENT-002, KS-EVENT-003, KS-EVENT-004, KS-EVENT-005, KS-EVENT-007, KS-PRUNE-008
    let case = Case::new("posted").await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "value"))?;
    case.repository
        .write("app/two.yaml", &config_map("two", "key", "value"))?;
    let first = case.push("first").await?;
    case.add_source().await?;
    let (address, heard) = listen().await?;
    let _controller = start(
        &case,
        "posted",
        &[&format!("--events-addr=http://{address}/")],
    )
    .await?;
    let app = add(&case, "posted", "app", json!({ "prune": true })).await?;
    case.ready(&app, &first).await?;
    case.repository.remove("app/two.yaml")?;
    let second = case.push("second").await?;
    case.ready(&app, &second).await?;
    case.repository
        .write("app/one.yaml", "apiVersion: v1\nkind: ConfigMap\n")?;
    case.push("third").await?;
    case.fails(&app, "BuildFailed", "").await?;

    let key = |name: &str| format!("kustomize.toolkit.fluxcd.io/{name}");
    let find = async |reason: &str, words: &str, commit: &str| {
        for _ in 0..100 {
            let found = heard
                .lock()
                .unwrap()
                .iter()
                .find(|event| {
                    event["reason"] == reason
                        && event["message"]
                            .as_str()
                            .is_some_and(|text| text.contains(words))
                        && event["metadata"][key("revision")]
                            .as_str()
                            .is_some_and(|text| text.contains(commit))
                })
                .cloned();
            if let Some(event) = found {
                return Ok(event);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let all = heard.lock().unwrap().clone();
        Err(anyhow::anyhow!(
            "no event {reason} with {words:?} at {commit}: {all:#?}"
        ))
    };
    let created = find(
        "Progressing",
        &format!("ConfigMap/{}/one created", case.namespace),
        &first,
    )
    .await?;
    assert_eq!(created["severity"], "info");
    assert_eq!(created["involvedObject"]["kind"], "Kustomization");
    assert_eq!(created["involvedObject"]["name"], "app");
    assert_eq!(created["reportingController"], "kustomize-controller");
    assert_eq!(created["metadata"][key("team")], "blue");
    let finished = find("ReconciliationSucceeded", "next run in", &first).await?;
    assert_eq!(finished["metadata"][key("commit_status")], "update");
    find(
        "Progressing",
        &format!("ConfigMap/{}/two deleted", case.namespace),
        &second,
    )
    .await?;
    let failed = find("BuildFailed", "", "").await?;
    assert_eq!(failed["severity"], "error");

    let events = case.api.list("v1", "Event", &case.namespace, "").await?;
    let type_of = |reason: &str| {
        let event = events
            .iter()
            .find(|event| event["involvedObject"]["name"] == "app" && event["reason"] == reason);
        event
            .map(|event| event["type"].clone())
            .with_context(|| format!("no Event {reason}"))
    };
    assert_eq!(type_of("ReconciliationSucceeded")?, "Normal");
    assert_eq!(type_of("BuildFailed")?, "Warning");
    Ok(())
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn drift_is_corrected_at_each_interval() -> Result<()> {
    // parity: KS-DRIFT-001
    let case = Case::new("interval").await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "git"))?;
    let commit = case.push("first").await?;
    case.add_source().await?;
    let _controller = start(&case, "interval", &["--watch-drift=false"]).await?;
    let app = add(&case, "interval", "app", json!({ "interval": "3s" })).await?;
    case.ready(&app, &commit).await?;
    let theirs = json!({ "data": { "key": "somebody" } });
    case.api
        .merge(&case.config_map("one"), &theirs, "somebody")
        .await?;
    case.until_value("one", "key", "git").await
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn artifacts_of_others_need_their_gate() -> Result<()> {
    // parity: KS-SRC-006
    let case = Case::new("external").await?;
    let _controller = start(&case, "external", &[]).await?;
    let external = json!({ "sourceRef": { "kind": "ExternalArtifact", "name": "app" } });
    let app = add(&case, "external", "app", external).await?;
    let words = format!(
        "can't access 'ExternalArtifact/{}/app', ExternalArtifact feature gate is disabled",
        case.namespace
    );
    case.fails(&app, "AccessDenied", &words).await.map(drop)
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_labelled_config_starts_what_reads_it() -> Result<()> {
    // parity: KS-SCHED-008
    let case = Case::new("config").await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "${value:=none}"))?;
    let commit = case.push("first").await?;
    case.add_source().await?;
    let values = |value: &str| {
        json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {
                "name": "values", "namespace": case.namespace,
                "labels": { "reconcile.fluxcd.io/watch": "Enabled" },
            },
            "data": { "value": value },
        })
    };
    let from = json!([{ "kind": "ConfigMap", "name": "values", "optional": true }]);
    let strategy = json!({ "substituteFrom": from, "substituteStrategy": "Always" });
    let app = case
        .add_kustomization(
            "app",
            "./app",
            json!({ "interval": "1h", "postBuild": strategy }),
        )
        .await?;
    case.ready(&app, &commit).await?;
    case.until_value("one", "key", "none").await?;
    // Creation, change and deletion count, of what is optional, too.
    case.api.apply(&values("a")).await?;
    case.until_value("one", "key", "a").await?;
    case.api.apply(&values("b")).await?;
    case.until_value("one", "key", "b").await?;
    case.api.delete(&case.config_map("values")).await?;
    case.until_value("one", "key", "none").await
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn fifty_pushes_in_ten_seconds_cost_two_renders() -> Result<()> {
    let case = Case::new("burst").await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "start"))?;
    let commit = case.push("first").await?;
    case.add_source().await?;
    let controller = start(&case, "burst", &[]).await?;
    let app = add(&case, "burst", "app", json!({})).await?;
    case.ready(&app, &commit).await?;
    let renders = async || {
        let metrics = controller.metrics().await?;
        let lines = metrics
            .lines()
            .filter(|line| line.starts_with("rosin_renders") && line.contains("\"rendered\""));
        let count: f64 = lines
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum();
        anyhow::Ok(count)
    };
    let before = renders().await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut last = String::new();
    let started = std::time::Instant::now();
    for push in 0..50 {
        case.repository.write(
            "app/one.yaml",
            &config_map("one", "key", &format!("push-{push}")),
        )?;
        last = case.push("one of many").await?;
        let next = Duration::from_millis(200 * (push + 1));
        tokio::time::sleep(next.saturating_sub(started.elapsed())).await;
    }
    case.ready(&app, &last).await?;
    case.until_value("one", "key", "push-49").await?;
    let cost = renders().await? - before;
    anyhow::ensure!(
        (1.0..=2.0).contains(&cost),
        "{cost} renders in {:?}",
        started.elapsed()
    );
    Ok(())
}
