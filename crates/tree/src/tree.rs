//! The tree itself: a listing shared by all views of it, files laid over in memory, and a folder to look from.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::ops::Bound;
use std::sync::{Arc, OnceLock};

use cap_std::fs::Dir;
use sha2::{Digest as _, Sha256};

use crate::{Digest, Limits, TreeBuilder, TreeError, path};

/// One file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    pub executable: bool,
    pub size: u64,
    pub digest: Digest,
}

/// An immutable set of files; cheap to clone and to send to another thread.
#[derive(Clone)]
pub struct Tree {
    base: Arc<Base>,
    /// Files that replace or join those of `base`; keys are paths in `base`.
    over: Arc<BTreeMap<Box<str>, Blob>>,
    /// The folder of `base` that is this tree's root, with a slash at its end; or empty.
    prefix: Arc<str>,
    digest: Arc<OnceLock<Digest>>,
}

pub(crate) struct Base {
    pub(crate) files: BTreeMap<Box<str>, Entry>,
    pub(crate) dirs: BTreeSet<Box<str>>,
    pub(crate) content: Content,
}

pub(crate) enum Content {
    Disk(Dir),
    Memory(BTreeMap<Box<str>, Arc<[u8]>>),
    #[cfg(unix)]
    Packed(crate::pack::Pack),
}

#[derive(Clone)]
struct Blob {
    entry: Entry,
    content: Arc<[u8]>,
}

impl Tree {
    /// Walks a folder once and hashes its files. Links and special files are left out.
    ///
    /// # Errors
    /// When a name is not UTF-8, a limit is reached ([`Limits::default`]) or reading fails.
    pub fn from_dir(root: Dir) -> Result<Self, TreeError> {
        Self::from_dir_within(root, Limits::default())
    }

    /// [`Tree::from_dir`] with limits of one's own.
    ///
    /// # Errors
    /// As [`Tree::from_dir`].
    pub fn from_dir_within(root: Dir, limits: Limits) -> Result<Self, TreeError> {
        let mut builder = TreeBuilder::new(limits);
        walk(&root, &mut builder)?;
        Ok(builder.finish(root))
    }

    /// A tree in memory. Meant for trusted callers: a path that [`path::check`] refuses, or that needs a file to be a
    /// folder, is left out.
    pub fn from_files(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Self {
        let unlimited = Limits {
            entries: usize::MAX,
            file_bytes: u64::MAX,
            total_bytes: u64::MAX,
        };
        let mut builder = TreeBuilder::new(unlimited);
        let mut contents = BTreeMap::new();
        for (path, content) in files {
            let entry = Entry {
                executable: false,
                size: content.len() as u64,
                digest: Digest::of(&content),
            };
            if builder.file(&path, entry).is_ok() {
                contents.insert(path.into_boxed_str(), Arc::from(content));
            }
        }
        builder.with_content(Content::Memory(contents))
    }

    pub(crate) fn new(base: Base) -> Self {
        Self {
            base: Arc::new(base),
            over: Arc::default(),
            prefix: Arc::from(""),
            digest: Arc::default(),
        }
    }

    /// All files below a folder, sorted by byte; `""` is the root. A folder without files gives an empty list.
    ///
    /// # Errors
    /// [`TreeError::NotFound`] when there is no such folder, [`TreeError::InvalidPath`].
    pub fn files(&self, under: &str) -> Result<Vec<String>, TreeError> {
        if !under.is_empty() {
            path::check(under)?;
        }
        if !self.is_dir(under) {
            return Err(TreeError::NotFound(under.to_owned()));
        }
        Ok(self.walk(under).map(|(path, _)| path.to_owned()).collect())
    }

    /// The file at `path`.
    #[must_use]
    pub fn entry(&self, path: &str) -> Option<&Entry> {
        path::check(path).ok()?;
        let path = self.inner(path);
        match self.over.get(&*path) {
            Some(blob) => Some(&blob.entry),
            None => self.base.files.get(&*path),
        }
    }

    /// Whether a folder is there; the root (`""`) always is.
    #[must_use]
    pub fn is_dir(&self, path: &str) -> bool {
        if path.is_empty() {
            return true;
        }
        if path::check(path).is_err() {
            return false;
        }
        let folder = self.inner(path);
        let below = format!("{folder}/");
        self.base.dirs.contains(&*folder) || range(&self.over, &below).next().is_some()
    }

    /// The content of a file. What the disk returns is compared with the listing, so that a tree either has its content or fails.
    ///
    /// # Errors
    /// [`TreeError::NotFound`] for missing files and for folders, [`TreeError::InvalidPath`], [`TreeError::Damaged`],
    /// [`TreeError::Io`].
    pub fn read(&self, path: &str) -> Result<Vec<u8>, TreeError> {
        path::check(path)?;
        let inner = self.inner(path);
        if let Some(blob) = self.over.get(&*inner) {
            return Ok(blob.content.to_vec());
        }
        let not_found = || TreeError::NotFound(path.to_owned());
        let entry = self.base.files.get(&*inner).ok_or_else(not_found)?;
        match &self.base.content {
            Content::Memory(files) => files
                .get(&*inner)
                .map(|content| content.to_vec())
                .ok_or_else(not_found),
            #[cfg(unix)]
            Content::Packed(pack) => {
                let content = pack
                    .read(&inner, entry)
                    .map_err(|error| TreeError::io(path, error))?;
                content.ok_or_else(|| TreeError::Damaged(path.to_owned()))
            }
            Content::Disk(root) => {
                let content =
                    read_listed(root, &inner, entry).map_err(|error| TreeError::io(path, error))?;
                content.ok_or_else(|| TreeError::Damaged(path.to_owned()))
            }
        }
    }

    /// This tree with files in memory in place of, or beside, its own: decrypted ones, generated ones. Executable bits of
    /// replaced files stay. As in [`Tree::from_files`], impossible paths are left out.
    #[must_use]
    pub fn overlay(&self, files: BTreeMap<String, Vec<u8>>) -> Self {
        let mut laid = Self {
            digest: Arc::default(),
            ..self.clone()
        };
        for (path, content) in files {
            if path::check(&path).is_err() || laid.is_dir(&path) || laid.has_file_above(&path) {
                continue;
            }
            let executable = laid.entry(&path).is_some_and(|entry| entry.executable);
            let entry = Entry {
                executable,
                size: content.len() as u64,
                digest: Digest::of(&content),
            };
            let inner = laid.inner(&path).into();
            Arc::make_mut(&mut laid.over).insert(
                inner,
                Blob {
                    entry,
                    content: content.into(),
                },
            );
        }
        laid
    }

    /// SHA-256 over the sorted paths with their modes and digests: equal for equal files, wherever they lie.
    #[must_use]
    pub fn digest(&self) -> Digest {
        *self.digest.get_or_init(|| {
            let mut hash = Sha256::new();
            for (path, entry) in self.walk("") {
                hash.update((path.len() as u64).to_be_bytes());
                hash.update(path);
                hash.update([u8::from(entry.executable)]);
                hash.update(entry.digest.0);
            }
            Digest(hash.finalize().into())
        })
    }

    /// The folder `under` as a tree of its own, which cannot look above it; `None` when there is no such folder.
    #[must_use]
    pub fn subtree(&self, under: &str) -> Option<Self> {
        if under.is_empty() {
            return Some(self.clone());
        }
        if !self.is_dir(under) {
            return None;
        }
        let prefix = format!("{}{under}/", self.prefix).into();
        Some(Self {
            base: self.base.clone(),
            over: self.over.clone(),
            prefix,
            digest: Arc::default(),
        })
    }

    /// Whether another tree, overlay or subtree shares this listing: the artifact store keeps a folder while somebody reads it.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        Arc::strong_count(&self.base) > 1
    }

    /// All files with their entries, sorted by path.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.walk("")
    }

    /// All folders below the root, sorted; empty ones too.
    #[must_use]
    pub fn dirs(&self) -> BTreeSet<String> {
        let own = self
            .base
            .dirs
            .range::<str, _>((Bound::Included(&*self.prefix), Bound::Unbounded));
        let own = own
            .map(|dir| &**dir)
            .take_while(|dir| dir.starts_with(&*self.prefix));
        let mut dirs: BTreeSet<String> =
            own.map(|dir| dir[self.prefix.len()..].to_owned()).collect();
        for (path, _) in range(&self.over, &self.prefix) {
            let mut at = &path[self.prefix.len()..];
            while let Some(folder) = path::parent(at) {
                dirs.insert(folder.to_owned());
                at = folder;
            }
        }
        dirs
    }

    fn walk<'a>(&'a self, under: &str) -> impl Iterator<Item = (&'a str, &'a Entry)> {
        let below = if under.is_empty() {
            self.prefix.to_string()
        } else {
            format!("{}{under}/", self.prefix)
        };
        let skip = self.prefix.len();
        let over = range(&self.over, &below).map(|(path, blob)| (path, &blob.entry));
        let own = range(&self.base.files, &below);
        Merged {
            over: over.peekable(),
            own: own.peekable(),
        }
        .map(move |(path, entry)| (&path[skip..], entry))
    }

    fn has_file_above(&self, path: &str) -> bool {
        let mut at = path;
        while let Some(folder) = path::parent(at) {
            if self.entry(folder).is_some() {
                return true;
            }
            at = folder;
        }
        false
    }

    fn inner<'a>(&self, path: &'a str) -> std::borrow::Cow<'a, str> {
        if self.prefix.is_empty() {
            path.into()
        } else {
            format!("{}{path}", self.prefix).into()
        }
    }
}

impl std::fmt::Debug for Tree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.entries()).finish()
    }
}

/// The entries whose path begins with `prefix`.
fn range<'a, V>(
    map: &'a BTreeMap<Box<str>, V>,
    prefix: &str,
) -> impl Iterator<Item = (&'a str, &'a V)> + use<'a, V> {
    let prefix = prefix.to_owned();
    map.range::<str, _>((Bound::Included(&*prefix), Bound::Unbounded))
        .map(|(path, value)| (&**path, value))
        .take_while(move |(path, _)| path.starts_with(&*prefix))
}

/// Two sorted listings as one; where both have a path, `over` has it.
struct Merged<A: Iterator, B: Iterator> {
    over: std::iter::Peekable<A>,
    own: std::iter::Peekable<B>,
}

impl<'a, A, B> Iterator for Merged<A, B>
where
    A: Iterator<Item = (&'a str, &'a Entry)>,
    B: Iterator<Item = (&'a str, &'a Entry)>,
{
    type Item = (&'a str, &'a Entry);

    fn next(&mut self) -> Option<Self::Item> {
        let (Some((over, _)), Some((own, _))) = (self.over.peek(), self.own.peek()) else {
            return self.over.next().or_else(|| self.own.next());
        };
        match over.cmp(own) {
            std::cmp::Ordering::Less => self.over.next(),
            std::cmp::Ordering::Greater => self.own.next(),
            std::cmp::Ordering::Equal => {
                self.own.next();
                self.over.next()
            }
        }
    }
}

/// The content of a listed file, or `None` when it is not what was listed. Never reads more than the listing says.
fn read_listed(root: &Dir, path: &str, entry: &Entry) -> io::Result<Option<Vec<u8>>> {
    let mut content = Vec::with_capacity(usize::try_from(entry.size).unwrap_or(0));
    let file = match root.open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    file.take(entry.size.saturating_add(1))
        .read_to_end(&mut content)?;
    let as_listed = content.len() as u64 == entry.size && Digest::of(&content) == entry.digest;
    Ok(as_listed.then_some(content))
}

/// Lists `root` without recursion: nesting is the source's choice, our stack is not.
fn walk(root: &Dir, builder: &mut TreeBuilder) -> Result<(), TreeError> {
    let mut pending = vec![String::new()];
    while let Some(at) = pending.pop() {
        let fail = |error| TreeError::io(&at, error);
        let folder = if at.is_empty() {
            root.entries()
        } else {
            root.read_dir(&at)
        };
        for found in folder.map_err(fail)? {
            let found = found.map_err(fail)?;
            let name = found.file_name();
            let Some(name) = name.to_str() else {
                let path = format!("{at}/{}", name.display());
                return Err(TreeError::InvalidPath {
                    path,
                    reason: "a name in it is not UTF-8",
                });
            };
            let path = if at.is_empty() {
                name.to_owned()
            } else {
                format!("{at}/{name}")
            };
            let kind = found.file_type().map_err(fail)?;
            if kind.is_dir() {
                builder.dir(&path)?;
                pending.push(path);
            } else if kind.is_file() {
                let entry = measure(&found, &path, builder)?;
                builder.file(&path, entry)?;
            }
        }
    }
    Ok(())
}

fn measure(
    found: &cap_std::fs::DirEntry,
    path: &str,
    builder: &TreeBuilder,
) -> Result<Entry, TreeError> {
    let fail = |error| TreeError::io(path, error);
    let file = found.open().map_err(fail)?;
    let metadata = file.metadata().map_err(fail)?;
    builder.check_size(path, metadata.len())?;
    let mut hash = Sha256::new();
    // Not more than was announced: a file that grows while it is read is an error, not a surprise.
    let size = io::copy(
        &mut file.take(builder.room() + 1),
        &mut HashWriter(&mut hash),
    )
    .map_err(fail)?;
    builder.check_size(path, size)?;
    Ok(Entry {
        executable: is_executable(&metadata),
        size,
        digest: Digest(hash.finalize().into()),
    })
}

struct HashWriter<'a>(&'a mut Sha256);

impl io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(unix)]
fn is_executable(metadata: &cap_std::fs::Metadata) -> bool {
    use cap_std::fs::MetadataExt;
    metadata.mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &cap_std::fs::Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests;
