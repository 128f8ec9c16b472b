//! SSH signatures (`ssh-keygen -Y sign -n git`), of Ed25519, RSA and ECDSA keys.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD},
};
use ring::{
    digest,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
        RSA_PKCS1_2048_8192_SHA512, RsaPublicKeyComponents, UnparsedPublicKey,
        VerificationAlgorithm,
    },
};

use super::SignatureError;

const MAGIC: &[u8] = b"SSHSIG";
const NAMESPACE: &[u8] = b"git";

pub(super) fn verify(
    signature: &str,
    payload: &[u8],
    authorized: &[String],
) -> Result<String, SignatureError> {
    let packed: String = signature
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    let bytes = STANDARD
        .decode(packed)
        .map_err(|_| SignatureError::Malformed)?;
    let parts = Parts::read(&bytes).ok_or(SignatureError::Malformed)?;
    let known = authorized
        .iter()
        .flat_map(|text| text.lines())
        .filter_map(key_of)
        .any(|key| key == parts.key);
    if !known {
        return Err(SignatureError::NoneFits("authorized keys"));
    }
    let hash = match parts.hash {
        b"sha256" => &digest::SHA256,
        b"sha512" => &digest::SHA512,
        other => {
            return Err(SignatureError::Weak(
                String::from_utf8_lossy(other).into_owned(),
            ));
        }
    };
    let mut signed = MAGIC.to_vec();
    for part in [
        NAMESPACE,
        b"",
        parts.hash,
        digest::digest(hash, payload).as_ref(),
    ] {
        signed.extend(u32::try_from(part.len()).unwrap_or(0).to_be_bytes());
        signed.extend(part);
    }
    check(parts.key, parts.signature, &signed)
        .filter(|valid| *valid)
        .ok_or(SignatureError::NoneFits("authorized keys"))?;
    let print = digest::digest(&digest::SHA256, parts.key);
    Ok(format!("SHA256:{}", STANDARD_NO_PAD.encode(print)))
}

/// The key of a line of `authorized_keys`: the blob behind its type, which options may precede.
fn key_of(line: &str) -> Option<Vec<u8>> {
    let mut words = line.split_whitespace();
    words.find(|word| word.starts_with("ssh-") || word.starts_with("ecdsa-"))?;
    STANDARD.decode(words.next()?).ok()
}

struct Parts<'a> {
    key: &'a [u8],
    hash: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Parts<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(MAGIC)?;
        let mut reader = Reader(rest.strip_prefix(&1u32.to_be_bytes())?);
        let (key, namespace, _reserved) = (reader.next()?, reader.next()?, reader.next()?);
        let (hash, signature) = (reader.next()?, reader.next()?);
        (namespace == NAMESPACE && reader.0.is_empty()).then_some(Self {
            key,
            hash,
            signature,
        })
    }
}

/// Strings with their length before them.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (found, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(found)
    }
}

/// None for keys that are not of these kinds.
fn check(key: &[u8], signature: &[u8], signed: &[u8]) -> Option<bool> {
    let (mut key, mut signature) = (Reader(key), Reader(signature));
    let (kind, algorithm, value) = (key.next()?, signature.next()?, signature.next()?);
    let plain = |algorithm: &'static dyn VerificationAlgorithm, key: &[u8], value: &[u8]| {
        UnparsedPublicKey::new(algorithm, key)
            .verify(signed, value)
            .is_ok()
    };
    Some(match (kind, algorithm) {
        (b"ssh-ed25519", b"ssh-ed25519") => plain(&ED25519, key.next()?, value),
        (b"ssh-rsa", b"rsa-sha2-256" | b"rsa-sha2-512") => {
            let (e, n) = (unsigned(key.next()?), unsigned(key.next()?));
            let hash = if algorithm.ends_with(b"256") {
                &RSA_PKCS1_2048_8192_SHA256
            } else {
                &RSA_PKCS1_2048_8192_SHA512
            };
            RsaPublicKeyComponents { n, e }
                .verify(hash, signed, value)
                .is_ok()
        }
        (b"ecdsa-sha2-nistp256", b"ecdsa-sha2-nistp256") => {
            let (_curve, point) = (key.next()?, key.next()?);
            plain(&ECDSA_P256_SHA256_FIXED, point, &fixed(value, 32)?)
        }
        (b"ecdsa-sha2-nistp384", b"ecdsa-sha2-nistp384") => {
            let (_curve, point) = (key.next()?, key.next()?);
            plain(&ECDSA_P384_SHA384_FIXED, point, &fixed(value, 48)?)
        }
        _ => return None,
    })
}

fn unsigned(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

/// Both numbers of an ECDSA signature, each in a fixed number of bytes.
fn fixed(value: &[u8], size: usize) -> Option<Vec<u8>> {
    let mut reader = Reader(value);
    let mut out = Vec::with_capacity(2 * size);
    for _ in 0..2 {
        let number = unsigned(reader.next()?);
        out.extend(std::iter::repeat_n(0, size.checked_sub(number.len())?));
        out.extend(number);
    }
    Some(out)
}
