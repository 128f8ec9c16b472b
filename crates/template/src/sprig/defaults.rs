//! Emptiness, defaults, and JSON.

use super::args::{any, list, text};
use crate::error::CallError;
use crate::func::{Functions, Param};
use crate::json;
use crate::value::Value;

/// Sprig's `empty`: nil, zero, nothing in it.
#[must_use]
pub fn is_empty(value: &Value) -> bool {
    !value.truth()
}

pub(super) fn register(functions: &mut Functions) {
    use Param::{Any, Bool, String as Text};
    let mut add = |name, params, body| functions.add(name, params, body);
    add("empty", &[Any], |_, a| Ok(Value::Bool(is_empty(any(a, 0)))));
    add("ternary", &[Any, Any, Bool], |_, a| {
        Ok(any(a, usize::from(!any(a, 2).truth())).clone())
    });
    add("toJson", &[Any], |_, a| {
        Ok(Value::from(json::encode(any(a, 0)).unwrap_or_default()))
    });
    add("mustToJson", &[Any], |_, a| {
        Ok(Value::from(json::encode(any(a, 0))?))
    });
    add("toPrettyJson", &[Any], |_, a| {
        Ok(Value::from(
            json::encode_pretty(any(a, 0)).unwrap_or_default(),
        ))
    });
    add("mustToPrettyJson", &[Any], |_, a| {
        Ok(Value::from(json::encode_pretty(any(a, 0))?))
    });
    add("toRawJson", &[Any], |_, a| {
        Ok(Value::from(json::encode_raw(any(a, 0))?))
    });
    add("mustToRawJson", &[Any], |_, a| {
        Ok(Value::from(json::encode_raw(any(a, 0))?))
    });
    add("fromJson", &[Text], |_, a| {
        Ok(json::decode(text(a, 0)).unwrap_or_default())
    });
    add("mustFromJson", &[Text], |_, a| {
        Ok(json::decode(text(a, 0))?)
    });
    for name in ["compact", "mustCompact"] {
        add(name, &[Any], |_, a| compact(any(a, 0)));
    }
    functions.add_variadic("default", &[Any], Any, |_, a| {
        Ok(match a.get(1) {
            Some(given) if !is_empty(given) => given.clone(),
            _ => a[0].clone(),
        })
    });
    functions.add_variadic("coalesce", &[], Any, |_, a| {
        Ok(a.iter()
            .find(|value| !is_empty(value))
            .cloned()
            .unwrap_or_default())
    });
    functions.add_variadic("all", &[], Any, |_, a| {
        Ok(Value::Bool(!a.iter().any(is_empty)))
    });
    functions.add_variadic("any", &[], Any, |_, a| {
        Ok(Value::Bool(!a.iter().all(is_empty)))
    });
}

fn compact(value: &Value) -> Result<Value, CallError> {
    let items = super::lists::slice_of(value, "compact")?;
    Ok(list(
        items.into_iter().filter(|item| !is_empty(item)).collect(),
    ))
}
