//! A tree of files on the disk of a test machine. Links are followed, as the corpus needs none of the controller's care.

use std::path::{Path, PathBuf};

use rosin_kustomize::{Entry, Files, ReadError};

pub struct Disk {
    root: PathBuf,
}

impl Disk {
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }
}

impl Files for Disk {
    fn entry(&self, path: &str) -> Option<Entry> {
        let metadata = self.root.join(path).metadata().ok()?;
        Some(if metadata.is_dir() {
            Entry::Folder
        } else {
            Entry::File
        })
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        std::fs::read(self.root.join(path)).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => ReadError::NotFound,
            _ => ReadError::Other(error.to_string()),
        })
    }

    fn files(&self, under: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![under.to_owned()];
        while let Some(folder) = folders.pop() {
            let Ok(entries) = self.root.join(&folder).read_dir() else {
                continue;
            };
            for name in entries
                .flatten()
                .filter_map(|entry| entry.file_name().into_string().ok())
            {
                let path = if folder.is_empty() {
                    name
                } else {
                    format!("{folder}/{name}")
                };
                match self.entry(&path) {
                    Some(Entry::Folder) => folders.push(path),
                    Some(Entry::File) => found.push(path),
                    None => {}
                }
            }
        }
        found.sort();
        found
    }
}
