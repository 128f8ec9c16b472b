//! Rendering a Kustomization: request to the plugin, then what the host does to every renderer's output.

use std::{collections::BTreeMap, sync::Arc};

use rosin_api::{Artifact, Kustomization};
use rosin_domain::{
    Object,
    substitution::{self, Strictness},
};
use rosin_render::{
    Engine, EngineConfig, Limits, LoadError, Location, Registry, Remembered, RenderError, Request,
    Services, Source, Subject,
};
use rosin_tree::Tree;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tracing::{debug, warn};

use super::{
    Kustomizations,
    error::Error,
    origins::Origins,
    renderer::{Chosen, overlay},
    variables::variables,
};
use crate::{config::Config, metrics::RenderOutcome};

/// Bytes of rendered output that are kept for revisions that change nothing of what was read.
const MEMO: usize = 32 << 20;

/// Objects that are to be in the cluster, and the places in the source that they come from.
pub(super) struct Built {
    pub(super) objects: Vec<Object>,
    pub(super) origins: Origins,
    /// Of what was built, before labels and annotations of ours and of the user were set: for the history.
    pub(super) digest: String,
}

/// The plugins, and the memory of what they rendered. Cheap to clone.
#[derive(Clone)]
pub struct Renderers {
    pub(super) registry: Arc<Registry>,
    memo: Arc<rosin_render::Memo>,
    pub(super) limits: Limits,
    engine: Engine,
}

impl Renderers {
    /// The built-in plugins, under the operator's limits.
    pub fn load(config: &Config) -> Result<Self, LoadError> {
        let engine = Engine::new(EngineConfig {
            instance_memory: config.render_memory.max(1 << 20),
            ..EngineConfig::default()
        })?;
        let limits = Limits {
            memory: config.render_memory,
            deadline: config.render_timeout,
            ..Limits::default()
        };
        let mut registry = Registry::built_in(&engine)?;
        if let Some(folder) = &config.renderers_path {
            registry.add_folder(&engine, folder)?;
        }
        Ok(Self {
            registry: Arc::new(registry),
            memo: Arc::new(rosin_render::Memo::new(MEMO)),
            limits,
            engine,
        })
    }

    /// What all plugins of this process run in.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(crate) fn get(&self, name: &str) -> Result<&rosin_render::Renderer, LoadError> {
        self.registry.get(name)
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }
}

impl Kustomizations {
    /// From files to the objects that are to be in the cluster.
    pub(super) async fn build(
        &self,
        object: &Kustomization,
        artifact: &Artifact,
        tree: Tree,
        path: String,
        chosen: &Chosen,
    ) -> Result<Built, Error> {
        let keys = self.keys(object).await?;
        let decrypted = match &keys {
            Some(keys) => self.decrypt_sources(object, &tree, &path, keys).await?,
            None => None,
        };
        // What was rendered from decrypted files is not kept.
        let memory = decrypted.is_none();
        let tree = decrypted.unwrap_or(tree);
        let files = tree.clone();
        let at = path.clone();
        let mut rendered = self
            .render(object, artifact, tree, path, memory, chosen)
            .await?;
        if let Some(overlay) = &chosen.overlay {
            let folder = overlay::folder(&rendered, &files, overlay.needs_source);
            let path = overlay::PATH.to_owned();
            let on_top = overlay.chosen(&at);
            let done = self.render(object, artifact, folder, path, memory, &on_top);
            rendered = overlay::with_origins(done.await?, &rendered);
        }
        if let Some(keys) = &keys {
            rendered = self.decrypt_objects(rendered, keys).await?;
        }
        let variables = match &object.spec.post_build {
            Some(post_build) => variables(&self.session, object.namespace(), post_build).await,
            None => Ok(BTreeMap::new()),
        };
        let strictness = match self.config.gates.strict_post_build_substitutions {
            true => Strictness::Strict,
            false => Strictness::Lenient,
        };
        finish(object, &rendered, variables, strictness, files)
    }

    async fn render(
        &self,
        object: &Kustomization,
        artifact: &Artifact,
        tree: Tree,
        path: String,
        memory: bool,
        chosen: &Chosen,
    ) -> Result<Vec<rosin_render::Manifest>, Error> {
        let Chosen {
            name,
            renderer,
            options,
            limits,
            ..
        } = chosen;
        let request = Request {
            subject: Subject {
                kind: "Kustomization".to_owned(),
                namespace: object.namespace().to_owned(),
                name: object.name().to_owned(),
            },
            path,
            options: options.to_string(),
        };
        let source = Source {
            tree,
            revision: artifact.revision.clone(),
        };
        let memo = &self.renderers.memo;
        let services = Services {
            renderers: Some(self.renderers.registry.clone()),
            ..Services::default()
        };
        let output = if memory {
            let tenant = object.namespace();
            memo.render(tenant, renderer, &request, &source, &services, limits)
                .await
        } else {
            renderer
                .render(&request, &source, &services, limits)
                .await
                .map(|rendered| Remembered {
                    rendered: Arc::new(rendered),
                    reused: false,
                })
        };
        match output {
            Ok(output) => {
                self.metrics.rendered(
                    name,
                    if output.reused {
                        RenderOutcome::Reused
                    } else {
                        RenderOutcome::Rendered
                    },
                );
                let rendered = &output.rendered;
                if !output.reused {
                    for diagnostic in &rendered.diagnostics {
                        warn!(renderer = name, "{diagnostic}");
                    }
                    let took = rosin_api::Duration::from(rendered.stats.run);
                    debug!(renderer = name, objects = rendered.manifests.len(), %took, "rendered");
                }
                Ok(rendered
                    .definitions
                    .iter()
                    .chain(&rendered.manifests)
                    .cloned()
                    .collect())
            }
            Err(error) => {
                self.metrics.rendered(name, RenderOutcome::Failed);
                Err(Error::Build(describe(name, &error)))
            }
        }
    }
}

/// `spec.path` as the plugins write paths; it must be there.
pub(super) fn path_of(object: &Kustomization, tree: &Tree) -> Result<String, Error> {
    let given = object.spec.path.as_deref().unwrap_or_default();
    let mut parts = Vec::new();
    for part in given.split('/') {
        match part {
            "" | "." => {}
            // As a secure join does: never above the root.
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let path = parts.join("/");
    if path.contains('\0') || (!path.is_empty() && !tree.is_dir(&path)) {
        return Err(Error::Artifact(format!(
            "kustomization path not found: stat {}: no such file or directory",
            path.escape_debug()
        )));
    }
    Ok(path)
}

pub(crate) fn options(object: &Kustomization) -> serde_json::Value {
    let spec = &object.spec;
    json!({
        "loadRestrictor": "none",
        "reorder": "none",
        "flux": {
            "targetNamespace": spec.target_namespace.as_deref().unwrap_or_default(),
            "namePrefix": spec.name_prefix.as_deref().unwrap_or_default(),
            "nameSuffix": spec.name_suffix.as_deref().unwrap_or_default(),
            "patches": spec.patches,
            "images": spec.images,
            "components": spec.components,
            "ignoreMissingComponents": spec.ignore_missing_components,
            "buildMetadata": spec.build_metadata,
        },
    })
}

/// The plugin's words for what the author of the files did; the host's for what the plugin did.
fn describe(name: &str, error: &RenderError) -> String {
    match error {
        RenderError::Invalid { message, .. } if name == "kustomize" => {
            if message.starts_with("failed to decode Kubernetes YAML") {
                message.clone()
            } else {
                format!("kustomize build failed: {message}")
            }
        }
        other => other.to_string(),
    }
}

/// What is done to every renderer's output, in Flux's order.
fn finish(
    object: &Kustomization,
    manifests: &[rosin_render::Manifest],
    variables: Result<BTreeMap<String, String>, super::variables::VariablesError>,
    strictness: Strictness,
    files: Tree,
) -> Result<Built, Error> {
    let mut objects = Vec::with_capacity(manifests.len());
    let mut places = Vec::with_capacity(manifests.len());
    for manifest in manifests {
        let failed = |error: &dyn std::fmt::Display| failed_at(error, &manifest.origin);
        let value = serde_json::from_str(&manifest.json).map_err(|error| failed(&error))?;
        for value in rosin_domain::finish::flatten(value) {
            objects.push(Object::new(value).map_err(|error| failed(&error))?);
            places.push(&manifest.origin);
        }
    }
    if let Some(post_build) = &object.spec.post_build {
        let variables = variables.map_err(|error| match objects.first() {
            Some(first) => Error::Build(format!(
                "post build failed for '{}': {error}",
                substitution::described(first)
            )),
            None => Error::Build(error.to_string()),
        })?;
        let mut substituted = Vec::with_capacity(objects.len());
        let mut errors = Vec::new();
        for (object, place) in objects.into_iter().zip(&places) {
            match substitution::post_build_with(vec![object], post_build, &variables, strictness) {
                Ok(done) => substituted.extend(done),
                Err(error) => errors.push(failed_at(&error, place).to_string()),
            }
        }
        if !errors.is_empty() {
            return Err(Error::Build(errors.join("\n")));
        }
        objects = substituted;
    }
    let digest = digest(&objects);
    let unknown = rosin_domain::finish::finish(object, &mut objects)
        .map_err(|error| Error::Apply(error.to_string()))?;
    for fields in unknown {
        warn!("{fields}");
    }
    // Substitution makes one object of one, so that places still belong to objects.
    let places = objects
        .iter()
        .zip(places)
        .filter(|(_, place)| !place.path.is_empty())
        .map(|(object, place)| (object.id(), place.clone()))
        .collect();
    Ok(Built {
        objects,
        origins: Origins::new(files, places),
        digest,
    })
}

/// `sha256:<hex>` of the objects as multi-document YAML.
fn digest(objects: &[Object]) -> String {
    let mut hasher = Sha256::new();
    for object in objects {
        hasher.update(b"---\n");
        hasher.update(rosin_manifest::yaml::to_string_sigs(&object.to_value()));
    }
    format!("sha256:{}", hex::encode(hasher.finalize()))
}

fn failed_at(error: &dyn std::fmt::Display, place: &Location) -> Error {
    if place.path.is_empty() {
        Error::Build(error.to_string())
    } else {
        Error::Build(format!("{error} ({place})"))
    }
}
