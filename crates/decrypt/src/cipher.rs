//! One encrypted value: `ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]`.

use aes_gcm::{
    AeadInPlace, AesGcm, KeyInit, Nonce, Tag,
    aead::consts::{U12, U16, U32},
    aes::Aes256,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use crate::value::Value;

const START: &str = "ENC[AES256_GCM,data:";

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CipherError {
    #[error("the data key has {0} bytes instead of 32")]
    KeyLength(usize),
    #[error("is not an encrypted value of SOPS")]
    Shape,
    #[error("has a part that is not base64")]
    Base64,
    #[error("has an initialisation vector of {0} bytes, which SOPS does not write")]
    IvLength(usize),
    #[error("was changed, moved from another place, or encrypted with another data key")]
    Authentication,
    #[error("does not hold what its type '{0}' says")]
    Type(String),
    #[error("is encrypted as a comment")]
    Comment,
}

/// What decryption of a value or a comment gave.
pub(crate) enum Plain {
    Value(Value),
    Comment(String),
}

/// Decrypts a value at a place in the tree; the place is part of what is authenticated.
pub(crate) fn decrypt(text: &str, key: &[u8; 32], place: &str) -> Result<Plain, CipherError> {
    if text.is_empty() {
        return Ok(Plain::Value(Value::text("")));
    }
    let parts = parse(text)?;
    let mut data = Zeroizing::new(base64(parts.data)?);
    let (iv, tag) = (base64(parts.iv)?, base64(parts.tag)?);
    if tag.len() != 16 {
        return Err(CipherError::Authentication);
    }
    let tag = Tag::from_slice(&tag);
    let place = place.as_bytes();
    // SOPS writes vectors of 32 bytes; others have written the sizes that are usual elsewhere.
    match iv.len() {
        32 => AesGcm::<Aes256, U32>::new(key.into()).decrypt_in_place_detached(
            Nonce::from_slice(&iv),
            place,
            &mut data,
            tag,
        ),
        16 => AesGcm::<Aes256, U16>::new(key.into()).decrypt_in_place_detached(
            Nonce::from_slice(&iv),
            place,
            &mut data,
            tag,
        ),
        12 => AesGcm::<Aes256, U12>::new(key.into()).decrypt_in_place_detached(
            Nonce::from_slice(&iv),
            place,
            &mut data,
            tag,
        ),
        other => return Err(CipherError::IvLength(other)),
    }
    .map_err(|_| CipherError::Authentication)?;
    typed(data, parts.kind)
}

struct Parts<'a> {
    data: &'a str,
    iv: &'a str,
    tag: &'a str,
    kind: &'a str,
}

fn parse(text: &str) -> Result<Parts<'_>, CipherError> {
    let inside = || {
        let rest = text.strip_prefix(START)?;
        let rest = &rest[..rest.rfind(']')?];
        let (rest, kind) = rest.rsplit_once(",type:")?;
        let (rest, tag) = rest.rsplit_once(",tag:")?;
        let (data, iv) = rest.rsplit_once(",iv:")?;
        let whole = [data, iv, tag, kind].iter().all(|part| !part.is_empty());
        whole.then_some(Parts {
            data,
            iv,
            tag,
            kind,
        })
    };
    inside().ok_or(CipherError::Shape)
}

fn base64(text: &str) -> Result<Vec<u8>, CipherError> {
    STANDARD.decode(text).map_err(|_| CipherError::Base64)
}

fn typed(data: Zeroizing<Vec<u8>>, kind: &str) -> Result<Plain, CipherError> {
    let wrong = || CipherError::Type(kind.to_owned());
    let text = || std::str::from_utf8(&data).map_err(|_| wrong());
    let value = match kind {
        "str" | "bytes" => Value::Text(data),
        "int" => Value::Int(text()?.parse().map_err(|_| wrong())?),
        "float" => Value::Float(float(text()?).ok_or_else(wrong)?),
        "bool" => match text()? {
            "1" | "t" | "T" | "TRUE" | "true" | "True" => Value::Bool(true),
            "0" | "f" | "F" | "FALSE" | "false" | "False" => Value::Bool(false),
            _ => return Err(wrong()),
        },
        "time" => Value::Time(text()?.to_owned()),
        "comment" => return Ok(Plain::Comment(String::from_utf8_lossy(&data).into_owned())),
        _ => return Err(wrong()),
    };
    Ok(Plain::Value(value))
}

fn float(text: &str) -> Option<f64> {
    match text {
        "+Inf" => Some(f64::INFINITY),
        "-Inf" => Some(f64::NEG_INFINITY),
        _ => text.parse().ok(),
    }
}
