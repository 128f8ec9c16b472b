//! Patches from JSON or YAML text.

use serde_json::Value;

use super::PatchError;
use crate::yaml::{self, Dialect};

/// A decoded patch.
#[derive(Debug, Clone, PartialEq)]
pub struct Patch {
    pub(super) operations: Vec<Operation>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Operation {
    pub(super) kind: String,
    pub(super) path: Field,
    pub(super) from: Field,
    pub(super) value: Option<Value>,
}

/// A field that has to be text, or what is wrong with it.
pub(super) type Field = Result<String, String>;

impl Patch {
    /// A text that begins with `[` is JSON, anything else is YAML.
    pub fn parse(text: &[u8]) -> Result<Self, PatchError> {
        let decoded = |error: &dyn std::fmt::Display| PatchError::Decode(error.to_string());
        let value: Value = if text.first() == Some(&b'[') {
            serde_json::from_slice(text).map_err(|error| decoded(&error))?
        } else {
            let node = yaml::read_one(text, Dialect::Sigs).map_err(|error| decoded(&error))?;
            node.to_json()?
        };
        Self::from_value(&value)
    }

    pub fn from_value(value: &Value) -> Result<Self, PatchError> {
        let wrong = |value: &Value, wanted: &str| {
            PatchError::Decode(format!(
                "json: cannot unmarshal {} into Go value of type {wanted}",
                go_kind(value)
            ))
        };
        let operations = match value {
            Value::Null => Vec::new(),
            Value::Array(items) => items
                .iter()
                .map(|item| match item {
                    Value::Object(_) | Value::Null => Ok(Operation::of(item)),
                    other => Err(wrong(other, "jsonpatch.Operation")),
                })
                .collect::<Result<_, _>>()?,
            other => return Err(wrong(other, "jsonpatch.Patch")),
        };
        Ok(Self { operations })
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.operations.len()
    }
}

impl Operation {
    fn of(item: &Value) -> Self {
        let field = |key: &str, missing: &str| match item.get(key) {
            None | Some(Value::Null) => Err(missing.to_owned()),
            Some(Value::String(text)) => Ok(text.clone()),
            Some(other) => Err(format!(
                "json: cannot unmarshal {} into Go value of type string",
                go_kind(other)
            )),
        };
        Self {
            kind: field("op", "").unwrap_or_else(|_| "unknown".to_owned()),
            path: field("path", "operation missing path field: missing value"),
            from: field("from", "operation, missing from field: missing value"),
            value: item.get("value").cloned(),
        }
    }
}

fn go_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
