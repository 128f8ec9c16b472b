//! The kustomize renderer: behaves as `kustomize build` of version 5.8 in everything that needs no network, executable, Go plugin
//! or container.
//!
//! [`build`] is a function of a request and of a tree of files. `component` wraps it for the renderer contract.
//!
//! How a build goes: [`loader`] reads what a kustomization names, [`kustomization`] decodes it, [`target`] collects the objects of
//! files, bases and components, runs generators and transformers on them, and at the end lets name references follow
//! ([`references`]) and vars resolve ([`vars`]).

mod accumulate;
mod component;
mod config;
mod context;
mod decode;
mod error;
mod files;
mod flux;
mod generate;
mod helm;
mod id;
mod json_patch;
mod kustomization;
mod kyaml;
mod loader;
mod merge;
mod origin;
mod path;
mod pattern;
mod plugin;
mod read;
mod references;
mod resmap;
mod resource;
mod selector;
mod shared;
mod target;
mod transform;
mod vars;
mod yaml;

use rosin_manifest::node::Node;

pub use error::Error;
use error::Wrap as _;
pub use files::{Entry, Files, ReadError};
pub use flux::{FluxImage, FluxOptions, FluxPatch};
pub use helm::{Charts, Helm};
pub use loader::LoadRestrictor;

use context::Context;
use kustomization::SortOptions;
use loader::Loader;
use resmap::ResMap;
use resource::Resource;
use target::Target;

/// The version that `app.kubernetes.io/managed-by` names: the one whose behaviour this is.
const VERSION: &str = "v5.8.1";

/// The order of the output, unless the kustomization says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reorder {
    /// As read and generated: what Flux applies.
    #[default]
    None,
    /// By kind: what the command prints.
    Legacy,
}

/// What to build, and how.
#[derive(Debug, Clone, Default)]
pub struct BuildRequest {
    /// The folder with the kustomization, as a path in the tree.
    pub path: String,
    pub load_restrictor: LoadRestrictor,
    pub reorder: Reorder,
    /// Label all objects as kustomize's, as `--enable-managedby-label` does.
    pub managed_by_label: bool,
    /// Build as Flux's kustomize-controller does: with or without a kustomization file, and with fields of its own merged in.
    pub flux: Option<FluxOptions>,
    /// Charts that kustomizations name.
    pub helm: Helm,
    /// What stands for the root of the tree in messages: empty for paths relative to it.
    pub display_root: String,
}

/// What a build makes.
#[derive(Debug, Default)]
pub struct Output {
    pub objects: Vec<Object>,
    /// Deprecated fields and the like, in the original's words.
    pub warnings: Vec<String>,
}

/// One object and the place that it came from.
#[derive(Debug)]
pub struct Object {
    node: Node,
    /// Compact JSON; keys are in the order of the original's output.
    pub json: String,
    pub file: String,
    /// Counted from 1; 0 where it is not known.
    pub line: u32,
}

impl Object {
    fn new(resource: Resource) -> Result<Self, Error> {
        let Resource {
            node,
            source,
            check_types,
            ..
        } = resource;
        let located = |error: Error| error.in_file(&source.file).at_line(source.line);
        if check_types {
            yaml::check_tags(&node)
                .wrap("map[string]interface {}(nil)")
                .map_err(located)?;
        }
        let json = yaml::output_json(&node).map_err(located)?;
        Ok(Self {
            node,
            json,
            file: source.file.to_string(),
            line: source.line,
        })
    }

    /// As `kustomize build` prints it.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        yaml::object_text(&self.node)
    }
}

/// Builds a kustomization.
///
/// # Errors
/// Whatever `kustomize build` fails for, in its words.
pub fn build(request: &BuildRequest, files: &dyn Files) -> Result<Output, Error> {
    build_with_warnings(request, files).0
}

/// As [`build`], and hands out the warnings even if the build fails.
pub fn build_with_warnings(
    request: &BuildRequest,
    files: &dyn Files,
) -> (Result<Output, Error>, Vec<String>) {
    let (objects, warnings) = build_each(request, files, |object| object);
    let output = objects.map(|objects| Output {
        objects,
        warnings: warnings.clone(),
    });
    (output, warnings)
}

/// As [`build_with_warnings`], and keeps of each object only what `each` makes of it.
pub fn build_each<T>(
    request: &BuildRequest,
    files: &dyn Files,
    mut each: impl FnMut(Object) -> T,
) -> (Result<Vec<T>, Error>, Vec<String>) {
    let context = Context::new(request.flux.is_some(), request.helm.clone());
    let objects = run(request, files, &context).and_then(|resources| {
        let resources = resources.into_vec().into_iter();
        resources
            .map(|resource| Object::new(resource).map(&mut each))
            .collect()
    });
    (objects, context.take_warnings())
}

fn run(request: &BuildRequest, files: &dyn Files, context: &Context) -> Result<ResMap, Error> {
    let loader = Loader::new(
        files,
        request.load_restrictor,
        &request.display_root,
        &request.path,
    )?;
    let mut target = match &request.flux {
        None => Target::load(loader, context, None)?,
        Some(options) => flux::target(loader, files, options, context)?,
    };
    target.set_schema(true)?;
    let mut resources = target.build()?;
    let kustomization = target.kustomization();
    let legacy = SortOptions {
        order: "legacy".to_owned(),
        ..SortOptions::default()
    };
    match (&kustomization.sort_options, request.reorder) {
        (Some(options), _) => transform::sort(&mut resources, options, context)?,
        (None, Reorder::Legacy) => transform::sort(&mut resources, &legacy, context)?,
        (None, Reorder::None) => {}
    }
    let metadata = |option: &str| {
        kustomization
            .build_metadata
            .iter()
            .any(|given| given == option)
    };
    if request.managed_by_label || metadata("managedByLabel") {
        for resource in resources.contents_mut() {
            if let Some(labels) = resource.node.lookup_create(&["metadata", "labels"]) {
                labels.insert(
                    "app.kubernetes.io/managed-by",
                    Node::string(format!("kustomize-{VERSION}")),
                );
            }
        }
    }
    let (origins, transformations) = (
        metadata("originAnnotations"),
        metadata("transformerAnnotations"),
    );
    for resource in resources.contents_mut() {
        resource.finish(origins, transformations);
    }
    Ok(resources)
}
