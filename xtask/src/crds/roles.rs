//! Who may do what: the roles of the controller, derived from the kinds that it serves, and those of people who use them.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde_json::{Value, json};

use super::labels;

const ACCOUNT: &str = "rosin";
const NAMESPACE: &str = "flux-system";

/// What the controller needs beside the kinds that it serves. (Group, resources, verbs, why.)
const OWN: [(&str, &[&str], &[&str]); 9] = [
    // Charts of HelmReleases.
    (
        "source.toolkit.fluxcd.io",
        &["helmcharts"],
        &[
            "create", "delete", "get", "list", "patch", "update", "watch",
        ],
    ),
    // Sources that other controllers serve are read for their artifacts.
    (
        "source.toolkit.fluxcd.io",
        &["externalartifacts"],
        &["get", "list", "watch"],
    ),
    // Credentials of sources, variables, kubeconfigs.
    ("", &["configmaps", "secrets"], &["get", "list", "watch"]),
    ("", &["namespaces"], &["get", "list", "watch"]),
    // Objects that name an account are applied in its name.
    ("", &["serviceaccounts"], &["get", "impersonate"]),
    // Tokens of accounts that act in clouds and other clusters.
    ("", &["serviceaccounts/token"], &["create"]),
    ("", &["events"], &["create", "patch"]),
    (
        "coordination.k8s.io",
        &["leases"],
        &[
            "get", "list", "watch", "create", "update", "patch", "delete",
        ],
    ),
    (
        "apiextensions.k8s.io",
        &["customresourcedefinitions"],
        &["get", "list", "watch"],
    ),
];

pub(super) fn all(definitions: &[CustomResourceDefinition]) -> Vec<Value> {
    vec![
        account(),
        controller(definitions),
        binding("rosin-controller", "rosin-controller"),
        // Whoever applies anything to any namespace may do anything. Installations in which every object names a service account
        // can do without this one.
        binding("rosin-cluster-reconciler", "cluster-admin"),
        people(
            definitions,
            "rosin-view",
            &["admin", "edit", "view"],
            &["get", "list", "watch"],
        ),
        people(
            definitions,
            "rosin-edit",
            &["admin", "edit"],
            &["create", "delete", "deletecollection", "patch", "update"],
        ),
    ]
}

fn account() -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": { "name": ACCOUNT, "namespace": NAMESPACE, "labels": labels(ACCOUNT) },
    })
}

fn controller(definitions: &[CustomResourceDefinition]) -> Value {
    let mut rules = Vec::new();
    for (group, kinds) in by_group(definitions) {
        let with = |suffix: &str| {
            kinds
                .iter()
                .map(|kind| format!("{kind}{suffix}"))
                .collect::<Vec<_>>()
        };
        rules.push(rule(
            &group,
            &with(""),
            &["get", "list", "watch", "patch", "update"],
        ));
        rules.push(rule(&group, &with("/status"), &["get", "patch", "update"]));
        rules.push(rule(&group, &with("/finalizers"), &["update"]));
    }
    rules.extend(
        OWN.iter()
            .map(|(group, resources, verbs)| rule(group, resources, verbs)),
    );
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": { "name": "rosin-controller", "labels": labels(ACCOUNT) },
        "rules": rules,
    })
}

fn binding(name: &str, role: &str) -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": { "name": name, "labels": labels(ACCOUNT) },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role },
        "subjects": [{ "kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE }],
    })
}

/// A role that adds to Kubernetes' own for people.
fn people(
    definitions: &[CustomResourceDefinition],
    name: &str,
    to: &[&str],
    verbs: &[&str],
) -> Value {
    let mut labels = labels(ACCOUNT);
    for role in to {
        labels[format!("rbac.authorization.k8s.io/aggregate-to-{role}")] = "true".into();
    }
    let groups: BTreeSet<&str> = definitions
        .iter()
        .map(|definition| definition.spec.group.as_str())
        .collect();
    // All of a group, as in the roles that Flux brings: its other kinds may be another controller's.
    let rules: Vec<Value> = groups
        .into_iter()
        .map(|group| rule(group, &["*"], verbs))
        .collect();
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": { "name": name, "labels": labels },
        "rules": rules,
    })
}

fn rule(group: &str, resources: &[impl serde::Serialize], verbs: &[&str]) -> Value {
    json!({ "apiGroups": [group], "resources": resources, "verbs": verbs })
}

fn by_group(definitions: &[CustomResourceDefinition]) -> BTreeMap<String, Vec<String>> {
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for definition in definitions {
        groups
            .entry(definition.spec.group.clone())
            .or_default()
            .push(definition.spec.names.plural.clone());
    }
    groups
}
