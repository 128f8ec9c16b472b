//! One small app of four objects, as often as wanted.

use anyhow::Result;
use rosin_cluster_tests::flux::kustomization;
use rosin_cluster_tests::{Repository, helm};
use serde_json::{Value, json};

use crate::Layout;

/// Where the Flux objects are.
pub(crate) const HOME: &str = "bench";
pub(crate) const OBJECTS: usize = 4;

pub(crate) fn name(index: usize) -> String {
    format!("app-{index:04}")
}

/// The namespace that an app goes to.
pub(crate) fn namespace(layout: Layout, index: usize) -> String {
    match layout {
        Layout::Each | Layout::Releases => name(index),
        Layout::One => "apps".to_owned(),
    }
}

pub(crate) fn namespaces(layout: Layout, count: usize) -> Vec<String> {
    match layout {
        Layout::Each | Layout::Releases => (0..count).map(name).collect(),
        Layout::One => vec![namespace(layout, 0)],
    }
}

/// The objects of an app, without a namespace.
pub(crate) fn objects(index: usize) -> [Value; OBJECTS] {
    let name = name(index);
    let labels = json!({ "app": name });
    let container = json!({
        "name": "main",
        "image": "example.com/app:1",
        "ports": [{ "name": "http", "containerPort": 8080 }],
        "envFrom": [{ "configMapRef": { "name": name } }],
        "resources": { "requests": { "cpu": "10m", "memory": "16Mi" } },
    });
    [
        json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": name } }),
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name }, "data": { "mode": "fast", "index": index.to_string() } }),
        json!({
            "apiVersion": "v1", "kind": "Service", "metadata": { "name": name },
            "spec": { "selector": labels, "ports": [{ "name": "http", "port": 80, "targetPort": "http" }] },
        }),
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": name },
            "spec": {
                "replicas": 1,
                "selector": { "matchLabels": labels },
                "template": { "metadata": { "labels": labels }, "spec": { "serviceAccountName": name, "containers": [container] } },
            },
        }),
    ]
}

/// A repository with a folder for each app, and a chart of the same objects.
pub(crate) fn write(repository: &Repository, count: usize) -> Result<String> {
    let mut template = String::new();
    for object in objects(0) {
        template += "---\n";
        template += &serde_yaml::to_string(&object)?.replace(&name(0), "{{ .Release.Name }}");
    }
    helm::write_chart(repository, "1.0.0", &[("app.yaml", &template)])?;
    for index in 0..count {
        write_app(repository, index, "fast")?;
    }
    repository.push("all apps")
}

/// The files of one app, with a word for its ConfigMap.
pub(crate) fn write_app(repository: &Repository, index: usize, mode: &str) -> Result<()> {
    let mut text = String::new();
    for mut object in objects(index) {
        if object["kind"] == "ConfigMap" {
            object["data"]["mode"] = mode.into();
        }
        text += "---\n";
        text += &serde_yaml::to_string(&object)?;
    }
    repository.write(&format!("{}/app.yaml", name(index)), &text)
}

/// What deploys an app: its kind, and the object with `more` in its spec.
pub(crate) fn deployed_by(layout: Layout) -> (&'static str, &'static str) {
    match layout {
        Layout::Releases => ("helm.toolkit.fluxcd.io/v2", "HelmRelease"),
        Layout::Each | Layout::One => ("kustomize.toolkit.fluxcd.io/v1", "Kustomization"),
    }
}

/// The chart of all HelmReleases.
pub(crate) fn chart() -> Value {
    json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "HelmChart",
        "metadata": { "name": "app", "namespace": HOME },
        "spec": {
            "interval": "1h",
            "chart": format!("./{}", helm::CHART),
            "sourceRef": { "kind": "GitRepository", "name": HOME },
        },
    })
}

/// The HelmRelease of an app.
pub(crate) fn release_of(index: usize) -> Value {
    json!({
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
        "kind": "HelmRelease",
        "metadata": { "name": name(index), "namespace": HOME },
        "spec": {
            "interval": "1h",
            "targetNamespace": name(index),
            "releaseName": name(index),
            "chartRef": { "kind": "HelmChart", "name": "app" },
        },
    })
}

/// The Kustomization of an app, with `more` in its spec.
pub(crate) fn kustomization_of(layout: Layout, index: usize, more: &Value) -> Value {
    let mut spec =
        json!({ "wait": true, "timeout": "5m", "targetNamespace": namespace(layout, index) });
    if let (Some(spec), Some(more)) = (spec.as_object_mut(), more.as_object()) {
        spec.extend(more.clone());
    }
    kustomization(
        HOME,
        &name(index),
        HOME,
        &format!("./{}", name(index)),
        &spec,
    )
}
