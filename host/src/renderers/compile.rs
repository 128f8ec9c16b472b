//! Compiling components from sources, once for each digest and engine, and loading what was compiled.

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use anyhow::{Context, Result};
use clap::Args;
use rosin_render::{CodeCache, Engine, Grants, LoadError, Renderer};
use rosin_tree::Digest;
use tokio::sync::{Mutex, MutexGuard};

use super::child::{self, Failed, Limits};

/// Ten times what a plugin of 10 MiB takes.
const LIMITS: Limits = Limits {
    memory: 3 << 10,
    seconds: 60,
};
/// Compiled code on disk.
const CACHE: u64 = 1 << 30;

/// Compile a component from standard input into the code cache; the controller calls it
#[derive(Debug, Args)]
pub struct CompileArgs {
    /// Folder of compiled code
    #[arg(long)]
    pub cache: PathBuf,

    #[command(flatten)]
    pub limits: Limits,
}

/// The child.
///
/// # Errors
/// When the folder cannot be used.
pub fn run(args: &CompileArgs) -> Result<()> {
    let component = child::begin(args.limits)?;
    let cache = CodeCache::open(&args.cache, CACHE)?;
    match cache.compile(&component) {
        Ok(_) => Ok(()),
        Err(LoadError::Cache(error)) => Err(error).context("writing compiled code"),
        Err(error) => child::refuse(&error),
    }
}

/// The parent.
pub(super) struct Compiler {
    folder: PathBuf,
    cache: OnceLock<Arc<CodeCache>>,
    turn: Mutex<()>,
}

impl Compiler {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            cache: OnceLock::new(),
            turn: Mutex::default(),
        }
    }

    /// To be held while something is loaded.
    pub(super) async fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// What was compiled earlier, by this process or one before it.
    pub(super) async fn load(
        &self,
        engine: &Engine,
        name: &str,
        digest: Digest,
        grants: &Grants,
    ) -> Option<Result<Renderer, Failed>> {
        let cache = self.cache().ok()?;
        let (engine, name, grants) = (engine.clone(), name.to_owned(), grants.clone());
        let load = move || cache.load(&engine, &name, digest, &grants);
        let loaded = tokio::task::spawn_blocking(load).await.ok()??;
        Some(loaded.map_err(|error| Failed::Input(error.to_string())))
    }

    pub(super) async fn compile(
        &self,
        engine: &Engine,
        name: &str,
        component: &[u8],
        digest: Digest,
        grants: &Grants,
    ) -> Result<Renderer, Failed> {
        self.cache().map_err(Failed::Host)?;
        let args = ["--cache".as_ref(), self.folder.as_os_str()];
        child::run("compiling it", "compile-renderer", &args, LIMITS, component).await?;
        let compiled = self.load(engine, name, digest, grants).await;
        compiled.unwrap_or_else(|| {
            Err(Failed::Host(
                "compiled code could not be read back".to_owned(),
            ))
        })
    }

    /// Opened when it is first needed: who uses no renderer from a source needs no such folder.
    fn cache(&self) -> Result<Arc<CodeCache>, String> {
        if let Some(cache) = self.cache.get() {
            return Ok(cache.clone());
        }
        let cache = CodeCache::open(&self.folder, CACHE).map_err(|error| {
            let why = crate::reconcile::kustomization::chain(&error);
            tracing::error!(folder = %self.folder.display(), why, "no folder for compiled code");
            error.to_string()
        })?;
        Ok(self.cache.get_or_init(|| Arc::new(cache)).clone())
    }
}
