//! Renderers by name. The built-in ones were compiled when the program was built, and are part of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::{fs, io};

use crate::{Engine, Grants, Import, LoadError, Precompiled, Renderer};

/// One row per built-in renderer: its name, and what it may import beside files.
const BUILT_IN: [(&str, &[Import]); 2] = [
    ("kustomize", &[Import::Remote, Import::Compose]),
    ("helm", &[Import::Cluster, Import::Ambient, Import::Crypto]),
];

/// Written by the build script: code of the components under `bin/plugins`, where `cargo xtask plugins` leaves it.
mod embedded {
    include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
}

/// Renderers by name. Filled once, at start; a built-in one is loaded when it is asked for.
#[derive(Clone, Default)]
pub struct Registry(BTreeMap<String, Entry>);

#[derive(Clone)]
enum Entry {
    Loaded(Renderer),
    BuiltIn(Arc<BuiltIn>),
}

struct BuiltIn {
    engine: Engine,
    name: &'static str,
    code: &'static [u8],
    digest: rosin_tree::Digest,
    loaded: OnceLock<Renderer>,
}

impl BuiltIn {
    fn get(&self) -> Result<&Renderer, LoadError> {
        if let Some(renderer) = self.loaded.get() {
            return Ok(renderer);
        }
        let imports = BUILT_IN
            .iter()
            .find(|(built_in, _)| *built_in == self.name)
            .map_or(&[][..], |(_, imports)| imports);
        let grants = imports
            .iter()
            .fold(Grants::files(), |grants, import| grants.and(*import));
        let compiled = Precompiled {
            code: self.code.into(),
            digest: self.digest,
        };
        let renderer = load(&self.engine, self.name, &compiled, &grants)?;
        Ok(self.loaded.get_or_init(|| renderer))
    }
}

impl Registry {
    /// The built-in renderers. A program that was built without its plugins has none of them, and says so when one is
    /// asked for.
    pub fn built_in(engine: &Engine) -> Result<Self, LoadError> {
        let built_in = embedded::PLUGINS.iter().map(|(name, code, digest)| {
            let entry = BuiltIn {
                engine: engine.clone(),
                name,
                code,
                digest: rosin_tree::Digest(**digest),
                loaded: OnceLock::new(),
            };
            ((*name).to_owned(), Entry::BuiltIn(Arc::new(entry)))
        });
        Ok(Self(built_in.collect()))
    }

    /// Adds a renderer under its name, in place of one that has it.
    pub fn add(&mut self, renderer: Renderer) {
        self.0
            .insert(renderer.name().to_owned(), Entry::Loaded(renderer));
    }

    /// Compiles the components of a folder, and adds each under its file's name, with files and diagnostics granted. For
    /// the operator's own plugins: whoever can write there decides what renders.
    pub fn add_folder(&mut self, engine: &Engine, folder: &Path) -> Result<(), LoadError> {
        let failed = |error| LoadError::Folder(folder.to_owned(), error);
        let mut plugins = fs::read_dir(folder)
            .and_then(|entries| {
                entries
                    .map(|entry| Ok(entry?.path()))
                    .collect::<io::Result<Vec<_>>>()
            })
            .map_err(failed)?;
        plugins.sort();
        for path in plugins {
            if let (Some(name), Some("wasm")) = (
                path.file_stem().and_then(|name| name.to_str()),
                path.extension().and_then(|extension| extension.to_str()),
            ) {
                let component = fs::read(&path).map_err(failed)?;
                let compiled = Renderer::compile(engine, name, &component, &Grants::files());
                self.add(
                    compiled.map_err(|error| LoadError::Plugin(path.clone(), Box::new(error)))?,
                );
            }
        }
        Ok(())
    }

    pub fn get(&self, name: &str) -> Result<&Renderer, LoadError> {
        match self.0.get(name) {
            Some(Entry::Loaded(renderer)) => return Ok(renderer),
            Some(Entry::BuiltIn(built_in)) => return built_in.get(),
            None => {}
        }
        if BUILT_IN.iter().any(|(built_in, _)| *built_in == name) {
            return Err(LoadError::NotBuilt(name.to_owned()));
        }
        let known: Vec<&str> = self.0.keys().map(String::as_str).collect();
        let known = if known.is_empty() {
            "none".to_owned()
        } else {
            known.join(", ")
        };
        Err(LoadError::Unknown {
            name: name.to_owned(),
            known,
        })
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

#[expect(
    unsafe_code,
    reason = "the one exception: our own code, compiled ahead of time"
)]
fn load(
    engine: &Engine,
    name: &str,
    compiled: &Precompiled,
    grants: &Grants,
) -> Result<Renderer, LoadError> {
    // SAFETY: `load` asks for the unchanged result of `precompile`. The only caller passes bytes that the build script
    // included from `bin/plugins`, where `cargo xtask plugins` wrote what `precompile` gave it, next to their SHA-256, which
    // the build script compared. Since then they are constants of this program: whoever can change them can change the
    // program itself. That they fit this version of wasmtime, its settings and this processor, wasmtime checks.
    unsafe { Renderer::load(engine, name, compiled, grants) }
}
