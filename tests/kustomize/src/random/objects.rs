//! Random Kubernetes objects that refer to each other by name, out of small pools of names, so that things meet.

use serde_json::{Map, Value, json};

use super::chance::Chance;
use super::kinds;

const NAMES: &[&str] = &["app", "web", "db", "api", "cache", "app-config", "worker"];
const NAMESPACES: &[&str] = &["one", "two", "default"];
const IMAGES: &[&str] = &[
    "nginx",
    "nginx:1.25",
    "registry.example.com/team/app:v1",
    "registry.example.com:5000/team/app",
    "busybox@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "postgres:14@sha256:60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
    "ghcr.io/org/tool:latest",
];
/// Strings that readers of YAML disagree about, or that writers have to quote.
const TEXTS: &[&str] = &[
    "plain",
    "yes",
    "no",
    "on",
    "off",
    "y",
    "true",
    "null",
    "~",
    "",
    " lead",
    "trail ",
    "1",
    "01",
    "0o7",
    "0x1F",
    "1e3",
    "1.50",
    ".5",
    "1_000",
    "2020-01-01",
    "2020-01-01T10:00:00Z",
    "12:30",
    "a: b",
    "a #b",
    "# c",
    "- x",
    "[x]",
    "{x}",
    "*a",
    "&a",
    "!t",
    "%p",
    "@at",
    "`t`",
    "?",
    ":",
    "a\nb\n",
    "a\n\n  b",
    "line\n",
    "\n",
    "tab\there",
    "quote\"d",
    "it's",
    "back\\slash",
    "é",
    "日本語",
    "\u{1F600}",
    "=",
    "<<",
    "|",
    ">",
    "NaN",
    ".inf",
    "-0",
    "+1",
    "0b11",
    "$(VAR)",
    "${VAR}",
    "{{ .x }}",
    "a,b,c",
    "a=b",
    "a long line with more words than eighty characters hold, which some writers of YAML fold and others leave as it is, for good",
];

pub(super) fn name(chance: &mut Chance) -> &'static str {
    chance.pick(NAMES)
}

pub(super) fn namespace(chance: &mut Chance) -> &'static str {
    chance.pick(NAMESPACES)
}

pub(super) fn image(chance: &mut Chance) -> &'static str {
    chance.pick(IMAGES)
}

pub(super) fn text(chance: &mut Chance) -> &'static str {
    chance.pick(TEXTS)
}

/// A scalar of any type.
pub(super) fn scalar(chance: &mut Chance) -> Value {
    match chance.below(10) {
        0 => json!(chance.below(100)),
        1 => json!(chance.one_in(2)),
        2 => json!(1.5),
        3 => json!(-(chance.below(9) as i64)),
        4 => json!(12_345_678_901_234_567i64),
        5 => Value::Null,
        _ => json!(text(chance)),
    }
}

pub(super) fn strings(chance: &mut Chance, keys: &[&str], most: usize) -> Value {
    let mut fields = Map::new();
    for _ in 0..chance.below(most + 1) {
        let value = if chance.one_in(3) {
            text(chance)
        } else {
            name(chance)
        };
        fields.insert(chance.pick(keys).to_owned(), json!(value));
    }
    Value::Object(fields)
}

/// What two objects must not share.
pub(super) fn identity(object: &Value) -> String {
    let text = |pointer: &str| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or("")
    };
    format!(
        "{} {} {} {}",
        text("/apiVersion"),
        text("/kind"),
        text("/metadata/namespace"),
        text("/metadata/name")
    )
}

pub(super) fn metadata(chance: &mut Chance, cluster: bool) -> Value {
    let mut fields = Map::from_iter([("name".to_owned(), json!(name(chance)))]);
    if !cluster && chance.one_in(4) {
        fields.insert("namespace".into(), json!(namespace(chance)));
    }
    if chance.one_in(3) {
        fields.insert(
            "labels".into(),
            strings(chance, &["app", "tier", "env", "app.kubernetes.io/name"], 3),
        );
    }
    if chance.one_in(4) {
        fields.insert(
            "annotations".into(),
            strings(chance, &["note", "a.example.com/x", "config"], 2),
        );
    }
    if chance.one_in(40) {
        fields.insert("annotations".into(), kinds::tool_annotations(chance));
    }
    if chance.one_in(60) {
        fields.insert("finalizers".into(), json!(["a", "b"]));
    }
    Value::Object(fields)
}

fn container(chance: &mut Chance) -> Value {
    let mut fields = Map::from_iter([
        ("name".to_owned(), json!(name(chance))),
        ("image".to_owned(), json!(image(chance))),
    ]);
    if chance.one_in(3) {
        fields.insert(
            "env".into(),
            (0..1 + chance.below(3)).map(|at| env(chance, at)).collect(),
        );
    }
    if chance.one_in(4) {
        let kind = chance.pick(&["configMapRef", "secretRef"]);
        fields.insert(
            "envFrom".into(),
            json!([{ kind: { "name": name(chance) } }]),
        );
    }
    if chance.one_in(3) {
        fields.insert(
            "args".into(),
            (0..chance.below(3)).map(|_| json!(text(chance))).collect(),
        );
    }
    if chance.one_in(6) {
        fields.insert(
            "command".into(),
            json!([
                "run",
                "--at=$(VAR)",
                "$$(VAR)",
                "$(OTHER)/$(VAR)",
                text(chance)
            ]),
        );
    }
    if chance.one_in(8) {
        fields.insert("livenessProbe".into(), json!({ "httpGet": { "path": "/", "port": "http", "httpHeaders": [{ "name": "X", "value": text(chance) }] } }));
    }
    if chance.one_in(3) {
        let port = 80 + chance.below(3);
        fields.insert("ports".into(), json!([{ "containerPort": port, "name": "http" }, { "containerPort": 53, "protocol": "UDP" }]));
    }
    if chance.one_in(3) {
        fields.insert(
            "volumeMounts".into(),
            json!([{ "name": name(chance), "mountPath": "/data" }]),
        );
    }
    if chance.one_in(4) {
        fields.insert(
            "resources".into(),
            json!({ "limits": { "cpu": 1, "memory": "64Mi" }, "requests": { "cpu": "100m" } }),
        );
    }
    Value::Object(fields)
}

pub(super) fn env(chance: &mut Chance, at: usize) -> Value {
    let key = format!("KEY_{at}");
    match chance.below(4) {
        0 => {
            json!({ "name": key, "valueFrom": { "configMapKeyRef": { "name": name(chance), "key": "k" } } })
        }
        1 => {
            json!({ "name": key, "valueFrom": { "secretKeyRef": { "name": name(chance), "key": "k" } } })
        }
        _ => json!({ "name": key, "value": text(chance) }),
    }
}

pub(super) fn pod(chance: &mut Chance) -> Value {
    let mut fields = Map::new();
    fields.insert(
        "containers".into(),
        (0..1 + chance.below(2))
            .map(|_| container(chance))
            .collect(),
    );
    if chance.one_in(5) {
        fields.insert("initContainers".into(), json!([container(chance)]));
    }
    if chance.one_in(3) {
        fields.insert("serviceAccountName".into(), json!(name(chance)));
    }
    kinds::pod_extras(chance, &mut fields);
    if chance.one_in(5) {
        fields.insert("imagePullSecrets".into(), json!([{ "name": name(chance) }]));
    }
    if chance.one_in(3) {
        let volumes = (0..1 + chance.below(2)).map(|_| {
            let volume = name(chance);
            match chance.below(4) {
                0 => json!({ "name": volume, "secret": { "secretName": name(chance) } }),
                1 => json!({ "name": volume, "persistentVolumeClaim": { "claimName": name(chance) } }),
                2 => json!({ "name": volume, "projected": { "sources": [{ "configMap": { "name": name(chance) } }, { "secret": { "name": name(chance) } }] } }),
                _ => json!({ "name": volume, "configMap": { "name": name(chance) } }),
            }
        });
        fields.insert("volumes".into(), volumes.collect());
    }
    Value::Object(fields)
}

pub(super) fn template(chance: &mut Chance) -> Value {
    let mut fields = Map::from_iter([("spec".to_owned(), pod(chance))]);
    if !chance.one_in(3) {
        fields.insert(
            "metadata".into(),
            json!({ "labels": strings(chance, &["app", "tier", "env"], 2) }),
        );
    }
    Value::Object(fields)
}

fn workload(chance: &mut Chance, kind: &str) -> Value {
    let template = template(chance);
    let labels = template.pointer("/metadata/labels").cloned();
    let mut spec = Map::from_iter([("template".to_owned(), template)]);
    if kind != "DaemonSet" && chance.one_in(2) {
        spec.insert("replicas".into(), json!(chance.below(4)));
    }
    if !chance.one_in(3) {
        spec.insert(
            "selector".into(),
            json!({ "matchLabels": labels.filter(|_| chance.one_in(2)).unwrap_or_else(|| strings(chance, &["app", "tier"], 2)) }),
        );
    }
    if kind == "StatefulSet" {
        spec.insert("serviceName".into(), json!(name(chance)));
        if chance.one_in(2) {
            spec.insert("volumeClaimTemplates".into(), json!([{ "metadata": { "name": "data" }, "spec": { "accessModes": ["ReadWriteOnce"] } }]));
        }
    }
    json!({ "apiVersion": "apps/v1", "kind": kind, "metadata": metadata(chance, false), "spec": spec })
}

fn subjects(chance: &mut Chance) -> Value {
    let mut subject = Map::from_iter([
        ("kind".to_owned(), json!("ServiceAccount")),
        ("name".to_owned(), json!(name(chance))),
    ]);
    if !chance.one_in(3) {
        subject.insert("namespace".into(), json!(namespace(chance)));
    }
    let mut subjects = vec![Value::Object(subject)];
    if chance.one_in(3) {
        subjects.push(
            json!({ "kind": "User", "name": "jane", "apiGroup": "rbac.authorization.k8s.io" }),
        );
    }
    Value::Array(subjects)
}

/// One object, of one of the kinds that the original treats in a way of its own.
pub(super) fn object(chance: &mut Chance) -> Value {
    let data = |chance: &mut Chance| strings(chance, &["k", "a.txt", "config.yaml", "url"], 3);
    let document = |chance: &mut Chance| {
        let mut data = data(chance);
        if chance.one_in(6) {
            data["config.json"] = json!(chance.pick(kinds::STRUCTURED));
        }
        data
    };
    let rules = json!([{ "apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"], "resourceNames": ["app", "web"] }]);
    match chance.below(40) {
        0..=4 => workload(chance, "Deployment"),
        5 | 6 => workload(chance, "StatefulSet"),
        7 => workload(chance, "DaemonSet"),
        8 => {
            json!({ "apiVersion": "batch/v1", "kind": "Job", "metadata": metadata(chance, false), "spec": { "template": template(chance) } })
        }
        9 => {
            json!({ "apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata(chance, false),
            "spec": { "schedule": "0 * * * *", "jobTemplate": { "spec": { "template": template(chance) } } } })
        }
        10 => {
            json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata(chance, false), "spec": pod(chance) })
        }
        11..=13 => {
            json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(chance, false), "data": document(chance) })
        }
        14 => {
            json!({ "apiVersion": "v1", "kind": "Secret", "metadata": metadata(chance, false), "type": "Opaque", "stringData": data(chance) })
        }
        15..=17 => {
            json!({ "apiVersion": "v1", "kind": "Service", "metadata": metadata(chance, false), "spec": {
            "selector": strings(chance, &["app", "tier"], 2), "type": "ClusterIP",
            "ports": [{ "port": 80, "targetPort": "http", "protocol": "TCP" }, { "port": 53, "protocol": "UDP" }] } })
        }
        18 => {
            json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata(chance, false), "secrets": [{ "name": name(chance) }] })
        }
        19 => {
            json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": metadata(chance, false), "rules": rules })
        }
        20 => {
            json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": metadata(chance, false), "subjects": subjects(chance),
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": chance.pick(&["Role", "ClusterRole"]), "name": name(chance) } })
        }
        21 => {
            json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": metadata(chance, true), "rules": rules })
        }
        22 => {
            json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": metadata(chance, true), "subjects": subjects(chance),
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name(chance) } })
        }
        23 => {
            json!({ "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata(chance, false), "spec": {
            "rules": [{ "host": "a.example.com", "http": { "paths": [{ "path": "/", "pathType": "Prefix",
                "backend": { "service": { "name": name(chance), "port": { "number": 80 } } } }] } }],
            "tls": [{ "secretName": name(chance), "hosts": ["a.example.com"] }] } })
        }
        24 => {
            json!({ "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata(chance, false),
            "spec": { "accessModes": ["ReadWriteOnce"], "volumeName": name(chance), "resources": { "requests": { "storage": "1Gi" } } } })
        }
        25 => {
            json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace(chance) } })
        }
        26 => {
            json!({ "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": metadata(chance, false), "spec": {
            "maxReplicas": 3, "scaleTargetRef": { "apiVersion": "apps/v1", "kind": chance.pick(&["Deployment", "StatefulSet"]), "name": name(chance) } } })
        }
        27 => {
            json!({ "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata(chance, false), "spec": {
            "podSelector": { "matchLabels": strings(chance, &["app"], 1) }, "ingress": [{ "from": [{ "podSelector": { "matchLabels": { "app": "x" } } }] }] } })
        }
        28 => {
            json!({ "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": metadata(chance, false),
            "spec": { "minAvailable": 1, "selector": { "matchLabels": strings(chance, &["app"], 1) } } })
        }
        29 => {
            json!({ "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": metadata(chance, true),
            "webhooks": [{ "name": "a.example.com", "clientConfig": { "service": { "name": name(chance), "namespace": namespace(chance) } } }] })
        }
        30 => json!({ "apiVersion": "v1", "kind": "List", "items": [
            { "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(chance, false), "data": data(chance) } ] }),
        31..=35 => kinds::rare(chance),
        _ => {
            json!({ "apiVersion": "example.com/v1", "kind": "Widget", "metadata": metadata(chance, false), "spec": {
            "any": scalar(chance), "list": [{ "name": "x", "value": scalar(chance) }, { "name": "y" }], "image": image(chance),
            "ref": { "name": name(chance) } } })
        }
    }
}
