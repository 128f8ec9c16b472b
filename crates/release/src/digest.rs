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
    Blake3,
}

impl Algorithm {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
            Self::Blake3 => "blake3",
        }
    }

    /// Algorithm and digest, with a colon between.
    #[must_use]
    pub fn digest(self, data: &[u8]) -> String {
        let hex = match self {
            Self::Sha256 => hex::encode(Sha256::digest(data)),
            Self::Sha384 => hex::encode(Sha384::digest(data)),
            Self::Sha512 => hex::encode(Sha512::digest(data)),
            Self::Blake3 => blake3::hash(data).to_string(),
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
        [Self::Sha256, Self::Sha384, Self::Sha512, Self::Blake3]
            .into_iter()
            .find(|algorithm| algorithm.as_str() == name)
            .ok_or_else(|| UnknownAlgorithm(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_their_algorithm() {
        // parity: HR-HIST-003
        for (name, digest) in [
            (
                "sha256",
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ),
            (
                "sha384",
                "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b",
            ),
            (
                "blake3",
                "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
            ),
        ] {
            let algorithm: Algorithm = name.parse().unwrap();
            assert_eq!(algorithm.digest(b""), format!("{name}:{digest}"));
            assert!(Algorithm::verifies(&algorithm.digest(b"x"), b"x"));
        }
        let error = "md5".parse::<Algorithm>().unwrap_err();
        assert_eq!(error.to_string(), "unsupported digest algorithm: md5");
    }
}
