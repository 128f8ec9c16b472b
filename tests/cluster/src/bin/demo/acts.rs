//! The acts of the demo. Each one waits for what it shows, with a deadline, and fails the demo when it does not come.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use rosin_cluster_tests::Api;
use rosin_cluster_tests::api::Ref;
use rosin_cluster_tests::flux::{self, Ready};
use rosin_cluster_tests::helm;
use rosin_cluster_tests::wait::{Look, until};
use serde_json::{Value, json};

use crate::stage::Stage;
use crate::terminal::{Mark, Row, Terminal};
use crate::tree;

const NAMESPACE: &str = "flux-system";
const KUSTOMIZATION: &str = "kustomize.toolkit.fluxcd.io/v1";
/// The Kustomizations below the root, see `examples/fleet/clusters/demo`.
const FLEET: [&str; 7] = [
    "namespaces",
    "definitions",
    "caches",
    "cart",
    "catalog",
    "web",
    "releases",
];
/// The HelmReleases of the fleet, in the namespace of the shop.
const RELEASES: [&str; 3] = ["mail", "search", "payments"];

pub(crate) async fn play(stage: &mut Stage, terminal: &Terminal) -> Result<()> {
    deploy(stage, terminal).await?;
    commit(stage, terminal).await?;
    drift(stage, terminal).await?;
    upgrade(stage, terminal).await?;
    mistake(stage, terminal).await?;
    terminal.act("What is deployed");
    tree::print(
        &stage.api,
        &Ref::kustomization(NAMESPACE, "fleet"),
        terminal,
    )
    .await
}

async fn deploy(stage: &mut Stage, terminal: &Terminal) -> Result<()> {
    terminal.act("From git to a live cluster");
    let started = Instant::now();
    stage
        .api
        .apply(&flux::git_repository(
            NAMESPACE,
            "fleet",
            stage.fleet.url(),
            "1m",
        ))
        .await?;
    stage
        .api
        .apply(&flux::kustomization(
            NAMESPACE,
            "fleet",
            "fleet",
            "./clusters/demo",
            &json!({ "wait": true }),
        ))
        .await?;
    all_ready(stage, terminal, None).await?;
    terminal.success("everything is Ready", started.elapsed());
    Ok(())
}

async fn commit(stage: &mut Stage, terminal: &Terminal) -> Result<()> {
    terminal.act("A commit goes live");
    let overlay = "apps/overlays/demo/web";
    stage.fleet.edit(
        &format!("{overlay}/kustomization.yaml"),
        "value: 3",
        "value: 4",
    )?;
    stage.fleet.write(
        &format!("{overlay}/index.html"),
        "<h1>The shop, now with more room</h1>\n",
    )?;
    let id = stage.fleet.push("Give the web four replicas")?;
    let pushed = Instant::now();
    terminal.line(&format!("pushed {}: four replicas and a new page for web; the source is asked to look, as a webhook would", &id[..8]));
    flux::request(&stage.api, &source()).await?;
    let web = Ref::deployment("shop", "web");
    live(stage, &web, "/spec/replicas", &json!(4)).await?;
    terminal.success("the cluster has it", pushed.elapsed());
    all_ready(stage, terminal, Some(&id)).await?;
    terminal.success("and all of it is Ready", pushed.elapsed());
    Ok(())
}

async fn drift(stage: &mut Stage, terminal: &Terminal) -> Result<()> {
    terminal.act("Somebody edits a live object");
    let cart = Ref::deployment("shop", "cart");
    stage
        .api
        .merge(&cart, &json!({ "spec": { "replicas": 7 } }), "kubectl-edit")
        .await?;
    let edited = Instant::now();
    terminal.line("Deployment shop/cart was scaled from 2 to 7 behind git's back");
    live(stage, &cart, "/spec/replicas", &json!(2)).await?;
    terminal.success(
        "corrected: it has the 2 replicas of git again",
        edited.elapsed(),
    );
    Ok(())
}

async fn upgrade(stage: &mut Stage, terminal: &Terminal) -> Result<()> {
    terminal.act("A release is upgraded");
    let file = "releases/mail.yaml";
    stage.fleet.edit(file, "replicas: 1", "replicas: 2")?;
    let id = stage.fleet.push("Send mail with two workers")?;
    let pushed = Instant::now();
    terminal.line(&format!(
        "pushed {}: two replicas in the values of the HelmRelease mail",
        &id[..8]
    ));
    flux::request(&stage.api, &source()).await?;
    live(
        stage,
        &Ref::deployment("shop", "mail"),
        "/spec/replicas",
        &json!(2),
    )
    .await?;
    all_ready(stage, terminal, Some(&id)).await?;
    terminal.success("the release is Ready", pushed.elapsed());
    let mail = stage.api.read(&helm::reference("shop", "mail")).await?;
    let history = mail.pointer("/status/history").and_then(Value::as_array);
    for entry in history.into_iter().flatten() {
        terminal.line(&format!(
            "  mail.v{}  {}  chart {} {}",
            entry["version"],
            entry["status"].as_str().unwrap_or_default(),
            entry["chartName"].as_str().unwrap_or_default(),
            entry["chartVersion"].as_str().unwrap_or_default(),
        ));
    }
    Ok(())
}

async fn mistake(stage: &mut Stage, terminal: &Terminal) -> Result<()> {
    terminal.act("A broken commit");
    let file = "apps/base/catalog/deployment.yaml";
    let before = stage.api.read(&Ref::deployment("shop", "catalog")).await?;
    stage.fleet.edit(file, "replicas: 1", "replicas: plenty")?;
    let id = stage.fleet.push("Give the catalog plenty of replicas")?;
    let pushed = Instant::now();
    terminal.line(&format!(
        "pushed {}: {file} says `replicas: plenty`",
        &id[..8]
    ));
    flux::request(&stage.api, &source()).await?;
    let catalog = Ref::kustomization(NAMESPACE, "catalog");
    let refused = flux::wait_for(&stage.api, &catalog, Duration::from_secs(60), |ready| {
        ready.is_false() && ready.attempted.contains(&id)
    })
    .await?;
    terminal.success(
        "it is refused, and the Kustomization says why:",
        pushed.elapsed(),
    );
    for line in refused.message.lines() {
        // The place is at the end of a long line; it is what somebody looks for first.
        match line.rsplit_once(" (") {
            Some((cause, place)) => {
                terminal.line(&format!("  {cause}"));
                terminal.line(&format!("  in {}", place.trim_end_matches(')')));
            }
            None => terminal.line(&format!("  {line}")),
        }
    }
    let line = stage.fleet.read(file)?;
    let line = line.lines().position(|line| line.contains("plenty"));
    let place = format!("{file}:{}", line.unwrap_or_default() + 1);
    for expected in [&place, "replicas"] {
        if !refused.message.contains(expected) {
            bail!("the message of {catalog} does not name {expected}");
        }
    }
    let after = stage.api.read(&Ref::deployment("shop", "catalog")).await?;
    if after["spec"] != before["spec"] {
        bail!("the live Deployment of the catalog has changed");
    }
    terminal.line("the last good state stays: Deployment shop/catalog is as it was");

    stage.fleet.edit(file, "replicas: plenty", "replicas: 2")?;
    let id = stage.fleet.push("Give the catalog two replicas")?;
    let pushed = Instant::now();
    flux::request(&stage.api, &source()).await?;
    all_ready(stage, terminal, Some(&id)).await?;
    terminal.success(&format!("{} corrects it", &id[..8]), pushed.elapsed());
    Ok(())
}

fn source() -> Ref {
    Ref::git_repository(NAMESPACE, "fleet")
}

/// Waits until a field of a live object has a value.
async fn live(stage: &mut Stage, object: &Ref, field: &str, wanted: &Value) -> Result<()> {
    let Stage {
        api, controller, ..
    } = stage;
    until(
        format!("{object} to have {field} = {wanted}"),
        Duration::from_secs(60),
        async || {
            controller.check()?;
            let found = api.read(object).await?;
            let value = found.pointer(field).unwrap_or(&Value::Null);
            Ok(if value == wanted {
                Look::Done(())
            } else {
                Look::Waiting(format!("it has {value}"))
            })
        },
    )
    .await
}

/// Shows the table until all Kustomizations are ready, at the revision of `commit` where one is given.
async fn all_ready(stage: &mut Stage, terminal: &Terminal, commit: Option<&str>) -> Result<()> {
    let Stage {
        api, controller, ..
    } = stage;
    until(
        "the fleet to be Ready",
        Duration::from_secs(120),
        async || {
            controller.check()?;
            let rows = rows(api, commit).await?;
            terminal.rows(&rows);
            let waiting: Vec<String> = rows
                .iter()
                .filter(|row| row.mark != Mark::Ready)
                .map(|row| format!("\n    {}: {}", row.name, row.text))
                .collect();
            Ok(if waiting.is_empty() {
                Look::Done(())
            } else {
                Look::Waiting(waiting.concat())
            })
        },
    )
    .await
}

async fn rows(api: &Api, commit: Option<&str>) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let found = api.get(&source()).await?.unwrap_or_default();
    rows.push(row("GitRepository fleet", &found, commit));
    let all = api
        .list(KUSTOMIZATION, "Kustomization", NAMESPACE, "")
        .await?;
    for name in ["fleet"].iter().chain(&FLEET) {
        let found = all
            .iter()
            .find(|object| object["metadata"]["name"] == *name);
        rows.push(row(
            &format!("Kustomization {name}"),
            found.unwrap_or(&Value::Null),
            commit,
        ));
    }
    for name in RELEASES {
        let found = api.get(&helm::reference("shop", name)).await?;
        rows.push(row(
            &format!("HelmRelease {name}"),
            found.as_ref().unwrap_or(&Value::Null),
            None,
        ));
    }
    Ok(rows)
}

fn row(name: &str, object: &Value, commit: Option<&str>) -> Row {
    let (mark, text) = match Ready::of(object) {
        None if object.is_null() => (Mark::Working, "not there yet".to_owned()),
        None => (Mark::Working, "not looked at yet".to_owned()),
        Some(ready) if ready.is_false() => {
            (Mark::Failed, format!("{}: {}", ready.reason, ready.message))
        }
        Some(ready)
            if ready.is_true() && commit.is_none_or(|commit| ready.revision.contains(commit)) =>
        {
            let took = object
                .pointer("/status/history/0/lastReconciledDuration")
                .and_then(Value::as_str)
                .map(|took| format!(" in {took}"));
            (
                Mark::Ready,
                format!("{}{}", ready.message, took.unwrap_or_default()),
            )
        }
        Some(ready) => (Mark::Working, ready.message),
    };
    Row {
        mark,
        name: name.to_owned(),
        text,
    }
}
