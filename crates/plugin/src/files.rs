//! Files to render from, as a trait: the host's tree in the sandbox, a map in tests.

use std::collections::BTreeMap;

use crate::{AccessError, Failure, Kind, Location, Manifest, Output, Tree, path};

/// Why a file could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {}", reason(.error))]
pub struct ReadError {
    pub path: String,
    pub error: AccessError,
}

fn reason(error: &AccessError) -> &'static str {
    match error {
        AccessError::NotFound => "no such file",
        AccessError::IsFolder => "is a folder, not a file",
        AccessError::InvalidPath => "is not a path inside the source",
        AccessError::TooLarge => "is too large to be read",
    }
}

/// A read-only tree of files. Paths follow the conventions of `wit/source.wit`; [`path::join`] makes such paths.
///
/// Each call that reaches the host is part of what the output depends on.
pub trait Files {
    /// All files below a folder, at any depth, as full paths, sorted.
    fn files(&self, under: &str) -> Result<Vec<String>, ReadError>;

    /// What is at a path, if anything. A path that is not clean has nothing.
    fn kind(&self, path: &str) -> Option<Kind>;

    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError>;

    /// Reads a file that has to be UTF-8.
    fn read_text(&self, path: &str) -> Result<String, Failure> {
        String::from_utf8(self.read(path)?)
            .map_err(|_| Failure::invalid(format!("{path}: is not UTF-8 text")))
    }

    fn is_file(&self, path: &str) -> bool {
        self.kind(path) == Some(Kind::File)
    }

    fn is_folder(&self, path: &str) -> bool {
        self.kind(path) == Some(Kind::Folder)
    }
}

/// The host's tree. Paths that are not clean are refused here, before they reach the host, which would end the render.
impl Files for Tree {
    fn files(&self, under: &str) -> Result<Vec<String>, ReadError> {
        check(under)?;
        Self::files(self, under).map_err(|error| ReadError {
            path: under.to_owned(),
            error,
        })
    }

    fn kind(&self, path: &str) -> Option<Kind> {
        check(path).ok()?;
        Self::kind(self, path).ok().flatten()
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        check(path)?;
        Self::read(self, path).map_err(|error| ReadError {
            path: path.to_owned(),
            error,
        })
    }
}

fn check(path: &str) -> Result<(), ReadError> {
    if path::is_clean(path) {
        Ok(())
    } else {
        Err(ReadError {
            path: path.to_owned(),
            error: AccessError::InvalidPath,
        })
    }
}

/// Files in memory: for tests, and for trees that a renderer makes up, such as an unpacked archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryFiles(BTreeMap<String, Vec<u8>>);

impl MemoryFiles {
    pub fn insert(&mut self, path: impl Into<String>, content: impl Into<Vec<u8>>) {
        self.0.insert(path.into(), content.into());
    }
}

impl<P: Into<String>, C: Into<Vec<u8>>> FromIterator<(P, C)> for MemoryFiles {
    fn from_iter<I: IntoIterator<Item = (P, C)>>(files: I) -> Self {
        Self(
            files
                .into_iter()
                .map(|(path, content)| (path.into(), content.into()))
                .collect(),
        )
    }
}

impl<P: Into<String>, C: Into<Vec<u8>>, const N: usize> From<[(P, C); N]> for MemoryFiles {
    fn from(files: [(P, C); N]) -> Self {
        files.into_iter().collect()
    }
}

impl MemoryFiles {
    /// The files below a folder. `web` has `web/a`, and not `web-2/a`.
    fn below(&self, folder: &str) -> impl Iterator<Item = &String> {
        let prefix = if folder.is_empty() {
            String::new()
        } else {
            format!("{folder}/")
        };
        self.0
            .range(prefix.clone()..)
            .map(|(path, _)| path)
            .take_while(move |path| path.starts_with(&prefix))
    }
}

impl Files for MemoryFiles {
    fn files(&self, under: &str) -> Result<Vec<String>, ReadError> {
        check(under)?;
        Ok(self.below(under).cloned().collect())
    }

    fn kind(&self, path: &str) -> Option<Kind> {
        check(path).ok()?;
        if self.0.contains_key(path) {
            Some(Kind::File)
        } else if path.is_empty() || self.below(path).next().is_some() {
            Some(Kind::Folder)
        } else {
            None
        }
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        check(path)?;
        self.0.get(path).cloned().ok_or_else(|| ReadError {
            path: path.to_owned(),
            error: if self.is_folder(path) {
                AccessError::IsFolder
            } else {
                AccessError::NotFound
            },
        })
    }
}

impl Failure {
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(message.into())
    }

    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::Unavailable(message.into())
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        Self::Invalid(error.to_string())
    }
}

impl Location {
    /// A file as a whole.
    pub fn file(path: impl Into<String>) -> Self {
        Self::line(path, 0)
    }

    /// A line of a file, counted from 1.
    pub fn line(path: impl Into<String>, line: u32) -> Self {
        Self {
            path: path.into(),
            line,
            column: 0,
        }
    }
}

impl Manifest {
    pub fn new(origin: Location, json: impl Into<String>) -> Self {
        Self {
            origin,
            json: json.into(),
            text: None,
        }
    }
}

impl Output {
    pub fn empty() -> Self {
        Self {
            definitions: Vec::new(),
            manifests: Vec::new(),
            notes: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_files_answer_as_the_host_does() {
        let files = MemoryFiles::from([("web/a", "1"), ("web-2/b", "2"), ("web/c/d", "3")]);
        assert_eq!(files.files("web").unwrap(), ["web/a", "web/c/d"]);
        assert_eq!(files.files("").unwrap().len(), 3);
        assert_eq!(files.files("nothing").unwrap(), [""; 0]);
        assert_eq!(files.kind("web"), Some(Kind::Folder));
        assert_eq!(files.kind("web/a"), Some(Kind::File));
        assert_eq!(files.kind("we"), None);
        assert_eq!(files.kind(""), Some(Kind::Folder));
        assert_eq!(files.read("web/c/d").unwrap(), b"3");
        assert_eq!(
            files.read("web").unwrap_err().to_string(),
            "web: is a folder, not a file"
        );
        assert_eq!(files.read("x").unwrap_err().to_string(), "x: no such file");
        assert_eq!(
            files.read("web/../x").unwrap_err().error,
            AccessError::InvalidPath
        );
    }

    #[test]
    fn text_has_to_be_utf8() {
        let files = MemoryFiles::from([("latin", vec![0xe4])]);
        assert_eq!(
            files.read_text("latin").unwrap_err(),
            Failure::invalid("latin: is not UTF-8 text")
        );
    }
}
