//! A fetched revision: its commit, and its files as the object database has them.

use git2::{ObjectType, Oid, Repository};
use rosin_tree::{Limits, TreeError};

use super::cache::Lease;
use super::compose::Composition;
use super::names;
use super::signature::Signed;
use super::submodules;
use super::{Commit, Contents, GitError, Revision};
use crate::artifact::TreeWriter;

/// The kind of a tree entry, as git's modes tell it.
const KIND: i32 = 0o170_000;
const DIR: i32 = 0o040_000;
const FILE: i32 = 0o100_000;
const GITLINK: i32 = 0o160_000;
const EXECUTABLE: i32 = 0o100;

/// A revision whose objects are here.
pub struct Checkout {
    // Before the lease: the repository must be closed before another fetch may use its folder.
    repository: Repository,
    revision: Revision,
    commit: Commit,
    root: Oid,
    lease: Option<Lease>,
    tag: Option<Tag>,
    /// By path; those that were not followed are empty folders.
    submodules: Vec<(String, Self)>,
}

/// The tag by which a revision was found.
pub(super) struct Tag {
    pub(super) name: String,
    /// None for a lightweight tag.
    pub(super) object: Option<Oid>,
}

impl Checkout {
    pub(super) fn new(repository: Repository, revision: Revision) -> Result<Self, GitError> {
        let (info, root) = {
            let not_a_commit = |_| GitError::NotACommit(revision.to_string());
            let commit = repository
                .find_commit(revision.oid())
                .map_err(not_a_commit)?;
            (Commit::of(&commit), commit.tree_id())
        };
        Ok(Self {
            repository,
            revision,
            commit: info,
            root,
            lease: None,
            tag: None,
            submodules: Vec::new(),
        })
    }

    pub(super) fn keep(self, lease: Lease) -> Self {
        Self {
            lease: Some(lease),
            ..self
        }
    }

    pub(super) fn tagged(self, tag: Option<Tag>) -> Self {
        Self { tag, ..self }
    }

    /// The commit and its signature.
    ///
    /// # Errors
    /// When the object is not there.
    pub fn signed_commit(&self) -> Result<Signed, GitError> {
        let oid = self.revision.oid();
        match self.repository.extract_signature(&oid, None) {
            Ok((signature, payload)) => Ok(Signed {
                payload: payload.to_vec(),
                signature: Some(String::from_utf8_lossy(&signature).into_owned()),
            }),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(Signed {
                payload: Vec::new(),
                signature: None,
            }),
            Err(error) => Err(GitError::objects(error)),
        }
    }

    /// The tag by which the revision was found, as `name@hash`, and its signature. None where it was not found by a tag.
    ///
    /// # Errors
    /// When the object is not there.
    pub fn signed_tag(&self) -> Result<Option<(String, Signed)>, GitError> {
        let Some(tag) = &self.tag else {
            return Ok(None);
        };
        let Some(oid) = tag.object else {
            let unsigned = Signed {
                payload: Vec::new(),
                signature: None,
            };
            return Ok(Some((tag.name.clone(), unsigned)));
        };
        // Servers say which commit a tag means. A signature of the tag is worth nothing for another one.
        let meant = self
            .repository
            .find_object(oid, None)
            .and_then(|object| object.peel_to_commit())
            .map_err(GitError::objects)?;
        if meant.id() != self.revision.oid() {
            return Err(GitError::Hostile {
                path: tag.name.clone(),
                reason: "a tag of another commit",
            });
        }
        let objects = self.repository.odb().map_err(GitError::objects)?;
        let object = objects.read(oid).map_err(GitError::objects)?;
        let signed = Signed::of_tag(object.data());
        Ok(Some((format!("{}@{oid}", tag.name), signed)))
    }

    /// Path, address and commit of each submodule. One that `.gitmodules` does not name is none.
    pub(super) fn submodules(&self) -> Result<Vec<(String, String, String)>, GitError> {
        let root = self.repository.find_tree(self.root);
        let root = root.map_err(GitError::objects)?;
        let Some(file) = root.get_name(".gitmodules") else {
            return Ok(Vec::new());
        };
        if file.filemode_raw() & KIND != FILE {
            return Ok(Vec::new());
        }
        let text = self.read(file.id(), ".gitmodules", &Limits::default())?;
        let mut found = Vec::new();
        for (path, address) in submodules::addresses(&String::from_utf8_lossy(&text)) {
            match root.get_path(std::path::Path::new(&path)) {
                Ok(entry) if entry.filemode_raw() & KIND == GITLINK => {
                    found.push((path, address, entry.id().to_string()));
                }
                Ok(_) => {}
                Err(error) if error.code() == git2::ErrorCode::NotFound => {}
                Err(error) => return Err(GitError::objects(error)),
            }
        }
        Ok(found)
    }

    pub(super) fn add_submodule(&mut self, path: String, checkout: Self) {
        self.submodules.push((path, checkout));
    }

    #[must_use]
    pub fn revision(&self) -> &Revision {
        &self.revision
    }

    #[must_use]
    pub fn commit(&self) -> &Commit {
        &self.commit
    }

    /// Writes what the artifact consists of.
    ///
    /// # Errors
    /// When the tree is hostile or incomplete, a folder that was asked for is missing, or writing fails.
    pub fn write(
        &self,
        contents: &Contents<'_>,
        limits: &Limits,
        into: &mut TreeWriter<'_>,
    ) -> Result<(), GitError> {
        let written = self.compose(contents, limits, into);
        if let (Err(GitError::Objects(_)), Some(lease)) = (&written, &self.lease) {
            // The commit is here but something of it is not: only a new fetch helps, and it must not find this cache.
            lease.clear()?;
        }
        written
    }

    fn compose(
        &self,
        contents: &Contents<'_>,
        limits: &Limits,
        into: &mut TreeWriter<'_>,
    ) -> Result<(), GitError> {
        let (mut composition, checkouts) = self.list(limits)?;
        composition.keep_only(contents.sparse)?;
        for included in contents.includes {
            composition.include(included)?;
        }
        composition.write(
            contents.ignore,
            |of, blob, path| checkouts[of].read(blob, path, limits),
            into,
        )
    }

    /// All files and folders of the commit and its submodules, and the checkouts that they are of. Without recursion, and counted: a
    /// few objects can name billions of paths.
    fn list(&self, limits: &Limits) -> Result<(Composition, Vec<&Self>), GitError> {
        let mut composition = Composition::default();
        let mut checkouts = vec![self];
        let mut pending = vec![(String::new(), self.root, 0, 0)];
        // `base`: how much of the path leads to the submodule.
        while let Some((folder, oid, of, base)) = pending.pop() {
            let owner = checkouts[of];
            let tree = owner.repository.find_tree(oid).map_err(GitError::objects)?;
            for entry in &tree {
                let path = child(&folder, entry.name_bytes())?;
                let mode = entry.filemode_raw();
                match mode & KIND {
                    DIR => {
                        composition.add_dir(&path)?;
                        pending.push((path, entry.id(), of, base));
                    }
                    FILE => composition.add_blob(&path, mode & EXECUTABLE != 0, of, entry.id())?,
                    // A submodule that is not followed is an empty folder.
                    GITLINK => {
                        composition.add_dir(&path)?;
                        let inside = path[base..].trim_start_matches('/');
                        let mut all = owner.submodules.iter();
                        if let Some((_, submodule)) = all.find(|(at, _)| at == inside) {
                            let base = path.len();
                            pending.push((path, submodule.root, checkouts.len(), base));
                            checkouts.push(submodule);
                        }
                    }
                    // Links, which artifacts do not carry.
                    _ => {}
                }
                if composition.len() > limits.entries {
                    return Err(TreeError::TooManyEntries {
                        limit: limits.entries,
                    }
                    .into());
                }
            }
        }
        Ok((composition, checkouts))
    }

    fn read(&self, blob: Oid, path: &str, limits: &Limits) -> Result<Vec<u8>, GitError> {
        let objects = self.repository.odb().map_err(GitError::objects)?;
        let (size, kind) = objects.read_header(blob).map_err(GitError::objects)?;
        let (size, limit) = (size as u64, limits.file_bytes);
        if size > limit {
            return Err(TreeError::TooLarge {
                path: path.to_owned(),
                size,
                limit,
            }
            .into());
        }
        if kind != ObjectType::Blob {
            return Err(GitError::Hostile {
                path: path.to_owned(),
                reason: "a file that is no blob",
            });
        }
        Ok(objects
            .read(blob)
            .map_err(GitError::objects)?
            .data()
            .to_vec())
    }
}

fn child(folder: &str, name: &[u8]) -> Result<String, GitError> {
    let Ok(name) = std::str::from_utf8(name) else {
        let path = format!("{folder}/{}", String::from_utf8_lossy(name));
        return Err(TreeError::InvalidPath {
            path,
            reason: "a name in it is not UTF-8",
        }
        .into());
    };
    let path = if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    };
    if let Some(reason) = names::fault(name) {
        return Err(GitError::Hostile { path, reason });
    }
    Ok(path)
}
