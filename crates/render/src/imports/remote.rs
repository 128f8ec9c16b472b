//! `rosin:render/remote`: files from elsewhere, at addresses that the source names.

use wasmtime::component::Resource;

use crate::bindings::rosin::render::remote::{FetchError, Host};
use crate::call::{Call, Stop};
use crate::imports::source::OpenTree;
use crate::services;

impl Host for Call {
    async fn fetch(
        &mut self,
        url: String,
    ) -> wasmtime::Result<Result<Resource<OpenTree>, FetchError>> {
        let Some(remote) = self.services.remote.clone() else {
            return Ok(Err(FetchError::Denied(
                "remote files are not fetched here".to_owned(),
            )));
        };
        if !self.names(&url)? {
            let reason = "the address does not occur in a file that was read; only such addresses are fetched";
            return Ok(Err(FetchError::Denied(reason.to_owned())));
        }
        self.reads.note_ambient();
        Ok(match remote.fetch(&url).await {
            Ok(tree) => Ok(self.handles.push(OpenTree::Remote(tree))?),
            Err(services::FetchError::Denied(reason)) => Err(FetchError::Denied(reason)),
            Err(services::FetchError::NotFound(reason)) => Err(FetchError::NotFound(reason)),
            Err(services::FetchError::Unavailable(reason)) => Err(FetchError::Unavailable(reason)),
        })
    }
}

impl Call {
    /// Whether an address occurs literally in a file that this render read: a guest cannot make one up to send out what it
    /// knows.
    fn names(&self, url: &str) -> Result<bool, Stop> {
        if url.is_empty() {
            return Ok(false);
        }
        for path in self.reads.files() {
            let content = self.source.tree.read(path).map_err(Stop::Source)?;
            if content
                .windows(url.len())
                .any(|window| window == url.as_bytes())
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
