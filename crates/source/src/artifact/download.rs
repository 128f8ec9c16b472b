//! Artifacts that another server stores: downloaded, checked against their digest, unpacked like our own.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use rosin_tree::Tree;

use super::store::{Partial, read_checked};
use super::{ArtifactDigest, Store, StoreError};
use crate::http::{Connect, ConnectError, HttpClients};

/// Archives of this size hold far more than the limits of a tree let through.
const MAX_ARCHIVE: u64 = 2 << 30;
const FIRST_DELAY: Duration = Duration::from_millis(200);
const LONGEST_DELAY: Duration = Duration::from_secs(5);

#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// The advertised file is gone: the source is about to advertise another one.
    #[error("artifact not found")]
    NotFound,
    #[error("the artifact server answered with status {0}")]
    Status(u16),
    #[error("the artifact cannot be downloaded")]
    Http(#[source] reqwest::Error),
    #[error("the artifact has more than {0} bytes")]
    TooLarge(u64),
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("unpacking was interrupted")]
    Interrupted,
}

/// Fetches from artifact servers into a store.
pub struct Downloads {
    store: Arc<Store>,
    clients: Arc<HttpClients>,
    /// How often a failed request is made again; Flux's `--http-retry`.
    retries: u32,
}

impl Downloads {
    #[must_use]
    pub fn new(store: Arc<Store>, clients: Arc<HttpClients>, retries: u32) -> Self {
        Self {
            store,
            clients,
            retries,
        }
    }

    /// The tree of an artifact. The caller sets the deadline by dropping the future.
    ///
    /// # Errors
    /// [`DownloadError::NotFound`] at once; servers that fail are asked again first.
    pub async fn fetch(&self, url: &str, digest: &ArtifactDigest) -> Result<Tree, DownloadError> {
        let archive = self.file(url, MAX_ARCHIVE).await?;
        let (store, digest) = (self.store.clone(), digest.clone());
        let unpacked = tokio::task::spawn_blocking(move || {
            store.foreign_tree(&digest, || archive.read().map_err(StoreError::from))
        });
        Ok(unpacked.await.map_err(|_| DownloadError::Interrupted)??)
    }

    /// The content of an artifact's file, which need not be an archive.
    ///
    /// # Errors
    /// As [`Self::fetch`], and when it is larger than `limit`.
    pub async fn read(
        &self,
        url: &str,
        digest: &ArtifactDigest,
        limit: u64,
    ) -> Result<Vec<u8>, DownloadError> {
        let (file, digest) = (self.file(url, limit).await?, digest.clone());
        let read = tokio::task::spawn_blocking(move || {
            let file = file.read().map_err(StoreError::from)?;
            read_checked(file, &digest, limit)
        });
        Ok(read.await.map_err(|_| DownloadError::Interrupted)??)
    }

    async fn file(&self, url: &str, limit: u64) -> Result<Partial, DownloadError> {
        let mut delay = FIRST_DELAY;
        let mut left = self.retries;
        loop {
            match self.download(url, limit).await {
                Ok(file) => return Ok(file),
                Err(error) if left > 0 && is_passing(&error) => {
                    tracing::debug!(%error, left, "downloading an artifact failed, trying again");
                    left -= 1;
                    tokio::time::sleep(delay).await;
                    delay = (delay * 2).min(LONGEST_DELAY);
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn download(&self, url: &str, limit: u64) -> Result<Partial, DownloadError> {
        let client = self.clients.get(&Connect::default())?;
        let without_url = |error: reqwest::Error| DownloadError::Http(error.without_url());
        let mut response = client.get(url).send().await.map_err(without_url)?;
        match response.status().as_u16() {
            200 => {}
            404 => return Err(DownloadError::NotFound),
            status => return Err(DownloadError::Status(status)),
        }
        let mut archive = self.store.scratch().map_err(StoreError::from)?;
        let mut file = archive.file()?;
        let mut size: u64 = 0;
        while let Some(chunk) = response.chunk().await.map_err(without_url)? {
            size += chunk.len() as u64;
            if size > limit {
                return Err(DownloadError::TooLarge(limit));
            }
            file.write_all(&chunk).map_err(StoreError::from)?;
        }
        Ok(archive)
    }
}

fn is_passing(error: &DownloadError) -> bool {
    match error {
        DownloadError::Http(_) => true,
        DownloadError::Status(status) => *status >= 500 || *status == 429,
        _ => false,
    }
}
