//! Hides what SOPS encrypted: a build does not decrypt, and nobody needs the ciphers in its output.

use anyhow::{Context, Result};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value, json};

const MASK: &str = "**SOPS**";
const DOCKER: &str = "kubernetes.io/dockerconfigjson";

/// Masks the values of a Secret that are encrypted, as Flux's command does.
pub(super) fn secret(object: &mut Value) -> Result<()> {
    let Some(fields) = object.as_object_mut() else {
        return Ok(());
    };
    if fields.get("kind").and_then(Value::as_str) != Some("Secret") {
        return Ok(());
    }
    let encrypted = fields.get("sops").is_some_and(|sops| {
        let mac = sops.get("mac").and_then(Value::as_str);
        mac.is_some_and(|mac| mac.starts_with("ENC["))
    });
    if encrypted {
        fields.remove("sops");
        let is_docker = fields.get("type").and_then(Value::as_str) == Some(DOCKER);
        let mask = if is_docker {
            json!({ "mask": MASK }).to_string()
        } else {
            MASK.to_owned()
        };
        for (field, mask) in [
            ("data", BASE64_STANDARD.encode(&mask)),
            ("stringData", mask.clone()),
        ] {
            for value in values(fields, field) {
                *value = Value::String(mask.clone());
            }
        }
        return Ok(());
    }
    // A whole file that is encrypted can be the value of a key.
    let is_encrypted = |text: &str| text.contains("sops") && text.contains("ENC[");
    for value in values(fields, "data") {
        let text = value.as_str().unwrap_or_default();
        let decoded = BASE64_STANDARD
            .decode(text.split_whitespace().collect::<String>())
            .context("failed to mask the data of a Secret")?;
        if is_encrypted(&String::from_utf8_lossy(&decoded)) {
            *value = Value::String(BASE64_STANDARD.encode(MASK));
        }
    }
    for value in values(fields, "stringData") {
        if value.as_str().is_some_and(is_encrypted) {
            *value = Value::String(BASE64_STANDARD.encode(MASK));
        }
    }
    Ok(())
}

fn values<'a>(
    fields: &'a mut Map<String, Value>,
    name: &str,
) -> impl Iterator<Item = &'a mut Value> {
    fields
        .get_mut(name)
        .and_then(Value::as_object_mut)
        .into_iter()
        .flat_map(Map::values_mut)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(mut object: Value) -> Value {
        secret(&mut object).unwrap();
        object
    }

    #[test]
    fn encrypted_values_are_hidden() {
        let object = json!({ "kind": "Secret", "data": { "a": "ENC[x]" }, "stringData": { "b": "ENC[y]" }, "sops": { "mac": "ENC[z]" } });
        let mask = BASE64_STANDARD.encode(MASK);
        assert_eq!(
            masked(object),
            json!({ "kind": "Secret", "data": { "a": mask }, "stringData": { "b": MASK } })
        );
        let file = BASE64_STANDARD.encode(r#"{"a": "ENC[x]", "sops": {}}"#);
        let object = json!({ "kind": "Secret", "data": { "f": file, "g": "eA==" } });
        assert_eq!(
            masked(object),
            json!({ "kind": "Secret", "data": { "f": mask, "g": "eA==" } })
        );
    }

    #[test]
    fn other_objects_are_left_alone() {
        let object =
            json!({ "kind": "ConfigMap", "data": { "a": "ENC[x]" }, "sops": { "mac": "ENC[z]" } });
        assert_eq!(masked(object.clone()), object);
    }
}
