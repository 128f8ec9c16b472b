//! From a commit to objects, and what the objects and the status then say.

use anyhow::Result;
use rosin_cluster_tests::api::Ref;
use rosin_cluster_tests::flux::{self, inventory};
use rosin_cluster_tests::install::condition;
use rosin_cluster_tests::wait::{Look, until};
use serde_json::json;

use crate::case::{Case, DEADLINE, config_map, deployment};

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_commit_becomes_objects_and_the_next_one_changes_them() -> Result<()> {
    // parity: KS-PRUNE-001, KS-STATUS-003, KS-STATUS-006, KS-SRC-011, SRC-GIT-002, SRC-GIT-008, KS-DEL-001
    let case = Case::new("main-path").await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "first"))?;
    case.repository
        .write("app/two.yaml", &config_map("two", "key", "first"))?;
    let first = case.push("first").await?;
    case.add_source().await?;
    let app = case.add_kustomization("app", "./app", json!({})).await?;

    let ready = case.ready(&app, &first).await?;
    assert_eq!(ready.reason, "ReconciliationSucceeded");
    assert_eq!(ready.revision, format!("main@sha1:{first}"));
    assert_eq!(
        ready.message,
        format!("Applied revision: {}", ready.revision)
    );
    let source = case.ready(&case.source(), &first).await?;
    assert_eq!(
        source.message,
        format!("stored artifact for revision '{}'", ready.revision)
    );
    let object = case.api.read(&app).await?;
    let mut expected = vec![case.config_map("one"), case.config_map("two")];
    expected.sort();
    let mut listed = inventory(&object);
    listed.sort();
    assert_eq!(listed, expected);
    assert_eq!(
        object["metadata"]["finalizers"],
        json!(["finalizers.fluxcd.io"])
    );
    assert_eq!(
        object["status"]["observedGeneration"],
        object["metadata"]["generation"]
    );

    case.repository
        .write("app/one.yaml", &config_map("one", "key", "second"))?;
    case.repository
        .write("app/three.yaml", &config_map("three", "key", "second"))?;
    case.repository.remove("app/two.yaml")?;
    let second = case.push("second").await?;
    case.ready(&app, &second).await?;
    assert_eq!(case.value("one", "key").await?.as_deref(), Some("second"));
    assert_eq!(case.value("three", "key").await?.as_deref(), Some("second"));
    case.until_gone(&case.config_map("two")).await
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn objects_say_who_owns_them() -> Result<()> {
    // parity: KS-META-001, KS-META-002, KS-APPLY-001
    let case = Case::new("ownership").await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "value"))?;
    let commit = case.push("first").await?;
    case.add_source().await?;
    let metadata =
        json!({ "labels": { "team": "shop" }, "annotations": { "contact": "shop@example.com" } });
    let app = case
        .add_kustomization("app", "./app", json!({ "commonMetadata": metadata }))
        .await?;
    case.ready(&app, &commit).await?;

    let one = case.api.read(&case.config_map("one")).await?;
    let labels = &one["metadata"]["labels"];
    assert_eq!(labels["kustomize.toolkit.fluxcd.io/name"], "app");
    assert_eq!(
        labels["kustomize.toolkit.fluxcd.io/namespace"],
        case.namespace.as_str()
    );
    assert_eq!(labels["team"], "shop");
    assert_eq!(
        one["metadata"]["annotations"]["contact"],
        "shop@example.com"
    );
    let managers = one["metadata"]["managedFields"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    assert_eq!(managers.len(), 1, "{managers:?}");
    assert_eq!(managers[0]["manager"], "kustomize-controller");
    assert_eq!(managers[0]["operation"], "Apply");
    Ok(())
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn an_overlay_with_images_patches_and_a_generator() -> Result<()> {
    // parity: KS-GEN-007, KS-GEN-008, KS-GEN-009, KS-GEN-010
    let case = Case::new("overlay").await?;
    case.repository
        .write("base/web.yaml", &deployment("web", 1, None))?;
    case.repository
        .write("base/kustomization.yaml", "resources: [web.yaml]\n")?;
    let overlay = "resources: [../base]\nreplicas: [{name: web, count: 2}]\nconfigMapGenerator: [{name: settings, literals: [mode=fast]}]\n";
    case.repository
        .write("overlay/kustomization.yaml", overlay)?;
    let commit = case.push("first").await?;
    case.add_source().await?;
    let more = json!({
        "namePrefix": "a-",
        "nameSuffix": "-z",
        "images": [{ "name": "example.com/web", "newTag": "2" }],
        "patches": [{
            "target": { "kind": "Deployment" },
            "patch": "- op: add\n  path: /spec/template/spec/priorityClassName\n  value: system-node-critical\n",
        }],
        "wait": true,
    });
    let app = case.add_kustomization("app", "./overlay", more).await?;
    case.ready(&app, &commit).await?;

    let web = case
        .api
        .read(&Ref::deployment(&case.namespace, "a-web-z"))
        .await?;
    assert_eq!(web["spec"]["replicas"], 2);
    let pod = &web["spec"]["template"]["spec"];
    assert_eq!(pod["containers"][0]["image"], "example.com/web:2");
    assert_eq!(pod["priorityClassName"], "system-node-critical");
    let maps = case
        .api
        .list(
            "v1",
            "ConfigMap",
            &case.namespace,
            "kustomize.toolkit.fluxcd.io/name=app",
        )
        .await?;
    let name = maps[0]["metadata"]["name"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    // The hash of the content is part of the name: a-settings-z-XXXXXXXXXX.
    assert!(name.starts_with("a-settings-z-"), "{name}");
    Ok(())
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn a_namespace_and_a_definition_come_before_what_needs_them() -> Result<()> {
    // parity: KS-APPLY-004, KS-APPLY-005, KS-APPLY-006, KS-APPLY-026
    let case = Case::new("stages").await?;
    let text = "apiVersion: stages.example.com/v1\nkind: Thing\nmetadata:\n  name: thing\n  namespace: t-stages-own\n---\n\
        apiVersion: v1\nkind: Namespace\nmetadata:\n  name: t-stages-own\n---\n\
        apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: things.stages.example.com\nspec:\n  \
        group: stages.example.com\n  scope: Namespaced\n  names: {kind: Thing, plural: things}\n  versions:\n    - name: v1\n      \
        served: true\n      storage: true\n      schema: {openAPIV3Schema: {type: object}}\n";
    case.repository.write("app/all.yaml", text)?;
    let commit = case.push("first").await?;
    case.add_source().await?;
    // No target namespace: the objects have their own.
    let spec = json!({ "wait": true });
    case.api
        .apply(&flux::kustomization(
            &case.namespace,
            "app",
            "app",
            "./app",
            &spec,
        ))
        .await?;
    let app = Ref::kustomization(&case.namespace, "app");
    case.ready(&app, &commit).await?;
    case.api
        .read(&Ref::new(
            "stages.example.com/v1",
            "Thing",
            "t-stages-own",
            "thing",
        ))
        .await?;
    Ok(())
}

#[tokio::test]
#[ignore = "needs a control plane: make test-cluster"]
async fn the_status_tells_the_history_and_events_tell_the_changes() -> Result<()> {
    // parity: KS-STATUS-011, KS-EVENT-006, KS-EVENT-008
    let case = Case::new("history").await?;
    case.repository
        .write("app/one.yaml", &config_map("one", "key", "first"))?;
    let commit = case.push("first").await?;
    case.add_source().await?;
    let app = case
        .add_kustomization("app", "./app", json!({ "wait": true }))
        .await?;
    case.ready(&app, &commit).await?;

    let object = case.api.read(&app).await?;
    let latest = &object["status"]["history"][0];
    assert_eq!(latest["lastReconciledStatus"], "ReconciliationSucceeded");
    assert_eq!(
        latest["metadata"]["revision"],
        format!("main@sha1:{commit}")
    );
    assert_eq!(
        condition(&object, "Healthy").map(|healthy| &healthy["status"]),
        Some(&json!("True"))
    );
    // Events are sent after what they tell of, by a task of their own.
    until("the event", DEADLINE, async || {
        let events = case.api.list("v1", "Event", &case.namespace, "").await?;
        let created = events.iter().any(|event| {
            event["involvedObject"]["name"] == "app"
                && event["source"]["component"] == "kustomize-controller"
                && event["message"].as_str().is_some_and(|text| {
                    text.contains(&format!("ConfigMap/{}/one created", case.namespace))
                })
        });
        Ok(if created {
            Look::Done(())
        } else {
            Look::Waiting(format!("{} others are there", events.len()))
        })
    })
    .await
}
