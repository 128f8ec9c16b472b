//! Where the chart of a HelmRelease comes from: the HelmChart that is made for it, references, and sources that are not there.

use anyhow::{Context, Result, ensure};
use rosin_cluster_tests::api::Ref;
use rosin_cluster_tests::flux::Ready;
use rosin_cluster_tests::helm::{self, CHART, CONFIG};
use serde_json::{Value, json};

use super::{World, condition};

const SOURCE: &str = "source.toolkit.fluxcd.io/v1";

fn chart_reference(namespace: &str, name: &str) -> Ref {
    Ref::new(SOURCE, "HelmChart", namespace, name)
}

fn chart(namespace: &str, name: &str, path: &str) -> Value {
    json!({
        "apiVersion": SOURCE, "kind": "HelmChart",
        "metadata": { "name": name, "namespace": namespace },
        "spec": {
            "interval": "1h", "chart": path, "reconcileStrategy": "Revision",
            "sourceRef": { "kind": "GitRepository", "name": "app" },
        },
    })
}

// parity: HR-CHART-002, HR-CHART-003, HR-CHART-004, HR-CHART-006, HR-CHART-017, HR-DEL-001, HR-DEL-002
#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_chart_is_made_for_the_release_and_goes_with_it() -> Result<()> {
    let world = World::new("helm-charts", &[("config.yaml", CONFIG)]).await?;
    let (api, namespace) = (&world.case.api, &*world.case.namespace);
    let mut spec = json!({ "chart": helm::release(namespace, "app", &json!({}))["spec"]["chart"] });
    spec["chart"]["metadata"] =
        json!({ "labels": { "team": "a" }, "annotations": { "note": "b" } });
    let app = world.apply("app", &spec).await?;
    let made = world.released(&app, 1).await?;
    let name = format!("{namespace}-app");
    ensure!(
        made["status"]["helmChart"] == format!("{namespace}/{name}"),
        "{}",
        made["status"]["helmChart"]
    );
    ensure!(made["metadata"]["finalizers"] == json!(["finalizers.fluxcd.io"]));
    let own = chart_reference(namespace, &name);
    let found = api.read(&own).await?;
    let labels = &found["metadata"]["labels"];
    ensure!(labels["team"] == "a", "{labels}");
    ensure!(labels["helm.toolkit.fluxcd.io/name"] == "app", "{labels}");
    ensure!(
        labels["helm.toolkit.fluxcd.io/namespace"] == namespace,
        "{labels}"
    );
    ensure!(found["metadata"]["annotations"]["note"] == "b");
    ensure!(found["spec"]["interval"] == "1h0m0s", "{}", found["spec"]);
    let managers = found["metadata"]["managedFields"].as_array();
    ensure!(
        managers.into_iter().flatten().any(|entry| {
            entry["manager"] == "helm-controller" && entry["operation"] == "Apply"
        })
    );

    // Another revision of the chart wakes the release.
    helm::write_chart(&world.case.repository, "1.1.0", &[("config.yaml", CONFIG)])?;
    world.case.push("another version").await?;
    let upgraded = world.released(&app, 2).await?;
    let version = upgraded["status"]["history"][0]["chartVersion"].as_str();
    ensure!(
        version.is_some_and(|version| version.starts_with("1.1.0+")),
        "{version:?}"
    );

    // A reference instead of a template: the HelmChart that was made is not needed any more.
    api.apply(&chart(namespace, "shared", &format!("./{CHART}")))
        .await?;
    let reference = json!({ "kind": "HelmChart", "name": "shared" });
    let mut object = helm::release(namespace, "app", &json!({ "chart": null }));
    object["spec"]["chartRef"] = reference;
    api.apply(&object).await?;
    world.case.until_gone(&own).await?;
    helm::wait_for(api, &app, |ready, found| {
        ready.is_true() && found["status"].get("helmChart").is_none()
    })
    .await?;
    let records = world.records(namespace, "app").await?;
    ensure!(
        records.len() == 2,
        "the same chart is no reason for a release: {records:?}"
    );

    api.apply(&helm::release(
        namespace,
        "other",
        &json!({ "chart": null, "chartRef": { "kind": "HelmChart", "name": "shared" } }),
    ))
    .await?;
    let other = helm::reference(namespace, "other");
    world.released(&other, 1).await?;
    api.delete(&other).await?;
    world.case.until_gone(&other).await?;
    ensure!(
        api.get(&chart_reference(namespace, "shared"))
            .await?
            .is_some()
    );
    ensure!(
        api.get(&world.case.config_map("other-conf"))
            .await?
            .is_none()
    );
    ensure!(world.records(namespace, "other").await?.is_empty());

    api.delete(&app).await?;
    world.case.until_gone(&app).await?;
    ensure!(api.get(&world.case.config_map("app-conf")).await?.is_none());
    Ok(())
}

// parity: HR-API-004, HR-CHART-011, HR-CHART-012, HR-STATUS-004
#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn charts_that_are_not_there_are_named() -> Result<()> {
    let world = World::new("helm-no-chart", &[("config.yaml", CONFIG)]).await?;
    let (api, namespace) = (&world.case.api, &*world.case.namespace);
    let neither = helm::release(namespace, "neither", &json!({ "chart": null }));
    let mut both = helm::release(namespace, "both", &json!({}));
    both["spec"]["chartRef"] = json!({ "kind": "HelmChart", "name": "x" });
    for object in [neither, both] {
        let refused = api.apply(&object).await.map(drop);
        let said = refused.err().map(|error| format!("{error:#}"));
        ensure!(
            said.as_deref()
                .is_some_and(|said| said.contains("either chart or chartRef must be set")),
            "{said:?}"
        );
    }

    let object = helm::release(
        namespace,
        "missing",
        &json!({ "chart": null, "chartRef": { "kind": "HelmChart", "name": "nowhere" } }),
    );
    api.apply(&object).await?;
    let missing = helm::reference(namespace, "missing");
    let failed = world.failed(&missing, "ArtifactFailed").await?;
    let ready = Ready::of(&failed).context("no Ready")?;
    ensure!(
        ready.message.starts_with("could not get Source object: ")
            && ready.message.contains("nowhere"),
        "{}",
        ready.message
    );
    ensure!(condition(&failed, "Stalled").is_empty());
    ensure!(
        failed["status"]["observedGeneration"] == -1,
        "it waits: {}",
        failed["status"]
    );

    let mut spec = json!({ "chart": helm::release(namespace, "x", &json!({}))["spec"]["chart"] });
    spec["chart"]["spec"]["chart"] = "./charts/none".into();
    let unready = world.apply("unready", &spec).await?;
    world.failed(&unready, "SourceNotReady").await?;
    // As soon as the chart is there, so is the release.
    world.apply("unready", &json!({})).await?;
    world.released(&unready, 1).await?;
    Ok(())
}

// parity: HR-CRDS-001, HR-CRDS-002, HR-CRDS-004, HR-CRDS-005, HR-CRDS-007, HR-CRDS-008
#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn definitions_are_applied_by_policy_and_stay() -> Result<()> {
    let custom = "apiVersion: helm-test.rosin.invalid/v1\nkind: Thing\nmetadata:\n  name: {{ .Release.Name }}-thing\n";
    let templates = [("config.yaml", CONFIG), ("thing.yaml", custom)];
    let world = World::new("helm-crds", &templates).await?;
    let (api, namespace) = (&world.case.api, &*world.case.namespace);
    let definition = |note: &str| {
        format!(
            "# {{{{ not a template }}}}
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: things.helm-test.rosin.invalid
spec:
  group: helm-test.rosin.invalid
  names: {{kind: Thing, plural: things}}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema: {{type: object, description: {note}, x-kubernetes-preserve-unknown-fields: true}}
"
        )
    };
    let path = format!("{CHART}/crds/things.yaml");
    world.case.repository.write(&path, &definition("one"))?;
    world.case.push("definitions").await?;
    let skipped = world
        .apply("skipped", &json!({ "install": { "crds": "Skip" } }))
        .await?;
    let failed = world.failed(&skipped, "InstallFailed").await?;
    let ready = Ready::of(&failed).context("no Ready")?;
    ensure!(
        ready.message.contains("ensure CRDs are installed first"),
        "{}",
        ready.message
    );

    // Objects of the new kind are made at once: the server knows it by then.
    let app = world.apply("app", &json!({})).await?;
    world.released(&app, 1).await?;
    let crd = Ref::new(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        "",
        "things.helm-test.rosin.invalid",
    );
    let note = "/spec/versions/0/schema/openAPIV3Schema/description";
    let found = api.read(&crd).await?;
    ensure!(found.pointer(note) == Some(&json!("one")));
    ensure!(found["metadata"]["labels"]["helm.toolkit.fluxcd.io/name"] == "app");

    world.case.repository.write(&path, &definition("two"))?;
    world
        .apply("app", &json!({ "upgrade": { "crds": "CreateReplace" } }))
        .await?;
    world.case.push("other definitions").await?;
    helm::wait_for(api, &app, |ready, found| {
        ready.is_true() && found["status"]["history"][0]["version"].as_i64() >= Some(2)
    })
    .await?;
    let found = api.read(&crd).await?;
    ensure!(
        found.pointer(note) == Some(&json!("two")),
        "{:?}",
        found.pointer(note)
    );

    api.delete(&app).await?;
    world.case.until_gone(&app).await?;
    let thing = Ref::new(
        "helm-test.rosin.invalid/v1",
        "Thing",
        namespace,
        "app-thing",
    );
    ensure!(api.get(&thing).await?.is_none());
    ensure!(api.get(&crd).await?.is_some(), "definitions stay");
    api.delete(&skipped).await?;
    world.case.until_gone(&skipped).await?;
    api.delete(&crd).await?;
    Ok(())
}
