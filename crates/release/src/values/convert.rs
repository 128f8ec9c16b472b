//! Between JSON, YAML and template values, with Go's numbers.

use std::collections::BTreeMap;

use rosin_template::{Map, Str, Value as Template, json};
use serde_json::{Number, Value};

/// Exactly what Go's decoder makes of a JSON text: every number the nearest float. (serde_json's reading is off by a bit for
/// numbers with many digits.)
pub fn parse(text: &str) -> Result<Value, String> {
    json::decode(text.as_bytes()).map(|value| from_template(&value))
}

/// JSON that serde read, with every number a float.
#[must_use]
pub fn decoded(value: Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().map_or(Value::Null, float),
        Value::Array(items) => items.into_iter().map(decoded).collect(),
        Value::Object(entries) => entries
            .into_iter()
            .map(|(key, value)| (key, decoded(value)))
            .collect(),
        other => other,
    }
}

fn float(value: f64) -> Value {
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

/// A template's value as JSON; integers stay integers.
#[must_use]
pub fn from_template(value: &Template) -> Value {
    match value {
        Template::Bool(value) => (*value).into(),
        Template::Int(_, value) => (*value).into(),
        Template::Uint(_, value) => (*value).into(),
        Template::Float(value) => float(*value),
        Template::Str(text) => text.to_text().into_owned().into(),
        Template::List(list) if !list.is_nil() => list.items().iter().map(from_template).collect(),
        Template::Map(map) if !map.is_nil() => {
            let entries = map.entries();
            let entries = entries
                .iter()
                .map(|(key, value)| (key.to_text().into_owned(), from_template(value)));
            entries.collect()
        }
        Template::Object(object) => from_template(&object.plain()),
        _ => Value::Null,
    }
}

/// JSON as a template's value; integers stay integers.
#[must_use]
pub fn to_template(value: &Value) -> Template {
    match value {
        Value::Null => Template::Nil,
        Value::Bool(value) => Template::Bool(*value),
        Value::Number(number) => match number.as_i64() {
            Some(int) => Template::int64(int),
            None => Template::Float(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => Template::from(text.as_str()),
        Value::Array(items) => Template::from(items.iter().map(to_template).collect::<Vec<_>>()),
        Value::Object(entries) => {
            let entries: BTreeMap<Str, Template> = entries
                .iter()
                .map(|(key, value)| (Str::from(key.as_str()), to_template(value)))
                .collect();
            Template::Map(Map::new(entries))
        }
    }
}

/// Whole floats are integers to YAML, where they fit one.
pub(super) fn for_yaml(value: &Value) -> Value {
    match value {
        Value::Number(number) if number.is_f64() => {
            whole(number.as_f64().unwrap_or_default()).unwrap_or_else(|| value.clone())
        }
        Value::Array(items) => items.iter().map(for_yaml).collect(),
        Value::Object(entries) => entries
            .iter()
            .map(|(key, value)| (key.clone(), for_yaml(value)))
            .collect(),
        other => other.clone(),
    }
}

/// The integer that a float is; to the last digit, unlike one that passed through a JSON text.
fn whole(float: f64) -> Option<Value> {
    /// Where signed 64-bit integers end.
    const TWO_63: f64 = 9_223_372_036_854_775_808.0;
    if float.fract() != 0.0 {
        None
    } else if (-TWO_63..TWO_63).contains(&float) {
        Some((float as i64).into())
    } else if (0.0..2.0 * TWO_63).contains(&float) {
        Some((float as u64).into())
    } else {
        None
    }
}

/// The integers in values, each as a set flag (`a.b[0]=5`). A renderer takes values as JSON, where every number is a float, and
/// these flags besides: templates then print `1000000` where `--set` gave it, and not `1e+06`.
#[must_use]
pub fn integers(values: &super::Values) -> Vec<String> {
    let mut found = Vec::new();
    for (key, value) in values {
        collect(escaped(key), value, &mut found);
    }
    found
}

fn collect(path: String, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Number(number) if !number.is_f64() => found.push(format!("{path}={number}")),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(format!("{path}[{index}]"), item, found);
            }
        }
        Value::Object(entries) => {
            for (key, value) in entries {
                collect(format!("{path}.{}", escaped(key)), value, found);
            }
        }
        _ => {}
    }
}

fn escaped(key: &str) -> String {
    let mut out = String::with_capacity(key.len());
    for c in key.chars() {
        if matches!(c, '\\' | '.' | ',' | '=' | '[' | ']' | '{' | '}') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
