//! Renderers that sources deliver: from the artifact of an OCIRepository to code that may run.
//!
//! ```text
//! Policy    may this object use this source, and how much of the host?      the operator's file, read again when it changes
//! signers   did one of the operator's keys sign the manifest?               asked of the registry once for each digest
//! component the layer of that manifest, byte for byte                       from the artifact store
//! compile   in a process of its own, with limits, into the code cache       once for each digest and engine
//! options   do they fit the schema that the component declares?             in a process of its own, once for each text
//! DropIns   what was loaded, bounded                                        by digest and grants
//! ```

mod child;
mod compile;
mod loaded;
mod options;
mod policy;
mod policy_file;
mod signers;

use std::{path::PathBuf, sync::Arc};

use rosin_api::{
    Artifact, FluxObject, OCIRepository, condition_type,
    kustomization::{Renderer as Spec, RendererStatus},
};
use rosin_render::{Engine, Grants, Limits, Renderer};
use rosin_tree::Digest;
use serde_json::Value;
use tracing::info;

pub use compile::{CompileArgs, run as compile};
pub use options::{CheckOptionsArgs, run as check_options};
pub(crate) use policy::limits;
pub use policy_file::{PolicyError, PolicyFile};

use self::{child::Failed, compile::Compiler, loaded::Loaded, options::Options, signers::Signers};
use crate::reconcile::{kustomization::Artifacts, oci_repository::Registries};

/// The largest component that is read.
const MOST_BYTES: u64 = 64 << 20;

/// Renderers from sources, ready to run. Cheap to clone.
#[derive(Clone)]
pub struct DropIns(Arc<Inner>);

struct Inner {
    engine: Engine,
    artifacts: Artifacts,
    signers: Signers,
    policy: PolicyFile,
    compiler: Compiler,
    loaded: Loaded,
    options: Options,
    /// What the process lets any render use.
    most: Limits,
}

/// A renderer from a source, as one object may use it.
pub(crate) struct DropIn {
    pub(crate) renderer: Renderer,
    pub(crate) limits: Limits,
    pub(crate) status: RendererStatus,
}

/// Why a component from a source is not used. Messages reach tenants.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DropInError {
    #[error("{0}")]
    Refused(String),
    /// The source has nothing yet, or not any more.
    #[error("{0}")]
    NotReady(String),
}

impl DropIns {
    /// `folder` is for compiled code: nobody else may write there.
    pub fn new(
        engine: Engine,
        artifacts: Artifacts,
        registries: Registries,
        policy: PolicyFile,
        folder: PathBuf,
        most: Limits,
    ) -> Self {
        Self(Arc::new(Inner {
            engine,
            artifacts,
            signers: Signers::new(registries),
            policy,
            compiler: Compiler::new(folder),
            loaded: Loaded::default(),
            options: Options::default(),
            most,
        }))
    }

    /// The renderer that a source delivers, for an object in `namespace` that asks for it with these options and limits.
    pub(crate) async fn get(
        &self,
        namespace: &str,
        source: &OCIRepository,
        asked: &Spec,
    ) -> Result<DropIn, DropInError> {
        let policy = self.0.policy.current().map_err(DropInError::Refused)?;
        let rule = policy
            .rule(namespace, &source.spec.url)
            .map_err(DropInError::Refused)?;
        rule.admit(source).map_err(DropInError::Refused)?;
        let limits = rule
            .limits(asked.limits.as_ref(), &self.0.most)
            .map_err(DropInError::Refused)?;
        let artifact = artifact(source)?;
        if !rule.signers.is_empty() {
            self.0
                .signers
                .check(source, artifact, &rule.signers)
                .await?;
        }
        let (renderer, descriptor) = self.load(source, artifact, &rule.grants()).await?;
        let options = Value::Object(asked.options.clone());
        let checked = self.0.options.check(&descriptor.options_schema, &options);
        checked.await.map_err(|failed| match failed {
            Failed::Input(message) => DropInError::Refused(message),
            Failed::Host(message) => DropInError::NotReady(message),
        })?;
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Ok(DropIn {
            status: RendererStatus {
                source: format!("OCIRepository/{}/{}", source.namespace(), source.name()),
                revision: artifact.revision.clone(),
                digest: renderer.digest().to_string(),
                name: text(&descriptor.name),
                version: text(&descriptor.version),
                capabilities: renderer
                    .imports()
                    .iter()
                    .map(|import| import.name().to_owned())
                    .collect(),
            },
            renderer,
            limits,
        })
    }

    async fn load(
        &self,
        source: &OCIRepository,
        artifact: &Artifact,
        grants: &Grants,
    ) -> Result<(Renderer, Arc<rosin_render::Descriptor>), DropInError> {
        let name = source.name();
        // A layer that was copied has the digest of the artifact: what is loaded is what was verified.
        let digest: Digest = artifact
            .digest
            .parse()
            .map_err(|error| DropInError::Refused(format!("{error}: {:?}", artifact.digest)))?;
        if let Some(found) = self.0.loaded.get(digest, grants) {
            let (renderer, descriptor) = found.map_err(DropInError::Refused)?;
            return Ok((renderer.named(name), descriptor));
        }
        // One at a time: whoever waits finds it loaded.
        let _turn = self.0.compiler.turn().await;
        if let Some(found) = self.0.loaded.get(digest, grants) {
            let (renderer, descriptor) = found.map_err(DropInError::Refused)?;
            return Ok((renderer.named(name), descriptor));
        }
        let inner = &self.0;
        let engine = &inner.engine;
        let loaded = match inner.compiler.load(engine, name, digest, grants).await {
            Some(loaded) => loaded,
            None => {
                let component = inner
                    .artifacts
                    .read(artifact, MOST_BYTES)
                    .await
                    .map_err(|error| DropInError::NotReady(error.to_string()))?;
                let size = component.len();
                let started = std::time::Instant::now();
                let result = inner
                    .compiler
                    .compile(engine, name, &component, digest, grants)
                    .await;
                info!(%digest, size, took = ?started.elapsed(), ok = result.is_ok(), "compiled a renderer");
                result
            }
        };
        let loaded = match loaded {
            Ok(renderer) => match renderer.describe(&inner.most).await {
                Ok(descriptor) => Ok((renderer, Arc::new(descriptor))),
                Err(error) => {
                    let message = format!("asking it what it is failed: {error}");
                    if error.is_transient() {
                        return Err(DropInError::NotReady(message));
                    }
                    Err(message)
                }
            },
            Err(Failed::Input(message)) => Err(message),
            // Of the host, and for the moment.
            Err(Failed::Host(message)) => return Err(DropInError::NotReady(message)),
        };
        inner.loaded.put(digest, grants, loaded.clone());
        let (renderer, descriptor) = loaded.map_err(DropInError::Refused)?;
        Ok((renderer.named(name), descriptor))
    }
}

/// The artifact of a source, or what the source says about having none.
fn artifact(source: &OCIRepository) -> Result<&Artifact, DropInError> {
    source.artifact().ok_or_else(|| {
        let ready = source.condition(condition_type::READY);
        let why = ready.map_or("it was not fetched yet", |ready| ready.message.as_str());
        DropInError::NotReady(format!("its source has no artifact: {why}"))
    })
}
