//! Dictionaries. `set` and `unset` change the map that they are given, for everybody who has it.

use super::args::{any, list, map, string, text};
use super::strings::text_of;
use crate::error::CallError;
use crate::func::{Functions, Param};
use crate::value::{List, Map, Value};

pub(super) fn register(functions: &mut Functions) {
    use Param::{Any, Map as Dict, String as Text};
    let mut add = |name, params, body| functions.add(name, params, body);
    add("get", &[Dict, Text], |_, a| {
        Ok(map(a, 0).get(text(a, 1)).unwrap_or_else(|| Value::from("")))
    });
    add("set", &[Dict, Text, Any], |_, a| {
        let target = map(a, 0);
        if target.is_nil() {
            return Err("assignment to entry in nil map".into());
        }
        target.insert(string(a, 1), any(a, 2).clone());
        Ok(Value::Map(target))
    });
    add("unset", &[Dict, Text], |_, a| {
        let target = map(a, 0);
        target.remove(text(a, 1));
        Ok(Value::Map(target))
    });
    add("hasKey", &[Dict, Text], |_, a| {
        Ok(Value::Bool(map(a, 0).contains(text(a, 1))))
    });
    add("values", &[Dict], |_, a| {
        Ok(list(map(a, 0).entries().values().cloned().collect()))
    });
    functions.add_variadic("keys", &[], Dict, |_, a| {
        let mut names = Vec::new();
        for index in 0..a.len() {
            names.extend(map(a, index).entries().keys().cloned());
        }
        Ok(Value::List(List::strings(names)))
    });
    functions.add_variadic("pluck", &[Text], Dict, |_, a| {
        let found = (1..a.len()).filter_map(|index| map(a, index).get(text(a, 0)));
        Ok(list(found.collect()))
    });
    functions.add_variadic("pick", &[Dict], Text, |_, a| {
        let picked = Map::default();
        for index in 1..a.len() {
            if let Some(value) = map(a, 0).get(text(a, index)) {
                picked.insert(string(a, index), value);
            }
        }
        Ok(Value::Map(picked))
    });
    functions.add_variadic("omit", &[Dict], Text, |_, a| {
        let kept = map(a, 0)
            .snapshot()
            .into_iter()
            .filter(|(key, _)| !(1..a.len()).any(|index| text(a, index) == &**key));
        Ok(Value::Map(kept.collect()))
    });
    functions.add_variadic("dict", &[], Any, |_, a| {
        let entries = a.chunks(2).map(|pair| {
            (
                text_of(&pair[0]),
                pair.get(1).cloned().unwrap_or_else(|| Value::from("")),
            )
        });
        Ok(Value::Map(entries.collect()))
    });
    functions.add_variadic("dig", &[], Any, |_, a| dig(a));
}

fn dig(args: &[Value]) -> Result<Value, CallError> {
    let [names @ .., default, source] = args else {
        return Err("dig needs at least three arguments".into());
    };
    if names.is_empty() {
        return Err("dig needs at least three arguments".into());
    }
    let mut current = dictionary(source)?;
    for name in names {
        if name.as_str().is_none() {
            return Err(conversion(name, "string"));
        }
    }
    for (index, name) in names.iter().enumerate() {
        let Some(value) = name.as_str().and_then(|name| current.get(name)) else {
            return Ok(default.clone());
        };
        if index + 1 == names.len() {
            return Ok(value);
        }
        current = dictionary(&value)?;
    }
    Ok(default.clone())
}

/// Exactly `map[string]interface {}`: a type assertion takes no other map.
fn dictionary(value: &Value) -> Result<Map, CallError> {
    match value {
        Value::Map(map) if map.kind() == crate::value::MapType::Any => Ok(map.clone()),
        other => Err(conversion(other, "map[string]interface {}")),
    }
}

fn conversion(value: &Value, target: &str) -> CallError {
    let got = match value {
        Value::Nil => "nil",
        value => value.type_name(),
    };
    format!("interface conversion: interface {{}} is {got}, not {target}").into()
}
