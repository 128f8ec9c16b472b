//! Between YAML and template values, through `rosin-manifest`'s reader and writer in the dialect of sigs.k8s.io/yaml.

use std::collections::BTreeMap;

use rosin_manifest::yaml::{self, Dialect};
use rosin_manifest::{Node, Scalar, Style, Tag};
use rosin_template::sprig::Time;
use rosin_template::value::MAX_DEPTH;
use rosin_template::{Str, Value, json};
use serde_json::{Map, Number};

/// The first document of a text. Every number is a float64, as Go's JSON decoder makes them.
pub fn read(text: &[u8]) -> Result<Value, String> {
    let node = yaml::read_one(text, Dialect::Sigs)
        .map_err(|error| format!("error converting YAML to JSON: {error}"))?;
    value(&node)
}

fn value(node: &Node) -> Result<Value, String> {
    let json = node
        .to_json()
        .map_err(|error| format!("error converting YAML to JSON: {error}"))?;
    Ok(from_json(json))
}

/// JSON as values.
pub fn from_json(json: serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Nil,
        serde_json::Value::Bool(value) => Value::Bool(value),
        serde_json::Value::Number(number) => Value::Float(number.as_f64().unwrap_or_default()),
        serde_json::Value::String(text) => Value::from(text),
        serde_json::Value::Array(items) => {
            Value::from(items.into_iter().map(from_json).collect::<Vec<_>>())
        }
        serde_json::Value::Object(entries) => {
            let entries: BTreeMap<Str, Value> = entries
                .into_iter()
                .map(|(key, value)| (Str::from(key), from_json(value)))
                .collect();
            Value::Map(rosin_template::Map::new(entries))
        }
    }
}

/// Values as JSON, by way of which sigs.k8s.io/yaml writes them.
pub fn to_json(value: &Value) -> Result<serde_json::Value, String> {
    encode(value, 0)
}

fn encode(value: &Value, depth: usize) -> Result<serde_json::Value, String> {
    if depth > MAX_DEPTH {
        return Err("json: unsupported value: encountered a cycle".into());
    }
    Ok(match value {
        Value::Nil => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Int(_, value) => (*value).into(),
        Value::Uint(_, value) => (*value).into(),
        Value::Float(float) => number(*float)?,
        Value::Str(text) => passing(&text.to_text())?.into(),
        Value::List(list) if list.is_nil() => serde_json::Value::Null,
        Value::Map(map) if map.is_nil() => serde_json::Value::Null,
        Value::List(list) => {
            let items: Result<Vec<_>, String> = list
                .items()
                .iter()
                .map(|item| encode(item, depth + 1))
                .collect();
            items?.into()
        }
        Value::Map(map) => {
            let mut entries = Map::new();
            for (key, item) in map.entries().iter() {
                if key.len() > LONGEST_KEY {
                    return Err("yaml: line 1: could not find expected ':'".into());
                }
                entries.insert(passing(&key.to_text())?, encode(item, depth + 1)?);
            }
            entries.into()
        }
        Value::Object(object) => encode(&object.plain(), depth + 1)?,
        // Bytes are base 64 in JSON, complex numbers an error: the encoder knows.
        other => {
            let text = json::encode(other)?;
            serde_json::from_str(&text).map_err(|error| error.to_string())?
        }
    })
}

/// A quoted key must end within this, quotes included.
const LONGEST_KEY: usize = 1_022;

/// Text that passes JSON: a reader of YAML takes the JSON text, and some of its characters stand there as they are.
fn passing(text: &str) -> Result<String, String> {
    let special = |c: char| matches!(c, '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}');
    if !text.contains(special) {
        return Ok(text.to_owned());
    }
    if text.contains(|c| special(c) && c != '\u{85}') {
        return Err("yaml: control characters are not allowed".into());
    }
    // A line break between quotes: with the blanks around it, it is one blank, and each further one a break.
    let mut out = String::new();
    for (index, line) in text.split('\u{85}').enumerate() {
        let blank = |c: char| c == ' ' || c == '\t';
        if index > 0 {
            out.truncate(out.trim_end_matches(blank).len());
            let line_is_empty = line.trim_matches(blank).is_empty();
            out.push(if line_is_empty { '\n' } else { ' ' });
        }
        out.push_str(if index > 0 {
            line.trim_start_matches(blank)
        } else {
            line
        });
    }
    Ok(out)
}

/// Up to here all integers are floats.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A whole float passes JSON without a point, and is an integer in YAML if it fits one.
fn number(float: f64) -> Result<serde_json::Value, String> {
    if !float.is_finite() {
        return json::encode(&Value::Float(float)).map(serde_json::Value::String);
    }
    if float.fract() == 0.0 && float.abs() < 1e21 {
        if float.abs() < EXACT {
            return Ok((float as i64).into());
        }
        // JSON has the shortest digits and zeros after them.
        let text = float.to_string();
        if let Ok(integer) = text.parse::<i64>() {
            return Ok(integer.into());
        }
        if let Ok(integer) = text.parse::<u64>() {
            return Ok(integer.into());
        }
    }
    Ok(Number::from_f64(float).map_or(serde_json::Value::Null, serde_json::Value::Number))
}

/// `yaml.Marshal` of sigs.k8s.io/yaml, without the newline at the end.
pub fn write(value: &Value) -> Result<String, String> {
    let mut text = yaml::to_string_sigs(&to_json(value)?);
    if text.ends_with('\n') {
        text.pop();
    }
    Ok(text)
}

/// Values as a file of their own. None at all are an empty file.
pub fn write_values(values: &rosin_template::Map) -> Result<String, String> {
    if values.is_empty() {
        return Ok(String::new());
    }
    Ok(write(&Value::Map(values.clone()))? + "\n")
}

/// Of `toYamlPretty`.
const PRETTY_INDENT: usize = 2;

/// `toYamlPretty`: written from the values themselves, not by way of JSON, so floats keep Go's form.
pub fn write_pretty(value: &Value) -> Result<String, String> {
    let mut text = yaml::to_string_indented(&node(value, 0)?, PRETTY_INDENT);
    if text.ends_with('\n') {
        text.pop();
    }
    Ok(text)
}

fn node(value: &Value, depth: usize) -> Result<Node, String> {
    if depth > MAX_DEPTH {
        return Err("yaml: value contains itself".into());
    }
    Ok(match value {
        Value::Nil => Node::null(),
        Value::Bool(value) => Node::bool(*value),
        Value::Int(_, value) => Node::int(*value),
        Value::Uint(_, value) => Node::plain(value.to_string()),
        Value::Float(value) if value.is_nan() => Node::plain(".nan"),
        Value::Float(value) if value.is_infinite() => {
            Node::plain(if *value > 0.0 { ".inf" } else { "-.inf" })
        }
        Value::Float(value) => Node::plain(rosin_template::strconv::format_float(*value, b'g', -1)),
        Value::Str(text) => Node::from(scalar(&text.to_text())),
        Value::List(list) => {
            let items: Result<Vec<Node>, String> = list
                .items()
                .iter()
                .map(|item| node(item, depth + 1))
                .collect();
            Node::from(items?)
        }
        Value::Map(map) => {
            let mut mapping = rosin_manifest::Mapping::new();
            for (key, item) in map.entries().iter() {
                mapping.insert_key(scalar(&key.to_text()), node(item, depth + 1)?);
            }
            mapping.sort_keys();
            Node::from(mapping)
        }
        Value::Object(object) => match (object.as_any().is::<Time>(), object.plain()) {
            (true, Value::Str(text)) => Node::plain(text.to_text()),
            (_, plain) => node(&plain, depth + 1)?,
        },
        other => return Err(format!("cannot marshal type: {}", other.type_name())),
    })
}

/// What YAML 1.1 took for truth values. The library that Helm uses here puts them in quotes, kyaml's copy of it does not.
const TRUTHS: [&str; 8] = ["y", "n", "yes", "no", "on", "off", "true", "false"];

fn scalar(text: &str) -> Scalar {
    let capital = text.chars().next().is_some_and(char::is_uppercase);
    let known = TRUTHS.iter().any(|truth| truth.eq_ignore_ascii_case(text));
    let rest = text.get(1..).unwrap_or_default();
    // `yes`, `Yes` and `YES`, but not `yEs`.
    let cased =
        rest.chars().all(char::is_lowercase) || capital && rest.chars().all(char::is_uppercase);
    if known && cased {
        Scalar::new(text, Tag::Str, Style::DoubleQuoted)
    } else {
        Scalar::string(text)
    }
}
