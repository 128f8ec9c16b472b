//! A compiled plugin, and one render with it from call to checked output.

use std::sync::Arc;

use rosin_tree::{Digest, Tree};
use wasmtime::component::Component;

use crate::bindings::PluginPre;
use crate::bindings::exports::rosin::render::renderer as wit;
use crate::call::Call;
use crate::engine::Engine;
use crate::grants::{self, Grants, Import};
use crate::imports::{self, source::OpenTree};
use crate::run::run;
use crate::{Limits, LoadError, Precompiled, RenderError, Rendered, Services, guest_text, output};

/// A plugin, ready to run. Cheap to clone; nothing is shared between its renders but its code.
#[derive(Clone)]
pub struct Renderer(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) name: String,
    digest: Digest,
    pub(crate) engine: Engine,
    imports: Vec<Import>,
    pub(crate) pre: PluginPre<Call>,
}

/// What to render.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    pub subject: Subject,
    /// Where in the source.
    pub path: String,
    /// A JSON object; empty stands for `{}`.
    pub options: String,
}

/// The object that the render is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    pub kind: String,
    pub namespace: String,
    pub name: String,
}

/// Files, and the revision that they are of.
#[derive(Clone, Debug)]
pub struct Source {
    pub tree: Tree,
    pub revision: String,
}

impl From<Tree> for Source {
    fn from(tree: Tree) -> Self {
        Self {
            tree,
            revision: String::new(),
        }
    }
}

/// What a plugin says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    pub name: String,
    pub version: String,
    /// JSON Schema of the options.
    pub options_schema: String,
}

impl Renderer {
    /// Compiles a component and checks what it imports and exports. Takes seconds for a large one: not on a reactor thread.
    pub fn compile(
        engine: &Engine,
        name: &str,
        component: &[u8],
        grants: &Grants,
    ) -> Result<Self, LoadError> {
        let limit = engine.config().component_size;
        if component.len() > limit {
            return Err(LoadError::TooLarge {
                size: component.len(),
                limit,
            });
        }
        let compiled = Component::from_binary(engine.wasm(), component)
            .map_err(|error| LoadError::invalid(&error))?;
        Self::new(engine, name, Digest::of(component), &compiled, grants)
    }

    /// Loads what [`precompile`](crate::precompile) made, in a millisecond or so.
    ///
    /// # Safety
    /// The code must be the unchanged result of [`precompile`](crate::precompile): it runs as it is. Code of another version
    /// or for another processor is refused; code that somebody tampered with is not recognised.
    #[expect(unsafe_code, reason = "passes on the caller's promise")]
    pub unsafe fn load(
        engine: &Engine,
        name: &str,
        compiled: &Precompiled,
        grants: &Grants,
    ) -> Result<Self, LoadError> {
        // SAFETY: the caller promises that these bytes come from `precompile`.
        let component = unsafe { Component::deserialize(engine.wasm(), &compiled.code) };
        let component = component.map_err(|error| LoadError::invalid(&error))?;
        Self::new(engine, name, compiled.digest, &component, grants)
    }

    fn new(
        engine: &Engine,
        name: &str,
        digest: Digest,
        component: &Component,
        grants: &Grants,
    ) -> Result<Self, LoadError> {
        let imports = grants::check(name, component, grants)?;
        let link = || {
            PluginPre::new(imports::linker(engine.wasm(), &imports)?.instantiate_pre(component)?)
        };
        let pre = link().map_err(|error| LoadError::Mismatch {
            plugin: name.to_owned(),
            reason: crate::error::causes(&error),
        })?;
        let imports = imports.into_iter().collect();
        Ok(Self(Arc::new(Inner {
            name: name.to_owned(),
            digest,
            engine: engine.clone(),
            imports,
            pre,
        })))
    }

    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Of the component that the code was compiled from.
    pub fn digest(&self) -> Digest {
        self.0.digest
    }

    /// What the plugin may ask the host for.
    pub fn imports(&self) -> &[Import] {
        &self.0.imports
    }

    /// Asks the plugin what it is.
    pub async fn describe(&self, limits: &Limits) -> Result<Descriptor, RenderError> {
        let source = Source::from(Tree::from_files([]));
        let (_, descriptor) = run(
            &self.0,
            limits,
            source,
            Services::default(),
            |plugin, store| Box::pin(plugin.rosin_render_renderer().call_describe(store)),
        )
        .await?;
        let clean = |text: &str| guest_text::clean(text, guest_text::PATH);
        Ok(Descriptor {
            name: clean(&descriptor.name),
            version: clean(&descriptor.version),
            options_schema: descriptor.options_schema,
        })
    }

    /// Renders in a new instance, which is gone when this returns or is dropped.
    pub async fn render(
        &self,
        request: &Request,
        source: &Source,
        services: &Services,
        limits: &Limits,
    ) -> Result<Rendered, RenderError> {
        let request = wit::Request {
            subject: wit::Subject {
                kind: request.subject.kind.clone(),
                namespace: request.subject.namespace.clone(),
                name: request.subject.name.clone(),
            },
            path: request.path.clone(),
            options: if request.options.is_empty() {
                "{}".to_owned()
            } else {
                request.options.clone()
            },
        };
        let (done, result) = run(
            &self.0,
            limits,
            source.clone(),
            services.clone(),
            move |plugin, store| {
                Box::pin(async move {
                    let tree = store.data_mut().handles.push(OpenTree::Source)?;
                    plugin
                        .rosin_render_renderer()
                        .call_render(store, &request, tree)
                        .await
                })
            },
        )
        .await?;
        output::check(self.name(), done, result)
    }
}
