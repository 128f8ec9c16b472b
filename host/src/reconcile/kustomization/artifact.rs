//! The files of a revision: from our own store when we made the artifact, over HTTP when another controller did.

use std::{sync::Arc, time::Duration};

use rosin_api::Artifact;
use rosin_source::artifact::{ArtifactDigest, DownloadError, Downloads, Store, StoreError};
use rosin_tree::Tree;

use super::error::Error;

/// Where artifacts are read. Cheap to clone.
#[derive(Clone)]
pub struct Artifacts {
    store: Arc<Store>,
    downloads: Arc<Downloads>,
    requeue: Duration,
}

impl Artifacts {
    pub fn new(store: Arc<Store>, downloads: Downloads, requeue: Duration) -> Self {
        Self {
            store,
            downloads: Arc::new(downloads),
            requeue,
        }
    }

    /// The file of an artifact as it is, verified by its digest.
    pub(crate) async fn read(&self, artifact: &Artifact, limit: u64) -> Result<Vec<u8>, Error> {
        let failed = |error: &dyn std::error::Error| Error::Artifact(chain(error));
        let digest: ArtifactDigest = artifact.digest.parse().map_err(|error| failed(&error))?;
        let (store, path, wanted) = (self.store.clone(), artifact.path.clone(), digest.clone());
        let read = tokio::task::spawn_blocking(move || store.read(&path, &wanted, limit)).await;
        match read.map_err(|error| failed(&error))? {
            Ok(content) => Ok(content),
            Err(StoreError::Missing) => self
                .downloads
                .read(&artifact.url, &digest, limit)
                .await
                .map_err(|error| failed(&error)),
            Err(error) => Err(failed(&error)),
        }
    }

    /// The tree of an artifact, verified by its digest and unpacked once for all who read it.
    pub async fn open(&self, artifact: &Artifact) -> Result<Tree, Error> {
        let digest: ArtifactDigest = artifact
            .digest
            .parse()
            .map_err(|error| Error::Artifact(chain(&error)))?;
        let (store, path, wanted) = (self.store.clone(), artifact.path.clone(), digest.clone());
        let opened = tokio::task::spawn_blocking(move || store.tree(&path, &wanted)).await;
        match opened.map_err(|error| Error::Artifact(error.to_string()))? {
            Ok(tree) => return Ok(tree),
            Err(StoreError::Missing) => {}
            Err(error) => return Err(Error::Artifact(chain(&error))),
        }
        self.downloads
            .fetch(&artifact.url, &digest)
            .await
            .map_err(|error| match error {
                DownloadError::NotFound => Error::ArtifactGone(self.requeue),
                error => Error::Artifact(chain(&error)),
            })
    }
}

/// What readers other than Kustomizations need to know of an artifact that cannot be had.
pub(crate) enum ArtifactError {
    /// Its server does not have it (yet).
    Gone(Duration),
    Other(String),
}

impl ArtifactError {
    pub(crate) fn of(error: Error) -> Self {
        match error {
            Error::ArtifactGone(retry) => Self::Gone(retry),
            error => Self::Other(error.to_string()),
        }
    }
}

/// An error with its causes, on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
