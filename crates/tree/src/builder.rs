//! Puts a listing together from hostile input, within limits.

use std::collections::{BTreeMap, BTreeSet};

use cap_std::fs::Dir;

use crate::tree::{Base, Content};
use crate::{Entry, Tree, TreeError, path};

/// How much one tree may hold. The defaults are far above real repositories and far below what would hurt the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Files and folders together.
    pub entries: usize,
    /// Bytes of one file.
    pub file_bytes: u64,
    /// Bytes of all files together.
    pub total_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries: 500_000,
            file_bytes: 256 << 20,
            total_bytes: 2 << 30,
        }
    }
}

/// Collects the entries of a tree whose files are being written to a folder.
#[derive(Debug, Default)]
pub struct TreeBuilder {
    limits: Limits,
    files: BTreeMap<Box<str>, Entry>,
    dirs: BTreeSet<Box<str>>,
    bytes: u64,
}

impl TreeBuilder {
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// How many bytes the next file may have.
    #[must_use]
    pub fn room(&self) -> u64 {
        self.limits
            .file_bytes
            .min(self.limits.total_bytes - self.bytes)
    }

    /// The error for a file that has `size` bytes, if that is too much.
    ///
    /// # Errors
    /// [`TreeError::TooLarge`] and [`TreeError::TotalTooLarge`].
    pub fn check_size(&self, path: &str, size: u64) -> Result<(), TreeError> {
        if size > self.limits.file_bytes {
            return Err(TreeError::TooLarge {
                path: path.to_owned(),
                size,
                limit: self.limits.file_bytes,
            });
        }
        if size > self.room() {
            return Err(TreeError::TotalTooLarge {
                limit: self.limits.total_bytes,
            });
        }
        Ok(())
    }

    /// Adds a folder and those above it.
    ///
    /// # Errors
    /// When the path is invalid, names a file, or there are too many entries.
    pub fn dir(&mut self, at: &str) -> Result<(), TreeError> {
        path::check(at)?;
        self.insert_dirs(at)
    }

    /// Adds a file and the folders above it. A path that is there already is replaced, as by `tar`: the last one wins.
    ///
    /// # Errors
    /// When the path is invalid, names a folder, or a limit is reached.
    pub fn file(&mut self, at: &str, entry: Entry) -> Result<(), TreeError> {
        path::check(at)?;
        if self.dirs.contains(at) {
            return Err(TreeError::Conflict(at.to_owned()));
        }
        if let Some(folder) = path::parent(at) {
            self.insert_dirs(folder)?;
        }
        if let Some(old) = self.files.remove(at) {
            self.bytes -= old.size;
        }
        self.check_size(at, entry.size)?;
        self.check_count()?;
        self.bytes += entry.size;
        self.files.insert(at.into(), entry);
        Ok(())
    }

    /// The tree whose files lie in `root`, at their paths.
    #[must_use]
    pub fn finish(self, root: Dir) -> Tree {
        self.with_content(Content::Disk(root))
    }

    pub(crate) fn with_content(self, content: Content) -> Tree {
        Tree::new(Base {
            files: self.files,
            dirs: self.dirs,
            content,
        })
    }

    fn insert_dirs(&mut self, folder: &str) -> Result<(), TreeError> {
        let missing: Vec<&str> = std::iter::successors(Some(folder), |at| path::parent(at))
            .take_while(|at| !self.dirs.contains(*at))
            .collect();
        // All or nothing: a folder that leads to a conflict must not stay behind in the listing.
        if let Some(file) = missing.iter().find(|at| self.files.contains_key(**at)) {
            return Err(TreeError::Conflict((*file).to_owned()));
        }
        for at in missing {
            self.check_count()?;
            self.dirs.insert(at.into());
        }
        Ok(())
    }

    fn check_count(&self) -> Result<(), TreeError> {
        let limit = self.limits.entries;
        if self.files.len() + self.dirs.len() >= limit {
            return Err(TreeError::TooManyEntries { limit });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Digest;

    fn entry(size: u64) -> Entry {
        Entry {
            executable: false,
            size,
            digest: Digest::of(b""),
        }
    }

    #[test]
    fn limits_are_named_in_the_error() {
        // parity: SEC-SRC-11
        let mut builder = TreeBuilder::new(Limits {
            entries: 3,
            file_bytes: 10,
            total_bytes: 15,
        });
        assert!(matches!(
            builder.file("big", entry(11)),
            Err(TreeError::TooLarge {
                size: 11,
                limit: 10,
                ..
            })
        ));
        builder.file("a/b", entry(10)).expect("fits");
        assert!(matches!(
            builder.file("c", entry(6)),
            Err(TreeError::TotalTooLarge { limit: 15 })
        ));
        builder.file("c", entry(5)).expect("fits");
        assert!(matches!(
            builder.file("d", entry(0)),
            Err(TreeError::TooManyEntries { limit: 3 })
        ));
        assert!(matches!(
            builder.dir("e"),
            Err(TreeError::TooManyEntries { limit: 3 })
        ));
    }

    #[test]
    fn last_duplicate_wins_and_a_file_is_no_folder() {
        // parity: SEC-SRC-14
        let mut builder = TreeBuilder::new(Limits::default());
        builder.file("a", entry(1)).expect("new");
        builder.file("a", entry(2)).expect("again");
        builder.file("A", entry(3)).expect("differs in case");
        assert_eq!(builder.bytes, 5);
        assert!(
            matches!(builder.file("a/b", entry(1)), Err(TreeError::Conflict(path)) if path == "a")
        );
        builder.dir("x/y").expect("new");
        assert!(matches!(
            builder.file("x", entry(1)),
            Err(TreeError::Conflict(_))
        ));
    }
}
