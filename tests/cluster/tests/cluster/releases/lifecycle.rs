//! A release from its first revision to its end: what is made, what is remembered, what stays.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rosin_cluster_tests::api::Ref;
use rosin_cluster_tests::flux::{self, Ready};
use rosin_cluster_tests::helm::{self, BAD, CHART, CONFIG};
use rosin_cluster_tests::wait::{Look, until};
use serde_json::{Value, json};

use super::{World, condition};

fn records(wanted: &[(i64, &str)]) -> Vec<(i64, String)> {
    let owned = wanted
        .iter()
        .map(|(revision, status)| (*revision, (*status).to_owned()));
    owned.collect()
}

fn message(object: &Value) -> Result<String> {
    Ok(Ready::of(object).context("no Ready")?.message)
}

// parity: HR-INST-003, HR-NAME-003, HR-NAME-004, HR-TPL-007, HR-TPL-015, HR-TPL-019
#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_release_has_the_names_and_places_that_are_asked_for() -> Result<()> {
    let facts = "apiVersion: v1
kind: ConfigMap
metadata:
  name: facts
data:
  release: {{ .Release.Namespace }}/{{ .Release.Name }}
  deployments: {{ .Capabilities.APIVersions.Has \"apps/v1/Deployment\" | quote }}
  nonsense: {{ .Capabilities.APIVersions.Has \"apps/v1/Nonsense\" | quote }}
  kubernetes: {{ printf \"%s.%s\" .Capabilities.KubeVersion.Major .Capabilities.KubeVersion.Minor | quote }}
  helm: {{ .Capabilities.HelmVersion.Version }}
";
    let world = World::new("helm-places", &[("facts.yaml", facts)]).await?;
    let (api, namespace) = (&world.case.api, &*world.case.namespace);
    let (target, storage) = ("t-helm-places-target", "t-helm-places-storage");
    api.create_namespace(storage).await?;
    let spec = json!({
        "targetNamespace": target, "storageNamespace": storage, "install": { "createNamespace": true },
    });
    let app = world.apply("app", &spec).await?;
    let made = world.released(&app, 1).await?;
    ensure!(made["status"]["storageNamespace"] == storage);
    let name = format!("{target}-app");
    ensure!(made["status"]["history"][0]["name"] == name.as_str());
    ensure!(made["status"]["history"][0]["namespace"] == target);
    let kept = world.records(storage, &name).await?;
    ensure!(kept == records(&[(1, "deployed")]), "{kept:?}");
    ensure!(world.records(namespace, &name).await?.is_empty());

    let found = api.read(&Ref::config_map(target, "facts")).await?;
    let data = &found["data"];
    ensure!(data["release"] == format!("{target}/{name}"), "{data}");
    ensure!(
        data["deployments"] == "true" && data["nonsense"] == "false",
        "{data}"
    );
    let version: Value = serde_json::from_str(&api.text("/version").await?)?;
    let wanted = format!(
        "{}.{}",
        version["major"].as_str().unwrap_or_default(),
        version["minor"].as_str().unwrap_or_default()
    );
    ensure!(data["kubernetes"] == wanted, "{data}");
    ensure!(
        data["helm"]
            .as_str()
            .is_some_and(|version| version.starts_with("v4.")),
        "{data}"
    );
    let metadata = &found["metadata"];
    ensure!(
        metadata["labels"]["app.kubernetes.io/managed-by"] == "Helm",
        "{metadata}"
    );
    ensure!(metadata["annotations"]["meta.helm.sh/release-name"] == name.as_str());
    ensure!(metadata["annotations"]["meta.helm.sh/release-namespace"] == target);
    let manifest = world
        .helm("helm")?
        .run(storage, &["get", "manifest", &name]);
    let manifest = manifest?;
    ensure!(
        !manifest.contains("managed-by") && !manifest.contains("\n  namespace:"),
        "what is added to objects is not in the record: {manifest}"
    );
    let place = Ref::new("v1", "Namespace", "", target);
    ensure!(api.read(&place).await?["metadata"]["labels"]["name"] == target);

    api.delete(&app).await?;
    world.case.until_gone(&app).await?;
    let place = api.read(&place).await?;
    ensure!(
        place["metadata"].get("deletionTimestamp").is_none(),
        "namespaces are never deleted"
    );
    Ok(())
}

const EXTRA: &str = "{{- range .Values.extra }}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ . }}
  {{- if hasPrefix \"kept\" . }}
  annotations: {helm.sh/resource-policy: keep}
  {{- end }}
{{- end }}
";

// parity: HR-UPG-005, HR-UPG-006, HR-UPG-007, HR-UN-001, HR-UN-002, HR-UN-006
#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn what_a_chart_no_longer_has_is_deleted_unless_it_is_to_stay() -> Result<()> {
    let world = World::new(
        "helm-removed",
        &[("config.yaml", CONFIG), ("extra.yaml", EXTRA)],
    )
    .await?;
    let (api, namespace) = (&world.case.api, &*world.case.namespace);
    let values = |extra: &[&str]| json!({ "values": { "extra": extra } });
    let app = world
        .apply("app", &values(&["gone", "kept-one", "kept-two"]))
        .await?;
    world.released(&app, 1).await?;
    world.apply("app", &values(&["kept-two"])).await?;
    world.released(&app, 2).await?;
    let there = async |name: &str| {
        Ok::<_, anyhow::Error>(api.get(&world.case.config_map(name)).await?.is_some())
    };
    world
        .case
        .until_gone(&world.case.config_map("gone"))
        .await?;
    ensure!(there("kept-one").await? && there("kept-two").await?);
    let all = world.records(namespace, "app").await?;
    ensure!(
        all == records(&[(1, "superseded"), (2, "deployed")]),
        "{all:?}"
    );
    let config = api.read(&world.case.config_map("app-conf")).await?;
    let managers = config["metadata"]["managedFields"].as_array();
    let managers: Vec<_> = managers
        .into_iter()
        .flatten()
        .map(|entry| &entry["manager"])
        .collect();
    ensure!(managers == ["helm-controller"], "{managers:?}");
    world.event(&app, "UpgradeSucceeded").await?;

    api.delete(&app).await?;
    world.case.until_gone(&app).await?;
    ensure!(there("kept-one").await? && there("kept-two").await?);
    ensure!(!there("app-conf").await?);
    ensure!(world.records(namespace, "app").await?.is_empty());
    Ok(())
}

// parity: HR-UPG-008, HR-STATUS-001, HR-STATUS-005, HR-STATUS-007, HR-STATUS-008, HR-EVENT-001, HR-INST-007
#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_failed_upgrade_is_remembered_beside_what_is_deployed() -> Result<()> {
    let world = World::new("helm-failed", &[("config.yaml", CONFIG), ("bad.yaml", BAD)]).await?;
    let namespace = &*world.case.namespace;
    let app = world.apply("app", &json!({})).await?;
    let made = world.released(&app, 1).await?;
    ensure!(condition(&made, "Released") == "True");
    ensure!(made["status"]["lastAttemptedReleaseAction"] == "install");
    let told = message(&made)?;
    let chart = made["status"]["history"][0]["chartVersion"]
        .as_str()
        .context("a version")?;
    ensure!(
        told == format!(
            "Helm install succeeded for release {namespace}/app.v1 with chart app@{chart}"
        ),
        "{told}"
    );
    ensure!(world.event(&app, "InstallSucceeded").await? == told);

    world
        .apply("app", &json!({ "values": { "bad": true } }))
        .await?;
    let failed = world.failed(&app, "UpgradeFailed").await?;
    let status = &failed["status"];
    ensure!(condition(&failed, "Released") == "False" && condition(&failed, "Stalled") == "True");
    ensure!(
        status["failures"] == 1 && status["upgradeFailures"] == 1,
        "{status}"
    );
    ensure!(status.get("installFailures").is_none(), "{status}");
    ensure!(status["lastAttemptedReleaseAction"] == "upgrade");
    ensure!(status["lastAttemptedRevision"] == chart);
    ensure!(status["lastAttemptedGeneration"] == failed["metadata"]["generation"]);
    ensure!(status["observedGeneration"] == failed["metadata"]["generation"]);
    let all = world.records(namespace, "app").await?;
    ensure!(all == records(&[(1, "deployed"), (2, "failed")]), "{all:?}");
    let event = world.event(&app, "UpgradeFailed").await?;
    ensure!(
        event.contains("\n\nLast Helm logs:\n\n")
            && event.ends_with("warning: upgrade failed: {\"error\":{},\"name\":\"app\"}"),
        "{event}"
    );
    let events = world.case.api.list("v1", "Event", namespace, "").await?;
    let source = events
        .iter()
        .find(|event| event["reason"] == "UpgradeFailed");
    let source = source.context("the event")?;
    ensure!(source["type"] == "Warning");
    ensure!(
        source["source"]["component"] == "helm-controller"
            || source["reportingComponent"] == "helm-controller",
        "{source}"
    );

    // Other values: failures of before no longer count.
    world
        .apply("app", &json!({ "values": { "message": "good" } }))
        .await?;
    let good = world.released(&app, 3).await?;
    let status = &good["status"];
    ensure!(
        status.get("upgradeFailures").is_none() && status.get("failures").is_none(),
        "{status}"
    );
    ensure!(condition(&good, "Stalled").is_empty());
    Ok(())
}

// parity: HR-INST-009, HR-SCHED-004
#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn what_left_no_record_is_tried_again_and_again() -> Result<()> {
    let broken = "{{- if .Values.bad }}{{ fail \"not so\" }}{{ end }}";
    let world = World::new(
        "helm-again",
        &[("config.yaml", CONFIG), ("broken.yaml", broken)],
    )
    .await?;
    let (api, namespace) = (&world.case.api, &*world.case.namespace);
    let app = world
        .apply("app", &json!({ "values": { "bad": true } }))
        .await?;
    let failed = helm::wait_for(api, &app, |ready, found| {
        ready.is_false() && found["status"]["failures"].as_i64() >= Some(3)
    })
    .await?;
    ensure!(message(&failed)?.contains("not so"), "{}", failed["status"]);
    ensure!(
        failed["status"].get("installFailures").is_none(),
        "{}",
        failed["status"]
    );
    ensure!(condition(&failed, "Stalled").is_empty());
    ensure!(world.records(namespace, "app").await?.is_empty());
    // What changes is the chart, not the object.
    helm::write_chart(&world.case.repository, "1.0.1", &[("config.yaml", CONFIG)])?;
    world.case.push("mended").await?;
    world.released(&app, 1).await?;
    Ok(())
}

// parity: HR-STORAGE-011
#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn the_oldest_records_go() -> Result<()> {
    let world = World::new(
        "helm-history",
        &[("config.yaml", CONFIG), ("bad.yaml", BAD)],
    )
    .await?;
    let namespace = &*world.case.namespace;
    let spec = |message: usize, bad: bool| json!({ "maxHistory": 2, "values": { "message": message.to_string(), "bad": bad } });
    let app = world.apply("app", &spec(1, false)).await?;
    world.released(&app, 1).await?;
    for revision in 2..=4 {
        world.apply("app", &spec(revision, false)).await?;
        world.released(&app, revision as i64).await?;
    }
    let all = world.records(namespace, "app").await?;
    ensure!(
        all == records(&[(3, "superseded"), (4, "deployed")]),
        "{all:?}"
    );
    // Of two records that may stay, one is what is deployed, however old it is.
    for attempt in 5..=6 {
        world.apply("app", &spec(attempt, true)).await?;
        let version = attempt as i64;
        helm::wait_for(&world.case.api, &app, |ready, found| {
            ready.is_false() && found["status"]["history"][0]["version"] == version
        })
        .await?;
    }
    let all = world.records(namespace, "app").await?;
    ensure!(all == records(&[(4, "deployed"), (6, "failed")]), "{all:?}");
    Ok(())
}

// parity: HR-SCHED-002, HR-SCHED-003, HR-EVENT-004
#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_suspended_release_is_left_alone_even_by_its_deletion() -> Result<()> {
    let world = World::new("helm-suspended", &[("config.yaml", CONFIG)]).await?;
    let (api, namespace) = (&world.case.api, &*world.case.namespace);
    let app = world.apply("app", &json!({})).await?;
    world.released(&app, 1).await?;
    let before = world.events(&app).await?;
    flux::reconcile(api, &app).await?;
    ensure!(
        world.events(&app).await? == before,
        "nothing happened, and nothing is told"
    );

    world
        .apply(
            "app",
            &json!({ "suspend": true, "values": { "message": "two" } }),
        )
        .await?;
    flux::reconcile(api, &app).await?;
    let value = world.case.value("app-conf", "message").await?;
    ensure!(value.as_deref() == Some("hello"), "{value:?}");
    api.delete(&app).await?;
    world.case.until_gone(&app).await?;
    ensure!(api.get(&world.case.config_map("app-conf")).await?.is_some());
    ensure!(world.records(namespace, "app").await?.len() == 1);
    let chart = Ref::new(
        "source.toolkit.fluxcd.io/v1",
        "HelmChart",
        namespace,
        &format!("{namespace}-app"),
    );
    ensure!(api.get(&chart).await?.is_some());
    // The next one of this name goes on with it.
    let app = world.apply("app", &json!({})).await?;
    world.released(&app, 2).await?;
    Ok(())
}

// parity: HR-UN-005, HR-WAIT-006
#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn an_uninstall_waits_for_objects_and_is_tried_again() -> Result<()> {
    let world = World::new("helm-hold", &[("config.yaml", CONFIG)]).await?;
    let api = &world.case.api;
    let app = world.apply("app", &json!({ "timeout": "2s" })).await?;
    world.released(&app, 1).await?;
    let config = world.case.config_map("app-conf");
    let hold = |finalizers: Value| json!({ "metadata": { "finalizers": finalizers } });
    api.merge(&config, &hold(json!(["rosin.invalid/hold"])), "test")
        .await?;
    api.delete(&app).await?;
    let failed = until(
        "the uninstall to fail",
        Duration::from_secs(60),
        async || {
            let found = api.read(&app).await?;
            let reason = rosin_cluster_tests::install::condition(&found, "Released");
            Ok(match reason.and_then(|it| it["reason"].as_str()) {
                Some("UninstallFailed") => Look::Done(found),
                other => Look::Waiting(format!("{other:?}")),
            })
        },
    )
    .await?;
    ensure!(failed["metadata"]["finalizers"] == json!(["finalizers.fluxcd.io"]));
    api.merge(&config, &hold(Value::Null), "test").await?;
    world.case.until_gone(&app).await?;
    ensure!(api.get(&config).await?.is_none());
    Ok(())
}

// parity: HR-TPL-018
#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn random_values_are_new_with_each_revision_and_only_then() -> Result<()> {
    let random = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: random\ndata:\n  value: {{ randAlphaNum 20 }}\n";
    let world = World::new(
        "helm-random",
        &[("config.yaml", CONFIG), ("random.yaml", random)],
    )
    .await?;
    let api = &world.case.api;
    let app = world.apply("app", &json!({})).await?;
    world.released(&app, 1).await?;
    let first = world.case.value("random", "value").await?;
    ensure!(
        first.as_ref().is_some_and(|value| value.len() == 20),
        "{first:?}"
    );
    flux::reconcile(api, &app).await?;
    ensure!(world.case.value("random", "value").await? == first);
    ensure!(world.records(&world.case.namespace, "app").await?.len() == 1);
    world
        .apply("app", &json!({ "values": { "message": "other" } }))
        .await?;
    world.released(&app, 2).await?;
    ensure!(world.case.value("random", "value").await? != first);
    ensure!(
        world
            .case
            .repository
            .read(&format!("{CHART}/Chart.yaml"))?
            .contains("1.0.0")
    );
    Ok(())
}
