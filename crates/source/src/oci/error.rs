//! What a registry answers, in the words that users of Flux know.

use std::io;

use super::LayerError;
use crate::http::ConnectError;
use crate::semver::ConstraintError;

#[derive(Debug, thiserror::Error)]
pub enum OciError {
    #[error("{method} {url}: {message}")]
    Refused {
        method: &'static str,
        url: String,
        status: u16,
        message: String,
    },
    #[error("{method} {url}")]
    Unreachable {
        method: &'static str,
        url: String,
        #[source]
        source: reqwest::Error,
    },
    #[error("{method} {url}: no answer within {seconds} seconds")]
    Timeout {
        method: &'static str,
        url: String,
        seconds: u64,
    },
    #[error("{method} {url}: the answer has more than {limit} bytes")]
    TooLarge {
        method: &'static str,
        url: String,
        limit: u64,
    },
    #[error("{url}: {reason}")]
    Answer { url: String, reason: &'static str },
    #[error("the registry asks to log in in a way that is not known: {0}")]
    Challenge(String),
    #[error("{what} has digest {actual}, not {expected}")]
    Digest {
        what: &'static str,
        expected: String,
        actual: String,
    },
    #[error("{0:?} is not a sha256 digest")]
    InvalidDigest(String),
    #[error("{0:?} is not a tag")]
    InvalidTag(String),
    #[error("semver '{range}' parse error: {error}")]
    Range {
        range: String,
        error: ConstraintError,
    },
    #[error("semver filter '{0}' is not a regular expression")]
    Filter(String),
    #[error("no match found for semver: {0}")]
    NoMatch(String),
    #[error("the repository has more than {0} tags")]
    TooManyTags(usize),
    #[error("no child with platform linux/amd64 in index")]
    Platform,
    #[error(transparent)]
    Layer(#[from] LayerError),
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error("the disk failed")]
    Io(#[from] io::Error),
}

impl OciError {
    /// The registry says that there is no such thing.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. })
    }
}
