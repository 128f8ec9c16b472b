//! Releases that were given up are good again once their objects are, without anybody's doing.

use anyhow::{Result, ensure};
use rosin_cluster_tests::api::Ref;
use rosin_cluster_tests::helm::{CONFIG, DEPLOYMENT};
use serde_json::{Value, json};

use super::{World, condition};

fn node(name: &str) -> Value {
    let room = json!({ "cpu": "1000", "memory": "1Ti", "pods": "1000" });
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "annotations": { "kwok.x-k8s.io/node": "fake" },
            "labels": { "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "type": "kwok" },
        },
        "status": { "allocatable": room, "capacity": room },
    })
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_release_that_was_given_up_is_good_when_its_objects_are() -> Result<()> {
    let templates = [("config.yaml", CONFIG), ("deployment.yaml", DEPLOYMENT)];
    let world = World::new("helm-recovery", &templates).await?;
    let api = &world.case.api;
    let machine = "helm-recovery-node";
    let spec = json!({ "timeout": "3s", "values": { "on": machine } });
    let app = world.apply("app", &spec).await?;
    let failed = world.failed(&app, "InstallFailed").await?;
    ensure!(
        condition(&failed, "Stalled") == "True",
        "{}",
        failed["status"]
    );
    let helm = world.helm("helm")?;
    let history = helm.history(&world.case.namespace, "app")?;
    ensure!(history == [(1, "failed".to_owned())], "{history:?}");
    let workload = Ref::deployment(&world.case.namespace, "app");
    let before = world.case.uid(&workload).await?;

    // The cause goes away.
    api.create(&node(machine)).await?;
    let good = world.released(&app, 1).await?;
    ensure!(condition(&good, "Stalled").is_empty(), "{}", good["status"]);
    ensure!(good["status"]["history"][0]["status"] == "deployed");
    let history = helm.history(&world.case.namespace, "app")?;
    ensure!(history == [(1, "deployed".to_owned())], "{history:?}");
    ensure!(
        before == world.case.uid(&workload).await?,
        "it was made anew"
    );
    api.delete(&Ref::new("v1", "Node", "", machine)).await?;
    Ok(())
}
