//! The reconcile of an OCIRepository: resolve, verify, pull, store.

use std::{collections::BTreeMap, sync::Arc};

use rosin_api::{
    Artifact, ConditionStatus, FluxObject, OCIRepository, Reason, condition_type,
    names::ORIGIN_REVISION_METADATA, source::OCILayerOperation,
};
use rosin_source::{
    artifact::{Blob, StoreError, StoredFile},
    oci::{OciError, Reference, Registry, Resolved},
};

use super::{OciRepositories, error::Error};
use crate::{
    controller::{Progress, Run},
    reconcile::{
        kustomization::chain,
        source::{
            Outcome, SourceKind, StorageFailed, folder,
            storage::{self, New},
            verify,
        },
    },
};

/// Leads to the newest artifact.
const LATEST: &str = "latest.tar.gz";
/// Where an artifact says what it was built from.
const ORIGIN_SOURCE: &str = "org.opencontainers.image.source";

impl SourceKind for OciRepositories {
    type Object = OCIRepository;
    type Error = Error;
    const KIND: &'static str = "OCIRepository";
    const LATEST: Option<&'static str> = Some(LATEST);
    const FAILURES: &'static [&'static str] = &[
        condition_type::STORAGE_OPERATION_FAILED,
        condition_type::FETCH_FAILED,
    ];

    async fn fetch(
        &self,
        run: &Run,
        stored: Option<&Artifact>,
        progress: &mut Progress<'_, OCIRepository>,
    ) -> Result<Outcome, Error> {
        let object = &progress.object.clone();
        if object.spec.verify.is_none() {
            progress.unset(condition_type::SOURCE_VERIFIED);
        }
        let registry = self.registry(object).await?;
        // The network may be slow; a worker is for those that have work.
        run.rest();
        let (resolved, name) = resolve(object, &registry).await?;
        let revision = resolved.revision();
        let message = format!("stored artifact for digest '{revision}'");
        let known = stored.filter(|old| old.revision == revision);
        if known.is_none() {
            let message = format!("new revision '{revision}' for '{name}'");
            progress.outdated(Reason::NewRevision, &message);
        }
        if let Some(verification) = &object.spec.verify
            && !(known.is_some() && is_verified(object))
        {
            let keys = verification.secret_ref.as_ref();
            let (session, namespace) = (&self.shared.session, object.namespace());
            let (provider, digest) = (verification.provider, &resolved.digest);
            verify::verify(session, namespace, provider, keys, &registry, digest).await?;
            progress.verified(&format!("verified signature of revision {revision}"));
        }
        if let Some(known) = known.filter(|_| settings_observed(object)) {
            progress.in_storage(Reason::Succeeded, &message);
            return Ok(Outcome::Unchanged {
                reason: Reason::ArtifactUpToDate,
                message: format!("artifact up-to-date with remote revision: '{revision}'"),
                recovered: (
                    Reason::Succeeded,
                    announcement(object, &revision, &known.metadata),
                ),
            });
        }
        let (blob, metadata) = self.pull(object, &registry, &resolved).await?;
        let (file, link) = self.store(object, &resolved, blob).await?;
        let status = &mut progress.status;
        status.observed_ignore.clone_from(&object.spec.ignore);
        let selector = &object.spec.layer_selector;
        status.observed_layer_selector.clone_from(selector);
        progress.in_storage(Reason::Succeeded, &message);
        let announcement = announcement(object, &revision, &metadata);
        let new = New {
            file,
            revision,
            metadata,
            link,
        };
        Ok(Outcome::Stored {
            changed: self.shared.advertise(new, progress),
            reason: None,
            message: announcement,
        })
    }
}

impl OciRepositories {
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
        let blob = match registry.layer(layer, &self.shared.store).await {
            Ok(blob) => blob,
            Err(error @ OciError::Layer(_)) => return Err(Error::Layer(chain(&error))),
            Err(error) => return Err(failed(&error)),
        };
        Ok((blob, manifest.annotations))
    }

    /// Gives the path of the link to the newest artifact too, where it could be made.
    async fn store(
        &self,
        object: &Arc<OCIRepository>,
        resolved: &Resolved,
        blob: Blob,
    ) -> Result<(StoredFile, Option<String>), Error> {
        let folder = folder(&**object)?;
        let file = format!("{}.tar.gz", resolved.digest);
        let (store, object) = (self.shared.store.clone(), object.clone());
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
                other => StorageFailed::archive(other).into(),
            })?;
            Ok((stored, storage::link(&store, &folder, LATEST, &file)))
        });
        stored
            .await
            .map_err(|error| StorageFailed::archive(&error))?
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

/// What was stored, from where, and what that was built from.
fn announcement(
    object: &OCIRepository,
    revision: &str,
    metadata: &BTreeMap<String, String>,
) -> String {
    let url = &object.spec.url;
    let mut message = format!("stored artifact with revision '{revision}' from '{url}'");
    let value = |key| metadata.get(key).filter(|value| !value.is_empty());
    if let (Some(source), Some(revision)) = (value(ORIGIN_SOURCE), value(ORIGIN_REVISION_METADATA))
    {
        message.push_str(&format!(
            ", origin source '{source}', origin revision '{revision}'"
        ));
    }
    message
}
