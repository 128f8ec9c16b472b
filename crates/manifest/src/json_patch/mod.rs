//! RFC 6902 patches as kustomize applies them (evanphx/json-patch v4), with its liberties: `replace` creates fields that are not there,
//! indexes may count from the end, numbers are compared by their text.

mod decode;
mod pointer;

use serde_json::Value;

use crate::node::{JsonError, Node};
pub use decode::Patch;
use decode::{Field, Operation};
use pointer::Place;

/// The errors say what the original says.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum PatchError {
    #[error("{0}")]
    Decode(String),
    #[error("{0}")]
    Apply(String),
    #[error(transparent)]
    Json(#[from] JsonError),
}

fn failed<T>(message: String) -> Result<T, PatchError> {
    Err(PatchError::Apply(message))
}

const MISSING: &str = "missing value";

impl Patch {
    /// The object with the patch applied. Its numbers have gone through 64-bit floats, as in the original.
    pub fn apply(&self, object: &Node) -> Result<Node, PatchError> {
        let patched = self.apply_to_value(object.to_json()?)?;
        match patched {
            Value::Object(_) => Ok(Node::from_go_json(&patched)),
            _ => failed(
                "json: cannot unmarshal array into Go value of type map[string]interface {}"
                    .to_owned(),
            ),
        }
    }

    /// The places that are copied, moved or compared.
    pub fn looks_at(&self) -> impl Iterator<Item = &str> {
        self.operations.iter().filter_map(|operation| {
            let place = match operation.kind.as_str() {
                "move" | "copy" => &operation.from,
                "test" => &operation.path,
                _ => return None,
            };
            place.as_deref().ok()
        })
    }

    /// The places that are written or removed.
    pub fn writes(&self) -> impl Iterator<Item = &str> {
        self.operations.iter().flat_map(|operation| {
            let places = match operation.kind.as_str() {
                "move" => [Some(&operation.from), Some(&operation.path)],
                "test" => [None, None],
                _ => [Some(&operation.path), None],
            };
            places
                .into_iter()
                .flatten()
                .filter_map(|place| place.as_deref().ok())
        })
    }

    pub fn apply_to_value(&self, mut document: Value) -> Result<Value, PatchError> {
        for operation in &self.operations {
            match operation.kind.as_str() {
                "add" => add(&mut document, operation)?,
                "remove" => remove(&mut document, operation)?,
                "replace" => replace(&mut document, operation)?,
                "move" => r#move(&mut document, operation)?,
                "copy" => copy(&mut document, operation)?,
                "test" => test(&document, operation)?,
                other => return failed(format!("Unexpected kind: {other}")),
            }
        }
        Ok(document)
    }
}

/// The field's text, or the error with what was attempted in front.
fn text<'a>(field: &'a Field, attempt: &str) -> Result<&'a str, PatchError> {
    field
        .as_ref()
        .map(String::as_str)
        .map_err(|cause| PatchError::Apply(format!("{attempt}: {cause}")))
}

/// As `text`, where the original forgets the cause.
fn text_or_missing<'a>(field: &'a Field, attempt: &str) -> Result<&'a str, PatchError> {
    field
        .as_ref()
        .map(String::as_str)
        .map_err(|_| PatchError::Apply(format!("{attempt}: {MISSING}")))
}

fn add(document: &mut Value, operation: &Operation) -> Result<(), PatchError> {
    let path = text_or_missing(&operation.path, "add operation failed to decode path")?;
    let Some(mut place) = Place::find(document, path) else {
        return failed(format!(
            "add operation does not apply: doc is missing path: \"{path}\": {MISSING}"
        ));
    };
    let value = operation.value.clone().unwrap_or_default();
    place
        .add(value)
        .or_else(|cause| failed(format!("error in add for path: '{path}': {cause}")))
}

fn remove(document: &mut Value, operation: &Operation) -> Result<(), PatchError> {
    let path = text_or_missing(&operation.path, "remove operation failed to decode path")?;
    let Some(mut place) = Place::find(document, path) else {
        return failed(format!(
            "remove operation does not apply: doc is missing path: \"{path}\": {MISSING}"
        ));
    };
    place
        .remove()
        .map(drop)
        .or_else(|cause| failed(format!("error in remove for path: '{path}': {cause}")))
}

fn replace(document: &mut Value, operation: &Operation) -> Result<(), PatchError> {
    let path = text(&operation.path, "replace operation failed to decode path")?;
    let value = operation.value.clone().unwrap_or_default();
    if path.is_empty() {
        if !value.is_object() && !value.is_array() {
            return failed(
                "replace operation value must be object or array: %!w(<nil>)".to_owned(),
            );
        }
        *document = value;
        return Ok(());
    }
    let Some(mut place) = Place::find(document, path) else {
        return failed(format!(
            "replace operation does not apply: doc is missing path: {path}: {MISSING}"
        ));
    };
    if place.get().is_err() {
        return failed(format!(
            "replace operation does not apply: doc is missing key: {path}: {MISSING}"
        ));
    }
    place
        .set(value)
        .or_else(|cause| failed(format!("error in remove for path: '{path}': {cause}")))
}

fn r#move(document: &mut Value, operation: &Operation) -> Result<(), PatchError> {
    let from = text(&operation.from, "move operation failed to decode from")?;
    let Some(mut place) = Place::find(document, from) else {
        return failed(format!(
            "move operation does not apply: doc is missing from path: {from}: {MISSING}"
        ));
    };
    let key = place.key.clone();
    let found = place.get().map(drop);
    let value = found.and_then(|()| place.remove());
    let value =
        value.or_else(|cause| failed(format!("error in move for path: '{key}': {cause}")))?;
    let path = text(&operation.path, "move operation failed to decode path")?;
    let Some(mut place) = Place::find(document, path) else {
        return failed(format!(
            "move operation does not apply: doc is missing destination path: {path}: {MISSING}"
        ));
    };
    place
        .add(value)
        .or_else(|cause| failed(format!("error in move for path: '{path}': {cause}")))
}

fn copy(document: &mut Value, operation: &Operation) -> Result<(), PatchError> {
    let from = text(&operation.from, "copy operation failed to decode from")?;
    let Some(place) = Place::find(document, from) else {
        return failed(format!(
            "copy operation does not apply: doc is missing from path: {from}: {MISSING}"
        ));
    };
    let value = place.get().map(|value| value.cloned().unwrap_or_default());
    let value =
        value.or_else(|cause| failed(format!("error in copy for from: '{from}': {cause}")))?;
    let path = text_or_missing(&operation.path, "copy operation failed to decode path")?;
    let Some(mut place) = Place::find(document, path) else {
        return failed(format!(
            "copy operation does not apply: doc is missing destination path: {path}: {MISSING}"
        ));
    };
    place
        .add(value)
        .or_else(|cause| failed(format!("error while adding value during copy: {cause}")))
}

fn test(document: &Value, operation: &Operation) -> Result<(), PatchError> {
    let path = text(&operation.path, "test operation failed to decode path")?;
    let wanted = operation.value.as_ref().unwrap_or(&Value::Null);
    let found = if path.is_empty() {
        document
    } else {
        let Some((container, key)) = pointer::find(document, path) else {
            return failed(format!(
                "test operation does not apply: is missing path: {path}: {MISSING}"
            ));
        };
        let value = pointer::get(container, &key);
        value
            .or_else(|cause| failed(format!("error in test for path: '{path}': {cause}")))?
            .unwrap_or(&Value::Null)
    };
    if found == wanted {
        return Ok(());
    }
    failed(format!("testing value {path} failed: test failed"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patched(document: Value, patch: &str) -> Result<Value, String> {
        Patch::parse(patch.as_bytes())
            .and_then(|patch| patch.apply_to_value(document))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn operations_of_the_standard() {
        let document = json!({"a": {"b": [1, 2, 3]}, "c/d": "x"});
        let patch = r#"
          - {op: test, path: /c~1d, value: x}
          - {op: add, path: /a/b/1, value: new}
          - {op: add, path: /a/b/-, value: last}
          - {op: remove, path: /a/b/0}
          - {op: move, from: /c~1d, path: /a/moved}
          - {op: copy, from: /a/b, path: /copy}
          - {op: replace, path: /a/b/-1, value: {deep: true}}
        "#;
        let wanted = json!({"a": {"b": ["new", 2, 3, {"deep": true}], "moved": "x"}, "copy": ["new", 2, 3, "last"]});
        assert_eq!(patched(document, patch).unwrap(), wanted);
    }

    #[test]
    fn errors_name_the_path_as_the_original_does() {
        let rows = [
            (
                r#"[{"op": "remove", "path": "/x"}]"#,
                "error in remove for path: '/x': Unable to remove nonexistent key: x: missing value",
            ),
            (
                r#"[{"op": "add", "path": "/x/y", "value": 1}]"#,
                "add operation does not apply: doc is missing path: \"/x/y\": missing value",
            ),
            (
                r#"[{"op": "add", "path": "/l/9", "value": 1}]"#,
                "error in add for path: '/l/9': Unable to access invalid index: 9: invalid index referenced",
            ),
            (
                r#"[{"op": "add", "path": "/l/z", "value": 1}]"#,
                "error in add for path: '/l/z': value was not a proper array index: 'z': strconv.Atoi: parsing \"z\": invalid syntax",
            ),
            (
                r#"[{"op": "replace", "path": "/l/9", "value": 1}]"#,
                "replace operation does not apply: doc is missing key: /l/9: missing value",
            ),
            (
                r#"[{"op": "test", "path": "/l", "value": 1}]"#,
                "testing value /l failed: test failed",
            ),
            (r#"[{"op": "spin", "path": "/l"}]"#, "Unexpected kind: spin"),
            (r#"[{"path": "/l"}]"#, "Unexpected kind: unknown"),
            (
                r#"[{"op": "add"}]"#,
                "add operation failed to decode path: missing value",
            ),
            (
                r#"{"op": "add"}"#,
                "json: cannot unmarshal object into Go value of type jsonpatch.Patch",
            ),
        ];
        for (patch, wanted) in rows {
            assert_eq!(
                patched(json!({"l": [0]}), patch).unwrap_err(),
                wanted,
                "{patch}"
            );
        }
    }

    #[test]
    fn replace_creates_what_is_missing() {
        assert_eq!(
            patched(
                json!({}),
                r#"[{"op": "replace", "path": "/a", "value": 1}]"#
            )
            .unwrap(),
            json!({"a": 1})
        );
    }
}
