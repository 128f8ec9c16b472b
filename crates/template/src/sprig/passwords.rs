//! Passwords: hashes for storage, Master Password's derivation, and AES.

use sha2::{Digest, Sha256};

use super::args::{any, text};
use super::certificates::crypto;
use crate::ambient::ScryptCost;
use crate::base64;
use crate::crypto::aes;
use crate::error::CallError;
use crate::exec::Env;
use crate::func::{Functions, Param};
use crate::value::{Value, lossy};

/// Go's default.
const BCRYPT_COST: u32 = 10;
/// What a slow hash costs of a rendering's steps.
const HASH_STEPS: u64 = 100_000;
const SEED: &[u8] = b"com.lyndir.masterpassword";
const COST: ScryptCost = ScryptCost {
    log_cost: 15,
    blocks: 8,
    lanes: 2,
};

/// Master Password's shapes of passwords: each letter stands for a class of characters.
const SHAPES: &[(&str, &[&str])] = &[
    ("maximum", &["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"]),
    (
        "long",
        &[
            "CvcvnoCvcvCvcv",
            "CvcvCvcvnoCvcv",
            "CvcvCvcvCvcvno",
            "CvccnoCvcvCvcv",
            "CvccCvcvnoCvcv",
            "CvccCvcvCvcvno",
            "CvcvnoCvccCvcv",
            "CvcvCvccnoCvcv",
            "CvcvCvccCvcvno",
            "CvcvnoCvcvCvcc",
            "CvcvCvcvnoCvcc",
            "CvcvCvcvCvccno",
            "CvccnoCvccCvcv",
            "CvccCvccnoCvcv",
            "CvccCvccCvcvno",
            "CvcvnoCvccCvcc",
            "CvcvCvccnoCvcc",
            "CvcvCvccCvccno",
            "CvccnoCvcvCvcc",
            "CvccCvcvnoCvcc",
            "CvccCvcvCvccno",
        ],
    ),
    ("medium", &["CvcnoCvc", "CvcCvcno"]),
    ("short", &["Cvcn"]),
    ("basic", &["aaanaaan", "aannaaan", "aaannaaa"]),
    ("pin", &["nnnn"]),
];

const CLASSES: &[(u8, &[u8])] = &[
    (b'V', b"AEIOU"),
    (b'C', b"BCDFGHJKLMNPQRSTVWXYZ"),
    (b'v', b"aeiou"),
    (b'c', b"bcdfghjklmnpqrstvwxyz"),
    (b'A', b"AEIOUBCDFGHJKLMNPQRSTVWXYZ"),
    (
        b'a',
        b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
    ),
    (b'n', b"0123456789"),
    (b'o', b"@&%?,=[]_:-+*$#!'^~;()/."),
    (
        b'x',
        b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
    ),
];

pub(super) fn register(functions: &mut Functions) {
    use Param::{String as Text, Uint32};
    let mut add = |name, params, body| functions.add(name, params, body);
    add("bcrypt", &[Text], |env, a| {
        Ok(Value::from(bcrypt(env, text(a, 0))?))
    });
    add("htpasswd", &[Text, Text], |env, a| {
        let user = lossy(text(a, 0));
        if user.contains(':') {
            return Ok(Value::from(format!("invalid username: {user}")));
        }
        let hash = bcrypt(env, text(a, 1))?;
        Ok(Value::from(format!("{user}:{hash}")))
    });
    add("derivePassword", &[Uint32, Text, Text, Text, Text], derive);
    add("encryptAES", &[Text, Text], |env, a| {
        if text(a, 1).is_empty() {
            return Ok(Value::from(""));
        }
        let mut start = [0; aes::BLOCK];
        env.ambient.random(&mut start);
        let data = aes::encrypt(text(a, 0), start, text(a, 1));
        Ok(Value::from(base64::encode(&data)))
    });
    add("decryptAES", &[Text, Text], |_, a| {
        if text(a, 1).is_empty() {
            return Ok(Value::from(""));
        }
        let data = base64::decode(text(a, 1))?;
        Ok(Value::string(aes::decrypt(text(a, 0), &data)?))
    });
}

/// A hash, or why there is none: sprig gives the error as the result.
fn bcrypt(env: &mut Env, password: &[u8]) -> Result<String, CallError> {
    env.spend(HASH_STEPS);
    Ok(crypto(env)?
        .bcrypt(password, BCRYPT_COST)
        .unwrap_or_else(|error| format!("failed to encrypt string with bcrypt: bcrypt: {error}")))
}

fn derive(env: &mut Env, a: &[Value]) -> Result<Value, CallError> {
    let counter = match any(a, 0) {
        Value::Uint(_, counter) => *counter as u32,
        _ => 0,
    };
    let kind = lossy(text(a, 1));
    let Some((_, shapes)) = SHAPES.iter().find(|(name, _)| *name == kind) else {
        return Ok(Value::from(format!("cannot find password template {kind}")));
    };
    env.spend(HASH_STEPS);
    let (password, user, site) = (text(a, 2), text(a, 3), text(a, 4));
    let sized = |text: &[u8]| [SEED, &(text.len() as u32).to_be_bytes(), text].concat();
    let key = match crypto(env)?.scrypt(password, &sized(user), COST, 64) {
        Ok(key) => key,
        Err(error) => return Ok(Value::from(format!("failed to derive password: {error}"))),
    };
    let seed = authenticate(&key, &[&sized(site)[..], &counter.to_be_bytes()].concat());
    let shape = shapes[usize::from(seed[0]) % shapes.len()];
    let made: Vec<u8> = shape
        .bytes()
        .zip(&seed[1..])
        .filter_map(|(class, seed)| {
            let (_, characters) = CLASSES.iter().find(|(name, _)| *name == class)?;
            Some(characters[usize::from(*seed) % characters.len()])
        })
        .collect();
    Ok(Value::string(made))
}

/// HMAC with SHA-256 and a key of one block.
fn authenticate(key: &[u8], message: &[u8]) -> [u8; 32] {
    let padded = |with: u8| -> Vec<u8> {
        let mut block = [0u8; 64];
        let used = key.len().min(block.len());
        block[..used].copy_from_slice(&key[..used]);
        block.iter().map(|byte| byte ^ with).collect()
    };
    let inner = Sha256::new()
        .chain_update(padded(0x36))
        .chain_update(message)
        .finalize();
    Sha256::new()
        .chain_update(padded(0x5c))
        .chain_update(inner)
        .finalize()
        .into()
}
