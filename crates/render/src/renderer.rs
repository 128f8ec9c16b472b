//! A compiled plugin, and one render with it from call to checked output.

use std::borrow::Cow;
use std::ptr::NonNull;
use std::sync::Arc;

use futures::future::BoxFuture;
use rosin_tree::{Digest, Tree};
use wasmtime::Store;
use wasmtime::component::Component;

use crate::bindings::exports::rosin::render::renderer as wit;
use crate::bindings::{Plugin, PluginPre};
use crate::call::Call;
use crate::code_memory;
use crate::engine::Engine;
use crate::grants::{self, Grants, Import};
use crate::imports::{self, source::OpenTree};
use crate::run::{Nested, Scene, guest, run};
use crate::{
    CODE_ALIGNMENT, Limits, LoadError, Precompiled, RenderError, Rendered, Services, guest_text,
    output,
};

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
        let component = match compiled.code {
            // SAFETY: the caller promises that these bytes come from `precompile`. They are never written, and never go away.
            Cow::Borrowed(code)
                if code.as_ptr().addr().is_multiple_of(CODE_ALIGNMENT)
                    && code_memory::claim(code) =>
            unsafe { Component::deserialize_raw(engine.wasm(), NonNull::from(code)) },
            // SAFETY: the caller promises that these bytes come from `precompile`.
            ref code => unsafe { Component::deserialize(engine.wasm(), code) },
        };
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

    /// The same plugin under another name, for messages. Code is shared.
    #[must_use]
    pub fn named(&self, name: &str) -> Self {
        let Inner {
            name: _,
            digest,
            engine,
            imports,
            pre,
        } = &*self.0;
        Self(Arc::new(Inner {
            name: name.to_owned(),
            digest: *digest,
            engine: engine.clone(),
            imports: imports.clone(),
            pre: pre.clone(),
        }))
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
        let scene = Scene {
            subject: Subject::default(),
            source: Source::from(Tree::from_files([])),
            services: Services::default(),
            nested: Vec::new(),
        };
        let (_, descriptor) = run(&self.0, limits, scene, |plugin, store| {
            Box::pin(plugin.rosin_render_renderer().call_describe(store))
        })
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
        let told = told(request);
        let scene = scene(request, source, services, Vec::new());
        let (done, result) = run(&self.0, limits, scene, |plugin, store| {
            call(plugin, store, told)
        })
        .await?;
        output::check(self.name(), done, result)
    }

    /// As [`render`](Self::render), inside of the turn of another guest that asks for it.
    pub(crate) async fn render_within(
        &self,
        request: &Request,
        source: &Source,
        services: &Services,
        limits: &Limits,
        nested: Vec<Nested>,
    ) -> Result<Rendered, RenderError> {
        let told = told(request);
        let scene = scene(request, source, services, nested);
        let guest = guest(self.0.clone(), limits.clone(), scene, |plugin, store| {
            call(plugin, store, told)
        });
        let (done, result) = guest.await?;
        output::check(self.name(), done, result)
    }
}

type Answer = wasmtime::Result<Result<wit::Output, wit::Failure>>;

fn scene(request: &Request, source: &Source, services: &Services, nested: Vec<Nested>) -> Scene {
    Scene {
        subject: request.subject.clone(),
        source: source.clone(),
        services: services.clone(),
        nested,
    }
}

/// The request as the guest gets it.
fn told(request: &Request) -> wit::Request {
    let Request {
        subject,
        path,
        options,
    } = request.clone();
    let Subject {
        kind,
        namespace,
        name,
    } = subject;
    wit::Request {
        subject: wit::Subject {
            kind,
            namespace,
            name,
        },
        path,
        options: if options.is_empty() {
            "{}".to_owned()
        } else {
            options
        },
    }
}

fn call<'a>(
    plugin: &'a Plugin,
    store: &'a mut Store<Call>,
    request: wit::Request,
) -> BoxFuture<'a, Answer> {
    Box::pin(async move {
        let tree = store.data_mut().handles.push(OpenTree::Source)?;
        plugin
            .rosin_render_renderer()
            .call_render(store, &request, tree)
            .await
    })
}
