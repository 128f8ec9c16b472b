//! Node to JSON and back, with the numbers that Go's decoders would see.

use serde_json::{Map, Number, Value};
use smol_str::format_smolstr;

use super::number::{go_float, json_float};
use super::reprint;
use super::{Kind, Node, Scalar, Style, Tag};
use crate::yaml::{Dialect, resolve};

/// Deeper values would overflow the stack of whoever visits a [`Value`]; [`Node::to_json_string`] has no such limit.
const MAX_VALUE_DEPTH: usize = 250;

#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum JsonError {
    #[error("json: unsupported value: {value}")]
    NotANumber { line: u32, value: &'static str },
    #[error("yaml: !!binary value contains invalid base64 data")]
    Base64 { line: u32 },
    #[error(
        "json: unsupported type: map[interface {{}}]interface {{}} (key {key} is not a string)"
    )]
    Key { line: u32, key: String },
    #[error("nested deeper than {MAX_VALUE_DEPTH} levels")]
    Depth { line: u32 },
}

impl JsonError {
    /// The line of the value in its file, 0 if it was made by us.
    #[must_use]
    pub fn line(&self) -> u32 {
        match self {
            Self::NotANumber { line, .. }
            | Self::Base64 { line }
            | Self::Key { line, .. }
            | Self::Depth { line } => *line,
        }
    }
}

impl Node {
    /// As kustomize does it: by way of Go's decoder, so `1.0` becomes 1 and a timestamp becomes its RFC 3339 text.
    pub fn to_json(&self) -> Result<Value, JsonError> {
        self.value(0, false)
    }

    fn value(&self, depth: usize, in_flow: bool) -> Result<Value, JsonError> {
        if depth > MAX_VALUE_DEPTH {
            return Err(JsonError::Depth { line: self.line });
        }
        Ok(match &self.kind {
            Kind::Scalar(scalar) => scalar.to_json(self.line, in_flow)?,
            Kind::Sequence(items) => Value::Array(
                items
                    .iter()
                    .map(|item| item.value(depth + 1, in_flow || self.flow))
                    .collect::<Result<_, _>>()?,
            ),
            Kind::Mapping(map) => {
                let mut object = Map::new();
                for (key, value) in map.entries() {
                    object.insert(
                        key.json_key(self.line, depth)?.to_owned(),
                        value.value(depth + 1, in_flow || self.flow)?,
                    );
                }
                Value::Object(object)
            }
        })
    }

    #[must_use]
    pub fn from_json(value: &Value) -> Self {
        match value {
            Value::Null => Self::null(),
            Value::Bool(value) => Self::bool(*value),
            Value::Number(number) => number_node(number),
            Value::String(text) => Self::string(text.as_str()),
            Value::Array(items) => items.iter().map(Self::from_json).collect::<Vec<_>>().into(),
            Value::Object(entries) => Kind::Mapping(
                entries
                    .iter()
                    .map(|(key, value)| (key.as_str(), Self::from_json(value)))
                    .collect(),
            )
            .into(),
        }
    }
}

impl Node {
    /// As kyaml turns the JSON of an object into a tree again: by way of Go's floats and its YAML, so that 1000000 is written
    /// `1e+06`, and strings carry quotes only where they need them.
    #[must_use]
    pub fn from_go_json(value: &Value) -> Self {
        match value {
            Value::Number(number) => {
                let text = go_float(number.as_f64().unwrap_or_default());
                let tag = resolve::kyaml(&text);
                Scalar::new(text, tag, Style::Plain).into()
            }
            Value::String(text) => {
                Scalar::new(text.as_str(), Tag::Str, crate::yaml::go_string_style(text)).into()
            }
            Value::Array(items) => {
                let items: Vec<Self> = items.iter().map(Self::from_go_json).collect();
                Self {
                    flow: items.is_empty(),
                    ..items.into()
                }
            }
            Value::Object(entries) => {
                let mut sorted: Vec<(&str, &Value)> = entries
                    .iter()
                    .map(|(key, value)| (key.as_str(), value))
                    .collect();
                crate::yaml::sort_keys(&mut sorted);
                let map: super::Mapping = sorted
                    .into_iter()
                    .map(|(key, value)| (key, Self::from_go_json(value)))
                    .collect();
                Self {
                    flow: map.is_empty(),
                    ..map.into()
                }
            }
            other => Self::from_json(other),
        }
    }
}

fn number_node(number: &Number) -> Node {
    match number.as_f64() {
        Some(float) if number.is_f64() => match json_float(float) {
            Value::Number(whole) if !whole.is_f64() => {
                Scalar::new(format_smolstr!("{whole}"), Tag::Int, Style::Plain).into()
            }
            _ => Scalar::new(go_float(float), Tag::Float, Style::Plain).into(),
        },
        _ => Scalar::new(format_smolstr!("{number}"), Tag::Int, Style::Plain).into(),
    }
}

impl Scalar {
    /// The value that Go's decoder would hand to `encoding/json`. kustomize prints the tree and reads it again on the way, which is
    /// not without loss: see [`super::reprint`].
    pub(crate) fn to_json(&self, line: u32, in_flow: bool) -> Result<Value, JsonError> {
        let text = self.value.as_str();
        Ok(match self.meaning() {
            Tag::Null if in_flow && text.is_empty() => Value::String(String::new()),
            Tag::Null => Value::Null,
            Tag::Bool => Value::Bool(resolve::boolean(text, Dialect::Sigs).unwrap_or_default()),
            Tag::Int => match resolve::integer(text) {
                Some(value) => integer(value),
                None => Value::String(text.to_owned()),
            },
            Tag::Float => {
                match resolve::float(text).or_else(|| resolve::integer(text).map(whole_float)) {
                    Some(value) if value.is_finite() => json_float(value),
                    Some(value) if value.is_nan() => {
                        return Err(JsonError::NotANumber { line, value: "NaN" });
                    }
                    Some(value) => {
                        return Err(JsonError::NotANumber {
                            line,
                            value: if value > 0.0 { "+Inf" } else { "-Inf" },
                        });
                    }
                    None => Value::String(text.to_owned()),
                }
            }
            // In braces its colons need quotes, which make it a string.
            Tag::Timestamp if in_flow && text.contains(':') => Value::String(text.to_owned()),
            Tag::Timestamp => {
                Value::String(resolve::timestamp(text).unwrap_or_else(|| text.to_owned()))
            }
            Tag::Binary => {
                Value::String(super::base64::decode(text).ok_or(JsonError::Base64 { line })?)
            }
            Tag::Str => Value::String(reprint::string(self).into_owned()),
        })
    }

    /// A key of an object: a string, but at the top of a document anything goes.
    pub(crate) fn json_key(&self, line: u32, depth: usize) -> Result<&str, JsonError> {
        if self.tag == Tag::Str || depth == 0 {
            return Ok(&self.value);
        }
        Err(JsonError::Key {
            line,
            key: self.value.to_string(),
        })
    }
}

fn integer(value: i128) -> Value {
    match (i64::try_from(value), u64::try_from(value)) {
        (Ok(value), _) => value.into(),
        (_, Ok(value)) => value.into(),
        _ => json_float(whole_float(value)),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a float is wanted")]
fn whole_float(value: i128) -> f64 {
    value as f64
}
