//! Local object databases, one for each object that fetches, so that a new commit costs what changed. Losing one costs a full
//! fetch and nothing else, so anything that looks wrong is deleted.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use git2::{Repository, RepositoryInitOptions};
use sha2::{Digest as _, Sha256};

use super::GitError;

/// Every fetch adds a pack; lookups go through all of them.
const MAX_PACKS: usize = 24;
const MAX_BYTES: u64 = 4 << 30;

#[derive(Clone)]
pub(super) struct Caches {
    root: PathBuf,
    busy: Arc<Mutex<HashSet<PathBuf>>>,
}

/// A repository that nobody else uses while this lives.
pub(super) struct Lease {
    path: PathBuf,
    busy: Arc<Mutex<HashSet<PathBuf>>>,
    temporary: bool,
}

impl Caches {
    pub(super) fn new(root: PathBuf) -> Self {
        Self {
            root,
            busy: Arc::default(),
        }
    }

    /// The repository for one object's fetches from one address; shallow and complete histories are kept apart.
    pub(super) fn lease(&self, object: &str, url: &str, depth: Depth) -> Lease {
        let kind = match depth {
            Depth::One => "shallow",
            Depth::Full => "full",
        };
        let path = self.folder(object).join(format!("{}.{kind}", hash(url)));
        let taken = self.take(&path, object, url);
        if taken {
            return Lease {
                path,
                busy: self.busy.clone(),
                temporary: false,
            };
        }
        // An earlier fetch of this object was cancelled and has not ended yet.
        self.temporary()
    }

    /// A repository that is kept for nobody.
    pub(super) fn temporary(&self) -> Lease {
        let name = format!("temporary-{}-{}", std::process::id(), unique());
        Lease {
            path: self.root.join(name),
            busy: self.busy.clone(),
            temporary: true,
        }
    }

    /// Claims the folder, and drops those that the object had for other addresses.
    fn take(&self, path: &Path, object: &str, url: &str) -> bool {
        let mut busy = lock(&self.busy);
        let own = hash(url);
        for entry in std::fs::read_dir(self.folder(object))
            .into_iter()
            .flatten()
            .flatten()
        {
            let is_own = entry.file_name().to_string_lossy().starts_with(&own);
            if !is_own
                && !busy.contains(&entry.path())
                && let Err(error) = std::fs::remove_dir_all(entry.path())
            {
                tracing::warn!(%error, "removing the cache of a former address failed");
            }
        }
        busy.insert(path.to_owned())
    }

    pub(super) fn remove(&self, object: &str) -> io::Result<()> {
        ignore_missing(std::fs::remove_dir_all(self.folder(object)))
    }

    fn folder(&self, object: &str) -> PathBuf {
        self.root.join(hash(object))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    One,
    Full,
}

impl Lease {
    pub(super) fn open(&self) -> Result<Repository, GitError> {
        super::transport::prepare_libgit2().map_err(GitError::objects)?;
        if self.path.exists() {
            let fits =
                size(&self.path).is_ok_and(|(packs, bytes)| packs < MAX_PACKS && bytes < MAX_BYTES);
            match Repository::open_bare(&self.path) {
                Ok(repository) if fits => return Ok(repository),
                _ => self.clear()?,
            }
        }
        if let Some(parent) = self.path.parent() {
            std::fs::create_dir_all(parent).map_err(GitError::Cache)?;
        }
        let mut options = RepositoryInitOptions::new();
        options.bare(true).no_reinit(true).external_template(false);
        Repository::init_opts(&self.path, &options).map_err(GitError::objects)
    }

    pub(super) fn clear(&self) -> Result<(), GitError> {
        ignore_missing(std::fs::remove_dir_all(&self.path)).map_err(GitError::Cache)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.temporary
            && let Err(error) = self.clear()
        {
            tracing::warn!(%error, "removing a temporary repository failed");
        }
        lock(&self.busy).remove(&self.path);
    }
}

/// How many packs there are, and their bytes.
fn size(repository: &Path) -> io::Result<(usize, u64)> {
    let (mut packs, mut bytes) = (0, 0);
    for entry in std::fs::read_dir(repository.join("objects/pack"))? {
        let entry = entry?;
        packs += usize::from(
            entry
                .path()
                .extension()
                .is_some_and(|extension| extension == "pack"),
        );
        bytes += entry.metadata()?.len();
    }
    Ok((packs, bytes))
}

fn hash(text: &str) -> String {
    hex::encode(&Sha256::digest(text)[..16])
}

fn unique() -> u64 {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

fn ignore_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
