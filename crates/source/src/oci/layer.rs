//! Downloads a layer.

use std::io::Write;
use std::time::Duration;

use super::registry::shown;
use super::{Descriptor, OciError, Registry};
use crate::artifact::{Blob, Store, StoreError};

/// Archives of this size hold far more than the limits of a tree let through.
const MAX_LAYER: u64 = 2 << 30;
/// A layer may take this many times the timeout, as long as none passes in silence.
const PATIENCE: u32 = 10;

#[derive(Debug, thiserror::Error)]
pub enum LayerError {
    #[error("no layers found in artifact")]
    None,
    #[error("failed to find layer with media type '{0}' in artifact")]
    MediaType(String),
    #[error("the layer has more than {0} bytes")]
    TooLarge(u64),
    #[error("the layer could not be kept")]
    Store(#[source] StoreError),
}

impl Registry {
    /// The content of a layer, checked against its digest, in a file of the store that nobody else sees.
    ///
    /// # Errors
    /// When the registry refuses, sends something else or too much, or takes too long.
    pub async fn layer(&self, layer: &Descriptor, store: &Store) -> Result<Blob, OciError> {
        let limit = MAX_LAYER.min(layer.size);
        if layer.size > MAX_LAYER {
            return Err(LayerError::TooLarge(MAX_LAYER).into());
        }
        let deadline = tokio::time::Instant::now()
            + self
                .timeout
                .saturating_mul(PATIENCE)
                .max(Duration::from_secs(60));
        let (mut response, url) = self.blob(&layer.digest).await?;
        let mut blob = store.blob().map_err(LayerError::Store)?;
        let mut size: u64 = 0;
        loop {
            let wait = (tokio::time::Instant::now() + self.timeout).min(deadline);
            let chunk = match tokio::time::timeout_at(wait, response.chunk()).await {
                Err(_) => return Err(self.timed_out("GET", &url)),
                Ok(Err(error)) => {
                    return Err(OciError::Unreachable {
                        method: "GET",
                        url: shown(&url),
                        source: error.without_url(),
                    });
                }
                Ok(Ok(None)) => break,
                Ok(Ok(Some(chunk))) => chunk,
            };
            size += chunk.len() as u64;
            if size > limit {
                return Err(LayerError::TooLarge(limit).into());
            }
            blob.write_all(&chunk)?;
        }
        let actual = blob.finish()?;
        super::registry::expect("the layer", &layer.digest, actual)?;
        Ok(blob)
    }
}
