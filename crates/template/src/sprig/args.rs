//! Access to arguments whose types the evaluator has checked against the signature.

use crate::value::{List, Map, Str, Value};

const EMPTY: &[u8] = b"";

/// A `string` argument.
pub(super) fn text(args: &[Value], index: usize) -> &[u8] {
    match args.get(index) {
        Some(Value::Str(text)) => text,
        _ => EMPTY,
    }
}

pub(super) fn string(args: &[Value], index: usize) -> Str {
    match args.get(index) {
        Some(Value::Str(text)) => text.clone(),
        _ => Str::from(""),
    }
}

/// An `int` argument.
pub(super) fn int(args: &[Value], index: usize) -> i64 {
    match args.get(index) {
        Some(Value::Int(_, value)) => *value,
        _ => 0,
    }
}

pub(super) fn map(args: &[Value], index: usize) -> Map {
    match args.get(index) {
        Some(Value::Map(map)) => map.clone(),
        _ => Map::default(),
    }
}

pub(super) fn any(args: &[Value], index: usize) -> &Value {
    args.get(index).unwrap_or(&Value::Nil)
}

/// The items of anything that Go's reflection calls a slice.
pub(super) fn items(value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::List(list) => Some(list.to_vec()),
        Value::Bytes(bytes) => Some(
            bytes
                .iter()
                .map(|byte| Value::Uint(crate::value::UintType::Uint8, (*byte).into()))
                .collect(),
        ),
        Value::Object(object) if object.kind() == crate::value::Kind::Slice => {
            items(&object.plain())
        }
        _ => None,
    }
}

pub(super) fn list(items: Vec<Value>) -> Value {
    Value::List(List::new(items))
}
