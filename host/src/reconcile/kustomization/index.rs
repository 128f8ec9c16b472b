//! Who refers to what: the Kustomizations of a source, and those that depend on another one.

use std::{
    collections::{BTreeSet, HashMap},
    hash::Hash,
    sync::{Mutex, PoisonError},
};

use rosin_api::{
    Kustomization,
    kustomization::{KubeConfigReference, SubstituteReferenceKind},
};

use super::{renderer::renderer_source, sources::SourceKey};
use crate::controller::Key;

/// A ConfigMap or Secret that Kustomizations read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConfigKey {
    pub kind: &'static str,
    pub key: Key,
}

impl std::fmt::Display for ConfigKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.kind, self.key)
    }
}

/// Kept current by the watch of Kustomizations, so that an event costs what it concerns, not what exists.
#[derive(Default)]
pub struct Index {
    tables: Mutex<Tables>,
}

#[derive(Default)]
struct Tables {
    known: HashMap<Key, References>,
    by_source: HashMap<SourceKey, BTreeSet<Key>>,
    by_dependency: HashMap<Key, BTreeSet<Key>>,
    by_config: HashMap<ConfigKey, BTreeSet<Key>>,
}

#[derive(PartialEq)]
struct References {
    source: SourceKey,
    /// Where its renderer comes from.
    renderer: Option<SourceKey>,
    dependencies: Vec<Key>,
    configs: Vec<ConfigKey>,
}

impl References {
    fn of(namespace: &str, object: &Kustomization) -> Self {
        let spec = &object.spec;
        let mut configs = Vec::new();
        let mut config = |kind, name: &str| {
            configs.push(ConfigKey {
                kind,
                key: Key::new(namespace, name),
            })
        };
        for reference in spec
            .post_build
            .iter()
            .flat_map(|post_build| &post_build.substitute_from)
        {
            match reference.kind {
                SubstituteReferenceKind::ConfigMap => config("ConfigMap", &reference.name),
                SubstituteReferenceKind::Secret => config("Secret", &reference.name),
            }
        }
        kube_config_objects(spec.kube_config.as_ref(), &mut config);
        if let Some(secret) = spec
            .decryption
            .as_ref()
            .and_then(|decryption| decryption.secret_ref.as_ref())
        {
            config("Secret", &secret.name);
        }
        Self {
            source: SourceKey::of(&spec.source_ref, namespace),
            renderer: renderer_source(object, namespace),
            dependencies: spec
                .depends_on
                .iter()
                .map(|d| dependency_key(namespace, d))
                .collect(),
            configs,
        }
    }
}

/// The objects that say how another cluster is reached.
pub(in crate::reconcile) fn kube_config_objects(
    reference: Option<&KubeConfigReference>,
    mut found: impl FnMut(&'static str, &str),
) {
    let Some(reference) = reference else { return };
    if let Some(secret) = &reference.secret_ref {
        found("Secret", &secret.name);
    }
    if let Some(map) = &reference.config_map_ref {
        found("ConfigMap", &map.name);
    }
}

/// The object that a `dependsOn` entry names.
pub(in crate::reconcile) fn dependency_key(
    namespace: &str,
    dependency: &rosin_api::kustomization::DependencyReference,
) -> Key {
    Key::new(
        dependency
            .namespace
            .as_deref()
            .filter(|ns| !ns.is_empty())
            .unwrap_or(namespace),
        &dependency.name,
    )
}

impl Index {
    pub fn set(&self, key: &Key, object: &Kustomization) {
        let new = References::of(&key.namespace, object);
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        if tables.known.get(key) == Some(&new) {
            return;
        }
        tables.forget(key);
        for source in [Some(&new.source), new.renderer.as_ref()]
            .into_iter()
            .flatten()
        {
            tables
                .by_source
                .entry(source.clone())
                .or_default()
                .insert(key.clone());
        }
        for dependency in &new.dependencies {
            tables
                .by_dependency
                .entry(dependency.clone())
                .or_default()
                .insert(key.clone());
        }
        for config in &new.configs {
            tables
                .by_config
                .entry(config.clone())
                .or_default()
                .insert(key.clone());
        }
        tables.known.insert(key.clone(), new);
    }

    pub fn remove(&self, key: &Key) {
        self.tables
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .forget(key);
    }

    pub fn of_source(&self, source: &SourceKey) -> Vec<Key> {
        let tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        tables
            .by_source
            .get(source)
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    }

    pub fn dependants(&self, dependency: &Key) -> Vec<Key> {
        let tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        tables
            .by_dependency
            .get(dependency)
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    }

    pub fn of_config(&self, config: &ConfigKey) -> Vec<Key> {
        let tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        tables
            .by_config
            .get(config)
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    }
}

impl Tables {
    fn forget(&mut self, key: &Key) {
        let Some(old) = self.known.remove(key) else {
            return;
        };
        drop_from(&mut self.by_source, &old.source, key);
        if let Some(renderer) = &old.renderer {
            drop_from(&mut self.by_source, renderer, key);
        }
        for dependency in &old.dependencies {
            drop_from(&mut self.by_dependency, dependency, key);
        }
        for config in &old.configs {
            drop_from(&mut self.by_config, config, key);
        }
    }
}

fn drop_from<K: Eq + Hash>(table: &mut HashMap<K, BTreeSet<Key>>, entry: &K, key: &Key) {
    if let Some(keys) = table.get_mut(entry) {
        keys.remove(key);
        if keys.is_empty() {
            table.remove(entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use rosin_api::Decode;
    use serde_json::json;

    use super::*;

    fn object(source: &str, depends_on: &[&str]) -> Kustomization {
        let depends_on: Vec<_> = depends_on
            .iter()
            .map(|name| json!({ "name": name }))
            .collect();
        Kustomization::from_value(json!({
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": {"name": "x", "namespace": "ns"},
            "spec": {"interval": "1m", "prune": true, "sourceRef": {"kind": "GitRepository", "name": source}, "dependsOn": depends_on},
        }))
        .unwrap()
    }

    #[test]
    fn references_follow_the_spec() {
        let (index, a) = (Index::default(), Key::new("ns", "a"));
        let source = |name| SourceKey {
            kind: rosin_api::kustomization::SourceKind::GitRepository,
            key: Key::new("ns", name),
        };
        index.set(&a, &object("one", &["b"]));
        assert_eq!(index.of_source(&source("one")), std::slice::from_ref(&a));
        assert_eq!(
            index.dependants(&Key::new("ns", "b")),
            std::slice::from_ref(&a)
        );
        index.set(&a, &object("two", &[]));
        assert!(
            index.of_source(&source("one")).is_empty()
                && index.dependants(&Key::new("ns", "b")).is_empty()
        );
        assert_eq!(index.of_source(&source("two")), std::slice::from_ref(&a));
        index.remove(&a);
        assert!(index.of_source(&source("two")).is_empty());
    }
}
