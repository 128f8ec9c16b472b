//! Who refers to what: the HelmReleases of a chart, and those that depend on another one or read a configuration.

use rosin_api::{
    HelmRelease,
    helm_release::{ChartReferenceKind, ValuesKind},
};

use super::source::ChartKey;
use crate::{
    controller::{Key, References},
    reconcile::kustomization::{ConfigKey, dependency_key, kube_config_objects},
};

/// What a HelmRelease refers to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Reference {
    Chart(ChartKey),
    Dependency(Key),
    Config(ConfigKey),
}

/// Kept current by the watch of HelmReleases.
pub type Index = References<Reference>;

pub fn references(key: &Key, object: &HelmRelease) -> Vec<Reference> {
    let spec = &object.spec;
    let mut found = Vec::new();
    if let Some(reference) = &spec.chart_ref {
        found.push(Reference::Chart(ChartKey::of(reference, &key.namespace)));
    } else if let Some(chart) = object.chart_object() {
        found.push(Reference::Chart(ChartKey {
            kind: ChartReferenceKind::HelmChart,
            key: Key::new(chart.namespace, chart.name),
        }));
    }
    let dependencies = spec.depends_on.iter();
    found.extend(
        dependencies
            .map(|reference| Reference::Dependency(dependency_key(&key.namespace, reference))),
    );
    let mut config = |kind, name: &str| {
        found.push(Reference::Config(ConfigKey {
            kind,
            key: Key::new(&*key.namespace, name),
        }));
    };
    for reference in &spec.values_from {
        match reference.kind {
            ValuesKind::ConfigMap => config("ConfigMap", &reference.name),
            ValuesKind::Secret => config("Secret", &reference.name),
        }
    }
    kube_config_objects(spec.kube_config.as_ref(), config);
    found
}

#[cfg(test)]
mod tests {
    use rosin_api::Decode;
    use serde_json::json;

    use super::*;

    #[test]
    fn charts_values_and_dependencies_are_found() {
        let object = HelmRelease::from_value(json!({
            "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "metadata": {"name": "app", "namespace": "ns"},
            "spec": {
                "interval": "1m", "dependsOn": [{"name": "db", "namespace": "data"}],
                "chart": {"spec": {"chart": "app", "sourceRef": {"kind": "HelmRepository", "name": "stable", "namespace": "charts"}}},
                "valuesFrom": [{"kind": "Secret", "name": "v"}],
            },
        }))
        .unwrap();
        let found = references(&Key::new("ns", "app"), &object);
        let chart = ChartKey {
            kind: ChartReferenceKind::HelmChart,
            key: Key::new("charts", "ns-app"),
        };
        let secret = ConfigKey {
            kind: "Secret",
            key: Key::new("ns", "v"),
        };
        assert_eq!(
            found,
            [
                Reference::Chart(chart),
                Reference::Dependency(Key::new("data", "db")),
                Reference::Config(secret)
            ]
        );
    }
}
