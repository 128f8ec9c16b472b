//! Ready means that what was applied works.

use anyhow::Result;
use rosin_cluster_tests::api::Ref;
use rosin_cluster_tests::install::condition;
use serde_json::json;

use crate::case::{Case, config_map, deployment};

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn it_waits_until_the_deployment_is_available() -> Result<()> {
    // parity: KS-HEALTH-004, KS-HEALTH-010
    let case = Case::new("health").await?;
    case.repository
        .write("app/web.yaml", &deployment("web", 3, None))?;
    let commit = case.push("first").await?;
    case.add_source().await?;
    let app = case
        .add_kustomization("app", "./app", json!({ "wait": true }))
        .await?;
    case.ready(&app, &commit).await?;
    let web = case
        .api
        .read(&Ref::deployment(&case.namespace, "web"))
        .await?;
    assert_eq!(web["status"]["readyReplicas"], 3);
    let app = case.api.read(&app).await?;
    let healthy = condition(&app, "Healthy").cloned().unwrap_or_default();
    assert_eq!(healthy["status"], "True");
    assert!(
        healthy["message"]
            .as_str()
            .is_some_and(|text| text.starts_with("Health check passed in ")),
        "{healthy}"
    );
    Ok(())
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn what_never_becomes_ready_is_named() -> Result<()> {
    // parity: KS-HEALTH-005, KS-STATUS-010
    let case = Case::new("health-timeout").await?;
    case.repository
        .write("app/web.yaml", &deployment("web", 1, Some("nowhere")))?;
    case.push("first").await?;
    case.add_source().await?;
    let app = case
        .add_kustomization("app", "./app", json!({ "wait": true, "timeout": "3s" }))
        .await?;
    let words = format!(
        "timeout waiting for: [Deployment/{}/web status: 'InProgress'",
        case.namespace
    );
    let failed = case.fails(&app, "HealthCheckFailed", &words).await?;
    // Not only what is not ready, but why.
    assert!(
        failed.message.contains("/web: pod web-") && failed.message.contains("Unschedulable"),
        "{}",
        failed.message
    );
    let app = case.api.read(&app).await?;
    assert_eq!(app["status"]["lastAppliedRevision"], json!(null));
    assert_eq!(
        app["status"]["inventory"]["entries"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    Ok(())
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn only_what_is_listed_is_checked() -> Result<()> {
    // parity: KS-HEALTH-001
    let case = Case::new("health-checks").await?;
    case.repository
        .write("app/web.yaml", &deployment("web", 1, Some("nowhere")))?;
    case.repository
        .write("app/api.yaml", &deployment("api", 1, None))?;
    let commit = case.push("first").await?;
    case.add_source().await?;
    let checks = json!([{ "apiVersion": "apps/v1", "kind": "Deployment", "name": "api", "namespace": case.namespace }]);
    let app = case
        .add_kustomization("app", "./app", json!({ "healthChecks": checks }))
        .await?;
    case.ready(&app, &commit).await.map(drop)
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_missing_object_of_the_list_fails() -> Result<()> {
    // parity: KS-HEALTH-009
    let case = Case::new("health-missing").await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "value"))?;
    case.push("first").await?;
    case.add_source().await?;
    let checks = json!([{ "apiVersion": "v1", "kind": "ConfigMap", "name": "absent", "namespace": case.namespace }]);
    let app = case
        .add_kustomization(
            "app",
            "./app",
            json!({ "healthChecks": checks, "timeout": "2s" }),
        )
        .await?;
    case.fails(&app, "HealthCheckFailed", "absent")
        .await
        .map(drop)
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn an_expression_judges_a_custom_resource() -> Result<()> {
    // parity: KS-HEALTH-022, KS-HEALTH-023
    let case = Case::new("health-expression").await?;
    let definition = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: probes.health.example.com\nspec:\n  \
        group: health.example.com\n  scope: Namespaced\n  names: {kind: Probe, plural: probes}\n  versions:\n    - name: v1\n      \
        served: true\n      storage: true\n      subresources: {status: {}}\n      schema:\n        openAPIV3Schema:\n          \
        type: object\n          x-kubernetes-preserve-unknown-fields: true\n";
    case.api.apply_yaml(definition).await?;
    case.repository.write(
        "app/probe.yaml",
        "apiVersion: health.example.com/v1\nkind: Probe\nmetadata:\n  name: probe\n",
    )?;
    let commit = case.push("first").await?;
    case.add_source().await?;
    let expressions = json!([{
        "apiVersion": "health.example.com/v1",
        "kind": "Probe",
        "current": "status.phase == 'Up'",
        "failed": "status.phase == 'Down'",
    }]);
    let app = case
        .add_kustomization(
            "app",
            "./app",
            json!({ "wait": true, "timeout": "1m", "healthCheckExprs": expressions }),
        )
        .await?;
    let probe = Ref::new("health.example.com/v1", "Probe", &case.namespace, "probe");
    case.until_there(&probe).await?;
    case.api
        .merge_status(&probe, &json!({ "status": { "phase": "Up" } }))
        .await?;
    case.ready(&app, &commit).await.map(drop)
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_crashing_pod_fails_its_workload_early() -> Result<()> {
    // parity: KS-HEALTH-014, KS-HEALTH-015
    let case = Case::new("health-crash").await?;
    case.repository
        .write("app/web.yaml", &deployment("web", 1, Some("nowhere")))?;
    case.push("first").await?;
    case.add_source().await?;
    let app = case
        .add_kustomization("app", "./app", json!({ "wait": true, "timeout": "10m" }))
        .await?;
    case.until_there(&Ref::deployment(&case.namespace, "web"))
        .await?;
    let pod = loop {
        let pods = case.api.list("v1", "Pod", &case.namespace, "").await?;
        match pods.first() {
            Some(pod) => {
                break Ref::new(
                    "v1",
                    "Pod",
                    &case.namespace,
                    pod["metadata"]["name"].as_str().unwrap(),
                );
            }
            None => tokio::time::sleep(std::time::Duration::from_millis(100)).await,
        }
    };
    let waiting = json!({ "reason": "CrashLoopBackOff", "message": "back-off 5m0s" });
    let container = json!({
        "name": "web", "image": "web", "imageID": "", "ready": false, "restartCount": 7,
        "state": { "waiting": waiting },
    });
    let status = json!({
        "phase": "Running",
        "containerStatuses": [container],
        "conditions": [{ "type": "Ready", "status": "False" }],
    });
    let words = format!(
        "failed early due to stalled resources: [Deployment/{}/web status: 'Failed'",
        case.namespace
    );
    // The scheduler goes on to say that it finds no node for it.
    let crashing = async {
        loop {
            let status = json!({ "status": status });
            let _ = case.api.merge_status(&pod, &status).await;
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        }
    };
    let failed = tokio::select! {
        failed = case.fails(&app, "HealthCheckFailed", &words) => failed?,
        () = crashing => unreachable!("it goes on until the test ends"),
    };
    assert!(
        failed
            .message
            .contains("container web: CrashLoopBackOff back-off 5m0s"),
        "{}",
        failed.message
    );
    Ok(())
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_job_that_removed_itself_is_done() -> Result<()> {
    // parity: KS-HEALTH-017
    let case = Case::new("health-ttl").await?;
    // It finds no node, so that nobody but this test ends it.
    let job = "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: once\nspec:\n  ttlSecondsAfterFinished: 0\n  template:\n    spec:\n      \
        restartPolicy: Never\n      nodeSelector: {kubernetes.io/hostname: nowhere}\n      containers: [{name: once, image: once}]\n";
    case.repository.write("app/job.yaml", job)?;
    let commit = case.push("first").await?;
    case.add_source().await?;
    let app = case
        .add_kustomization("app", "./app", json!({ "wait": true, "timeout": "10m" }))
        .await?;
    let once = Ref::new("batch/v1", "Job", &case.namespace, "once");
    case.until_there(&once).await?;
    case.api.delete(&once).await?;
    case.ready(&app, &commit).await.map(drop)
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_fix_does_not_wait_for_the_health_of_what_it_fixes() -> Result<()> {
    // parity: KS-SCHED-010, KS-HEALTH-003, KS-HEALTH-007
    let case = Case::new("health-fix").await?;
    case.repository
        .write("app/web.yaml", &deployment("web", 1, Some("nowhere")))?;
    case.push("broken").await?;
    case.add_source().await?;
    let app = case
        .add_kustomization("app", "./app", json!({ "wait": true, "timeout": "10m" }))
        .await?;
    case.until_there(&Ref::deployment(&case.namespace, "web"))
        .await?;
    // Long enough for the wait to be told, and then the fix.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let waiting = case.api.read(&app).await?;
    let condition = condition(&waiting, "Reconciling")
        .cloned()
        .unwrap_or_default();
    let message = condition["message"].as_str().unwrap_or_default();
    assert!(
        message.starts_with("Running health checks for revision"),
        "{condition}"
    );
    case.repository
        .write("app/web.yaml", &deployment("web", 1, None))?;
    let fix = case.push("fix").await?;
    case.ready(&app, &fix).await?;
    let events = case.api.list("v1", "Event", &case.namespace, "").await?;
    let told = |reason: &str, words: &str| {
        let mut of_app = events.iter().filter(|event| event["reason"] == reason);
        of_app.any(|event| {
            event["message"]
                .as_str()
                .is_some_and(|text| text.starts_with(words))
        })
    };
    let words = format!(
        "Health checks canceled due to new reconciliation triggered by GitRepository/{}/app",
        case.namespace
    );
    assert!(told("HealthCheckCanceled", &words), "{events:#?}");
    assert!(
        told("Progressing", "Health check passed in "),
        "{events:#?}"
    );
    Ok(())
}
