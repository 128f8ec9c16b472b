//! `index`, `slice` and `len`.

use crate::error::CallError;
use crate::exec::Ev;
use crate::value::{List, ListType, MapType, UintType, Value};

/// Objects that are maps or lists underneath are indexed as such.
fn unwrapped(value: &Value) -> Value {
    match value {
        Value::Object(object)
            if !matches!(
                object.kind(),
                crate::value::Kind::Struct | crate::value::Kind::Pointer
            ) =>
        {
            object.plain()
        }
        value => value.clone(),
    }
}

fn position(index: &Value, limit: usize) -> Result<usize, CallError> {
    let number = match index {
        Value::Int(_, number) => *number,
        Value::Uint(_, number) => *number as i64,
        Value::Nil => return Err("cannot index slice/array with nil".into()),
        other => {
            return Err(format!("cannot index slice/array with type {}", other.type_name()).into());
        }
    };
    match usize::try_from(number) {
        Ok(at) if at <= limit => Ok(at),
        _ => Err(format!("index out of range: {number}").into()),
    }
}

pub(super) fn index(args: &[Ev]) -> Result<Ev, CallError> {
    let mut item = args[0].clone();
    if matches!(item.value, Value::Nil) {
        return Err("index of untyped nil".into());
    }
    for index in &args[1..] {
        if matches!(item.value, Value::Nil) {
            return Err("index of nil pointer".into());
        }
        item = match unwrapped(&item.value) {
            Value::List(list) => {
                let at = position(&index.value, list.len())?;
                let boxed = list.kind() == ListType::Any;
                // Go checks the position against the capacity; its own bounds check comes after that.
                let value = list.get(at).ok_or("reflect: slice index out of range")?;
                Ev { value, boxed }
            }
            Value::Str(text) => {
                let at = position(&index.value, text.len())?;
                let byte = *text.get(at).ok_or("reflect: string index out of range")?;
                Ev::plain(Value::Uint(UintType::Uint8, byte.into()))
            }
            Value::Bytes(text) => {
                let at = position(&index.value, text.len())?;
                let byte = *text.get(at).ok_or("reflect: slice index out of range")?;
                Ev::plain(Value::Uint(UintType::Uint8, byte.into()))
            }
            Value::Map(map) => {
                let key = match &index.value {
                    Value::Str(key) => key.clone(),
                    Value::Nil => return Err("value is nil; should be of type string".into()),
                    other => {
                        return Err(format!(
                            "value has type {}; should be string",
                            other.type_name()
                        )
                        .into());
                    }
                };
                match (map.get(&key), map.kind()) {
                    (Some(value), kind) => Ev {
                        value,
                        boxed: kind != MapType::String,
                    },
                    (None, MapType::String) => Ev::plain(Value::from("")),
                    (None, _) => Ev::boxed(Value::Nil),
                }
            }
            other => return Err(format!("can't index item of type {}", other.type_name()).into()),
        };
    }
    Ok(item)
}

pub(super) fn slice(args: &[Ev]) -> Result<Ev, CallError> {
    let item = unwrapped(&args[0].value);
    let indexes = &args[1..];
    if matches!(item, Value::Nil) {
        return Err("slice of untyped nil".into());
    }
    if indexes.len() > 3 {
        return Err(format!("too many slice indexes: {}", indexes.len()).into());
    }
    let length = match &item {
        Value::Str(_) if indexes.len() == 3 => return Err("cannot 3-index slice a string".into()),
        Value::Str(text) | Value::Bytes(text) => text.len(),
        Value::List(list) => list.len(),
        other => return Err(format!("can't slice item of type {}", other.type_name()).into()),
    };
    let mut bounds = [0, length, length];
    for (slot, index) in bounds.iter_mut().zip(indexes) {
        if index.boxed {
            return Err("cannot index slice/array with type interface {}".into());
        }
        *slot = position(&index.value, length)?;
    }
    let [start, end, limit] = bounds;
    if start > end {
        return Err(format!("invalid slice index: {start} > {end}").into());
    }
    if indexes.len() == 3 && end > limit {
        return Err(format!("invalid slice index: {end} > {limit}").into());
    }
    Ok(Ev::plain(match &item {
        Value::List(list) => {
            Value::List(List::typed(list.kind(), list.items()[start..end].to_vec()))
        }
        Value::Bytes(text) => Value::Bytes(text[start..end].into()),
        Value::Str(text) => Value::Str(text[start..end].into()),
        _ => Value::Nil,
    }))
}

pub(super) fn len(args: &[Ev]) -> Result<Ev, CallError> {
    let length = match unwrapped(&args[0].value) {
        Value::Nil if args[0].boxed => return Err("len of nil pointer".into()),
        Value::Nil => return Err("reflect: call of reflect.Value.Type on zero Value".into()),
        Value::Str(text) | Value::Bytes(text) => text.len(),
        Value::List(list) => list.len(),
        Value::Map(map) => map.len(),
        other => return Err(format!("len of type {}", other.type_name()).into()),
    };
    Ok(Ev::plain(Value::int(length as i64)))
}
