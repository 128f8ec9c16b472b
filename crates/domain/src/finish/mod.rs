//! What happens to every renderer's output before it is planned: lists taken apart, owner labels, normalisation, common metadata, and
//! the refusal of what must not reach a cluster.

mod certificate;
mod normalise;
mod typed;

use rosin_api::names::{DECRYPT_KEY, OWNER_NAME, OWNER_NAMESPACE};
use rosin_api::{Kustomization, Reason};
use serde_json::Value;

use crate::identity::ObjectId;
use crate::object::{Object, object_at};

/// An object must not be applied as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FinishError {
    #[error(
        "{0} is SOPS encrypted, configuring decryption is required for this secret to be reconciled"
    )]
    Encrypted(ObjectId),
}

impl FinishError {
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Encrypted(_) => Reason::ReconciliationFailed,
        }
    }
}

/// The objects in a rendered document: the items of a list, however deep, and nothing where there is no object for a cluster.
pub fn flatten(document: Value) -> Vec<Value> {
    let mut objects = Vec::new();
    let mut open = vec![document];
    while let Some(value) = open.pop() {
        match value {
            Value::Null => {}
            Value::Object(mut map) if is_list(&map) => {
                if let Some(Value::Array(items)) = map.remove("items") {
                    open.extend(items.into_iter().rev());
                }
            }
            Value::Object(map) if is_kustomize_file(&map) => {}
            value => objects.push(value),
        }
    }
    objects
}

fn is_list(map: &serde_json::Map<String, Value>) -> bool {
    let kind = map.get("kind").and_then(Value::as_str).unwrap_or_default();
    kind.ends_with("List") && map.get("items").is_some_and(Value::is_array)
}

fn is_kustomize_file(map: &serde_json::Map<String, Value>) -> bool {
    let text = |key: &str| map.get(key).and_then(Value::as_str).unwrap_or_default();
    text("kind").eq_ignore_ascii_case("kustomization")
        && text("apiVersion").starts_with("kustomize.config.k8s.io/")
}

/// Fields that were dropped because the object's kind does not have them. Displays as a warning for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownFields {
    pub object: ObjectId,
    pub fields: Vec<String>,
}

impl std::fmt::Display for UnknownFields {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}: unknown fields were ignored: {}",
            self.object,
            self.fields.join(", ")
        )
    }
}

/// Makes rendered objects those that are applied. Says which fields were ignored on the way.
pub fn finish(
    owner: &Kustomization,
    objects: &mut [Object],
) -> Result<Vec<UnknownFields>, FinishError> {
    for object in objects.iter() {
        if is_encrypted(object) {
            return Err(FinishError::Encrypted(object.id()));
        }
    }
    let mut unknown = Vec::new();
    for object in objects {
        let labels = object_at(object.metadata_mut(), "labels");
        labels.insert(OWNER_NAME.to_owned(), owner.name().into());
        labels.insert(OWNER_NAMESPACE.to_owned(), owner.namespace().into());
        let fields = normalise::normalise(object);
        if !fields.is_empty() {
            unknown.push(UnknownFields {
                object: object.id(),
                fields,
            });
        }
        if let Some(common) = &owner.spec.common_metadata {
            for (field, entries) in [
                ("labels", &common.labels),
                ("annotations", &common.annotations),
            ] {
                if !entries.is_empty() {
                    let entries = entries
                        .iter()
                        .map(|(key, value)| (key.clone(), Value::from(value.as_str())));
                    object_at(object.metadata_mut(), field).extend(entries);
                }
            }
        }
    }
    Ok(unknown)
}

/// Whether this is a Secret that SOPS encrypted, and nobody said that it should be applied so.
fn is_encrypted(object: &Object) -> bool {
    let secret = object.kind().eq_ignore_ascii_case("secret") && object.api_version() == "v1";
    let sops = object
        .get("sops")
        .is_some_and(|sops| sops.get("mac").is_some());
    let wanted = object
        .annotation(DECRYPT_KEY)
        .is_some_and(|value| value.eq_ignore_ascii_case("disabled"));
    secret && sops && !wanted
}

#[cfg(test)]
mod tests;
