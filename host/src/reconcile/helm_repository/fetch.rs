//! The reconcile of a HelmRepository: download the index, and store it when it is another one.

use std::collections::BTreeMap;

use rosin_api::{Artifact, HelmRepository, Reason, condition_type};
use rosin_source::{
    artifact::StoredFile,
    helm::{Download, IndexError, RepositoryError, index},
};

use super::{Access, HelmRepositories, error::Error, server};
use crate::{
    controller::{Progress, Run},
    reconcile::{
        kustomization::chain,
        source::{
            Outcome, SourceKind, StorageFailed, folder,
            storage::{self, New},
        },
    },
};

/// Leads to the newest index.
const LATEST: &str = "index.yaml";

impl SourceKind for HelmRepositories {
    type Object = HelmRepository;
    type Error = Error;
    const KIND: &'static str = "HelmRepository";
    const LATEST: Option<&'static str> = Some(LATEST);
    const FAILURES: &'static [&'static str] = &[
        condition_type::STORAGE_OPERATION_FAILED,
        condition_type::FETCH_FAILED,
    ];

    async fn fetch(
        &self,
        run: &Run,
        stored: Option<&Artifact>,
        progress: &mut Progress<'_, HelmRepository>,
    ) -> Result<Outcome, Error> {
        let object = &progress.object.clone();
        if object.spec.url.starts_with("oci://") {
            return Err(Error::Url(
                "'oci' URL scheme cannot be used with 'default' HelmRepository type".to_owned(),
            ));
        }
        let access = Access::of(&self.shared.session, object).await;
        let access = access.map_err(Error::Authentication)?;
        let server = server(&self.shared, access, &object.spec).map_err(|error| match error {
            RepositoryError::Connect(error) => Error::Client(chain(&error)),
            error => Error::Url(chain(&error)),
        })?;
        // The network may be slow; a worker is for those that have work.
        run.rest();
        let limit = self.shared.config.helm_index_max_size;
        let index = server.index(&self.shared.store, limit).await;
        let index = index.map_err(|error| {
            Error::Fetch(format!(
                "failed to cache index to temporary file: {}",
                chain(&error)
            ))
        })?;
        let revision = index.digest.clone();
        let message = format!("stored artifact: revision '{revision}'");
        if let Some(stored) = stored.filter(|stored| stored.revision == revision) {
            progress.in_storage(Reason::Succeeded, &message);
            return Ok(Outcome::Unchanged {
                reason: Reason::ArtifactUpToDate,
                message: format!("artifact up-to-date with remote revision: '{revision}'"),
                recovered: (
                    Reason::Succeeded,
                    announcement(object, stored.size.unwrap_or_default().unsigned_abs()),
                ),
            });
        }
        progress.outdated(
            Reason::NewRevision,
            &format!("new index revision '{revision}'"),
        );
        let (file, link) = self.store(object, index).await?;
        progress.in_storage(Reason::Succeeded, &message);
        let announcement = announcement(object, file.size);
        let new = New {
            file,
            revision,
            metadata: BTreeMap::new(),
            link,
        };
        Ok(Outcome::Stored {
            changed: self.shared.advertise(new, progress),
            reason: None,
            message: announcement,
        })
    }

    /// Charts of a registry are found without an index.
    fn is_static(object: &HelmRepository) -> bool {
        object.spec.is_oci()
    }
}

impl HelmRepositories {
    async fn store(
        &self,
        object: &HelmRepository,
        download: Download,
    ) -> Result<(StoredFile, Option<String>), Error> {
        let folder = folder(object)?;
        let hex = download.digest.trim_start_matches("sha256:");
        let file = format!("index-{hex}.yaml");
        let store = self.shared.store.clone();
        let stored = tokio::task::spawn_blocking(move || {
            let stored = index::store(&store, &folder, &file, &download.blob);
            let stored = stored.map_err(|error| match error {
                IndexError::Store(_) | IndexError::Io(_) => {
                    Error::Storage(StorageFailed::archive(&error))
                }
                error => Error::Index(chain(&error)),
            })?;
            Ok((stored, storage::link(&store, &folder, LATEST, &file)))
        });
        stored
            .await
            .map_err(|error| StorageFailed::archive(&error))?
    }
}

fn announcement(object: &HelmRepository, size: u64) -> String {
    let (size, url) = (human_size(size), &object.spec.url);
    format!("stored fetched index of size {size} from '{url}'")
}

/// Four digits of the size in the largest unit of a thousand that leaves something before the point.
fn human_size(bytes: u64) -> String {
    const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    #[expect(
        clippy::cast_precision_loss,
        reason = "only the first four digits are shown"
    )]
    let mut size = bytes as f64;
    let mut unit = 0;
    while size >= 1000.0 && unit + 1 < UNITS.len() {
        size /= 1000.0;
        unit += 1;
    }
    let decimals = match size {
        size if size >= 1000.0 => 0,
        size if size >= 100.0 => 1,
        size if size >= 10.0 => 2,
        _ => 3,
    };
    let text = format!("{size:.decimals$}");
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => &text,
    };
    format!("{text}{}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    // parity: SRC-HREPO-004
    #[test]
    fn sizes_have_four_digits() {
        let sizes = [847, 1_213, 1_200, 12_345, 123_456, 5_000_000, 0];
        let expected = [
            "847B", "1.213kB", "1.2kB", "12.35kB", "123.5kB", "5MB", "0B",
        ];
        assert_eq!(sizes.map(human_size), expected);
    }
}
