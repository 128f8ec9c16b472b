//! Other clusters: by a kubeconfig, or by trust in this one's accounts. The other cluster is this one, seen from outside.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rosin_cluster_tests::api::Ref;
use rosin_cluster_tests::wait::{Look, until};
use serde_json::{Value, json};

use crate::case::{Case, config_map};
use crate::shard;

/// A kubeconfig of an administrator, with the data of its files inside.
fn kubeconfig(case: &Case) -> Result<String> {
    let text = std::fs::read_to_string(&case.shared.kubeconfig)?;
    let config: Value = serde_yaml::from_str(&text)?;
    let cluster = &config["clusters"][0]["cluster"];
    let user = &config["users"][0]["user"];
    let file = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "it",
        "clusters": [{ "name": "it", "cluster": cluster }],
        "users": [{ "name": "it", "user": user }],
        "contexts": [{ "name": "it", "context": { "cluster": "it", "user": "it" } }],
    });
    Ok(file.to_string())
}

/// Address and certificate of the API server.
fn server(case: &Case) -> Result<(String, String)> {
    let config: Value = serde_json::from_str(&kubeconfig(case)?)?;
    let cluster = &config["clusters"][0]["cluster"];
    let text = |key: &str| cluster[key].as_str().map(str::to_owned);
    let address = text("server").context("a kubeconfig names its server")?;
    let encoded = text("certificate-authority-data").context("and its certificate")?;
    let certificate = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, encoded)?;
    Ok((address, String::from_utf8(certificate)?))
}

pub(crate) async fn account(case: &Case, name: &str, rules: Value) -> Result<()> {
    let rights = "rbac.authorization.k8s.io";
    let meta = json!({ "name": name, "namespace": case.namespace });
    let account = json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta });
    let role = json!({
        "apiVersion": format!("{rights}/v1"), "kind": "Role", "metadata": meta, "rules": rules,
    });
    let binding = json!({
        "apiVersion": format!("{rights}/v1"), "kind": "RoleBinding", "metadata": meta,
        "roleRef": { "apiGroup": rights, "kind": "Role", "name": name },
        "subjects": [{ "kind": "ServiceAccount", "name": name, "namespace": case.namespace }],
    });
    for object in [account, role, binding] {
        case.api.apply(&object).await?;
    }
    Ok(())
}

/// A rule for ConfigMaps.
pub(crate) fn config_maps(verbs: Value) -> Value {
    json!([{ "apiGroups": [""], "resources": ["configmaps"], "verbs": verbs }])
}

fn all() -> Value {
    config_maps(json!(["get", "list", "watch", "create", "patch", "delete"]))
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_kubeconfig_leads_to_its_cluster_and_its_loss_is_waited_for() -> Result<()> {
    // parity: KS-IMP-004, KS-IMP-008, KS-IMP-010, KS-DEL-006
    let case = Case::new("kubeconfig").await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "value"))?;
    let commit = case.push("first").await?;
    case.add_source().await?;
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": { "name": "elsewhere", "namespace": case.namespace },
        "stringData": { "value": kubeconfig(&case)?, "other": "no kubeconfig" },
    });
    let more = json!({ "kubeConfig": { "secretRef": { "name": "elsewhere" } } });
    let app = case.add_kustomization("app", "./app", more).await?;
    let words = format!(
        "unable to read KubeConfig secret '{}/elsewhere'",
        case.namespace
    );
    case.fails(&app, "ReconciliationFailed", &words).await?;
    // Events are written beside the status, not before it.
    until("the event", Duration::from_secs(10), async || {
        let events = case.api.list("v1", "Event", &case.namespace, "").await?;
        let told = events.iter().any(|event| {
            let message = event["message"].as_str().unwrap_or_default();
            message.starts_with("failed to build kube client: ") && event["type"] == "Warning"
        });
        Ok(if told {
            Look::Done(())
        } else {
            Look::Waiting("no event says that there is no client".to_owned())
        })
    })
    .await?;
    case.api.apply(&secret).await?;
    case.ready(&app, &commit).await?;
    ensure!(case.value("one", "key").await?.as_deref() == Some("value"));

    // Somebody else there, by the rights of the kubeconfig's user.
    let as_tenant = json!({ "spec": { "serviceAccountName": "tenant" } });
    case.api.merge(&app, &as_tenant, "test").await?;
    let words = format!("system:serviceaccount:{}:tenant", case.namespace);
    case.fails(&app, "ReconciliationFailed", &words).await?;
    account(&case, "tenant", all()).await?;
    case.ready(&app, &commit).await?;

    // Without the Secret nothing can be deleted there; it is waited for, and not given up.
    case.api
        .delete(&Ref::new("v1", "Secret", &case.namespace, "elsewhere"))
        .await?;
    case.api.delete(&app).await?;
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let waiting = case.api.read(&app).await?;
    ensure!(
        waiting["metadata"]["finalizers"][0] == "finalizers.fluxcd.io",
        "{waiting}"
    );
    ensure!(case.value("one", "key").await?.is_some(), "it was deleted");
    case.api.apply(&secret).await?;
    case.until_gone(&app).await?;
    case.until_gone(&case.config_map("one")).await
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_cluster_that_trusts_this_one_needs_no_kubeconfig() -> Result<()> {
    // parity: KS-IMP-005, KS-IMP-006
    let case = Case::new("trust").await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "value"))?;
    let commit = case.push("first").await?;
    case.add_source().await?;
    let (address, certificate) = server(&case)?;
    let trust = |provider: &str, account: &str| {
        json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": { "name": "elsewhere", "namespace": case.namespace },
            "data": {
                "provider": provider, "address": address, "ca.crt": certificate,
                "audiences": "https://kubernetes.default.svc.cluster.local\n",
                "serviceAccountName": account,
            },
        })
    };
    let more = json!({
        "kubeConfig": { "configMapRef": { "name": "elsewhere" } }, "retryInterval": "1s",
    });
    let gate = "--feature-gates=ObjectLevelWorkloadIdentity=true";
    let _controller = shard::start(&case, "trust", &[gate]).await?;
    let app = shard::add(&case, "trust", "app", more).await?;
    let reason = "ReconciliationFailed";
    case.fails(&app, reason, "failed to get configmap").await?;
    case.api.apply(&trust("aws", "deployer")).await?;
    case.fails(
        &app,
        reason,
        "provider 'aws' of spec.kubeConfig.configMapRef is not supported yet",
    )
    .await?;
    case.api.apply(&trust("generic", "deployer")).await?;
    let words = format!(
        "failed to create kubernetes token for service account '{}/deployer'",
        case.namespace
    );
    case.fails(&app, reason, &words).await?;
    // The token is asked for with the controller's rights, and gives those of the account.
    account(&case, "deployer", json!([])).await?;
    let words = format!("system:serviceaccount:{}:deployer", case.namespace);
    case.fails(&app, reason, &words).await?;
    account(&case, "deployer", all()).await?;
    case.ready(&app, &commit).await?;
    ensure!(case.value("one", "key").await?.as_deref() == Some("value"));
    Ok(())
}
