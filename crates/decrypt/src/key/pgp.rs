//! OpenPGP: secret keys from the key Secret, in this process; GnuPG is not needed.

use std::io::Read as _;

use pgp::{
    composed::{Deserializable as _, Message, SignedSecretKey},
    types::Password,
};
use zeroize::Zeroizing;

use super::KeyError;

/// What is encrypted is a data key or a share of one.
const MAX_PLAIN: u64 = 4096;

/// Reads armored secret keys. Keys behind a passphrase are refused here: there is nobody to ask.
pub(crate) fn parse(bytes: &[u8]) -> Result<Vec<SignedSecretKey>, String> {
    let mut keys = Vec::new();
    for block in blocks(bytes) {
        let (found, _) =
            SignedSecretKey::from_armor_many(block).map_err(|error| error.to_string())?;
        for key in found {
            keys.push(key.map_err(|error| error.to_string())?);
        }
    }
    if keys.is_empty() {
        return Err("it has no OpenPGP secret key in armor".to_owned());
    }
    if keys.iter().any(|key| key.secret_params().is_encrypted()) {
        return Err("the OpenPGP key is protected by a passphrase".to_owned());
    }
    Ok(keys)
}

/// Files may hold several exports, one behind the other.
fn blocks(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    const BEGIN: &[u8] = b"-----BEGIN PGP PRIVATE KEY BLOCK-----";
    let starts: Vec<usize> = memchr::memmem::find_iter(bytes, BEGIN).collect();
    let ends: Vec<usize> = starts
        .iter()
        .skip(1)
        .copied()
        .chain([bytes.len()])
        .collect();
    starts
        .into_iter()
        .zip(ends)
        .map(|(start, end)| &bytes[start..end])
}

pub(crate) fn decrypt(
    encrypted: &str,
    keys: &[&SignedSecretKey],
) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    if keys.is_empty() {
        return Err(KeyError::NotGiven("OpenPGP key"));
    }
    let malformed = |error: &dyn std::fmt::Display| KeyError::Malformed(error.to_string());
    let password = Password::empty();
    let message = |armored: &str| {
        Message::from_armor(std::io::Cursor::new(armored.as_bytes().to_vec()))
            .map(|(message, _)| message)
            .map_err(|error| malformed(&error))
    };
    message(encrypted)?;
    for key in keys {
        // A failed attempt eats the message.
        let Ok(mut plain) = message(encrypted)?.decrypt(&password, key) else {
            continue;
        };
        while plain.is_compressed() {
            plain = plain.decompress().map_err(|error| malformed(&error))?;
        }
        let mut out = Zeroizing::new(Vec::new());
        plain
            .take(MAX_PLAIN)
            .read_to_end(&mut out)
            .map_err(|error| malformed(&error))?;
        return Ok(out);
    }
    Err(KeyError::NoneFits("OpenPGP keys"))
}
