//! The objects of a bucket on their way into an artifact: fetched side by side into one file, then packed in order.

use std::{
    collections::BTreeMap,
    io::{Read, Seek, SeekFrom, Write},
    sync::Arc,
};

use futures::{StreamExt, stream};
use rosin_api::Bucket;
use rosin_source::{
    artifact::{Blob, Store, StoreError, StoredFile},
    bucket::{Client, Listed, Listing},
    ignore::IgnoreRules,
};

use super::{error::Error, fetch::LATEST};
use crate::reconcile::{
    kustomization::chain,
    source::{StorageFailed, folder, storage},
};

/// Objects that are fetched at the same time.
const CONCURRENT: usize = 16;
const MAX_OBJECT: usize = 64 << 20;
const MAX_TOTAL: u64 = 2 << 30;

pub(super) struct Files {
    listing: Listing,
    spool: Blob,
    /// Where the content of each lies.
    places: BTreeMap<String, (u64, u64)>,
    end: u64,
}

impl Files {
    /// Objects that are gone by now are left out; those that changed have their new tags.
    pub(super) async fn fetch(
        store: &Arc<Store>,
        client: &Client,
        listing: Listing,
    ) -> Result<Self, Error> {
        let mut files = Self {
            listing: Listing::default(),
            spool: store
                .blob()
                .map_err(|error| StorageFailed::archive(&error))?,
            places: BTreeMap::new(),
            end: 0,
        };
        let mut found = Vec::new();
        let mut fetched = stream::iter(listing.objects().iter().cloned())
            .map(|object| async move {
                let content = client.get(&object.key, MAX_OBJECT).await;
                (object, content)
            })
            .buffer_unordered(CONCURRENT);
        while let Some((object, content)) = fetched.next().await {
            match content {
                Ok((content, etag)) => {
                    files.add(&object.key, &content)?;
                    let etag = if etag.is_empty() { object.etag } else { etag };
                    found.push(Listed { etag, ..object });
                }
                Err(error) if error.is_not_found() => {}
                Err(error) => {
                    let (key, cause) = (object.key.escape_default(), chain(&error));
                    return Err(Error::Operation(format!(
                        "failed to get '{key}' object: {cause}"
                    )));
                }
            }
        }
        files.listing = Listing::new(found, &IgnoreRules::without_defaults([], None));
        Ok(files)
    }

    pub(super) fn listing(&self) -> &Listing {
        &self.listing
    }

    pub(super) fn add(&mut self, key: &str, content: &[u8]) -> Result<(), Error> {
        let size = content.len() as u64;
        if self.end + size > MAX_TOTAL {
            return Err(Error::Operation(format!(
                "the bucket has more than {MAX_TOTAL} bytes"
            )));
        }
        let written = self.spool.write_all(content);
        written.map_err(|error| StorageFailed::archive(&error))?;
        // Empty folder names are nothing, as on a disk.
        let parts: Vec<&str> = key.split('/').filter(|part| !part.is_empty()).collect();
        self.places.insert(parts.join("/"), (self.end, size));
        self.end += size;
        Ok(())
    }

    pub(super) async fn store(
        self,
        store: &Arc<Store>,
        object: &Bucket,
    ) -> Result<(StoredFile, Option<String>), Error> {
        let folder = folder(object)?;
        let revision = self.listing.revision();
        let file = format!("{}.tar.gz", revision.trim_start_matches("sha256:"));
        let store = store.clone();
        let stored = tokio::task::spawn_blocking(move || {
            let stored = store.write(&folder, &file, |writer| self.write(writer));
            let stored = stored.map_err(|error: StoreError| StorageFailed::archive(&error))?;
            let link = storage::link(&store, &folder, LATEST, &file);
            let stored = StoredFile {
                path: stored.path,
                digest: stored.digest,
                size: stored.size,
            };
            Ok((stored, link))
        });
        stored
            .await
            .map_err(|error| StorageFailed::archive(&error))?
    }

    fn write(self, writer: &mut rosin_source::artifact::TreeWriter<'_>) -> Result<(), StoreError> {
        let mut spool = self.spool.read()?;
        // In the order of a walk: part by part.
        let mut places: Vec<_> = self.places.iter().collect();
        places.sort_by(|(left, _), (right, _)| left.split('/').cmp(right.split('/')));
        let mut folders: Vec<String> = Vec::new();
        for (path, (start, size)) in places {
            let parents = path.match_indices('/').map(|(end, _)| &path[..end]);
            let parents: Vec<&str> = parents.collect();
            let known = folders
                .iter()
                .zip(&parents)
                .take_while(|(folder, parent)| folder == *parent)
                .count();
            folders.truncate(known);
            for parent in &parents[known..] {
                writer.dir(parent)?;
                folders.push((*parent).to_owned());
            }
            spool.seek(SeekFrom::Start(*start))?;
            let mut content = Vec::new();
            (&mut spool).take(*size).read_to_end(&mut content)?;
            writer.file(path, false, &content)?;
        }
        Ok(())
    }
}
