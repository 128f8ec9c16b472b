//! The helm commands of Helm 3 and 4 on releases that Rosin made, and Rosin on releases that they made.

use anyhow::{Result, ensure};
use rosin_cluster_tests::api::Ref;
use rosin_cluster_tests::flux;
use rosin_cluster_tests::helm::{self, CONFIG, DEPLOYMENT, hook};
use serde_json::json;

use super::World;

fn deployed(revision: i64) -> (i64, String) {
    (revision, "deployed".to_owned())
}

fn superseded(revision: i64) -> (i64, String) {
    (revision, "superseded".to_owned())
}

async fn commands(program: &str) -> Result<()> {
    let pre_install = hook("pre-install");
    let templates = [
        ("config.yaml", CONFIG),
        ("deployment.yaml", DEPLOYMENT),
        ("hook.yaml", &*pre_install),
        ("NOTES.txt", "Say {{ .Values.message }}."),
    ];
    let world = World::new(&format!("{program}-commands"), &templates).await?;
    let (api, namespace) = (&world.case.api, &*world.case.namespace);
    let helm = world.helm(program)?;
    let app = world
        .apply("app", &json!({ "values": { "message": "one" } }))
        .await?;
    world.released(&app, 1).await?;

    let list = helm.json(namespace, &["list"])?;
    ensure!(list[0]["name"] == "app", "{list}");
    ensure!(list[0]["status"] == "deployed", "{list}");
    ensure!(list[0]["app_version"] == "1.0", "{list}");
    let values = helm.json(namespace, &["get", "values", "app"])?;
    ensure!(values == json!({ "message": "one" }), "{values}");
    let all = helm.json(namespace, &["get", "values", "app", "--all"])?;
    ensure!(all["replicas"] == 1, "{all}");
    let manifest = helm.run(namespace, &["get", "manifest", "app"])?;
    ensure!(
        manifest.contains("# Source: app/templates/config.yaml")
            && manifest.contains("message: one"),
        "{manifest}"
    );
    let hooks = helm.run(namespace, &["get", "hooks", "app"])?;
    ensure!(hooks.contains("name: app-pre-install"), "{hooks}");
    let notes = helm.run(namespace, &["get", "notes", "app"])?;
    ensure!(notes.contains("Say one."), "{notes}");
    let status = helm.json(namespace, &["status", "app"])?;
    ensure!(status["info"]["status"] == "deployed", "{status}");

    world
        .apply("app", &json!({ "values": { "message": "two" } }))
        .await?;
    world.released(&app, 2).await?;
    let history = helm.history(namespace, "app")?;
    ensure!(history == [superseded(1), deployed(2)], "{history:?}");

    // What was done by hand is undone: the digest in the status says that the last record is not ours.
    helm::suspend(api, &app, true).await?;
    let mut rollback = vec!["rollback", "app", "1"];
    if program == "helm" {
        // Helm 4 lets the server merge, for which the fields are ours.
        rollback.push("--force-conflicts");
    }
    helm.run(namespace, &rollback)?;
    let by_hand = world.case.value("app-conf", "message").await?;
    ensure!(by_hand.as_deref() == Some("one"), "{by_hand:?}");
    helm::suspend(api, &app, false).await?;
    world.released(&app, 4).await?;
    world.case.until_value("app-conf", "message", "two").await?;
    let history = helm.history(namespace, "app")?;
    ensure!(
        history == [superseded(1), superseded(2), superseded(3), deployed(4)],
        "{history:?}"
    );

    helm.run(namespace, &["uninstall", "app"])?;
    world
        .case
        .until_gone(&world.case.config_map("app-conf"))
        .await?;
    flux::reconcile(api, &app).await?;
    world.released(&app, 1).await?;
    world.case.until_value("app-conf", "message", "two").await?;
    let history = helm.history(namespace, "app")?;
    ensure!(history == [deployed(1)], "{history:?}");
    Ok(())
}

// parity: HR-STORAGE-012, HR-STATE-012, HR-STATE-002
#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn helm_4_reads_and_changes_what_was_released() -> Result<()> {
    commands("helm").await
}

// parity: HR-STORAGE-012
#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn helm_3_reads_and_changes_what_was_released() -> Result<()> {
    commands("helm3").await
}

/// A release that helm made goes on as one of ours: nothing is deleted, no pod restarts.
async fn take_over(program: &str, method: &str) -> Result<()> {
    let templates = [("config.yaml", CONFIG), ("deployment.yaml", DEPLOYMENT)];
    let world = World::new(&format!("{program}-take-over"), &templates).await?;
    let (api, namespace) = (&world.case.api, &*world.case.namespace);
    let helm = world.helm(program)?;
    let chart = world.case.repository.work().join(helm::CHART);
    let chart = chart.display().to_string();
    helm.run(
        namespace,
        &["install", "app", &chart, "--set", "message=one"],
    )?;
    let workload = Ref::deployment(namespace, "app");
    let before = api.read(&workload).await?;

    let app = world
        .apply("app", &json!({ "values": { "message": "one" } }))
        .await?;
    let taken = world.released(&app, 2).await?;
    let after = api.read(&workload).await?;
    ensure!(before["metadata"]["uid"] == after["metadata"]["uid"]);
    ensure!(
        before["metadata"]["generation"] == after["metadata"]["generation"],
        "the pods would restart: {}",
        after["spec"]
    );
    let history = helm.history(namespace, "app")?;
    ensure!(history == [superseded(1), deployed(2)], "{history:?}");
    // The way of applying is that of the release before.
    let fields = after["metadata"]["managedFields"].as_array();
    let ours = fields
        .into_iter()
        .flatten()
        .find(|entry| entry["manager"] == "helm-controller" && entry.get("subresource").is_none());
    ensure!(
        ours.is_some_and(|entry| entry["operation"] == method),
        "{}",
        after["metadata"]["managedFields"]
    );

    // From now on nothing happens without a reason.
    flux::reconcile(api, &app).await?;
    let again = api.read(&app).await?;
    ensure!(
        again["status"]["history"] == taken["status"]["history"],
        "{}",
        again["status"]["history"]
    );
    let history = helm.history(namespace, "app")?;
    ensure!(history.len() == 2, "{history:?}");

    api.delete(&app).await?;
    world.case.until_gone(&app).await?;
    world.case.until_gone(&workload).await?;
    let list = helm.json(
        namespace,
        &["list", "--all-namespaces", "--filter", "^app$"],
    )?;
    let left = list.as_array().into_iter().flatten();
    ensure!(
        left.into_iter()
            .all(|entry| entry["namespace"] != namespace),
        "{list}"
    );
    Ok(())
}

// parity: HR-STATE-005, HR-UPG-002, HR-STATE-010
#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn releases_of_helm_4_are_taken_over() -> Result<()> {
    take_over("helm", "Apply").await
}

// parity: HR-STATE-005, HR-UPG-002
#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn releases_of_helm_3_are_taken_over() -> Result<()> {
    take_over("helm3", "Update").await
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn the_flux_command_tells_of_releases() -> Result<()> {
    let world = World::new("helm-flux", &[("config.yaml", CONFIG)]).await?;
    let more = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "more", "namespace": world.case.namespace },
        "data": { "values.yaml": "from: elsewhere\n" },
    });
    world.case.api.apply(&more).await?;
    let spec = json!({
        "values": { "message": "one" }, "valuesFrom": [{ "kind": "ConfigMap", "name": "more" }],
    });
    let app = world.apply("app", &spec).await?;
    world.released(&app, 1).await?;
    let flux = async |arguments: &[&str]| world.case.flux(arguments).await;

    let values = flux(&["debug", "hr", "app", "--show-values"]).await?;
    ensure!(
        values.contains("message: one") && values.contains("from: elsewhere"),
        "{values}"
    );
    let status = flux(&["debug", "hr", "app", "--show-status"]).await?;
    ensure!(status.contains("lastAttemptedConfigDigest"), "{status}");
    let history = flux(&["debug", "hr", "app", "--show-history"]).await?;
    ensure!(history.contains("status: deployed"), "{history}");
    let list = flux(&["get", "hr"]).await?;
    ensure!(list.contains("Helm install succeeded"), "{list}");
    flux(&["reconcile", "hr", "app", "--force"]).await?;
    world.released(&app, 2).await?;
    flux(&["reconcile", "hr", "app", "--with-source"]).await?;
    flux(&["suspend", "hr", "app"]).await?;
    flux(&["resume", "hr", "app"]).await?;
    world.released(&app, 2).await?;
    Ok(())
}
