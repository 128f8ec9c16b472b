//! The digest of an artifact: `<algorithm>:<hex>` of the archive's bytes, in the algorithms that Flux can be set to.

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// What an archive's bytes must hash to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ArtifactDigest {
    algorithm: Algorithm,
    hex: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Algorithm {
    Sha256,
    Sha384,
    Sha512,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a digest of a known algorithm (sha256, sha384, sha512)")]
pub struct InvalidDigest(String);

impl ArtifactDigest {
    #[must_use]
    pub fn hex(&self) -> &str {
        &self.hex
    }

    pub(crate) fn hasher(&self) -> Hasher {
        match self.algorithm {
            Algorithm::Sha256 => Hasher::Sha256(Sha256::new()),
            Algorithm::Sha384 => Hasher::Sha384(Sha384::new()),
            Algorithm::Sha512 => Hasher::Sha512(Sha512::new()),
        }
    }
}

impl fmt::Display for ArtifactDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let algorithm = match self.algorithm {
            Algorithm::Sha256 => "sha256",
            Algorithm::Sha384 => "sha384",
            Algorithm::Sha512 => "sha512",
        };
        write!(f, "{algorithm}:{}", self.hex)
    }
}

impl FromStr for ArtifactDigest {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        let invalid = || InvalidDigest(text.chars().take(200).collect());
        let (algorithm, digits) = text.split_once(':').ok_or_else(invalid)?;
        let (algorithm, length) = match algorithm {
            "sha256" => (Algorithm::Sha256, 64),
            "sha384" => (Algorithm::Sha384, 96),
            "sha512" => (Algorithm::Sha512, 128),
            _ => return Err(invalid()),
        };
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if digits.len() != length || !digits.bytes().all(is_hex) {
            return Err(invalid());
        }
        Ok(Self {
            algorithm,
            hex: digits.to_owned(),
        })
    }
}

/// Hashes what is written to it.
pub(crate) enum Hasher {
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Sha512),
}

impl Hasher {
    pub(crate) fn sha256() -> Self {
        Self::Sha256(Sha256::new())
    }

    pub(crate) fn finish(self) -> ArtifactDigest {
        let (algorithm, hex) = match self {
            Self::Sha256(hash) => (Algorithm::Sha256, hex::encode(hash.finalize())),
            Self::Sha384(hash) => (Algorithm::Sha384, hex::encode(hash.finalize())),
            Self::Sha512(hash) => (Algorithm::Sha512, hex::encode(hash.finalize())),
        };
        ArtifactDigest { algorithm, hex }
    }
}

impl Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Sha256(hash) => hash.update(bytes),
            Self::Sha384(hash) => hash.update(bytes),
            Self::Sha512(hash) => hash.update(bytes),
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_algorithms_and_malformed_digests_are_refused() {
        // parity: SEC-SRC-15
        let good = format!("sha512:{}", "0f".repeat(64));
        assert_eq!(
            good.parse::<ArtifactDigest>().expect("valid").to_string(),
            good
        );
        for bad in [
            "",
            "sha256",
            "md5:00",
            "sha256:00",
            &format!("sha256:{}", "0F".repeat(32)),
            &format!("sha256:{}", "../".repeat(21) + "a"),
        ] {
            assert!(bad.parse::<ArtifactDigest>().is_err(), "{bad}");
        }
    }
}
