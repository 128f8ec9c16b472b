//! What an artifact consists of: the files of a commit, or only some folders of it, joined by files of other artifacts, without
//! what is ignored.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use git2::Oid;
use rosin_tree::{Tree, path};

use super::GitError;
use crate::artifact::{TreeWriter, walk_order};
use crate::ignore::{self, IgnoreRules};

/// What an object says about the content of its artifact.
#[derive(Default)]
pub struct Contents<'a> {
    /// `spec.ignore`.
    pub ignore: Option<&'a str>,
    /// `spec.sparseCheckout`; empty for everything.
    pub sparse: &'a [String],
    pub includes: &'a [Included],
}

/// One `spec.include`, with the artifact that it means.
pub struct Included {
    /// Of the repository, for messages and as the default target.
    pub name: String,
    pub tree: Tree,
    pub from_path: String,
    pub to_path: String,
}

/// Entries by path, in the order of a walk.
#[derive(Default)]
pub(super) struct Composition {
    items: BTreeMap<WalkPath, Item>,
}

enum Item {
    Dir,
    Blob {
        executable: bool,
        /// Which checkout has it.
        of: usize,
        blob: Oid,
    },
    Included {
        executable: bool,
        tree: Tree,
        path: String,
    },
}

#[derive(PartialEq, Eq)]
struct WalkPath(String);

impl Ord for WalkPath {
    fn cmp(&self, other: &Self) -> Ordering {
        walk_order(&self.0, &other.0)
    }
}

impl PartialOrd for WalkPath {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Composition {
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    pub(super) fn add_dir(&mut self, path: &str) -> Result<(), GitError> {
        self.add(path, Item::Dir)
    }

    pub(super) fn add_blob(
        &mut self,
        path: &str,
        executable: bool,
        of: usize,
        blob: Oid,
    ) -> Result<(), GitError> {
        self.add(
            path,
            Item::Blob {
                executable,
                of,
                blob,
            },
        )
    }

    fn add(&mut self, at: &str, item: Item) -> Result<(), GitError> {
        path::check(at)?;
        if self.items.insert(WalkPath(at.to_owned()), item).is_some() {
            return Err(GitError::Hostile {
                path: at.to_owned(),
                reason: "a name that occurs twice",
            });
        }
        Ok(())
    }

    /// Drops what is not below one of the folders. As in Flux, a folder is a beginning of a path: `a` keeps `ab/c` as well.
    pub(super) fn keep_only(&mut self, folders: &[String]) -> Result<(), GitError> {
        if folders.is_empty() {
            return Ok(());
        }
        for folder in folders {
            let clean = clamp(folder);
            if !clean.is_empty() && !self.items.contains_key(&WalkPath(clean)) {
                return Err(GitError::Sparse(folder.clone()));
            }
        }
        let wanted: Vec<&str> = folders
            .iter()
            .map(|folder| folder.strip_prefix("./").unwrap_or(folder))
            .collect();
        self.items.retain(|WalkPath(path), item| {
            !matches!(item, Item::Dir) && wanted.iter().any(|folder| path.starts_with(folder))
        });
        self.restore_dirs();
        Ok(())
    }

    /// Copies a folder of another artifact to a place that must be empty.
    pub(super) fn include(&mut self, included: &Included) -> Result<(), GitError> {
        let Included {
            name,
            tree,
            from_path,
            to_path,
        } = included;
        let target = clamp(if to_path.is_empty() { name } else { to_path });
        let fail = |reason| GitError::Include {
            name: name.clone(),
            from: if from_path.is_empty() {
                "/".to_owned()
            } else {
                from_path.clone()
            },
            to: if to_path.is_empty() {
                name.clone()
            } else {
                to_path.clone()
            },
            reason,
        };
        let source = tree
            .subtree(&clamp(from_path))
            .ok_or_else(|| fail("no such folder in the included artifact"))?;
        if self.has_anything_below(&target) {
            return Err(fail("the target is not an empty folder"));
        }
        let join = |path: &str| {
            if target.is_empty() {
                path.to_owned()
            } else {
                format!("{target}/{path}")
            }
        };
        if !target.is_empty() {
            path::check(&target)?;
            self.items.insert(WalkPath(target.clone()), Item::Dir);
        }
        for dir in source.dirs() {
            self.items.insert(WalkPath(join(&dir)), Item::Dir);
        }
        for (path, entry) in source.entries() {
            let item = Item::Included {
                executable: entry.executable,
                tree: source.clone(),
                path: path.to_owned(),
            };
            self.items.insert(WalkPath(join(path)), item);
        }
        self.restore_dirs();
        Ok(())
    }

    /// Writes everything that is not ignored.
    pub(super) fn write(
        &self,
        ignore: Option<&str>,
        read_blob: impl Fn(usize, Oid, &str) -> Result<Vec<u8>, GitError>,
        into: &mut TreeWriter<'_>,
    ) -> Result<(), GitError> {
        let read = |item: &Item, path: &str| match item {
            Item::Dir => Ok(Vec::new()),
            Item::Blob { of, blob, .. } => read_blob(*of, *blob, path),
            Item::Included { tree, path, .. } => Ok(tree.read(path)?),
        };
        let mut lists = Vec::new();
        for (WalkPath(path), item) in &self.items {
            let name = path.rsplit('/').next();
            if name == Some(ignore::FILE) && !matches!(item, Item::Dir) {
                lists.push((path::parent(path).unwrap_or_default(), read(item, path)?));
            }
        }
        let rules = IgnoreRules::new(
            lists
                .iter()
                .map(|(folder, list)| (*folder, list.as_slice())),
            ignore,
        );
        for (WalkPath(path), item) in &self.items {
            if rules.excludes(path, matches!(item, Item::Dir)) {
                continue;
            }
            match item {
                Item::Dir => into.dir(path)?,
                Item::Blob { executable, .. } | Item::Included { executable, .. } => {
                    into.file(path, *executable, &read(item, path)?)?;
                }
            }
        }
        Ok(())
    }

    fn has_anything_below(&self, target: &str) -> bool {
        let below = |path: &str| {
            target.is_empty()
                || path
                    .strip_prefix(target)
                    .is_some_and(|rest| rest.starts_with('/'))
        };
        let is_file = self
            .items
            .get(&WalkPath(target.to_owned()))
            .is_some_and(|item| !matches!(item, Item::Dir));
        is_file || self.items.keys().any(|WalkPath(path)| below(path))
    }

    /// Every file's folders are entries of their own.
    fn restore_dirs(&mut self) {
        let mut missing = Vec::new();
        for WalkPath(path) in self.items.keys() {
            let mut at = path.as_str();
            while let Some(folder) = path::parent(at) {
                if self.items.contains_key(&WalkPath(folder.to_owned())) {
                    break;
                }
                missing.push(folder.to_owned());
                at = folder;
            }
        }
        for folder in missing {
            self.items.insert(WalkPath(folder), Item::Dir);
        }
    }
}

/// The path as seen from the root of the tree, above which nothing leads: `..` at the top stays there.
fn clamp(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}
