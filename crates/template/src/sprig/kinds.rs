//! Types and copies.

use super::args::{any, text};
use crate::error::CallError;
use crate::func::{Functions, Param};
use crate::value::{List, MAX_DEPTH, Map, Value};

pub(super) fn register(functions: &mut Functions) {
    use Param::{Any, String as Text};
    let mut add = |name, params, body| functions.add(name, params, body);
    add("typeOf", &[Any], |_, a| {
        Ok(Value::from(any(a, 0).type_name()))
    });
    add("typeIs", &[Text, Any], |_, a| {
        Ok(Value::Bool(text(a, 0) == any(a, 1).type_name().as_bytes()))
    });
    add("typeIsLike", &[Text, Any], |_, a| {
        let name = any(a, 1).type_name();
        let pointed = name.strip_prefix('*').unwrap_or(name);
        Ok(Value::Bool(
            text(a, 0) == name.as_bytes() || text(a, 0) == pointed.as_bytes(),
        ))
    });
    add("kindOf", &[Any], |_, a| {
        Ok(Value::from(any(a, 0).kind().name()))
    });
    add("kindIs", &[Text, Any], |_, a| {
        Ok(Value::Bool(
            text(a, 0) == any(a, 1).kind().name().as_bytes(),
        ))
    });
    add("deepEqual", &[Any, Any], |_, a| {
        Ok(Value::Bool(any(a, 0).deep_equal(any(a, 1))))
    });
    for name in ["deepCopy", "mustDeepCopy"] {
        add(name, &[Any], |_, a| match any(a, 0) {
            Value::Nil => Err(ZERO_VALUE.into()),
            value => deep_copy(value),
        });
    }
}

/// What Go's reflection says about the type of nothing.
const ZERO_VALUE: &str = "reflect: call of reflect.Value.Type on zero Value";

/// A copy that shares nothing with the original.
pub fn deep_copy(value: &Value) -> Result<Value, CallError> {
    copy(value, 0)
}

fn copy(value: &Value, depth: usize) -> Result<Value, CallError> {
    if depth > MAX_DEPTH {
        return Err("copy of a value that contains itself".into());
    }
    Ok(match value {
        Value::List(list) if list.is_nil() => value.clone(),
        Value::Map(map) if map.is_nil() => value.clone(),
        Value::List(list) => {
            let items: Result<Vec<Value>, CallError> = list
                .items()
                .iter()
                .map(|item| copy(item, depth + 1))
                .collect();
            Value::List(List::typed(list.kind(), items?))
        }
        Value::Map(map) => {
            let entries: Result<_, CallError> = map
                .entries()
                .iter()
                .map(|(key, item)| Ok((key.clone(), copy(item, depth + 1)?)))
                .collect();
            Value::Map(Map::typed(map.kind(), entries?))
        }
        Value::Object(object) => object.copied().unwrap_or_else(|| value.clone()),
        other => other.clone(),
    })
}
