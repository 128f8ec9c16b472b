//! A cluster that Flux ran is taken over: nothing is recreated, and what its inventory knows is pruned.

use anyhow::Result;
use rosin_cluster_tests::api::Ref;
use rosin_cluster_tests::flux::{git_repository, kustomization};
use serde_json::json;

use crate::case::{Case, config_map};

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn objects_and_inventory_of_flux_are_adopted() -> Result<()> {
    let case = Case::new("take-over").await?;
    let ns = case.namespace.clone();
    // What Flux left: objects with its labels and field manager, one of which git has no longer, and its status.
    for name in ["kept", "stale"] {
        let labels = json!({ "kustomize.toolkit.fluxcd.io/name": "app", "kustomize.toolkit.fluxcd.io/namespace": ns });
        let object = json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": { "name": name, "namespace": ns, "labels": labels },
            "data": { "key": "flux", "dropped": "flux" },
        });
        case.api.apply_as(&object, "kustomize-controller").await?;
    }
    let uid = case.uid(&case.config_map("kept")).await?;
    case.repository
        .write("app/kept.yaml", &config_map("kept", "key", "rosin"))?;
    let commit = case.push("first").await?;

    let mut app = kustomization(
        &ns,
        "app",
        "app",
        "./app",
        &json!({ "suspend": true, "targetNamespace": ns }),
    );
    app["metadata"]["finalizers"] = json!(["finalizers.fluxcd.io"]);
    case.api.apply_as(&app, "flux").await?;
    let reference = Ref::kustomization(&ns, "app");
    let entries = json!([{ "id": format!("{ns}_kept__ConfigMap"), "v": "v1" }, { "id": format!("{ns}_stale__ConfigMap"), "v": "v1" }]);
    let status = json!({ "status": { "inventory": { "entries": entries }, "lastAppliedRevision": "main@sha1:0000000000000000000000000000000000000000" } });
    case.api.merge_status(&reference, &status).await?;
    case.api
        .apply(&git_repository(&ns, "app", case.repository.url(), "1h"))
        .await?;
    case.api
        .merge(&reference, &json!({ "spec": { "suspend": false } }), "flux")
        .await?;

    case.ready(&reference, &commit).await?;
    assert_eq!(case.uid(&case.config_map("kept")).await?, uid);
    assert_eq!(case.value("kept", "key").await?.as_deref(), Some("rosin"));
    assert_eq!(case.value("kept", "dropped").await?, None);
    case.until_gone(&case.config_map("stale")).await
}
