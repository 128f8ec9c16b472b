//! A downloaded file on its way to become an artifact: stored as it is, or unpacked and packed anew without what is ignored.

use std::io::{self, BufReader, Write};

use cap_std::fs::File;
use rosin_tree::{Tree, path};

use super::digest::Hasher;
use super::store::Partial;
use super::unpack::unpack_into;
use super::writer::{TreeWriter, walk_order};
use super::{ArtifactDigest, ObjectKey, Store, StoreError};
use crate::ignore::{self, IgnoreRules};

/// Content that came from elsewhere. Gone when it is dropped.
pub struct Blob {
    partial: Partial,
    file: File,
    hasher: Option<Hasher>,
}

/// What was stored, without its tree: a copied file need not be an archive.
#[derive(Debug, Clone)]
pub struct StoredFile {
    pub path: String,
    pub digest: ArtifactDigest,
    pub size: u64,
}

impl Blob {
    /// Ends the writing and gives the digest of what was written, as `sha256:<hex>`.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn finish(&mut self) -> io::Result<String> {
        self.file.flush()?;
        let hasher = self.hasher.take();
        hasher
            .map(|hasher| hasher.finish().to_string())
            .ok_or_else(|| io::Error::other("the file is finished already"))
    }
}

impl Blob {
    /// What was written, from the start.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn read(&self) -> io::Result<impl io::Read + io::Seek + use<>> {
        self.partial.read()
    }

    /// # Errors
    /// When the disk fails.
    pub fn size(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }
}

impl Write for Blob {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        if let Some(hasher) = &mut self.hasher {
            hasher.write_all(&bytes[..written])?;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Store {
    /// An empty file to download to.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn blob(&self) -> Result<Blob, StoreError> {
        let mut partial = self.scratch()?;
        let file = partial.file()?;
        Ok(Blob {
            partial,
            file,
            hasher: Some(Hasher::sha256()),
        })
    }

    /// Stores a file byte for byte.
    ///
    /// # Errors
    /// When the name is bad or the disk fails.
    pub fn copy(&self, key: &ObjectKey, file: &str, blob: &Blob) -> Result<StoredFile, StoreError> {
        let path = key.path(file)?;
        let mut partial = self.partial_of(key)?;
        let mut hasher = Hasher::sha256();
        let mut from = blob.partial.read()?;
        io::copy(
            &mut from,
            &mut super::store::Tee(partial.file()?, &mut hasher),
        )?;
        let size = partial.publish(file)?;
        Ok(StoredFile {
            path,
            digest: hasher.finish(),
            size,
        })
    }

    /// Stores bytes as a file.
    ///
    /// # Errors
    /// When the name is bad or the disk fails.
    pub fn put(
        &self,
        key: &ObjectKey,
        file: &str,
        content: &[u8],
    ) -> Result<StoredFile, StoreError> {
        let mut blob = self.blob()?;
        blob.write_all(content)?;
        blob.finish()?;
        self.copy(key, file, &blob)
    }

    /// Unpacks an archive and stores its files without those that are ignored.
    ///
    /// # Errors
    /// When the archive is damaged, hostile or too large, or the disk fails.
    pub fn repack(
        &self,
        key: &ObjectKey,
        file: &str,
        blob: &Blob,
        ignore: Option<&str>,
    ) -> Result<StoredFile, StoreError> {
        let mut pack = self.pack()?;
        let archive = BufReader::with_capacity(64 * 1024, blob.partial.read()?);
        unpack_into(archive, self.limits(), &mut pack)?;
        let tree = pack.finish()?;
        let stored = self.write(key, file, |writer| write_kept(&tree, ignore, writer))?;
        Ok(StoredFile {
            path: stored.path,
            digest: stored.digest,
            size: stored.size,
        })
    }
}

/// Everything of a tree that is not ignored.
fn write_kept(
    tree: &Tree,
    ignore: Option<&str>,
    writer: &mut TreeWriter<'_>,
) -> Result<(), StoreError> {
    let mut lists = Vec::new();
    for (path, _) in tree.entries() {
        if path.rsplit('/').next() == Some(ignore::FILE) {
            lists.push((path::parent(path).unwrap_or_default(), tree.read(path)?));
        }
    }
    let lists = lists
        .iter()
        .map(|(folder, list)| (*folder, list.as_slice()));
    let rules = IgnoreRules::new(lists, ignore);
    let dirs = tree.dirs();
    let files = tree.entries().map(|(path, entry)| (path, Some(entry)));
    let mut items: Vec<_> = dirs
        .iter()
        .map(|dir| (dir.as_str(), None))
        .chain(files)
        .collect();
    items.sort_by(|(left, _), (right, _)| walk_order(left, right));
    for (path, entry) in items {
        if path.is_empty() || rules.excludes(path, entry.is_none()) {
            continue;
        }
        // A folder that is ignored may hold a file that is not.
        match entry {
            None => writer.dir(path)?,
            Some(entry) => writer.file(path, entry.executable, &tree.read(path)?)?,
        }
    }
    Ok(())
}
