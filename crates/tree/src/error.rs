//! What can go wrong with a tree. Paths are those inside the source, quoted and escaped, since a hostile source names
//! its files as it likes; the folder on the host that holds them never appears.

use std::io;

#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    #[error("{0:?} does not exist in the source")]
    NotFound(String),
    #[error("{path:?} is not a path inside the source: {reason}")]
    InvalidPath { path: String, reason: &'static str },
    #[error("{path:?} has {size} bytes, more than the limit of {limit}")]
    TooLarge { path: String, size: u64, limit: u64 },
    #[error("the source has more than {limit} files and folders")]
    TooManyEntries { limit: usize },
    #[error("the files of the source have more than {limit} bytes together")]
    TotalTooLarge { limit: u64 },
    #[error("{0:?} is both a file and a folder")]
    Conflict(String),
    /// The copy on disk is not what was listed: damaged or tampered with. The artifact store fetches it again.
    #[error("the stored content of {0:?} has changed")]
    Damaged(String),
    #[error("reading {path:?} failed")]
    Io {
        path: String,
        #[source]
        source: io::Error,
    },
}

impl TreeError {
    pub fn io(path: &str, source: io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            source,
        }
    }
}
