//! Kinds and fields that are rarer, and that the original treats in ways of their own: other paths of references, other merge keys,
//! structured text in values, annotations of tools.

use serde_json::{Map, Value, json};

use super::chance::Chance;
use super::objects::{image, metadata, name, namespace, scalar, strings, template, text};

/// Texts that replacements can lead into.
pub(super) const STRUCTURED: &[&str] = &[
    r#"{"name": "app", "list": [1, 2, {"deep": true}], "k": "v"}"#,
    "{\n  \"k\": \"v\",\n  \"spec\": {\n    \"replicas\": 1\n  }\n}\n",
    "k: v\nspec:\n  replicas: 1\n  list:\n  - a\n  - b\n",
    "# a comment\nk: v # why\nmetadata:\n    name: indented\n",
    "[1, 2]",
    "not: [closed",
];

pub(super) fn tool_annotations(chance: &mut Chance) -> Value {
    match chance.below(8) {
        0 => json!({ "config.kubernetes.io/local-config": chance.pick(&["true", "false", ""]) }),
        1 => json!({ "config.kubernetes.io/local-config": "true", "x": "y" }),
        2 => json!({ "internal.config.kubernetes.io/generatorBehavior": "merge", "x": "y" }),
        3 => json!({ "config.kubernetes.io/origin": "path: elsewhere.yaml\n" }),
        4 => json!({ "config.kubernetes.io/index": "0", "config.kubernetes.io/path": "a.yaml" }),
        5 => {
            json!({ "internal.config.kubernetes.io/previousNames": "old", "internal.config.kubernetes.io/previousNamespaces": "one",
            "internal.config.kubernetes.io/previousKinds": "ConfigMap" })
        }
        6 => json!({ "alpha.config.kubernetes.io/transformations": "[]" }),
        _ => json!({ "config.k8s.io/id": "1" }),
    }
}

pub(super) fn pod_extras(chance: &mut Chance, fields: &mut Map<String, Value>) {
    if chance.one_in(8) {
        fields.insert(
            "tolerations".into(),
            json!([{ "key": "k", "operator": "Exists" }, { "key": "x", "effect": "NoSchedule" }]),
        );
    }
    if chance.one_in(8) {
        fields.insert("hostAliases".into(), json!([{ "ip": "10.0.0.1", "hostnames": ["a", "b"] }, { "ip": "10.0.0.2", "hostnames": [text(chance)] }]));
    }
    if chance.one_in(8) {
        fields.insert(
            "topologySpreadConstraints".into(),
            json!([{ "maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": { "matchLabels": strings(chance, &["app"], 1) } }]),
        );
    }
    if chance.one_in(8) {
        let term = json!({ "labelSelector": { "matchLabels": strings(chance, &["app"], 1), "matchExpressions": [{ "key": "app", "operator": "Exists" }] },
            "topologyKey": "zone" });
        fields.insert("affinity".into(), json!({ "podAntiAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": [term],
            "preferredDuringSchedulingIgnoredDuringExecution": [{ "weight": 1, "podAffinityTerm": term }] } }));
    }
    if chance.one_in(12) {
        fields.insert(
            "ephemeralContainers".into(),
            json!([{ "name": "debug", "image": image(chance) }]),
        );
    }
    if chance.one_in(12) {
        fields.insert("priorityClassName".into(), json!(name(chance)));
    }
}

/// An object of a kind that few have.
pub(super) fn rare(chance: &mut Chance) -> Value {
    match chance.below(18) {
        0 => {
            json!({ "apiVersion": "v1", "kind": "PersistentVolume", "metadata": metadata(chance, true),
            "spec": { "capacity": { "storage": "1Gi" }, "storageClassName": name(chance), "claimRef": { "name": name(chance), "namespace": namespace(chance) },
                "csi": { "driver": "d", "nodePublishSecretRef": { "name": name(chance), "namespace": namespace(chance) } } } })
        }
        1 => {
            json!({ "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": metadata(chance, true), "provisioner": "p" })
        }
        2 => {
            json!({ "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": metadata(chance, true),
            "spec": { "group": "g.example.com", "service": { "name": name(chance), "namespace": namespace(chance) } } })
        }
        3 => {
            json!({ "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": { "name": "widgets.example.com" },
            "spec": { "group": "example.com", "names": { "kind": "Widget", "plural": "widgets" }, "scope": chance.pick(&["Cluster", "Namespaced"]),
                "conversion": { "strategy": "Webhook", "webhook": { "clientConfig": { "service": { "name": name(chance), "namespace": namespace(chance) } } } },
                "versions": [{ "name": "v1", "served": true, "storage": true, "schema": { "openAPIV3Schema": { "type": "object" } } }] } })
        }
        4 => {
            json!({ "apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": metadata(chance, false),
            "spec": { "replicas": chance.below(3), "template": template(chance) } })
        }
        5 => {
            json!({ "apiVersion": "v1", "kind": "ReplicationController", "metadata": metadata(chance, false),
            "spec": { "replicas": chance.below(3), "selector": strings(chance, &["app"], 1), "template": template(chance) } })
        }
        6 => {
            json!({ "apiVersion": "v1", "kind": "PodTemplate", "metadata": metadata(chance, false), "template": template(chance) })
        }
        7 => {
            json!({ "apiVersion": "extensions/v1beta1", "kind": "Ingress", "metadata": metadata(chance, false), "spec": {
            "backend": { "serviceName": name(chance), "servicePort": 80 },
            "rules": [{ "http": { "paths": [{ "path": "/", "backend": { "serviceName": name(chance), "servicePort": 80 } }] } }] } })
        }
        8 => {
            json!({ "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": metadata(chance, true), "value": 10 })
        }
        9 => {
            json!({ "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration", "metadata": metadata(chance, true),
            "webhooks": [{ "name": "a.example.com", "clientConfig": { "service": { "name": name(chance), "namespace": namespace(chance), "path": "/a" } } },
                { "name": "b.example.com", "clientConfig": { "url": "https://b.example.com" } }] })
        }
        10 => {
            json!({ "apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata(chance, false), "spec": { "hard": { "pods": scalar(chance) } } })
        }
        11 => {
            json!({ "apiVersion": "v1", "kind": "Endpoints", "metadata": metadata(chance, false), "subsets": [{ "addresses": [{ "ip": "10.0.0.1" }] }] })
        }
        12 => {
            json!({ "apiVersion": "monitoring.coreos.com/v1", "kind": "ServiceMonitor", "metadata": metadata(chance, false),
            "spec": { "selector": { "matchLabels": strings(chance, &["app"], 1) }, "endpoints": [{ "port": "http", "basicAuth": { "password": { "name": name(chance), "key": "k" } } }] } })
        }
        13 => json!({ "apiVersion": "v1", "kind": "ConfigMapList", "items": [
            { "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(chance, false), "data": { "k": text(chance) } },
            { "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(chance, false) }] }),
        14 => {
            json!({ "apiVersion": "batch/v1", "kind": "Job", "metadata": { "generateName": "run-" }, "spec": { "template": template(chance) } })
        }
        15 => {
            json!({ "apiVersion": "v1", "kind": "ConfigMap", "immutable": true, "binaryData": { "b": "AAEC" },
            "metadata": { "name": name(chance), "annotations": { "internal.config.kubernetes.io/needsHashSuffix": "enabled" } } })
        }
        16 => {
            json!({ "apiVersion": "v1", "kind": "Secret", "metadata": metadata(chance, false), "type": "kubernetes.io/service-account-token",
            "data": { "k": "dmFsdWU=" } })
        }
        _ => {
            json!({ "apiVersion": "example.com/v1alpha1", "kind": "Gadget", "metadata": metadata(chance, false),
            "spec": { "template": template(chance), "replicas": chance.below(4), "items": [scalar(chance), [scalar(chance)], {}], "empty": [], "none": null } })
        }
    }
}
