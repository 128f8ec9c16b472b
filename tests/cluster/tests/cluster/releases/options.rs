//! What a HelmRelease can ask for: waits, hooks, drift, dependencies, accounts.

use anyhow::{Context, Result, ensure};
use rosin_cluster_tests::flux::Ready;
use rosin_cluster_tests::helm::{self, CONFIG, DEPLOYMENT};
use rosin_cluster_tests::wait::stays;
use serde_json::{Value, json};
use std::time::Duration;

use super::{World, condition};

fn message(object: &Value) -> Result<String> {
    Ok(Ready::of(object).context("no Ready")?.message)
}

const JOB: &str = "apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Release.Name }}-job
spec:
  template:
    spec:
      restartPolicy: Never
      nodeSelector: {kubernetes.io/hostname: nowhere}
      containers: [{name: main, image: example.com/job:1}]
";

// parity: HR-WAIT-002, HR-WAIT-003, HR-WAIT-004, HR-INST-001
#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn objects_are_waited_for_unless_nobody_wants_it() -> Result<()> {
    let templates = [("deployment.yaml", DEPLOYMENT), ("config.yaml", CONFIG)];
    let world = World::new("helm-wait", &templates).await?;
    let values = json!({ "on": "nowhere" });
    let waits = world
        .apply("waits", &json!({ "timeout": "2s", "values": values }))
        .await?;
    let failed = world.failed(&waits, "InstallFailed").await?;
    let told = message(&failed)?;
    ensure!(
        told.contains("Deployment/") && told.contains("InProgress"),
        "{told}"
    );
    let spec = json!({ "timeout": "2s", "values": values, "install": { "disableWait": true } });
    let goes_on = world.apply("goes-on", &spec).await?;
    world.released(&goes_on, 1).await?;

    let world = World::new("helm-wait-jobs", &[("job.yaml", JOB)]).await?;
    let waits = world.apply("waits", &json!({ "timeout": "2s" })).await?;
    let failed = world.failed(&waits, "InstallFailed").await?;
    ensure!(message(&failed)?.contains("Job/"), "{}", message(&failed)?);
    let spec = json!({ "timeout": "10s", "install": { "disableWaitForJobs": true } });
    let goes_on = world.apply("goes-on", &spec).await?;
    world.released(&goes_on, 1).await?;
    Ok(())
}

fn weighed(name: &str, weight: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  annotations:\n    helm.sh/hook: pre-install\n    helm.sh/hook-weight: \"{weight}\"\n"
    )
}

// parity: HR-HOOK-001, HR-HOOK-002, HR-HOOK-005, HR-HOOK-008, HR-HOOK-009
#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn hooks_run_by_weight_and_name_before_anything_else() -> Result<()> {
    let hooks = [
        ("third", "5"),
        ("second", "0"),
        ("b-first", "-2"),
        ("a-first", "-2"),
    ];
    let texts: Vec<(String, String)> = hooks
        .iter()
        .map(|(name, weight)| (format!("{name}.yaml"), weighed(name, weight)))
        .collect();
    let bad = "{{- if .Values.bad }}
apiVersion: v1
kind: Service
metadata:
  name: bad
  annotations: {helm.sh/hook: \"pre-install,pre-upgrade\"}
spec: {ports: [{port: 99999999}]}
{{- end }}
";
    let mut templates = vec![("config.yaml", CONFIG), ("bad.yaml", bad)];
    templates.extend(texts.iter().map(|(name, text)| (&**name, &**text)));
    let world = World::new("helm-hooks", &templates).await?;
    let app = world.apply("app", &json!({})).await?;
    let made = world.released(&app, 1).await?;
    let mut versions = Vec::new();
    for name in ["a-first", "b-first", "second", "third", "app-conf"] {
        let object = world.case.api.read(&world.case.config_map(name)).await?;
        let version = object["metadata"]["resourceVersion"]
            .as_str()
            .context("a version")?;
        versions.push(version.parse::<u64>()?);
        let owned = object["metadata"]["annotations"]
            .get("meta.helm.sh/release-name")
            .is_some();
        ensure!(
            owned == (name == "app-conf"),
            "{name}: {}",
            object["metadata"]
        );
    }
    ensure!(versions.is_sorted(), "{versions:?}");
    let inventory = made["status"]["inventory"]["entries"]
        .as_array()
        .context("an inventory")?;
    ensure!(inventory.len() == 1, "{inventory:?}");

    let failing = world
        .apply("failing", &json!({ "values": { "bad": true } }))
        .await?;
    let failed = world.failed(&failing, "InstallFailed").await?;
    let told = message(&failed)?;
    ensure!(
        told.contains(
            ": failed pre-install: warning: Hook pre-install app/templates/bad.yaml failed: "
        ),
        "{told}"
    );
    ensure!(
        world
            .case
            .api
            .get(&world.case.config_map("failing-conf"))
            .await?
            .is_none()
    );
    world
        .apply("app", &json!({ "values": { "bad": true } }))
        .await?;
    let told = message(&world.failed(&app, "UpgradeFailed").await?)?;
    ensure!(told.contains(": pre-upgrade hooks failed: "), "{told}");
    Ok(())
}

// parity: HR-DRIFT-001, HR-DRIFT-002, HR-DRIFT-005, HR-DRIFT-006, HR-DRIFT-008, HR-SCHED-001
#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn drift_is_seen_at_the_interval_and_mended_where_that_is_wanted() -> Result<()> {
    let world = World::new("helm-drift", &[("config.yaml", CONFIG)]).await?;
    let (api, namespace) = (&world.case.api, &*world.case.namespace);
    let spec = |mode: &str| json!({ "interval": "2s", "driftDetection": { "mode": mode } });
    let app = world.apply("app", &spec("warn")).await?;
    world.released(&app, 1).await?;
    let other = json!({ "data": { "message": "by hand" } });
    api.merge(&world.case.config_map("app-conf"), &other, "kubectl")
        .await?;
    let told = world.event(&app, "DriftDetected").await?;
    ensure!(
        told.ends_with(&format!(
            "ConfigMap/{namespace}/app-conf changed (0 additions, 1 changes, 0 removals)"
        )),
        "{told}"
    );
    // The event comes first.
    helm::wait_for(api, &app, |_, found| condition(found, "Drifted") == "True").await?;
    let value = world.case.value("app-conf", "message").await?;
    ensure!(value.as_deref() == Some("by hand"), "{value:?}");

    world.apply("app", &spec("enabled")).await?;
    world
        .case
        .until_value("app-conf", "message", "hello")
        .await?;
    world.event(&app, "DriftCorrected").await?;
    api.delete(&world.case.config_map("app-conf")).await?;
    world
        .case
        .until_value("app-conf", "message", "hello")
        .await?;
    helm::wait_for(api, &app, |ready, found| {
        ready.is_true() && condition(found, "Drifted") == "False"
    })
    .await?;
    let records = world.records(namespace, "app").await?;
    ensure!(records.len() == 1, "{records:?}");

    let disabled = json!({ "interval": "1s" });
    world.apply("app", &disabled).await?;
    world.released(&app, 1).await?;
    api.merge(&world.case.config_map("app-conf"), &other, "kubectl")
        .await?;
    stays(
        "what was changed by hand",
        Duration::from_secs(3),
        async || Ok(world.case.value("app-conf", "message").await?.as_deref() == Some("by hand")),
    )
    .await
}

// parity: HR-DEP-001, HR-DEP-002, HR-DEP-003
#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_release_waits_for_those_that_it_depends_on() -> Result<()> {
    let world = World::new("helm-depends", &[("config.yaml", CONFIG)]).await?;
    let spec = json!({ "dependsOn": [{ "name": "base" }] });
    let app = world.apply("app", &spec).await?;
    let waiting = world.failed(&app, "DependencyNotReady").await?;
    ensure!(
        message(&waiting)?.contains("base"),
        "{}",
        message(&waiting)?
    );
    world.event(&app, "DependencyNotReady").await?;
    let base = world.apply("base", &json!({})).await?;
    world.released(&base, 1).await?;
    world.released(&app, 1).await?;

    let expression = "dep.status.history[0].chartVersion.startsWith('9')";
    let spec = json!({ "dependsOn": [{ "name": "base", "readyExpr": expression }] });
    let picky = world.apply("picky", &spec).await?;
    world.failed(&picky, "DependencyNotReady").await?;
    let spec = json!({ "dependsOn": [{ "name": "base", "readyExpr": "dep.(" }] });
    let invalid = world.apply("invalid", &spec).await?;
    let failed = world.failed(&invalid, "InvalidCELExpression").await?;
    ensure!(condition(&failed, "Stalled") == "True");
    Ok(())
}

// parity: HR-IMP-001, HR-STATUS-011, HR-VAL-009
#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_release_is_made_with_the_rights_of_its_account() -> Result<()> {
    let world = World::new("helm-account", &[("config.yaml", CONFIG)]).await?;
    let (api, namespace) = (&world.case.api, &*world.case.namespace);
    let account = json!({
        "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "tenant", "namespace": namespace },
    });
    api.apply(&account).await?;
    // Values are read by the controller: the account may not read ConfigMaps at first.
    let values = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "values", "namespace": namespace },
        "data": { "values.yaml": "message: from elsewhere\n" },
    });
    api.apply(&values).await?;
    let spec = json!({
        "serviceAccountName": "tenant", "valuesFrom": [{ "kind": "ConfigMap", "name": "values" }],
    });
    let app = world.apply("app", &spec).await?;
    let failed = world.failed(&app, "StateError").await?;
    let told = message(&failed)?;
    let user = format!("system:serviceaccount:{namespace}:tenant");
    ensure!(
        told.starts_with("Could not determine release state: ") && told.contains(&user),
        "{told}"
    );

    let rights = |resources: Value| {
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
            "metadata": { "name": "tenant", "namespace": namespace },
            "rules": [{ "apiGroups": [""], "resources": resources, "verbs": ["*"] }],
        })
    };
    api.apply(&rights(json!(["secrets"]))).await?;
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": { "name": "tenant", "namespace": namespace },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "tenant" },
        "subjects": [{ "kind": "ServiceAccount", "name": "tenant", "namespace": namespace }],
    });
    api.apply(&binding).await?;
    let failed = world.failed(&app, "InstallFailed").await?;
    let told = message(&failed)?;
    ensure!(told.contains("forbidden") && told.contains(&user), "{told}");
    api.apply(&rights(json!(["secrets", "configmaps"]))).await?;
    let again = json!({ "serviceAccountName": "tenant", "valuesFrom": [{ "kind": "ConfigMap", "name": "values" }], "maxHistory": 3 });
    world.apply("app", &again).await?;
    helm::wait_for(api, &app, |ready, _| ready.is_true()).await?;
    world
        .case
        .until_value("app-conf", "message", "from elsewhere")
        .await?;
    Ok(())
}
