//! A Kubernetes object on its way through the stages: JSON that is known to have a group, version, kind and name.

use serde_json::{Map, Value};

use crate::identity::ObjectId;
use crate::visible::visible;

/// An object with `apiVersion`, `kind` and `metadata.name`, each a non-empty string, and `metadata.namespace`, if any, a string.
#[derive(Clone, Debug, PartialEq)]
pub struct Object(Map<String, Value>);

/// A rendered document is no Kubernetes object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    #[error(
        "failed to decode Kubernetes apiVersion, kind and name from: a document that is not a mapping"
    )]
    NotAMapping,
    #[error(
        "failed to decode Kubernetes apiVersion, kind and name from: {described}: {field} is missing or not a string"
    )]
    Field {
        field: &'static str,
        described: String,
    },
    #[error("{described}: metadata.{field} must be a mapping of strings")]
    Metadata {
        field: &'static str,
        described: String,
    },
}

impl Object {
    /// Checks what every later stage relies on.
    pub fn new(value: Value) -> Result<Self, ObjectError> {
        let Value::Object(map) = value else {
            return Err(ObjectError::NotAMapping);
        };
        let described = || describe(&map);
        for field in ["apiVersion", "kind"] {
            if !is_text(map.get(field)) {
                return Err(ObjectError::Field {
                    field,
                    described: described(),
                });
            }
        }
        let metadata = map.get("metadata");
        if !is_text(metadata.and_then(|metadata| metadata.get("name"))) {
            return Err(ObjectError::Field {
                field: "metadata.name",
                described: described(),
            });
        }
        if let Some(namespace) = metadata.and_then(|metadata| metadata.get("namespace"))
            && !namespace.is_string()
            && !namespace.is_null()
        {
            return Err(ObjectError::Field {
                field: "metadata.namespace",
                described: described(),
            });
        }
        for field in ["labels", "annotations"] {
            let strings = match metadata.and_then(|metadata| metadata.get(field)) {
                None | Some(Value::Null) => true,
                Some(Value::Object(entries)) => entries.values().all(Value::is_string),
                Some(_) => false,
            };
            if !strings {
                return Err(ObjectError::Metadata {
                    field,
                    described: described(),
                });
            }
        }
        Ok(Self(map))
    }

    pub fn api_version(&self) -> &str {
        text(self.0.get("apiVersion"))
    }

    /// The API group; empty for the core group.
    pub fn group(&self) -> &str {
        split_api_version(self.api_version()).0
    }

    pub fn version(&self) -> &str {
        split_api_version(self.api_version()).1
    }

    pub fn kind(&self) -> &str {
        text(self.0.get("kind"))
    }

    pub fn name(&self) -> &str {
        text(self.metadata().get("name"))
    }

    /// The namespace; empty where there is none.
    pub fn namespace(&self) -> &str {
        text(self.metadata().get("namespace"))
    }

    pub fn id(&self) -> ObjectId {
        ObjectId {
            namespace: self.namespace().to_owned(),
            name: self.name().to_owned(),
            group: self.group().to_owned(),
            kind: self.kind().to_owned(),
        }
    }

    pub fn label(&self, key: &str) -> Option<&str> {
        self.metadata().get("labels")?.get(key)?.as_str()
    }

    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.metadata().get("annotations")?.get(key)?.as_str()
    }

    pub fn get(&self, field: &str) -> Option<&Value> {
        self.0.get(field)
    }

    pub fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }

    pub fn to_value(&self) -> Value {
        Value::Object(self.0.clone())
    }

    pub fn into_value(self) -> Value {
        Value::Object(self.0)
    }

    /// For the stages of this crate, which keep what [`Object::new`] checks.
    pub(crate) fn map_mut(&mut self) -> &mut Map<String, Value> {
        &mut self.0
    }

    pub(crate) fn metadata_mut(&mut self) -> &mut Map<String, Value> {
        object_at(&mut self.0, "metadata")
    }

    fn metadata(&self) -> &Map<String, Value> {
        static EMPTY: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
        self.0
            .get("metadata")
            .and_then(Value::as_object)
            .unwrap_or(&EMPTY)
    }
}

/// Group and version of an `apiVersion`; the core group is empty.
pub fn split_api_version(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}

/// The mapping under a key; whatever else is there gives way to an empty one.
pub(crate) fn object_at<'a>(
    map: &'a mut Map<String, Value>,
    key: &str,
) -> &'a mut Map<String, Value> {
    let value = map.entry(key).or_insert_with(|| Value::Object(Map::new()));
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(map) => map,
        _ => unreachable!("made a mapping above"),
    }
}

fn is_text(value: Option<&Value>) -> bool {
    value
        .and_then(Value::as_str)
        .is_some_and(|text| !text.is_empty())
}

fn text(value: Option<&Value>) -> &str {
    value.and_then(Value::as_str).unwrap_or_default()
}

/// What can be said of a broken object without showing its content.
fn describe(map: &Map<String, Value>) -> String {
    let part = |value: Option<&Value>| match value {
        Some(Value::String(text)) if !text.is_empty() => visible(text).into_owned(),
        _ => "?".to_owned(),
    };
    let name = map
        .get("metadata")
        .and_then(|metadata| metadata.get("name"));
    format!(
        "{}/{}/{}",
        part(map.get("apiVersion")),
        part(map.get("kind")),
        part(name)
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_no_object_is_refused_with_what_is_known_of_it() {
        // parity: KS-BUILD-006
        for (value, expected) in [
            (json!([]), "a document that is not a mapping"),
            (
                json!({ "kind": "ConfigMap", "metadata": { "name": "a" } }),
                "?/ConfigMap/a: apiVersion is missing",
            ),
            (
                json!({ "apiVersion": "v1", "metadata": { "name": "a" } }),
                "v1/?/a: kind is missing",
            ),
            (
                json!({ "apiVersion": "v1", "kind": "ConfigMap" }),
                "v1/ConfigMap/?: metadata.name is missing",
            ),
            (
                json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": 5 } }),
                "metadata.name is missing or not a string",
            ),
            (
                json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a", "labels": { "a": 1 } } }),
                "v1/ConfigMap/a: metadata.labels must be a mapping of strings",
            ),
        ] {
            let error = Object::new(value).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
