//! Signatures by the operator's own keys: asked of the registry once for each manifest, and bound to the bytes that are loaded.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
};

use rosin_api::{Artifact, OCIRepository};
use rosin_source::oci::signature::PublicKey;

use super::DropInError;
use crate::reconcile::{kustomization::chain, oci_repository::Registries};

/// Artifacts that are remembered; beyond, all are asked for again.
const MOST: usize = 10_000;

pub(super) struct Signers {
    registries: Registries,
    /// Layers that keys of these texts signed.
    known: Mutex<HashMap<String, HashSet<Vec<String>>>>,
}

impl Signers {
    pub(super) fn new(registries: Registries) -> Self {
        Self {
            registries,
            known: Mutex::default(),
        }
    }

    /// The layer that is about to be loaded belongs to a manifest that one of these keys signed.
    pub(super) async fn check(
        &self,
        source: &OCIRepository,
        artifact: &Artifact,
        signers: &[String],
    ) -> Result<(), DropInError> {
        let id = format!("{} {}", artifact.revision, artifact.digest);
        if self.knows(&id, signers) {
            return Ok(());
        }
        let mut keys = Vec::new();
        for (index, pem) in signers.iter().enumerate() {
            let key = PublicKey::from_pem(pem.as_bytes()).map_err(|error| {
                DropInError::Refused(format!(
                    "signer {} of the operator's rule: {error}",
                    index + 1
                ))
            })?;
            keys.push(key);
        }
        let manifest = manifest_of(&artifact.revision).ok_or_else(|| {
            DropInError::Refused(format!(
                "revision {:?} names no manifest",
                artifact.revision
            ))
        })?;
        let not_ready = |message: String| {
            DropInError::NotReady(format!("its signature cannot be checked: {message}"))
        };
        let registry = self.registries.open(source).await.map_err(not_ready)?;
        let signed = registry.is_signed(manifest, &keys).await;
        if !signed.map_err(|error| not_ready(chain(&error)))? {
            return Err(DropInError::Refused(format!(
                "none of the operator's signers signed {}@{manifest}",
                registry.repository()
            )));
        }
        let content = registry.manifest(manifest).await;
        let content = content.map_err(|error| not_ready(chain(&error)))?;
        let layer = content
            .layer(source.spec.layer_media_type())
            .map_err(|error| DropInError::Refused(error.to_string()))?;
        if layer.digest != artifact.digest {
            return Err(DropInError::Refused(format!(
                "the artifact {} of source {} is not the layer {} that was signed",
                artifact.digest,
                source.name(),
                layer.digest
            )));
        }
        self.remember(id, signers);
        Ok(())
    }

    fn knows(&self, id: &str, signers: &[String]) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(id).is_some_and(|sets| sets.contains(signers))
    }

    fn remember(&self, id: String, signers: &[String]) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        known.entry(id).or_default().insert(signers.to_vec());
    }
}

/// `v1@sha256:…` → `sha256:…`.
fn manifest_of(revision: &str) -> Option<&str> {
    let digest = revision.rsplit('@').next()?;
    digest.starts_with("sha256:").then_some(digest)
}
