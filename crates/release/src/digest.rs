//! Digests as they stand in a status: `sha256:…`.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// What `--snapshot-digest-algo` chooses from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Algorithm {
    #[default]
    Sha256,
    Sha384,
    Sha512,
}

impl Algorithm {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// Algorithm and digest, with a colon between.
    #[must_use]
    pub fn digest(self, data: &[u8]) -> String {
        let hex = match self {
            Self::Sha256 => hex::encode(Sha256::digest(data)),
            Self::Sha384 => hex::encode(Sha384::digest(data)),
            Self::Sha512 => hex::encode(Sha512::digest(data)),
        };
        format!("{self}:{hex}")
    }

    /// Does a digest, of whichever algorithm, fit the data? One of an algorithm that is not known does not.
    #[must_use]
    pub fn verifies(digest: &str, data: &[u8]) -> bool {
        digest
            .split_once(':')
            .and_then(|(name, _)| name.parse::<Self>().ok())
            .is_some_and(|algorithm| algorithm.digest(data) == digest)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// The name belongs to no algorithm that there is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unsupported digest algorithm: {0}")]
pub struct UnknownAlgorithm(pub String);

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        [Self::Sha256, Self::Sha384, Self::Sha512]
            .into_iter()
            .find(|algorithm| algorithm.as_str() == name)
            .ok_or_else(|| UnknownAlgorithm(name.to_owned()))
    }
}
