//! What a build may read: a tree of files in which links are already resolved.

use std::collections::BTreeMap;

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    File,
    Folder,
}

/// Why a file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    #[error("no such file or directory")]
    NotFound,
    #[error("file is larger than the limit")]
    TooLarge,
    #[error("{0}")]
    Other(String),
}

/// A read-only tree of files. Paths are relative, separated by `/`, without `.` and `..`; the empty path is the root.
pub trait Files {
    /// What is at the path, if anything.
    fn entry(&self, path: &str) -> Option<Entry>;
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError>;
    /// All files below a folder, as full paths, sorted by bytes.
    fn files(&self, under: &str) -> Vec<String>;
}

/// Files in memory, for tests and for trees that are made up.
impl Files for BTreeMap<String, Vec<u8>> {
    fn entry(&self, path: &str) -> Option<Entry> {
        if path.is_empty() {
            return Some(Entry::Folder);
        }
        if self.contains_key(path) {
            return Some(Entry::File);
        }
        let folder = format!("{path}/");
        self.range(folder.clone()..)
            .next()
            .filter(|(name, _)| name.starts_with(&folder))
            .map(|_| Entry::Folder)
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        self.get(path).cloned().ok_or(ReadError::NotFound)
    }

    fn files(&self, under: &str) -> Vec<String> {
        self.keys()
            .filter(|path| crate::path::is_in(path, under))
            .cloned()
            .collect()
    }
}
