//! Our client-side patches beside those of the Kubernetes library: other patches, the same objects.
#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

mod oracle;

use oracle::Oracle;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rosin_release::merge::client_patch;
use serde_json::{Map, Value, json};

fn small() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![json!("a"), json!("b"), json!("c")])
}

/// A Deployment of few parts, so that old, new and live often have the same ones.
fn deployment() -> impl Strategy<Value = Value> {
    let env = prop::collection::btree_map("[XYZ]", small(), 0..3).prop_map(|entries| {
        entries
            .into_iter()
            .map(|(name, value)| json!({"name": name, "value": value}))
            .collect::<Vec<_>>()
    });
    let ports = prop::collection::btree_map(prop::sample::select(vec![80, 81]), "[pq]", 0..2)
        .prop_map(|entries| {
            entries
                .into_iter()
                .map(|(port, name)| json!({"containerPort": port, "name": name, "protocol": "TCP"}))
                .collect::<Vec<_>>()
        });
    let container = (
        small(),
        prop::option::of(env),
        prop::option::of(ports),
        prop::option::of(prop::collection::vec(small(), 0..3)),
    );
    let containers = prop::collection::btree_map("[mn]", container, 1..3).prop_map(|entries| {
        entries
            .into_iter()
            .map(|(name, (image, env, ports, args))| {
                without_nulls(
                    json!({"name": name, "image": image, "env": env, "ports": ports, "args": args}),
                )
            })
            .collect::<Vec<_>>()
    });
    let volume = prop_oneof![
        Just(json!({"emptyDir": {}})),
        small().prop_map(|name| json!({"configMap": {"name": name}})),
        small().prop_map(|name| json!({"secret": {"secretName": name}})),
    ];
    let volumes = prop::option::of(prop::collection::btree_map("[uv]", volume, 0..3).prop_map(
        |entries| {
            entries
                .into_iter()
                .map(|(name, mut volume)| {
                    volume["name"] = name.into();
                    volume
                })
                .collect::<Vec<_>>()
        },
    ));
    let strategy = prop::option::of(prop::sample::select(vec![
        json!({"type": "Recreate"}),
        json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}),
    ]));
    let maps = || prop::option::of(prop::collection::btree_map("[klm]", small(), 0..3));
    let finalizers = prop::option::of(prop::collection::btree_set("[fg]", 0..3));
    (containers, volumes, strategy, maps(), maps(), prop::option::of(0..3), finalizers).prop_map(
        |(containers, volumes, strategy, labels, selector, replicas, finalizers)| {
            without_nulls(json!({
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": without_nulls(json!({"name": "app", "labels": labels, "finalizers": finalizers})),
                "spec": without_nulls(json!({
                    "replicas": replicas,
                    "strategy": strategy,
                    "template": {"spec": without_nulls(json!({"containers": containers, "volumes": volumes, "nodeSelector": selector}))},
                })),
            }))
        },
    )
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => map
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .collect::<Map<_, _>>()
            .into(),
        other => other,
    }
}

/// As the API server reads what was merged: it knows no directives, which the library leaves in what it adds, and no nulls.
fn decoded(value: Value) -> Value {
    match value {
        Value::Object(map) => map
            .into_iter()
            .filter(|(key, value)| !key.starts_with('$') && !value.is_null())
            .map(|(key, value)| (key, decoded(value)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(items) => items.into_iter().map(decoded).collect(),
        other => other,
    }
}

fn check(strategic: &str, kind: impl Fn(Value) -> Value, adopt: bool) {
    let Some(oracle) = Oracle::start() else {
        return;
    };
    let oracle = std::cell::RefCell::new(oracle);
    let config = Config {
        cases: 1500,
        failure_persistence: None,
        ..Config::default()
    };
    let objects = (deployment(), deployment(), deployment(), any::<bool>());
    let run = TestRunner::new(config).run(&objects, |(old, new, other, untouched)| {
        let (old, new, other) = (kind(old), kind(new), kind(other));
        // Nobody touched it, or somebody did.
        let live = if untouched { old.clone() } else { other };
        let question = |op: &str| json!({"op": op, "strategic": strategic, "original": old, "modified": new, "current": live});
        let theirs = oracle.borrow_mut().ask(question("merge")).unwrap();
        let ours = client_patch(&old, &new, &live, adopt);
        prop_assert_eq!(ours.strategic, !strategic.is_empty());
        let mut question = question("apply");
        question["patch"] = ours.patch.clone();
        let merged = decoded(oracle.borrow_mut().ask(question).unwrap());
        let wanted = decoded(theirs["merged"].clone());
        // Where a list is not there, the library adds what is to be deleted from it.
        if !untouched && theirs["patch"].to_string().contains(r#""$patch":"delete""#) {
            return Ok(());
        }
        prop_assert_eq!(&merged, &wanted, "ours {} theirs {}", ours.patch, theirs["patch"]);
        // A patch of theirs that changes nothing need not be sent.
        if merged == live {
            prop_assert!(ours.is_empty() || !theirs["patch"].as_object().unwrap().is_empty(), "{}", ours.patch);
        }
        Ok(())
    });
    run.unwrap();
}

#[test]
fn built_in_kinds_are_merged_as_kubernetes_merges_them() {
    // parity: HR-UPG-004
    check("apps/v1 Deployment", |object| object, true);
}

#[test]
fn custom_resources_are_merged_as_json() {
    // parity: HR-UPG-004
    let custom = |mut object: Value| {
        object["apiVersion"] = "example.com/v1".into();
        object["kind"] = "App".into();
        object
    };
    check("", custom, true);
}

#[test]
fn custom_resources_of_ours_are_compared_with_their_manifests() {
    // parity: HR-UPG-004
    let object = |value: i64| json!({"apiVersion": "example.com/v1", "kind": "App", "spec": {"value": value}});
    let patch = client_patch(&object(1), &object(1), &object(2), false);
    assert!(patch.is_empty());
    let patch = client_patch(&object(1), &object(1), &object(2), true);
    assert_eq!(patch.patch, json!({"spec": {"value": 1}}));
    assert_eq!(patch.content_type(), "application/merge-patch+json");
}
