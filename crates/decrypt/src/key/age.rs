//! age: identities from the key Secret, in this process; no plugin is ever run.

use std::io::Read as _;

use age::{DecryptError, Decryptor, Identity, armor::ArmoredReader, ssh, x25519};
use zeroize::Zeroizing;

use super::{KeyError, age_hybrid::HybridIdentity};

/// What is encrypted is a data key or a share of one.
const MAX_PLAIN: u64 = 4096;

pub(crate) type Identities = Vec<Box<dyn Identity + Send + Sync>>;

/// Reads a file of identities: one a line, or one SSH key.
pub(crate) fn parse(bytes: &[u8]) -> Result<Identities, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    if text.trim_start().starts_with("-----BEGIN") {
        return Ok(vec![ssh_identity(text)?]);
    }
    text.lines()
        .enumerate()
        .map(|(at, line)| (at + 1, line.trim_end()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(at, line)| identity(line).map_err(|cause| format!("line {at} {cause}")))
        .collect()
}

fn identity(line: &str) -> Result<Box<dyn Identity + Send + Sync>, &'static str> {
    if line.starts_with("AGE-SECRET-KEY-PQ-1") {
        return HybridIdentity::parse(line)
            .map(|identity| Box::new(identity) as _)
            .ok_or("is not a valid post-quantum identity");
    }
    if line.starts_with("AGE-SECRET-KEY-1") {
        return line
            .parse::<x25519::Identity>()
            .map(|identity| Box::new(identity) as _)
            .map_err(|_| "is not a valid X25519 identity");
    }
    if line.starts_with("AGE-PLUGIN-") {
        return Err("is the identity of a plugin, and plugins are not run");
    }
    Err("is no identity of age")
}

fn ssh_identity(text: &str) -> Result<Box<dyn Identity + Send + Sync>, String> {
    let failed = |cause: &str| Err(cause.to_owned());
    match ssh::Identity::from_buffer(text.as_bytes(), None) {
        Ok(identity @ ssh::Identity::Unencrypted(_)) => Ok(Box::new(identity)),
        Ok(ssh::Identity::Encrypted(_)) => failed("the SSH key is protected by a passphrase"),
        Ok(ssh::Identity::Unsupported(_)) => {
            failed("the SSH key is of a kind that age does not use")
        }
        Err(_) => failed("it is not an SSH key"),
    }
}

pub(crate) fn decrypt(
    encrypted: &str,
    identities: &[&(dyn Identity + Send + Sync)],
) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    if identities.is_empty() {
        return Err(KeyError::NotGiven("age identity"));
    }
    let malformed = |error: &dyn std::fmt::Display| KeyError::Malformed(error.to_string());
    // The one line break that armor ends with, however the file's format treated it.
    let armored = encrypted.trim().to_owned() + "\n";
    let decryptor = Decryptor::new(ArmoredReader::new(armored.as_bytes()))
        .map_err(|error| malformed(&error))?;
    let reader = decryptor
        .decrypt(identities.iter().map(|identity| *identity as &dyn Identity))
        .map_err(|error| match error {
            DecryptError::NoMatchingKeys => KeyError::NoneFits("age identities"),
            other => malformed(&other),
        })?;
    let mut plain = Zeroizing::new(Vec::new());
    reader
        .take(MAX_PLAIN)
        .read_to_end(&mut plain)
        .map_err(|error| malformed(&error))?;
    Ok(plain)
}
