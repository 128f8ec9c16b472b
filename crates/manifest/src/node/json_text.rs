//! Nodes as compact JSON text, at any depth.

use serde_json::Value;

use super::{JsonError, Kind, Node, Scalar};
use crate::yaml::sort_keys;

/// A collection that is being written.
enum Open<'a> {
    Sequence(std::slice::Iter<'a, Node>),
    Mapping(std::vec::IntoIter<(&'a str, (&'a Scalar, &'a Node))>),
}

impl Node {
    /// Compact JSON with keys in the order of go-yaml, which is that of the YAML that kustomize prints.
    pub fn to_json_string(&self) -> Result<String, JsonError> {
        let mut out = String::new();
        let mut open = Vec::new();
        begin(self, &mut out, &mut open)?;
        while let Some((line, collection, first)) = open.last_mut() {
            let line = *line;
            let is_first = std::mem::replace(first, false);
            let next = match collection {
                Open::Sequence(items) => items.next(),
                Open::Mapping(entries) => match entries.next() {
                    None => None,
                    Some((_, (key, value))) => {
                        if !is_first {
                            out.push(',');
                        }
                        let depth = open.len() - 1;
                        push_string(key.json_key(line, depth)?, &mut out);
                        out.push(':');
                        begin(value, &mut out, &mut open)?;
                        continue;
                    }
                },
            };
            match next {
                Some(item) => {
                    if !is_first {
                        out.push(',');
                    }
                    begin(item, &mut out, &mut open)?;
                }
                None => {
                    let closed = open.pop();
                    out.push(if matches!(closed, Some((_, Open::Sequence(_), _))) {
                        ']'
                    } else {
                        '}'
                    });
                }
            }
        }
        Ok(out)
    }
}

/// Writes a scalar, or the opening of a collection.
fn begin<'a>(
    node: &'a Node,
    out: &mut String,
    open: &mut Vec<(u32, Open<'a>, bool)>,
) -> Result<(), JsonError> {
    match &node.kind {
        Kind::Scalar(scalar) => push_scalar(&scalar.to_json(node.line)?, out),
        Kind::Sequence(items) => {
            out.push('[');
            open.push((node.line, Open::Sequence(items.iter()), true));
        }
        Kind::Mapping(map) => {
            out.push('{');
            let mut entries: Vec<_> = map
                .entries()
                .iter()
                .map(|(key, value)| (key.as_str(), (key, value)))
                .collect();
            sort_keys(&mut entries);
            open.push((node.line, Open::Mapping(entries.into_iter()), true));
        }
    }
    Ok(())
}

fn push_scalar(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => push_string(text, out),
        other => out.push_str(&other.to_string()),
    }
}

fn push_string(text: &str, out: &mut String) {
    out.push('"');
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..0x20 => "",
            _ => continue,
        };
        out.push_str(&text[from..at]);
        from = at + 1;
        if escape.is_empty() {
            out.push_str(&format!("\\u{byte:04x}"));
        } else {
            out.push_str(escape);
        }
    }
    out.push_str(&text[from..]);
    out.push('"');
}
