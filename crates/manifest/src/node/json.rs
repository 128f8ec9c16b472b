//! Node to JSON and back, with the numbers that Go's decoders would see.

use serde_json::{Map, Number, Value};

use super::{Kind, Node, Scalar, Style, Tag};
use crate::yaml::resolve;

#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum JsonError {
    #[error("line {line}: json: unsupported value: {value}")]
    NotANumber { line: u32, value: &'static str },
    #[error("line {line}: !!binary value contains invalid base64 data")]
    Base64 { line: u32 },
}

/// The shortest text of a float as Go's `strconv` prints it with format `g`.
#[must_use]
pub fn go_float(value: f64) -> String {
    let text = format!("{value:e}");
    let Some((digits, exponent)) = text.split_once('e') else {
        return text;
    };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..21).contains(&exponent) {
        return format!("{value}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

impl Node {
    /// As kustomize does it: by way of Go's decoder, so `1.0` becomes 1 and a timestamp becomes its RFC 3339 text.
    pub fn to_json(&self) -> Result<Value, JsonError> {
        Ok(match &self.kind {
            Kind::Scalar(scalar) => scalar_to_json(scalar, self.line)?,
            Kind::Sequence(items) => {
                Value::Array(items.iter().map(Self::to_json).collect::<Result<_, _>>()?)
            }
            Kind::Mapping(map) => {
                let entries = map
                    .iter()
                    .map(|(key, value)| Ok((key.to_owned(), value.to_json()?)));
                Value::Object(entries.collect::<Result<Map<_, _>, JsonError>>()?)
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

fn number_node(number: &Number) -> Node {
    match number.as_f64() {
        Some(float) if number.is_f64() => {
            Scalar::new(go_float(float), Tag::Float, Style::Plain).into()
        }
        _ => Scalar::new(number.to_string(), Tag::Int, Style::Plain).into(),
    }
}

fn scalar_to_json(scalar: &Scalar, line: u32) -> Result<Value, JsonError> {
    let text = scalar.value.as_str();
    Ok(match scalar.tag {
        Tag::Null => Value::Null,
        Tag::Bool => Value::Bool(matches!(text, "true" | "True" | "TRUE")),
        Tag::Int => match resolve::integer(text) {
            Some(value) => integer(value),
            None => Value::String(text.to_owned()),
        },
        Tag::Float => match resolve::float(text) {
            Some(value) => float(value, line)?,
            None => Value::String(text.to_owned()),
        },
        Tag::Str | Tag::Timestamp | Tag::Binary => Value::String(text.to_owned()),
    })
}

fn integer(value: i128) -> Value {
    match (i64::try_from(value), u64::try_from(value)) {
        (Ok(value), _) => value.into(),
        (_, Ok(value)) => value.into(),
        #[expect(
            clippy::cast_precision_loss,
            reason = "integers beyond 64 bits are floats in Go"
        )]
        _ => Value::from(value as f64),
    }
}

fn float(value: f64, line: u32) -> Result<Value, JsonError> {
    let unsupported = |value| JsonError::NotANumber { line, value };
    if value.is_nan() {
        return Err(unsupported("NaN"));
    }
    if value.is_infinite() {
        return Err(unsupported(if value > 0.0 { "+Inf" } else { "-Inf" }));
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "checked to be whole and in range"
    )]
    if value.fract() == 0.0 && value.abs() < 1.8e19 {
        return Ok(integer(value as i128));
    }
    Ok(Value::from(value))
}
