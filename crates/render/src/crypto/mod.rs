//! Keys, signatures and slow hashes for guests (`wit/crypto.wit`): pure functions of their arguments and the system's entropy.

mod primes;

use bcrypt::Version;
use crypto_bigint::BoxedUint;
use dsa::{Components, KeySize};
use ed25519_dalek::SigningKey as Ed25519Key;
use pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey, PrivateKeyInfoRef};
use rand::Rng;
use rsa::RsaPrivateKey;
use rsa::pkcs1v15::SigningKey as RsaSigner;
use rsa::signature::{SignatureEncoding, Signer};
use sha2::Sha256;

use crate::bindings::rosin::render::crypto::KeyKind;

/// Go's parsers refuse larger keys too, and each operation on a key of this size takes a second.
const MAX_RSA_BITS: u32 = 8192;
/// As in Go.
const RSA_EXPONENT: u64 = 65_537;
const MAX_KEY_BYTES: usize = 16 << 10;
const MAX_SCRYPT_MEMORY: u64 = 64 << 20;
const MAX_SCRYPT_LANES: u32 = 16;
const MAX_SCRYPT_LENGTH: u32 = 1024;
const MAX_BCRYPT_PASSWORD: usize = 72;
const BCRYPT_COSTS: std::ops::RangeInclusive<u32> = 4..=14;

/// PKCS #8 of an Ed25519 key, before its 32 bytes.
const ED25519_PREFIX: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

const OID_RSA: &str = "1.2.840.113549.1.1.1";
const OID_DSA: &str = "1.2.840.10040.4.1";
const OID_EC: &str = "1.2.840.10045.2.1";
const OID_ED25519: &str = "1.3.101.112";
const OID_P256: &str = "1.2.840.10045.3.1.7";
const OID_P384: &str = "1.3.132.0.34";
const OID_P521: &str = "1.3.132.0.35";

/// A private key that was understood.
enum Key {
    Rsa(Box<RsaPrivateKey>),
    P256(p256::SecretKey),
    P384(p384::SecretKey),
    P521(p521::SecretKey),
    Ed25519(Box<Ed25519Key>),
    Dsa(Box<dsa::SigningKey>),
}

pub(crate) fn generate_key(kind: KeyKind) -> Result<Vec<u8>, String> {
    let mut random = rand::rng();
    let failed = |error: &dyn std::fmt::Display| format!("no key could be made: {error}");
    let document = match kind {
        KeyKind::Rsa2048 => rsa_key(|| primes::random_prime::<16>(&mut random))
            .map_err(|error| failed(&error))?
            .to_pkcs8_der(),
        KeyKind::Rsa4096 => rsa_key(|| primes::random_prime::<32>(&mut random))
            .map_err(|error| failed(&error))?
            .to_pkcs8_der(),
        KeyKind::Dsa2048 => {
            let size = KeySize::DSA_2048_256;
            let components = Components::try_generate_from_rng_with_key_size(&mut random, size)
                .map_err(|error| failed(&error))?;
            dsa::SigningKey::try_generate_from_rng_with_components(&mut random, components)
                .map_err(|error| failed(&error))?
                .to_pkcs8_der()
        }
        KeyKind::EcdsaP256 => loop {
            let mut bytes = [0; 32];
            random.fill_bytes(&mut bytes);
            // All but one in four billion are below the order of the curve.
            if let Ok(key) = p256::SecretKey::from_slice(&bytes) {
                break key.to_pkcs8_der();
            }
        },
        KeyKind::Ed25519 => {
            let mut bytes = [0; 32];
            random.fill_bytes(&mut bytes);
            return Ok([&ED25519_PREFIX[..], &bytes].concat());
        }
    };
    Ok(document
        .map_err(|error| failed(&error))?
        .as_bytes()
        .to_vec())
}

/// As [`RsaPrivateKey::new`], with primes from a source that takes half the time.
fn rsa_key(mut prime: impl FnMut() -> BoxedUint) -> Result<RsaPrivateKey, rsa::Error> {
    loop {
        match RsaPrivateKey::from_p_q(prime(), prime(), BoxedUint::from(RSA_EXPONENT)) {
            // Twice the same prime, or one whose predecessor shares a factor with the exponent.
            Err(rsa::Error::InvalidPrime | rsa::Error::InvalidExponent) => {}
            result => return result,
        }
    }
}

pub(crate) fn public_key(private_key: &[u8]) -> Result<Vec<u8>, String> {
    let document = match parse(private_key)? {
        Key::Rsa(key) => key.to_public_key().to_public_key_der(),
        Key::P256(key) => key.public_key().to_public_key_der(),
        Key::P384(key) => key.public_key().to_public_key_der(),
        Key::P521(key) => key.public_key().to_public_key_der(),
        Key::Ed25519(key) => key.verifying_key().to_public_key_der(),
        Key::Dsa(key) => key.verifying_key().to_public_key_der(),
    };
    Ok(document.map_err(|error| error.to_string())?.into_vec())
}

pub(crate) fn sign(private_key: &[u8], message: &[u8]) -> Result<Vec<u8>, String> {
    fn bytes<S: SignatureEncoding>(
        signature: Result<S, rsa::signature::Error>,
    ) -> Result<Vec<u8>, String> {
        let signature = signature.map_err(|error| format!("signing failed: {error}"))?;
        Ok(signature.to_vec())
    }
    match parse(private_key)? {
        Key::Rsa(key) => bytes(RsaSigner::<Sha256>::new(*key).try_sign(message)),
        Key::P256(key) => {
            let signer = p256::ecdsa::SigningKey::from(key);
            bytes::<p256::ecdsa::DerSignature>(signer.try_sign(message))
        }
        Key::P384(key) => {
            let signer = p384::ecdsa::SigningKey::from(key);
            bytes::<p384::ecdsa::DerSignature>(signer.try_sign(message))
        }
        Key::P521(key) => {
            let signer = p521::ecdsa::SigningKey::from(key);
            bytes::<p521::ecdsa::DerSignature>(signer.try_sign(message))
        }
        Key::Ed25519(key) => bytes(key.try_sign(message)),
        Key::Dsa(_) => Err("DSA keys sign nothing".to_owned()),
    }
}

pub(crate) fn bcrypt(password: &[u8], cost: u32) -> Result<String, String> {
    if password.len() > MAX_BCRYPT_PASSWORD {
        return Err(format!(
            "password length exceeds {MAX_BCRYPT_PASSWORD} bytes"
        ));
    }
    if !BCRYPT_COSTS.contains(&cost) {
        return Err(format!(
            "cost {cost} is outside allowed range ({},{})",
            BCRYPT_COSTS.start(),
            BCRYPT_COSTS.end()
        ));
    }
    let mut salt = [0; 16];
    rand::rng().fill_bytes(&mut salt);
    let parts = bcrypt::hash_with_salt(password, cost, salt).map_err(|error| error.to_string())?;
    Ok(parts.format_for_version(Version::TwoA))
}

pub(crate) fn scrypt(
    password: &[u8],
    salt: &[u8],
    log_cost: u8,
    blocks: u32,
    lanes: u32,
    length: u32,
) -> Result<Vec<u8>, String> {
    let memory = 1u64
        .checked_shl(log_cost.into())
        .filter(|_| log_cost < 32)
        .map(|cost| cost.saturating_mul(128 * u64::from(blocks)));
    if memory.is_none_or(|memory| memory > MAX_SCRYPT_MEMORY)
        || lanes > MAX_SCRYPT_LANES
        || length > MAX_SCRYPT_LENGTH
    {
        return Err("scrypt: more than this host computes for a plugin".to_owned());
    }
    let parameters =
        scrypt::Params::new(log_cost, blocks, lanes).map_err(|error| error.to_string())?;
    let mut key = vec![0; length as usize];
    scrypt::scrypt(password, salt, &parameters, &mut key).map_err(|error| error.to_string())?;
    Ok(key)
}

fn parse(der: &[u8]) -> Result<Key, String> {
    if der.len() > MAX_KEY_BYTES {
        return Err("the key is too large".to_owned());
    }
    let info = PrivateKeyInfoRef::try_from(der).map_err(|error| error.to_string())?;
    let failed = |error: pkcs8::Error| error.to_string();
    match info.algorithm.oid.to_string().as_str() {
        OID_RSA => {
            let key = RsaPrivateKey::from_pkcs8_der(der).map_err(failed)?;
            let bits = rsa::traits::PublicKeyParts::n(&key).bits();
            if bits > MAX_RSA_BITS {
                return Err(format!("RSA keys of {bits} bits are too large"));
            }
            Ok(Key::Rsa(Box::new(key)))
        }
        OID_EC => {
            let curve = info
                .algorithm
                .parameters_oid()
                .map_err(|error| error.to_string())?;
            match curve.to_string().as_str() {
                OID_P256 => Ok(Key::P256(
                    p256::SecretKey::from_pkcs8_der(der).map_err(failed)?,
                )),
                OID_P384 => Ok(Key::P384(
                    p384::SecretKey::from_pkcs8_der(der).map_err(failed)?,
                )),
                OID_P521 => Ok(Key::P521(
                    p521::SecretKey::from_pkcs8_der(der).map_err(failed)?,
                )),
                other => Err(format!("unknown elliptic curve {other}")),
            }
        }
        OID_ED25519 => {
            let key = Ed25519Key::from_pkcs8_der(der).map_err(failed)?;
            Ok(Key::Ed25519(Box::new(key)))
        }
        OID_DSA => {
            let key = dsa::SigningKey::from_pkcs8_der(der).map_err(failed)?;
            Ok(Key::Dsa(Box::new(key)))
        }
        other => Err(format!("unknown key algorithm {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_every_kind_are_made_and_understood() {
        let kinds = [
            (KeyKind::Rsa2048, true),
            (KeyKind::EcdsaP256, true),
            (KeyKind::Ed25519, true),
        ];
        for (kind, signs) in kinds {
            let key = generate_key(kind).unwrap();
            assert_ne!(key, generate_key(kind).unwrap());
            assert!(public_key(&key).unwrap().len() > 32);
            assert_eq!(sign(&key, b"message").is_ok(), signs, "{kind:?}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let mut key = generate_key(KeyKind::EcdsaP256).unwrap();
        assert!(public_key(&key[1..]).is_err());
        assert!(sign(b"", b"message").is_err());
        // Another algorithm's number.
        key[11] ^= 1;
        assert!(public_key(&key).is_err());
    }

    #[test]
    fn hashes_are_of_the_known_forms_and_bounded() {
        let hash = bcrypt(b"secret", 4).unwrap();
        assert!(hash.starts_with("$2a$04$") && hash.len() == 60, "{hash}");
        assert!(bcrypt::verify("secret", &hash).unwrap());
        assert_ne!(hash, bcrypt(b"secret", 4).unwrap());
        assert!(bcrypt(&[b'x'; 73], 4).is_err());
        assert!(bcrypt(b"secret", 31).is_err());
        // RFC 7914, section 12.
        let key = scrypt(b"password", b"NaCl", 10, 8, 16, 64).unwrap();
        assert_eq!(key[..8], [0xfd, 0xba, 0xbe, 0x1c, 0x9d, 0x34, 0x72, 0x00]);
        for (cost, blocks, lanes, length) in [
            (20, 8, 1, 64),
            (63, 8, 1, 64),
            (4, 8, 99, 8),
            (4, 8, 1, 9999),
        ] {
            assert!(scrypt(b"", b"", cost, blocks, lanes, length).is_err());
        }
    }
}
