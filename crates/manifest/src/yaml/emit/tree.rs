//! What the emitters need to know of a tree, so that nodes and JSON values are written by the same code.

use std::borrow::Cow;

use serde_json::Value;

use crate::node::{JsonError, Kind, Node, Tag, json_float, reprint};

pub(super) enum View<'a, T> {
    Null,
    Bool(bool),
    /// Numbers as they are printed.
    Number(Cow<'a, str>),
    String(Cow<'a, str>),
    Sequence(Vec<T>),
    Mapping(Vec<(&'a str, T)>),
}

pub(super) trait Tree<'a>: Copy + 'a {
    /// `depth` is 0 at the top; `in_flow` tells of braces or brackets around it.
    fn view(self, depth: usize, in_flow: bool) -> Result<View<'a, Self>, JsonError>;

    /// Whether what is below is in braces or brackets.
    fn is_flow(self) -> bool;
}

impl<'a> Tree<'a> for &'a Value {
    fn is_flow(self) -> bool {
        false
    }

    fn view(self, _depth: usize, _in_flow: bool) -> Result<View<'a, Self>, JsonError> {
        Ok(match self {
            Value::Null => View::Null,
            Value::Bool(value) => View::Bool(*value),
            Value::Number(number) => View::Number(number_text(number).into()),
            Value::String(text) => View::String(text.into()),
            Value::Array(items) => View::Sequence(items.iter().collect()),
            Value::Object(entries) => View::Mapping(
                entries
                    .iter()
                    .map(|(key, value)| (key.as_str(), value))
                    .collect(),
            ),
        })
    }
}

impl<'a> Tree<'a> for &'a Node {
    fn is_flow(self) -> bool {
        self.flow
    }

    fn view(self, depth: usize, in_flow: bool) -> Result<View<'a, Self>, JsonError> {
        Ok(match &self.kind {
            Kind::Sequence(items) => View::Sequence(items.iter().collect()),
            Kind::Mapping(map) => {
                let entries = map
                    .entries()
                    .iter()
                    .map(|(key, value)| Ok((key.json_key(self.line, depth)?, value)));
                View::Mapping(entries.collect::<Result<_, JsonError>>()?)
            }
            Kind::Scalar(scalar) if scalar.meaning() == Tag::Str => {
                View::String(reprint::string(scalar))
            }
            Kind::Scalar(scalar) => match scalar.to_json(self.line, in_flow)? {
                Value::Null => View::Null,
                Value::Bool(value) => View::Bool(value),
                Value::Number(number) => View::Number(number_text(&number).into()),
                Value::String(text) => View::String(text.into()),
                Value::Array(_) | Value::Object(_) => View::Null,
            },
        })
    }
}

/// As go-yaml prints what it read from Go's JSON: whole floats are integers.
fn number_text(number: &serde_json::Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => match json_float(float) {
            Value::Number(whole) if !whole.is_f64() => whole.to_string(),
            _ => crate::node::go_float(float),
        },
        _ => number.to_string(),
    }
}
