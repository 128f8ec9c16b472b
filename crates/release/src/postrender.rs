//! What becomes of a rendered chart before it is released: post renderers of the spec in their order, common metadata, and the
//! labels that name the HelmRelease; then the record's manifest and hooks.
//!
//! As in Helm, documents pass through kyaml and kustomize as one stream of objects, whatever renderers there are: each carries
//! the name of its template in an annotation, is written with sorted keys, and goes back to its template's file at the end.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use rosin_api::HelmReleaseSpec;
use rosin_api::helm_release::{KustomizePostRenderer, PostRenderStrategy};
use rosin_api::kustomization::{Patch, Selector};
use rosin_chart::manifests;
use rosin_manifest::yaml::{self, Dialect};
use serde_json::{Map, Value, json};

use crate::json::{self as go, Object};
use crate::{Algorithm, Hook, HookExecution};

/// Where Helm notes the template of an object.
const FILE_NAME: &str = "postrenderer.helm.sh/postrender-filename";
const GROUP: &str = "helm.toolkit.fluxcd.io";
/// What the objects are called in a post renderer's kustomization.
const INPUT: &str = "helm-output.yaml";

/// A document of a rendered chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its template, from the root chart: `app/templates/a.yaml`.
    pub path: String,
    /// Where in the template it begins, for the order.
    pub line: u32,
    pub text: String,
}

/// Why documents cannot be post-rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("error merging {group}: parsing {path}: {cause}")]
    Parse {
        group: &'static str,
        path: String,
        cause: String,
    },
    #[error("may not add resource with an already registered id: {0}")]
    Duplicate(String),
    #[error("missing {field} in object of {path}")]
    Missing { field: &'static str, path: String },
    #[error(transparent)]
    Sort(#[from] SortError),
}

/// What came out is no manifest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SortError(String);

/// The objects that are post-rendered together.
#[derive(Clone, Debug, PartialEq)]
pub struct Stream {
    group: &'static str,
    objects: Vec<Value>,
}

/// A rendered chart on its way.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    streams: Vec<Stream>,
    /// Texts that nobody changes, by template.
    untouched: BTreeMap<String, String>,
}

/// A record's manifest and hooks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Released {
    pub manifest: String,
    pub hooks: Vec<Hook>,
}

impl Rendered {
    /// Puts documents together as the strategy says.
    pub fn new(mut documents: Vec<Document>, strategy: PostRenderStrategy) -> Result<Self, Error> {
        documents.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
        if strategy == PostRenderStrategy::Combined {
            return Ok(Self {
                streams: vec![Stream::new("manifests", &documents)?],
                untouched: BTreeMap::new(),
            });
        }
        let is_hook = |document: &Document| {
            yaml::read_one(document.text.as_bytes(), Dialect::Sigs)
                .is_ok_and(|node| manifests::is_hook(&node))
        };
        let (hooks, mut objects): (Vec<_>, Vec<_>) = documents.into_iter().partition(is_hook);
        // Inside of a file, these are in the order of installation by now.
        objects.sort_by(|a, b| {
            let kind = |document: &Document| kind(&document.text);
            let (kind_a, kind_b) = (kind(a), kind(b));
            (&a.path, manifests::rank(&kind_a)).cmp(&(&b.path, manifests::rank(&kind_b)))
        });
        let mut rendered = Self {
            streams: Vec::new(),
            untouched: BTreeMap::new(),
        };
        if strategy == PostRenderStrategy::NoHooks {
            for hook in &hooks {
                append(&mut rendered.untouched, &hook.path, &hook.text);
            }
        } else if !hooks.is_empty() {
            rendered.streams.push(Stream::new("hooks", &hooks)?);
        }
        if !objects.is_empty() {
            rendered.streams.push(Stream::new("manifests", &objects)?);
        }
        Ok(rendered)
    }

    /// What post renderers change, one after the other.
    pub fn streams(&mut self) -> &mut [Stream] {
        &mut self.streams
    }

    /// Adds metadata, and makes the record's manifest and hooks.
    pub fn finish(
        mut self,
        spec: &HelmReleaseSpec,
        namespace: &str,
        name: &str,
    ) -> Result<Released, Error> {
        let mut files = std::mem::take(&mut self.untouched);
        for stream in &mut self.streams {
            stream.check()?;
            for object in &mut stream.objects {
                if let Some(common) = &spec.common_metadata {
                    set_all(object, "labels", &common.labels);
                    set_all(object, "annotations", &common.annotations);
                }
                set(object, "labels", &format!("{GROUP}/name"), name);
                set(object, "labels", &format!("{GROUP}/namespace"), namespace);
            }
            let mut rendered = BTreeMap::new();
            for (index, object) in stream.objects.iter_mut().enumerate() {
                let path = take_path(object).unwrap_or_else(|| match stream.group {
                    "manifests" if self.untouched.is_empty() => {
                        format!("generated-by-postrender-{index}.yaml")
                    }
                    group => format!("generated-by-postrender-{group}-{index}.yaml"),
                });
                let text = text_of(object);
                let file: &mut String = rendered.entry(path).or_default();
                if !file.is_empty() {
                    file.push_str("---\n");
                }
                file.push_str(&text);
            }
            for (path, text) in rendered {
                append(&mut files, &path, &text);
            }
        }
        Ok(assemble(&files)?)
    }
}

/// A file's text behind what another stream put into it.
fn append(files: &mut BTreeMap<String, String>, path: &str, text: &str) {
    let file = files.entry(path.to_owned()).or_default();
    if !file.is_empty() {
        file.push_str("\n---\n");
    }
    file.push_str(text);
}

fn kind(text: &str) -> String {
    yaml::read_one(text.as_bytes(), Dialect::Sigs)
        .ok()
        .and_then(|node| Some(node.get("kind")?.as_text()?.to_owned()))
        .unwrap_or_default()
}

/// Sorts files into a manifest and hooks.
fn assemble(files: &BTreeMap<String, String>) -> Result<Released, SortError> {
    let texts = files.iter().filter_map(|(path, text)| {
        let partial = path
            .rsplit('/')
            .next()
            .is_some_and(|base| base.starts_with('_'));
        (!partial).then_some((path.as_str(), Cow::Borrowed(text.as_str())))
    });
    let (hooks, documents) =
        manifests::sort(texts, |_, _| 0).map_err(|error| SortError(error.to_string()))?;
    let mut released = Released::default();
    for document in documents {
        let manifests::Manifest { source, text, .. } = document;
        released
            .manifest
            .push_str(&format!("---\n# Source: {source}\n{text}\n"));
    }
    released.hooks = hooks.into_iter().map(hook).collect();
    Ok(released)
}

fn hook(hook: manifests::Hook) -> Hook {
    Hook {
        name: hook.name,
        kind: hook.manifest.kind,
        path: hook.manifest.source,
        manifest: hook.manifest.text,
        events: hook.events,
        last_run: HookExecution::default(),
        weight: hook.weight,
        delete_policies: hook.delete_policies,
        output_log_policies: hook.output_log_policies,
        unknown: Vec::new(),
    }
}

impl Stream {
    fn new(group: &'static str, documents: &[Document]) -> Result<Self, Error> {
        let mut objects = Vec::new();
        for Document { path, text, .. } in documents {
            let failed = |cause: String| Error::Parse {
                group,
                path: path.clone(),
                cause,
            };
            let nodes =
                yaml::read_resources(text.as_bytes()).map_err(|error| failed(error.to_string()))?;
            for node in nodes {
                let object = node.to_json().map_err(|error| failed(error.to_string()))?;
                if !object.is_object() {
                    continue;
                }
                for mut object in items(object) {
                    set(&mut object, "annotations", FILE_NAME, path);
                    objects.push(object);
                }
            }
        }
        let stream = Self { group, objects };
        stream.check()?;
        Ok(stream)
    }

    /// Each object needs a kind and a name, and none may be there twice.
    fn check(&self) -> Result<(), Error> {
        let mut seen = BTreeSet::new();
        for object in &self.objects {
            let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
            let missing = |field| Error::Missing {
                field,
                path: path_of(object).unwrap_or_default().to_owned(),
            };
            let kind = text("/kind").filter(|kind| !kind.is_empty());
            let kind = kind.ok_or_else(|| missing("kind"))?;
            let name = text("/metadata/name").filter(|name| !name.is_empty());
            let Some(name) = name else {
                if text("/metadata/generateName").is_some() {
                    continue;
                }
                return Err(missing("metadata.name"));
            };
            let api_version = text("/apiVersion").unwrap_or_default();
            let (group, version) = api_version
                .rsplit_once('/')
                .unwrap_or(("[noGrp]", api_version));
            let namespace = text("/metadata/namespace").filter(|text| !text.is_empty());
            let within = namespace.unwrap_or("default");
            if !seen.insert((group, version, kind, within, name)) {
                let namespace = namespace.unwrap_or("[noNs]");
                let id = format!("{kind}.{version}.{group}/{name}.{namespace}");
                return Err(Error::Duplicate(id));
            }
        }
        Ok(())
    }

    /// The files of the kustomization that a post renderer is; it is built at the root of the tree, without load restrictions.
    /// Nothing for a renderer that changes nothing.
    #[must_use]
    pub fn kustomization(&self, renderer: &KustomizePostRenderer) -> Vec<(String, Vec<u8>)> {
        let KustomizePostRenderer { images, patches } = renderer;
        let kustomization = json!({
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": [INPUT],
            "images": images,
            "patches": patches.iter().map(patch).collect::<Vec<_>>(),
        });
        let input: Vec<String> = self.objects.iter().map(text_of).collect();
        vec![
            (
                "kustomization.yaml".to_owned(),
                kustomization.to_string().into_bytes(),
            ),
            (INPUT.to_owned(), input.join("---\n").into_bytes()),
        ]
    }

    /// The objects that a post renderer made of these.
    pub fn replace(&mut self, objects: Vec<Value>) {
        self.objects = objects;
    }
}

fn patch(patch: &Patch) -> Value {
    let Patch { patch, target } = patch;
    let mut entry = json!({ "patch": patch });
    if let Some(target) = target {
        entry["target"] = json!(target);
    }
    entry
}

/// The members of a list, which kustomize takes for themselves.
fn items(mut object: Value) -> Vec<Value> {
    let list = object
        .get("kind")
        .and_then(Value::as_str)
        .is_some_and(|kind| kind.ends_with("List"));
    match object.get_mut("items").map(Value::take) {
        Some(Value::Array(items)) if list => items.into_iter().flat_map(self::items).collect(),
        Some(other) => {
            object["items"] = other;
            vec![object]
        }
        None => vec![object],
    }
}

fn path_of(object: &Value) -> Option<&str> {
    object
        .get("metadata")?
        .get("annotations")?
        .get(FILE_NAME)?
        .as_str()
}

fn take_path(object: &mut Value) -> Option<String> {
    let metadata = object.get_mut("metadata")?.as_object_mut()?;
    let annotations = metadata.get_mut("annotations")?.as_object_mut()?;
    let path = annotations.remove(FILE_NAME);
    if annotations.is_empty() {
        metadata.remove("annotations");
    }
    path?.as_str().map(str::to_owned)
}

fn set_all(object: &mut Value, field: &str, entries: &BTreeMap<String, String>) {
    for (key, value) in entries {
        set(object, field, key, value);
    }
}

fn set(object: &mut Value, field: &str, key: &str, value: &str) {
    let Some(object) = object.as_object_mut() else {
        return;
    };
    let metadata = child(object, "metadata");
    child(metadata, field).insert(key.to_owned(), value.into());
}

/// A map in a map, made where there is none.
fn child<'m>(map: &'m mut Map<String, Value>, name: &str) -> &'m mut Map<String, Value> {
    let entry = map.entry(name).or_insert_with(|| Value::Object(Map::new()));
    if !entry.is_object() {
        *entry = Value::Object(Map::new());
    }
    match entry {
        Value::Object(map) => map,
        _ => unreachable!("it was made an object"),
    }
}

/// As kustomize writes an object, and kyaml writes that again.
fn text_of(object: &Value) -> String {
    let text = yaml::to_string_sigs(object);
    match yaml::read_one(text.as_bytes(), Dialect::Kyaml) {
        Ok(node) => yaml::to_string_kyaml(&node),
        Err(_) => text,
    }
}

/// `status.observedPostRenderersDigest`; none where there are no post renderers.
#[must_use]
pub fn renderers_digest(spec: &HelmReleaseSpec) -> Option<String> {
    // A list that is empty is not none: it has a digest of its own.
    let renderers = spec.post_renderers.as_deref()?;
    let mut out = String::new();
    go::list(&mut out, renderers, |out, renderer| {
        go::object(out, |object| {
            if let Some(kustomize) = &renderer.kustomize {
                object.field("kustomize", |out| write_kustomize(out, kustomize));
            }
        });
    });
    out.push('\n');
    Some(Algorithm::Sha256.digest(out.as_bytes()))
}

fn write_kustomize(out: &mut String, renderer: &KustomizePostRenderer) {
    let KustomizePostRenderer { images, patches } = renderer;
    let some = |object: &mut Object<'_>, name: &str, text: &Option<String>| {
        object.some_text(name, text.as_deref().unwrap_or_default());
    };
    go::object(out, |object| {
        object.some_list("patches", patches, |out, Patch { patch, target }| {
            go::object(out, |object| {
                object.text("patch", patch);
                if let Some(target) = target {
                    object.field("target", |out| write_selector(out, target));
                }
            });
        });
        object.some_list("images", images, |out, image| {
            go::object(out, |object| {
                object.text("name", &image.name);
                some(object, "newName", &image.new_name);
                some(object, "newTag", &image.new_tag);
                some(object, "digest", &image.digest);
            });
        });
    });
}

fn write_selector(out: &mut String, selector: &Selector) {
    let Selector {
        annotation_selector,
        group,
        kind,
        label_selector,
        name,
        namespace,
        version,
    } = selector;
    go::object(out, |object| {
        for (field, text) in [
            ("group", group),
            ("version", version),
            ("kind", kind),
            ("namespace", namespace),
            ("name", name),
            ("annotationSelector", annotation_selector),
            ("labelSelector", label_selector),
        ] {
            object.some_text(field, text.as_deref().unwrap_or_default());
        }
    });
}

/// `status.observedCommonMetadataDigest`; none where there is no common metadata.
#[must_use]
pub fn metadata_digest(spec: &HelmReleaseSpec) -> Option<String> {
    let common = spec.common_metadata.as_ref()?;
    let mut out = String::new();
    go::object(&mut out, |object| {
        for (field, entries) in [
            ("annotations", &common.annotations),
            ("labels", &common.labels),
        ] {
            if !entries.is_empty() {
                object.field(field, |out| {
                    go::object(out, |object| {
                        for (key, value) in entries {
                            object.text(key, value);
                        }
                    });
                });
            }
        }
    });
    out.push('\n');
    Some(Algorithm::Sha256.digest(out.as_bytes()))
}
