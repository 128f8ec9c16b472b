//! The bridge to rosin-manifest: its readers and writers with this crate's errors, and Go's text forms for messages.

use std::fmt::Write as _;

use rosin_manifest::node::{JsonError, Kind, Node, Scalar, Tag, go_float};
use rosin_manifest::yaml::{self, Dialect, ReadError};
use serde_json::Value;

use crate::error::{Error, Result, bail};

fn located(error: &ReadError, message: String) -> Error {
    Error::new(message).at_line(error.line)
}

/// A document as `sigs.k8s.io/yaml` turns it into JSON: kustomization files and configurations.
pub(crate) fn to_json(content: &[u8]) -> Result<Value> {
    let node = yaml::read_one(content, Dialect::Sigs)
        .map_err(|error| located(&error, error.to_string()))?;
    node.to_json()
        .map_err(|error| Error::new(error.to_string()).at_line(error.line()))
}

/// As [`to_json`], in the original's words for what it decodes into a struct.
pub(crate) fn unmarshal(content: &[u8]) -> Result<Value> {
    to_json(content).map_err(|error| error.wrap("error converting YAML to JSON"))
}

/// The documents of a file of resources.
pub(crate) fn read_resources(content: &[u8]) -> Result<Vec<Node>> {
    yaml::read_resources(content).map_err(|error| {
        let text = error.to_string();
        if text.starts_with("yaml: ") {
            Error::malformed_yaml(format!("MalformedYAMLError: {text}")).at_line(error.line)
        } else {
            located(&error, text)
        }
    })
}

/// One document, as kyaml reads a text inside of another.
pub(crate) fn parse_one(content: &[u8]) -> Result<Node> {
    yaml::read_one(content, Dialect::Kyaml).map_err(|error| located(&error, error.to_string()))
}

pub(crate) fn node_to_json(node: &Node) -> Result<Value> {
    node.to_json()
        .map_err(|error| Error::new(error.to_string()).at_line(error.line()))
}

/// A node as kyaml writes it.
pub(crate) fn node_text(node: &Node) -> String {
    yaml::to_string_kyaml(node)
}

/// An object as a build prints it.
pub(crate) fn object_text(node: &Node) -> String {
    yaml::node_to_string_sigs(node).unwrap_or_default()
}

/// An object as compact JSON, unless it holds what the original cannot print.
pub(crate) fn output_json(node: &Node) -> Result<String> {
    let failed = |text: &str| Error::new(format!("{}: {text}", go_syntax(node, 0)));
    let json = node.to_json_string().map_err(|error| match &error {
        JsonError::Key { key, .. } => {
            failed("json: unsupported type: map[interface {}]interface {}")
                .at_line(error.line())
                .at_field(key)
        }
        _ => failed(&error.to_string()).at_line(error.line()),
    })?;
    let plain = |byte: u8| byte < 0x7f;
    if !json.bytes().all(plain) && json.chars().any(is_forbidden_in_yaml) {
        return Err(failed("yaml: control characters are not allowed"));
    }
    Ok(json)
}

/// Characters that YAML has no place for. Those below a space are escaped in JSON.
fn is_forbidden_in_yaml(c: char) -> bool {
    matches!(c, '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// Nobody reads deeper, and the stack ends somewhere.
const MAX_SHOWN_DEPTH: usize = 100;

/// A value as Go's `%#v` prints it.
fn go_syntax(node: &Node, depth: usize) -> String {
    if depth > MAX_SHOWN_DEPTH {
        return "...".to_owned();
    }
    match &node.kind {
        Kind::Sequence(items) => {
            let items: Vec<String> = items
                .iter()
                .map(|item| go_syntax(item, depth + 1))
                .collect();
            format!("[]interface {{}}{{{}}}", items.join(", "))
        }
        Kind::Mapping(fields) => {
            // Keys that are no strings come last, as they are another type.
            let mut fields: Vec<_> = fields.entries().iter().collect();
            fields.sort_by_key(|(key, _)| (key.tag != Tag::Str, key.value.clone()));
            let all_strings = fields.iter().all(|(key, _)| key.tag == Tag::Str);
            let key_type = if all_strings {
                "string"
            } else {
                "interface {}"
            };
            let fields: Vec<String> = fields
                .into_iter()
                .map(|(key, value)| {
                    format!("{}:{}", scalar_syntax(key), go_syntax(value, depth + 1))
                })
                .collect();
            format!("map[{key_type}]interface {{}}{{{}}}", fields.join(", "))
        }
        Kind::Scalar(scalar) => scalar_syntax(scalar),
    }
}

fn scalar_syntax(scalar: &Scalar) -> String {
    match scalar.tag {
        Tag::Null => "interface {}(nil)".to_owned(),
        Tag::Str | Tag::Timestamp | Tag::Binary => go_quote(&scalar.value),
        Tag::Bool => scalar.value.to_lowercase(),
        Tag::Int => yaml::resolve::integer(&scalar.value)
            .map_or_else(|| scalar.value.to_string(), |value| value.to_string()),
        Tag::Float => match yaml::resolve::float(&scalar.value) {
            Some(value) if value.is_nan() => "NaN".to_owned(),
            Some(value) if value.is_infinite() => {
                if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned()
            }
            Some(value) => go_float(value),
            None => scalar.value.to_string(),
        },
    }
}

/// A configuration as messages quote it.
pub(crate) fn config_text(value: &Value) -> String {
    yaml::to_string_sigs(value)
}

/// One line of plain text as a YAML scalar.
pub(crate) fn scalar_text(text: &str) -> String {
    node_text(&Node::string(text)).trim_end().to_owned()
}

/// An object as JSON in a message.
pub(crate) fn json_text(node: &Node) -> String {
    match node.to_json() {
        Ok(json) => go_json(&json),
        Err(error) => format!("<{error}>"),
    }
}

/// Whether YAML 1.1 takes the unquoted text for a string.
pub(crate) fn is_string_in_yaml_1_1(text: &str) -> bool {
    text.is_empty() || text.contains('\n') || yaml::resolve::is_string_in_sigs(text)
}

/// An error if a scalar was given a text that its type does not have: the original writes the type before the text, and cannot
/// read that.
pub(crate) fn check_tags(node: &Node) -> Result<()> {
    let mut waiting = vec![node];
    while let Some(node) = waiting.pop() {
        match &node.kind {
            Kind::Sequence(items) => waiting.extend(items.iter()),
            Kind::Mapping(fields) => waiting.extend(fields.values()),
            Kind::Scalar(scalar) => check_tag(scalar)?,
        }
    }
    Ok(())
}

fn check_tag(scalar: &Scalar) -> Result<()> {
    let meant = yaml::resolve::kyaml(&scalar.value);
    match (scalar.tag, meant) {
        (Tag::Str | Tag::Binary | Tag::Timestamp, _) | (Tag::Float, Tag::Int) => Ok(()),
        (tag, meant) if tag == meant => Ok(()),
        (tag, meant) => bail!(
            "yaml: cannot decode {} `{}` as a {}",
            tag_name(meant),
            scalar.value,
            tag_name(tag)
        ),
    }
}

fn tag_name(tag: Tag) -> &'static str {
    match tag {
        Tag::Null => "!!null",
        Tag::Bool => "!!bool",
        Tag::Int => "!!int",
        Tag::Float => "!!float",
        Tag::Str => "!!str",
        Tag::Timestamp => "!!timestamp",
        Tag::Binary => "!!binary",
    }
}

/// As Go's `%q`.
pub(crate) fn go_quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{b}' => quoted.push_str("\\v"),
            '\u{c}' => quoted.push_str("\\f"),
            c if c < ' ' || c == '\u{7f}' => {
                let _ = write!(quoted, "\\x{:02x}", u32::from(c));
            }
            c if !is_printable(c) => {
                let code = u32::from(c);
                let _ = if code > 0xffff {
                    write!(quoted, "\\U{code:08x}")
                } else {
                    write!(quoted, "\\u{code:04x}")
                };
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Go prints letters, marks, numbers, symbols and the plain space, but no other spaces, formats and private characters.
fn is_printable(c: char) -> bool {
    !matches!(c,
        '\u{80}'..='\u{a0}' | '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{1680}' | '\u{180e}'
        | '\u{2000}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{205f}'..='\u{206f}' | '\u{3000}'
        | '\u{e000}'..='\u{f8ff}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
        | '\u{e0000}'..='\u{10ffff}')
}

/// As Go's `json.Marshal` writes it: sorted keys, and characters escaped that mean something in HTML.
pub(crate) fn go_json(value: &Value) -> String {
    let mut text = String::new();
    write_json(&mut text, value, None);
    text
}

/// As Go's `json.MarshalIndent` with two spaces.
pub(crate) fn go_json_indented(value: &Value) -> String {
    let mut text = String::new();
    write_json(&mut text, value, Some(0));
    text
}

fn write_json(text: &mut String, value: &Value, indent: Option<usize>) {
    let deeper = indent.map(|indent| indent + 1);
    let line = |text: &mut String, indent: Option<usize>| {
        if let Some(indent) = indent {
            text.push('\n');
            text.push_str(&"  ".repeat(indent));
        }
    };
    match value {
        Value::String(string) => write_json_string(text, string),
        Value::Array(items) if !items.is_empty() => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                line(text, deeper);
                write_json(text, item, deeper);
            }
            line(text, indent);
            text.push(']');
        }
        Value::Object(entries) if !entries.is_empty() => {
            let mut entries: Vec<_> = entries.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            text.push('{');
            for (at, (key, value)) in entries.into_iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                line(text, deeper);
                write_json_string(text, key);
                text.push(':');
                if indent.is_some() {
                    text.push(' ');
                }
                write_json(text, value, deeper);
            }
            line(text, indent);
            text.push('}');
        }
        other => text.push_str(&other.to_string()),
    }
}

fn write_json_string(text: &mut String, string: &str) {
    text.push('"');
    for c in string.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                let _ = write!(text, "\\u{:04x}", u32::from(c));
            }
            c => text.push(c),
        }
    }
    text.push('"');
}

#[cfg(test)]
pub(crate) fn tests_node(text: &str) -> Node {
    parse_one(text.as_bytes()).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_quotes_what_does_not_print() {
        assert_eq!(go_quote("a\"b\\\n\u{1}é"), "\"a\\\"b\\\\\\n\\x01é\"");
    }

    #[test]
    fn go_json_escapes_html_and_sorts_keys() {
        let json: Value = serde_json::from_str(r#"{"b":"<&>","a":[1,{}]}"#).unwrap();
        assert_eq!(go_json(&json), r#"{"a":[1,{}],"b":"\u003c\u0026\u003e"}"#);
        assert_eq!(
            go_json_indented(&json),
            "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": \"\\u003c\\u0026\\u003e\"\n}"
        );
    }
}
