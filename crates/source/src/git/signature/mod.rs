//! Signatures of commits and tags: who signed, by the public keys that a Secret holds.

mod pgp;
mod ssh;

use std::time::SystemTime;

/// A commit or tag with its signature apart from what was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    pub payload: Vec<u8>,
    /// None where it is not signed.
    pub signature: Option<String>,
}

/// Keys that may have signed.
#[derive(Debug, Clone, Default)]
pub struct PublicKeys {
    rings: Vec<String>,
    authorized: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    #[error("unsupported signature type: {0}")]
    Kind(&'static str),
    #[error(
        "PGP signature detected but no PGP public keys found in secret (keys with .asc suffix)"
    )]
    NoRings,
    #[error(
        "SSH signature detected but no SSH public keys found in secret (keys with .sshpub suffix)"
    )]
    NoAuthorized,
    #[error("unable to read armored key ring: {0}")]
    Ring(String),
    #[error("the signature is malformed")]
    Malformed,
    #[error("the signature uses {0}, which is not accepted")]
    Weak(String),
    #[error("unable to verify payload with any of the given {0}")]
    NoneFits(&'static str),
}

impl PublicKeys {
    /// Entries that end in `.sshpub` are lines of `authorized_keys`; all others are OpenPGP key rings, whatever they are called.
    pub fn from_secret<'a>(entries: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        let mut keys = Self::default();
        for (name, value) in entries {
            let text = String::from_utf8_lossy(value).into_owned();
            if name.ends_with(".sshpub") {
                keys.authorized.push(text);
            } else {
                keys.rings.push(text);
            }
        }
        keys
    }
}

impl Signed {
    /// A tag as git stores it: its text ends with the signature.
    #[must_use]
    pub fn of_tag(content: &[u8]) -> Self {
        let text = String::from_utf8_lossy(content);
        let marks = [
            "PGP SIGNATURE",
            "PGP MESSAGE",
            "SSH SIGNATURE",
            "SIGNED MESSAGE",
        ];
        let start = marks
            .iter()
            .filter_map(|mark| text.rfind(&format!("\n-----BEGIN {mark}-----")))
            .max()
            // A lossy text has other offsets; whoever signs writes UTF-8.
            .filter(|_| text.len() == content.len());
        match start {
            Some(at) => Self {
                payload: content[..=at].to_vec(),
                signature: Some(text[at + 1..].to_owned()),
            },
            None => Self {
                payload: content.to_vec(),
                signature: None,
            },
        }
    }

    /// The key that signed: the id of an OpenPGP key, or the fingerprint of an SSH key.
    ///
    /// # Errors
    /// When it is not signed, or not by one of the keys.
    pub fn verify(&self, keys: &PublicKeys, now: SystemTime) -> Result<String, SignatureError> {
        let signature = self.signature.as_deref().unwrap_or_default().trim();
        match kind(signature) {
            Kind::Pgp if keys.rings.is_empty() => Err(SignatureError::NoRings),
            Kind::Pgp => pgp::verify(signature, &self.payload, &keys.rings, now),
            Kind::Ssh if keys.authorized.is_empty() => Err(SignatureError::NoAuthorized),
            Kind::Ssh => ssh::verify(signature, &self.payload, &keys.authorized),
            Kind::Other(kind) => Err(SignatureError::Kind(kind)),
        }
    }
}

enum Kind {
    Pgp,
    Ssh,
    Other(&'static str),
}

fn kind(signature: &str) -> Kind {
    let begins = |mark: &str| signature.starts_with(&format!("-----BEGIN {mark}-----"));
    if begins("PGP SIGNATURE") || begins("PGP MESSAGE") {
        Kind::Pgp
    } else if begins("SSH SIGNATURE") {
        Kind::Ssh
    } else if begins("CERTIFICATE") || begins("SIGNED MESSAGE") {
        Kind::Other("x509")
    } else if signature.is_empty() {
        Kind::Other("empty")
    } else {
        Kind::Other("unknown")
    }
}
