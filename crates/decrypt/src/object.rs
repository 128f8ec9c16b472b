//! Objects that came out of a build: encrypted as a whole, or Secrets with encrypted files in their data.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value as Json;

use crate::{Error, FileError, Format, Integrity, decrypt_file, keys::Keys};

const OPT_OUT: &str = "kustomize.toolkit.fluxcd.io/decrypt";

/// The object without what SOPS did to it. None if there was nothing to do.
///
/// A build has put labels, names and namespaces into objects since they were encrypted, and has reordered them: their integrity
/// codes cannot fit. Those of files in the data of Secrets can, and are checked as asked for.
pub fn decrypt_object(
    object: &Json,
    keys: &Keys,
    integrity: Integrity,
) -> Result<Option<Json>, Error> {
    if is_opted_out(object) {
        return Ok(None);
    }
    if has_metadata(object) {
        return whole(object, keys)
            .map(Some)
            .map_err(|source| Error::Object {
                kind: text(object, "/kind").to_owned(),
                namespace: text(object, "/metadata/namespace").to_owned(),
                name: text(object, "/metadata/name").to_owned(),
                source: Box::new(source),
            });
    }
    if text(object, "/kind") == "Secret" {
        return secret(object, keys, integrity);
    }
    Ok(None)
}

/// Whether a Secret would be applied with its encrypted values.
#[must_use]
pub fn is_encrypted_secret(object: &Json) -> bool {
    text(object, "/kind") == "Secret"
        && text(object, "/apiVersion") == "v1"
        && object.get("sops").is_some()
}

/// Whether the object asks to be left alone.
#[must_use]
pub fn is_opted_out(object: &Json) -> bool {
    object
        .pointer("/metadata/annotations")
        .and_then(|annotations| annotations.get(OPT_OUT)?.as_str())
        .is_some_and(|value| value.eq_ignore_ascii_case("disabled"))
}

fn has_metadata(object: &Json) -> bool {
    object
        .pointer("/sops/mac")
        .and_then(Json::as_str)
        .is_some_and(|mac| !mac.is_empty())
}

fn whole(object: &Json, keys: &Keys) -> Result<Json, FileError> {
    let failed = |error: serde_json::Error| FileError::Read {
        format: Format::Json,
        cause: error.to_string(),
    };
    let encrypted = serde_json::to_vec(object).map_err(failed)?;
    let plain = decrypt_file(
        &encrypted,
        Format::Json,
        Format::Json,
        keys,
        Integrity::Ignore,
    )?;
    serde_json::from_slice(&plain).map_err(failed)
}

fn secret(object: &Json, keys: &Keys, integrity: Integrity) -> Result<Option<Json>, Error> {
    let Some(data) = object.get("data").and_then(Json::as_object) else {
        return Ok(None);
    };
    let mut changed = None;
    for (field, value) in data {
        // What is not base64 is reported when it is applied.
        let Some(bytes) = value.as_str().and_then(|text| STANDARD.decode(text).ok()) else {
            continue;
        };
        let Some(format) = Format::detect(&bytes) else {
            continue;
        };
        let plain = decrypt_file(&bytes, format, Format::of_path(field), keys, integrity).map_err(
            |source| Error::SecretField {
                namespace: text(object, "/metadata/namespace").to_owned(),
                name: text(object, "/metadata/name").to_owned(),
                field: field.clone(),
                source: Box::new(source),
            },
        )?;
        let object = changed.get_or_insert_with(|| object.clone());
        object["data"][field] = STANDARD.encode(plain).into();
    }
    Ok(changed)
}

fn text<'a>(object: &'a Json, path: &str) -> &'a str {
    object
        .pointer(path)
        .and_then(Json::as_str)
        .unwrap_or_default()
}
