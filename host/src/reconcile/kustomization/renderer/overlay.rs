//! Kustomize on top of another renderer: its output as resources, the object's own fields as what is done to them.

use rosin_api::Kustomization;
use rosin_render::{Limits, Location, Manifest, Renderer};
use rosin_tree::Tree;
use serde_json::{Value, json};

use super::{Chosen, KUSTOMIZE};
use crate::reconcile::kustomization::render;

/// Where the resources are, in a tree that has nothing else by this name.
pub(in crate::reconcile::kustomization) const PATH: &str = ".rosin-rendered";

/// What kustomize is to do.
pub(in crate::reconcile::kustomization) struct Overlay {
    kustomize: Renderer,
    limits: Limits,
    options: Value,
    /// Components lie in the source.
    pub(in crate::reconcile::kustomization) needs_source: bool,
}

/// Whether a field is set that kustomize carries out.
pub(super) fn is_asked_for(object: &Kustomization) -> bool {
    let spec = &object.spec;
    spec.target_namespace.is_some()
        || spec.name_prefix.is_some()
        || spec.name_suffix.is_some()
        || !spec.patches.is_empty()
        || !spec.images.is_empty()
        || !spec.components.is_empty()
        || !spec.build_metadata.is_empty()
}

impl Overlay {
    pub(super) fn new(object: &Kustomization, kustomize: Renderer, limits: Limits) -> Self {
        Self {
            kustomize,
            limits,
            options: render::options(object),
            needs_source: !object.spec.components.is_empty(),
        }
    }

    /// The call, for an object whose path is `path`.
    pub(in crate::reconcile::kustomization) fn chosen(&self, path: &str) -> Chosen {
        let mut options = self.options.clone();
        // They are relative to the object's path, which is another folder now.
        if let Some(components) = options["flux"]["components"].as_array_mut() {
            for component in components {
                if let Some(text) = component.as_str() {
                    *component = Value::String(["..", path, text].join("/").replace("//", "/"));
                }
            }
        }
        Chosen {
            name: KUSTOMIZE.to_owned(),
            renderer: self.kustomize.clone(),
            options,
            limits: self.limits.clone(),
            status: None,
            overlay: None,
        }
    }
}

/// Rendered objects as a folder that kustomize can build, beside the source's files where they are needed.
pub(in crate::reconcile::kustomization) fn folder(
    manifests: &[Manifest],
    source: &Tree,
    needs_source: bool,
) -> Tree {
    let mut resources = Vec::with_capacity(manifests.len());
    let mut files = Vec::with_capacity(manifests.len() + 1);
    for (index, manifest) in manifests.iter().enumerate() {
        let name = file_name(index);
        files.push((format!("{PATH}/{name}"), manifest.json.clone().into_bytes()));
        resources.push(name);
    }
    let kustomization = json!({
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": resources,
    });
    let path = format!("{PATH}/kustomization.yaml");
    files.push((path, kustomization.to_string().into_bytes()));
    if needs_source {
        source.overlay(files.into_iter().collect())
    } else {
        Tree::from_files(files)
    }
}

fn file_name(index: usize) -> String {
    format!("{index}.yaml")
}

/// Objects come from where the first renderer said, not from files that only exist in between.
pub(in crate::reconcile::kustomization) fn with_origins(
    mut manifests: Vec<Manifest>,
    rendered: &[Manifest],
) -> Vec<Manifest> {
    for manifest in &mut manifests {
        if let Some(file) = manifest.origin.path.strip_prefix(PATH) {
            let file = file.trim_start_matches('/');
            let index = file
                .strip_suffix(".yaml")
                .and_then(|index| index.parse::<usize>().ok());
            let first = index.and_then(|index| rendered.get(index));
            manifest.origin = first.map_or_else(Location::default, |first| first.origin.clone());
        }
    }
    manifests
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(path: &str, json: &str) -> Manifest {
        Manifest {
            origin: Location {
                path: path.to_owned(),
                line: 3,
                column: 0,
            },
            json: json.to_owned(),
            text: None,
        }
    }

    #[test]
    fn the_folder_lists_each_object_in_order() {
        let source = Tree::from_files([("components/a/kustomization.yaml".to_owned(), Vec::new())]);
        let rendered = [
            manifest("templates/a.yaml", "{\"kind\":\"A\"}"),
            manifest("b", "{}"),
        ];
        let tree = folder(&rendered, &source, false);
        assert_eq!(
            tree.files("").unwrap(),
            [
                ".rosin-rendered/0.yaml",
                ".rosin-rendered/1.yaml",
                ".rosin-rendered/kustomization.yaml"
            ]
        );
        let text = tree.read(".rosin-rendered/kustomization.yaml").unwrap();
        let value: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(value["resources"], json!(["0.yaml", "1.yaml"]));
        assert!(folder(&rendered, &source, true).is_dir("components/a"));
    }

    #[test]
    fn origins_are_those_of_the_first_renderer() {
        let rendered = [
            manifest("templates/a.yaml", "{}"),
            manifest("templates/b.yaml", "{}"),
        ];
        let built = vec![
            manifest(".rosin-rendered/1.yaml", "{}"),
            manifest(".rosin-rendered/kustomization.yaml", "{}"),
            manifest("components/a/c.yaml", "{}"),
        ];
        let places: Vec<String> = with_origins(built, &rendered)
            .into_iter()
            .map(|manifest| manifest.origin.path)
            .collect();
        assert_eq!(places, ["templates/b.yaml", "", "components/a/c.yaml"]);
    }
}
