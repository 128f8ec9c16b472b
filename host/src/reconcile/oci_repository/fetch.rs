//! The reconcile of an OCIRepository: resolve, verify, pull, store.

use std::{collections::BTreeMap, sync::Arc};

use rosin_api::{
    Artifact, ConditionStatus, FluxObject, OCIRepository, Reason, condition_type,
    source::OCILayerOperation,
};
use rosin_source::{
    artifact::{Blob, ObjectKey, StoreError, StoredFile},
    oci::{OciError, Reference, Registry, Resolved},
};

use super::{OciRepositories, error::Error, progress::Progress};
use crate::{
    controller::{Key, Run, now},
    reconcile::{
        kustomization::chain,
        source::storage::{self, Advertised},
    },
};

/// Leads to the newest artifact.
const LATEST: &str = "latest.tar.gz";

/// How a run ended when nothing failed.
pub(super) enum Outcome {
    Stored { changed: bool },
    Unchanged,
}

impl OciRepositories {
    pub(super) async fn fetch(
        &self,
        key: &Key,
        object: &Arc<OCIRepository>,
        run: &Run,
        progress: &mut Progress<'_>,
    ) -> Result<Outcome, Error> {
        let sound = self.check_storage(object, progress).await?;
        progress.reconciling();
        let registry = self.registry(object).await?;
        // The network may be slow; a worker is for those that have work.
        run.rest();
        let (resolved, name) = resolve(object, &registry).await?;
        let revision = resolved.revision();
        let known = object
            .artifact()
            .filter(|_| sound)
            .is_some_and(|old| old.revision == revision);
        if !known {
            progress.new_revision(&revision, &name);
        }
        if let Some(verification) = &object.spec.verify
            && !(known && is_verified(object))
        {
            self.verify(object, verification, &registry, &resolved.digest)
                .await?;
            progress.verified(&revision);
        }
        if known && settings_observed(object) {
            return Ok(Outcome::Unchanged);
        }
        let (blob, metadata) = self.pull(object, &registry, &resolved).await?;
        let (stored, link) = self.store(key, object, &resolved, blob).await?;
        let changed = object
            .artifact()
            .is_none_or(|old| old.digest != stored.digest.to_string());
        progress.status.url = link.map(|path| storage::url(&self.config, &path));
        progress
            .status
            .observed_ignore
            .clone_from(&object.spec.ignore);
        progress
            .status
            .observed_layer_selector
            .clone_from(&object.spec.layer_selector);
        progress.stored(Artifact {
            digest: stored.digest.to_string(),
            last_update_time: now(),
            metadata,
            url: storage::url(&self.config, &stored.path),
            path: stored.path,
            revision,
            size: i64::try_from(stored.size).ok(),
        });
        Ok(Outcome::Stored { changed })
    }

    /// Is the artifact of the status in the store, with the content that it should have?
    async fn check_storage(
        &self,
        object: &OCIRepository,
        progress: &mut Progress<'_>,
    ) -> Result<bool, Error> {
        let found = storage::check(&self.store, object.artifact()).await;
        match (
            found.map_err(|error| storage_failed(&error))?,
            object.artifact(),
        ) {
            (Advertised::Sound, Some(artifact)) => {
                // The address under which we are reached may have changed since.
                let url = storage::url(&self.config, &artifact.path);
                if artifact.url != url {
                    let artifact = artifact.clone();
                    progress.status.artifact = Some(Artifact { url, ..artifact });
                    if let Some((folder, _)) =
                        object.artifact().and_then(|a| a.path.rsplit_once('/'))
                    {
                        let latest = format!("{folder}/{LATEST}");
                        progress.status.url = Some(storage::url(&self.config, &latest));
                    }
                }
                Ok(true)
            }
            (Advertised::Lost, _) => {
                progress.lost_artifact();
                Ok(false)
            }
            _ => Ok(false),
        }
    }

    async fn pull(
        &self,
        object: &OCIRepository,
        registry: &Registry,
        resolved: &Resolved,
    ) -> Result<(Blob, BTreeMap<String, String>), Error> {
        let failed = |error: &OciError| Error::Pull {
            url: object.spec.url.clone(),
            message: chain(error),
        };
        let manifest = registry
            .manifest(&resolved.digest)
            .await
            .map_err(|error| failed(&error))?;
        let layer = manifest
            .layer(object.spec.layer_media_type())
            .map_err(|error| Error::Layer(error.to_string()))?;
        let blob = match registry.layer(layer, &self.store).await {
            Ok(blob) => blob,
            Err(error @ OciError::Layer(_)) => return Err(Error::Layer(chain(&error))),
            Err(error) => return Err(failed(&error)),
        };
        Ok((blob, manifest.annotations))
    }

    /// Gives the path of the link to the newest artifact too, where it could be made.
    async fn store(
        &self,
        key: &Key,
        object: &Arc<OCIRepository>,
        resolved: &Resolved,
        blob: Blob,
    ) -> Result<(StoredFile, Option<String>), Error> {
        let invalid = |error: &dyn std::error::Error| Error::Storage {
            reason: Reason::InvalidPath,
            message: chain(error),
        };
        let folder = ObjectKey::new("OCIRepository", &key.namespace, &key.name)
            .map_err(|error| invalid(&error))?;
        let file = format!("{}.tar.gz", resolved.digest);
        let (store, object) = (self.store.clone(), object.clone());
        let stored = tokio::task::spawn_blocking(move || {
            let stored = match object.spec.layer_operation() {
                OCILayerOperation::Copy => store.copy(&folder, &file, &blob),
                OCILayerOperation::Extract => {
                    store.repack(&folder, &file, &blob, object.spec.ignore.as_deref())
                }
            };
            let stored = stored.map_err(|error| match &error {
                StoreError::Unpack(_) => Error::Layer(format!(
                    "failed to extract layer contents from artifact: {}",
                    chain(&error)
                )),
                other => storage_failed(other),
            })?;
            let link = store
                .link(&folder, LATEST, &file)
                .inspect_err(|error| tracing::warn!(%error, "the link to the newest artifact could not be set"))
                .ok();
            Ok((stored, link))
        });
        stored.await.map_err(|error| storage_failed(&error))?
    }
}

/// The manifest that the reference means, and its name for messages.
async fn resolve(object: &OCIRepository, registry: &Registry) -> Result<(Resolved, String), Error> {
    let spec = &object.spec;
    let reference = spec.reference.as_ref();
    let reference = Reference::choose(
        reference.and_then(|r| r.digest.as_deref()),
        reference.and_then(|r| r.semver.as_deref()),
        reference.and_then(|r| r.semver_filter.as_deref()),
        reference.and_then(|r| r.tag.as_deref()),
    );
    let tag = reference.tag(registry, spec.layer_media_type()).await;
    let tag = tag.map_err(|error| Error::Tag {
        url: spec.url.clone(),
        message: chain(&error),
    })?;
    let resolved = reference.resolve(registry, tag).await;
    let resolved = resolved.map_err(|error| Error::Digest(chain(&error)))?;
    let name = match &resolved.tag {
        Some(tag) => format!("{}:{tag}", registry.repository()),
        None => format!("{}@{}", registry.repository(), resolved.digest),
    };
    Ok((resolved, name))
}

/// Was the stored artifact made with the settings that the spec has now?
fn settings_observed(object: &OCIRepository) -> bool {
    object.status.as_ref().is_some_and(|status| {
        status.observed_ignore == object.spec.ignore
            && status.observed_layer_selector == object.spec.layer_selector
    })
}

/// Was the stored artifact verified as this generation of the spec asks for?
fn is_verified(object: &OCIRepository) -> bool {
    object
        .condition(condition_type::SOURCE_VERIFIED)
        .is_some_and(|condition| {
            condition.status == ConditionStatus::True
                && condition.observed_generation == object.metadata.generation
        })
}

fn storage_failed(error: &dyn std::error::Error) -> Error {
    Error::Storage {
        reason: Reason::ArchiveOperationFailed,
        message: chain(error),
    }
}
