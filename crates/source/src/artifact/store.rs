//! The artifacts on disk. Everything here may be killed at any moment: files appear by rename, and are believed only after
//! their digest has been checked.

use std::io::{self, BufWriter, Read, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use cap_std::fs::{Dir, DirBuilderExt, File, OpenOptions, OpenOptionsExt};
use rosin_tree::{Limits, PackWriter, Tree, TreeError};

use super::digest::Hasher;
use super::key::split_path;
use super::trees::{Capacity, Trees};
use super::unpack::{UnpackError, unpack_into};
use super::writer::{TreeWriter, WriteError};
use super::{ArtifactDigest, InvalidKey, ObjectKey};

/// Files of one object that are looked at when old ones are removed.
const MAX_WALKED: usize = 1000;

/// All artifacts of this process, below one folder:
/// `artifacts/<kind>/<namespace>/<name>/<file>` (served), `staging/` (unfinished, unpacked).
pub struct Store {
    artifacts: Dir,
    staging: Dir,
    trees: Trees,
    limits: Limits,
    serial: AtomicU64,
}

/// What was stored: the fields of `status.artifact` that the store knows.
#[derive(Debug, Clone)]
pub struct Stored {
    pub path: String,
    pub digest: ArtifactDigest,
    pub size: u64,
    pub tree: Tree,
}

/// How the file of an artifact is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    Sound,
    Missing,
    /// Its content does not have the digest; it has been removed.
    Damaged,
}

/// When old artifacts of an object go.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    pub age: Duration,
    pub records: usize,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            age: Duration::from_secs(60),
            records: 2,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the artifact is not in the store")]
    Missing,
    #[error("the artifact has digest {actual}, not {expected}")]
    Digest {
        expected: ArtifactDigest,
        actual: ArtifactDigest,
    },
    #[error(transparent)]
    Key(#[from] InvalidKey),
    #[error("the artifact has more than {0} bytes")]
    TooLarge(u64),
    #[error("unpacking the artifact failed")]
    Unpack(#[from] UnpackError),
    #[error("writing the artifact failed")]
    Write(#[from] WriteError),
    #[error("the artifact storage failed")]
    Io(#[from] io::Error),
}

impl Store {
    /// Takes over a folder, with the artifacts that are there.
    ///
    /// # Errors
    /// When the folder cannot be prepared.
    pub fn new(storage: &Dir, limits: Limits, capacity: Capacity) -> Result<Self, StoreError> {
        if storage.exists("staging") {
            storage.remove_dir_all("staging")?;
        }
        for name in ["artifacts", "staging"] {
            create_private_dir(storage, name)?;
        }
        Ok(Self {
            artifacts: storage.open_dir("artifacts")?,
            staging: storage.open_dir("staging")?,
            trees: Trees::new(capacity),
            limits,
            serial: AtomicU64::new(0),
        })
    }

    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Packs what `fill` writes as the file `file` of `key`. On any error nothing of it remains.
    ///
    /// # Errors
    /// Those of `fill`, and of the disk.
    pub fn write<E>(
        &self,
        key: &ObjectKey,
        file: &str,
        fill: impl FnOnce(&mut TreeWriter<'_>) -> Result<(), E>,
    ) -> Result<Stored, E>
    where
        E: From<StoreError>,
    {
        let path = key.path(file).map_err(StoreError::from)?;
        let folder = self.object_folder(key).map_err(StoreError::from)?;
        let mut partial = Partial::create(folder, self.unique()).map_err(StoreError::from)?;
        let mut hasher = Hasher::sha256();
        let pack = self.pack().map_err(StoreError::from)?;
        let pack = {
            let tee = BufWriter::with_capacity(64 * 1024, Tee(partial.file()?, &mut hasher));
            let mut writer = TreeWriter::new(Box::new(tee), pack).map_err(StoreError::from)?;
            fill(&mut writer)?;
            writer.finish().map_err(StoreError::from)?
        };
        let digest = hasher.finish();
        let size = partial.publish(file).map_err(StoreError::from)?;
        let finish = || pack.finish().map_err(StoreError::from);
        let tree = self.trees.get_or_make(&digest, finish)?;
        Ok(Stored {
            path,
            digest,
            size,
            tree,
        })
    }

    /// Looks whether the artifact that a status advertises is still what it was.
    ///
    /// # Errors
    /// When the disk fails otherwise than by not having the file.
    pub fn check(&self, path: &str, digest: &ArtifactDigest) -> Result<Condition, StoreError> {
        let mut file = match self.open_file(path) {
            Ok(file) => file,
            Err(StoreError::Missing) => return Ok(Condition::Missing),
            Err(error) => return Err(error),
        };
        let mut hasher = digest.hasher();
        io::copy(&mut file, &mut hasher)?;
        if hasher.finish() == *digest {
            return Ok(Condition::Sound);
        }
        self.artifacts.remove_file(path)?;
        Ok(Condition::Damaged)
    }

    /// The files of an artifact in this store: unpacked on the first call, shared afterwards.
    ///
    /// # Errors
    /// When the file is missing, damaged, hostile or too large.
    pub fn tree(&self, path: &str, digest: &ArtifactDigest) -> Result<Tree, StoreError> {
        self.trees
            .get_or_make(digest, || self.unpack(self.open_file(path)?, digest))
    }

    /// The content of an artifact's file, which need not be an archive: what was copied is what was pulled.
    ///
    /// # Errors
    /// When the file is missing, damaged or larger than `limit`.
    pub fn read(
        &self,
        path: &str,
        digest: &ArtifactDigest,
        limit: u64,
    ) -> Result<Vec<u8>, StoreError> {
        read_checked(self.open_file(path)?, digest, limit)
    }

    /// To be called when a tree turned out to be damaged ([`TreeError::Damaged`]): the next call to [`Store::tree`] unpacks again.
    pub fn forget_tree(&self, digest: &ArtifactDigest) {
        self.trees.forget(digest);
    }

    /// The tree of an archive that comes from elsewhere: `archive` is asked for only if its digest has not been unpacked yet.
    pub(super) fn foreign_tree<R: Read>(
        &self,
        digest: &ArtifactDigest,
        archive: impl FnOnce() -> Result<R, StoreError>,
    ) -> Result<Tree, StoreError> {
        self.trees
            .get_or_make(digest, || self.unpack(archive()?, digest))
    }

    /// Removes old artifacts of an object, never the `current` one (its path, or its file). Gives how many went.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn collect(
        &self,
        key: &ObjectKey,
        current: &str,
        retention: Retention,
        now: SystemTime,
    ) -> Result<usize, StoreError> {
        let Ok(folder) = self.artifacts.open_dir(key.to_string()) else {
            return Ok(0);
        };
        let mut kept = Vec::new();
        let mut removed = 0;
        for entry in folder.entries()?.take(MAX_WALKED) {
            let entry = entry?;
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else {
                continue;
            };
            let metadata = entry.metadata()?;
            if !metadata.is_file() || name.ends_with(".lock") {
                continue;
            }
            let written = metadata.modified()?.into_std();
            let expired = now
                .duration_since(written)
                .is_ok_and(|age| age > retention.age);
            let is_partial = name.starts_with('.');
            let is_current = name == current || key.path(&name).is_ok_and(|path| path == current);
            if is_current {
                kept.push((true, written, name));
            } else if expired {
                folder.remove_file(&name)?;
                removed += usize::from(!is_partial);
            } else if !is_partial {
                kept.push((false, written, name));
            }
        }
        kept.sort();
        let surplus = kept.len().saturating_sub(retention.records.max(1));
        for (_, _, name) in &kept[..surplus] {
            folder.remove_file(name)?;
            removed += 1;
        }
        Ok(removed)
    }

    /// Removes everything of an object, when it is deleted. Says whether there was anything.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn remove(&self, key: &ObjectKey) -> Result<bool, StoreError> {
        match self.artifacts.remove_dir_all(key.to_string()) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// The content of an artifact's file.
    ///
    /// # Errors
    /// When there is none.
    pub fn open(&self, path: &str) -> Result<impl Read + use<>, StoreError> {
        self.open_file(path)
    }

    /// The file of an artifact, for serving. Links and anything but regular files do not exist.
    pub(crate) fn open_file(&self, path: &str) -> Result<File, StoreError> {
        split_path(path).ok_or(StoreError::Missing)?;
        let file = match self.artifacts.open(path) {
            Ok(file) => file,
            Err(error) if is_absent(&error) => return Err(StoreError::Missing),
            Err(error) => return Err(error.into()),
        };
        if file.metadata()?.is_file() {
            Ok(file)
        } else {
            Err(StoreError::Missing)
        }
    }

    /// A file without a name that others could guess, for what is being downloaded.
    pub(super) fn scratch(&self) -> io::Result<Partial> {
        Partial::create(self.staging.try_clone()?, self.unique())
    }

    /// A file of an object that is being written.
    pub(super) fn partial_of(&self, key: &ObjectKey) -> io::Result<Partial> {
        Partial::create(self.object_folder(key)?, self.unique())
    }

    /// Makes `name` beside a stored file lead to it, at once and never to nothing. Gives the path of the link.
    ///
    /// # Errors
    /// When a name is bad or the disk fails.
    pub fn link(&self, key: &ObjectKey, name: &str, file: &str) -> Result<String, StoreError> {
        let path = key.path(name)?;
        key.path(file)?;
        let (folder, partial) = (self.object_folder(key)?, self.unique());
        folder.symlink(file, &partial)?;
        folder
            .rename(&partial, &folder, name)
            .inspect_err(|_| drop(folder.remove_file(&partial)))?;
        Ok(path)
    }

    fn unpack(&self, archive: impl Read, expected: &ArtifactDigest) -> Result<Tree, StoreError> {
        let mut hasher = expected.hasher();
        let mut pack = self.pack()?;
        let mut hashed = HashedReader {
            inner: archive,
            hasher: &mut hasher,
        };
        let unpacked = unpack_into(
            io::BufReader::with_capacity(64 * 1024, &mut hashed),
            &self.limits,
            &mut pack,
        );
        // Read to the end, so that the digest is that of the whole file; a wrong digest explains whatever else went wrong.
        io::copy(&mut hashed, &mut io::sink())?;
        let actual = hasher.finish();
        if actual != *expected {
            return Err(StoreError::Digest {
                expected: expected.clone(),
                actual,
            });
        }
        let links = unpacked?;
        if links > 0 {
            tracing::debug!(links, digest = %expected, "symbolic links were left out of an artifact");
        }
        Ok(pack.finish()?)
    }

    /// A pack in a file that has lost its name already.
    pub(super) fn pack(&self) -> io::Result<PackWriter> {
        let partial = Partial::create(self.staging.try_clone()?, self.unique())?;
        Ok(PackWriter::new(partial.open()?.into_std(), self.limits))
    }

    fn object_folder(&self, key: &ObjectKey) -> io::Result<Dir> {
        let mut folder = self.artifacts.try_clone()?;
        for part in key.to_string().split('/') {
            create_private_dir(&folder, part)?;
            folder = folder.open_dir(part)?;
        }
        Ok(folder)
    }

    fn unique(&self) -> String {
        format!(
            ".{}-{}",
            std::process::id(),
            self.serial.fetch_add(1, Ordering::Relaxed)
        )
    }
}

impl From<TreeError> for StoreError {
    fn from(error: TreeError) -> Self {
        Self::Unpack(UnpackError::Tree(error))
    }
}

/// A file under a hidden name until it is complete.
pub(super) struct Partial {
    folder: Dir,
    name: String,
    published: bool,
}

impl Partial {
    fn create(folder: Dir, name: String) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        options.mode(0o600);
        folder.open_with(&name, &options)?;
        Ok(Self {
            folder,
            name,
            published: false,
        })
    }

    pub(super) fn file(&mut self) -> Result<File, StoreError> {
        Ok(self.open()?)
    }

    pub(super) fn read(&self) -> io::Result<File> {
        self.folder.open(&self.name)
    }

    fn open(&self) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        self.folder.open_with(&self.name, &options)
    }

    pub(super) fn publish(&mut self, name: &str) -> io::Result<u64> {
        let size = self.folder.metadata(&self.name)?.len();
        self.folder.rename(&self.name, &self.folder, name)?;
        self.published = true;
        Ok(size)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.published {
            // It may be gone with its object already; the next start sweeps what is left.
            let _ = self.folder.remove_file(&self.name);
        }
    }
}

/// Readable by us alone; one that is there already is fine.
fn create_private_dir(parent: &Dir, name: &str) -> io::Result<()> {
    let mut builder = cap_std::fs::DirBuilder::new();
    builder.mode(0o700);
    match parent.create_dir_with(name, &builder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && parent.is_dir(name) => Ok(()),
        result => result,
    }
}

/// All of a file, which must have this digest.
pub(super) fn read_checked(
    file: impl Read,
    digest: &ArtifactDigest,
    limit: u64,
) -> Result<Vec<u8>, StoreError> {
    let mut content = Vec::new();
    file.take(limit.saturating_add(1))
        .read_to_end(&mut content)?;
    if content.len() as u64 > limit {
        return Err(StoreError::TooLarge(limit));
    }
    let mut hasher = digest.hasher();
    hasher.write_all(&content)?;
    let actual = hasher.finish();
    if actual == *digest {
        Ok(content)
    } else {
        Err(StoreError::Digest {
            expected: digest.clone(),
            actual,
        })
    }
}

/// Not there, or reached through a link that leads out of the store.
fn is_absent(error: &io::Error) -> bool {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => true,
        // The system's own refusals have a number; this is cap-std's.
        io::ErrorKind::PermissionDenied => error.raw_os_error().is_none(),
        _ => false,
    }
}

pub(super) struct Tee<'a>(pub(super) File, pub(super) &'a mut Hasher);

impl Write for Tee<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.0.write(bytes)?;
        self.1.write_all(&bytes[..written])?;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

struct HashedReader<'a, R> {
    inner: R,
    hasher: &'a mut Hasher,
}

impl<R: Read> Read for HashedReader<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hasher.write_all(&buffer[..read])?;
        Ok(read)
    }
}
