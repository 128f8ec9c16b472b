//! What can go wrong with a repository, in the words of Flux's conditions where it has any.

use std::time::Duration;

use rosin_tree::TreeError;

use super::InvalidUrl;
use crate::artifact::{StoreError, WriteError};
use crate::http::ConnectError;
use crate::semver::ConstraintError;

#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// The server has no commit at all, and a branch was asked for.
    #[error("git repository is empty")]
    Empty,
    #[error("unable to clone: remote repository is empty: git repository: '{0}'")]
    EmptyRemote(String),
    #[error("unable to clone '{url}'")]
    Clone {
        url: String,
        #[source]
        cause: RemoteError,
    },
    #[error("unable to list remote for '{url}'")]
    List {
        url: String,
        #[source]
        cause: RemoteError,
    },
    #[error("unable to resolve ref '{0}' to a specific commit")]
    UnknownName(String),
    #[error("ref {0} is invalid; Git refs cannot begin or end with a slash '/'")]
    InvalidName(String),
    #[error("semver parse error")]
    SemVer(#[from] ConstraintError),
    #[error("no match found for semver: {0}")]
    NoMatch(String),
    #[error("unable to resolve commit object for '{0}': object not found")]
    UnknownCommit(String),
    #[error("'{0}' does not lead to a commit")]
    NotACommit(String),
    #[error(
        "failed to sparse checkout directories : sparse checkout dir '{0}' does not exist in repository: no such file or directory"
    )]
    Sparse(String),
    #[error("failed to copy '{name}' include from {from} to {to}: {reason}")]
    Include {
        name: String,
        from: String,
        to: String,
        reason: &'static str,
    },
    #[error("unable to fetch submodule '{path}'")]
    Submodule {
        path: String,
        #[source]
        cause: Box<Self>,
    },
    #[error("there are more than {0} submodules, or they are in each other without end")]
    TooManySubmodules(usize),
    #[error("its address is invalid")]
    SubmoduleAddress(#[from] InvalidUrl),
    #[error("the repository holds {path:?}, which no checkout may contain: {reason}")]
    Hostile { path: String, reason: &'static str },
    #[error("reading the files of the revision failed")]
    Tree(#[from] TreeError),
    #[error("writing the files of the revision failed")]
    Write(#[from] WriteError),
    #[error("storing the artifact failed")]
    Store(#[from] StoreError),
    #[error("reading the fetched objects failed")]
    Objects(#[source] LibraryError),
    #[error("the local copy of the repository cannot be used")]
    Cache(#[source] std::io::Error),
    #[error(transparent)]
    Connect(#[from] ConnectError),
}

impl GitError {
    /// Flux gives this a reason of its own, `EmptyGitRepository`, and no prefix.
    #[must_use]
    pub fn is_empty_repository(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// The message stands without the prefix of a failed checkout.
    #[must_use]
    pub fn is_sparse(&self) -> bool {
        matches!(self, Self::Sparse(_))
    }

    #[must_use]
    pub fn is_include(&self) -> bool {
        matches!(self, Self::Include { .. })
    }
}

/// What libgit2 says, without the folders that it works in: tenants read it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct LibraryError(String);

impl From<&git2::Error> for LibraryError {
    fn from(error: &git2::Error) -> Self {
        Self(without_paths(&printable(error.message().as_bytes())))
    }
}

/// libgit2 quotes the paths of its files.
fn without_paths(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(start) = rest.find("'/") {
        let after = &rest[start + 1..];
        let Some(end) = after.find('\'') else {
            break;
        };
        out.push_str(&rest[..start]);
        out.push_str("its file");
        rest = &after[end + 1..];
    }
    if let Some(start) = rest.find("'/") {
        rest = &rest[..start];
    }
    out + rest
}

/// What the server, or the way to it, had against us.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RemoteError {
    #[error("authentication required: {0}")]
    AuthenticationRequired(String),
    #[error("authorization failed: {0}")]
    AuthorizationFailed(String),
    #[error("repository not found: {0}")]
    RepositoryNotFound(String),
    #[error("remote repository is empty")]
    Empty,
    #[error("couldn't find remote ref {0:?}")]
    UnknownReference(String),
    #[error("unexpected client error: unexpected requesting {url:?} status code: {status}")]
    Status { url: String, status: u16 },
    #[error(
        "the server redirects to {0}, where the credentials must not be sent: use that address in the URL"
    )]
    RedirectWithCredentials(String),
    #[error("the server redirects from https to http")]
    RedirectToPlain,
    #[error("the server redirects too often or to a malformed address")]
    Redirect,
    #[error("the server's answer is not that of a git server: {0}")]
    Protocol(&'static str),
    #[error("the server sent more than the limit of {0} bytes")]
    TooLarge(u64),
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    #[error("cancelled")]
    Cancelled,
    #[error("{0}")]
    Http(String),
    #[error("{0}")]
    Transfer(String),
}

impl GitError {
    pub(super) fn objects(error: git2::Error) -> Self {
        Self::Objects(LibraryError::from(&error))
    }
}

impl From<&git2::Error> for RemoteError {
    fn from(error: &git2::Error) -> Self {
        Self::Transfer(LibraryError::from(error).0)
    }
}

/// Text from a server, fit for a message: short, without control characters but line breaks.
pub(super) fn printable(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(&text[..text.len().min(1024)]);
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() && !matches!(character, '\n' | '\t') {
            out.extend(character.escape_debug());
        } else {
            out.push(character);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_ours_stay_unnamed() {
        let shown = |message: &str| LibraryError::from(&git2::Error::from_str(message)).to_string();
        assert_eq!(
            shown("cannot extend packfile '/data/git/ab/pack_1': File too large"),
            "cannot extend packfile its file: File too large"
        );
        assert_eq!(shown("cut off: '/data/git/"), "cut off: ");
        assert_eq!(shown("not found: 'main'"), "not found: 'main'");
    }

    #[test]
    fn text_of_servers_is_tamed() {
        // parity: SEC-GIT-12
        let message = printable(format!("a\x1b[2Jb\r\n{}", "x".repeat(9999)).as_bytes());
        assert!(message.starts_with("a\\u{1b}[2Jb\\r\n"), "{message}");
        assert!(message.len() < 1100 && !message.contains('\x1b'));
    }
}
