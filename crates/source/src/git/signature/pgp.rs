//! OpenPGP.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pgp::{
    composed::{Deserializable as _, DetachedSignature, SignedPublicKey, SignedPublicSubKey},
    crypto::hash::HashAlgorithm,
    packet::Signature,
    types::KeyDetails as _,
};

use super::SignatureError;

pub(super) fn verify(
    signature: &str,
    payload: &[u8],
    rings: &[String],
    now: SystemTime,
) -> Result<String, SignatureError> {
    let (signature, _) = DetachedSignature::from_armor_single(signature.as_bytes())
        .map_err(|_| SignatureError::Malformed)?;
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    acceptable(&signature.signature, now)?;
    let mut unreadable = None;
    let mut read = 0;
    for ring in rings {
        let keys = match SignedPublicKey::from_armor_many(ring.as_bytes()) {
            Ok((keys, _)) => keys,
            Err(error) => {
                unreadable.get_or_insert(SignatureError::Ring(error.to_string()));
                continue;
            }
        };
        for key in keys.flatten() {
            read += 1;
            if signed_by(&signature, payload, &key, now) {
                return Ok(key.legacy_key_id().to_string().to_uppercase());
            }
        }
    }
    match unreadable {
        Some(error) if read == 0 => Err(error),
        _ => Err(SignatureError::NoneFits("key rings")),
    }
}

/// Hashes that can be forged prove nothing, and neither do signatures whose time is over.
fn acceptable(signature: &Signature, now: Duration) -> Result<(), SignatureError> {
    match signature.hash_alg() {
        Some(
            HashAlgorithm::Sha256
            | HashAlgorithm::Sha384
            | HashAlgorithm::Sha512
            | HashAlgorithm::Sha224
            | HashAlgorithm::Sha3_256
            | HashAlgorithm::Sha3_512,
        ) => {}
        Some(other) => return Err(SignatureError::Weak(other.to_string())),
        None => return Err(SignatureError::Malformed),
    }
    let created = signature.created().map(|time| u64::from(time.as_secs()));
    let lasts = signature
        .signature_expiration_time()
        .map(|time| u64::from(time.as_secs()));
    match (created, lasts) {
        (Some(created), Some(lasts)) if lasts > 0 && created + lasts < now.as_secs() => {
            Err(SignatureError::Weak("an expired signature".to_owned()))
        }
        _ => Ok(()),
    }
}

fn signed_by(
    signature: &DetachedSignature,
    payload: &[u8],
    key: &SignedPublicKey,
    now: Duration,
) -> bool {
    if key.verify_bindings().is_err() || !key.details.revocation_signatures.is_empty() {
        return false;
    }
    let of_users = key.details.users.iter().flat_map(|user| &user.signatures);
    let own = key.details.direct_signatures.iter().chain(of_users);
    if is_expired(key.primary_key.created_at().as_secs(), own, now) {
        return false;
    }
    signature.verify(&key.primary_key, payload).is_ok()
        || key
            .public_subkeys
            .iter()
            .filter(|subkey| may_sign(subkey, now))
            .any(|subkey| signature.verify(&subkey.key, payload).is_ok())
}

fn may_sign(subkey: &SignedPublicSubKey, now: Duration) -> bool {
    let revoked = subkey
        .signatures
        .iter()
        .any(|binding| binding.typ() == Some(pgp::packet::SignatureType::SubkeyRevocation));
    let signs = subkey
        .signatures
        .iter()
        .any(|binding| binding.key_flags().sign());
    signs
        && !revoked
        && !is_expired(
            subkey.key.created_at().as_secs(),
            subkey.signatures.iter(),
            now,
        )
}

/// The latest word of its owner counts.
fn is_expired<'a>(
    created: u32,
    signatures: impl Iterator<Item = &'a Signature>,
    now: Duration,
) -> bool {
    signatures
        .max_by_key(|signature| signature.created().map(|time| time.as_secs()))
        .and_then(|signature| signature.key_expiration_time())
        .map(|lasts| lasts.as_secs())
        .is_some_and(|lasts| lasts > 0 && u64::from(created) + u64::from(lasts) < now.as_secs())
}
