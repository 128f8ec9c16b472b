//! Nodes as compact JSON text, at any depth.

use serde_json::Value;

use super::{JsonError, Kind, Node, Scalar};
use crate::yaml::sort_keys;

/// A collection that is being written.
struct Open<'a> {
    line: u32,
    flow: bool,
    first: bool,
    rest: Rest<'a>,
}

enum Rest<'a> {
    Sequence(std::slice::Iter<'a, Node>),
    Mapping(std::vec::IntoIter<(&'a str, (&'a Scalar, &'a Node))>),
}

impl Node {
    /// Compact JSON with keys in the order of go-yaml, which is that of the YAML that kustomize prints.
    pub fn to_json_string(&self) -> Result<String, JsonError> {
        let mut out = String::new();
        let mut open = Vec::new();
        begin(self, false, &mut out, &mut open)?;
        while let Some(Open {
            line,
            flow,
            first,
            rest,
        }) = open.last_mut()
        {
            let (line, flow, is_first) = (*line, *flow, std::mem::replace(first, false));
            let child = match rest {
                Rest::Sequence(items) => items.next().map(|item| (None, item)),
                Rest::Mapping(entries) => {
                    entries.next().map(|(_, (key, value))| (Some(key), value))
                }
            };
            let Some((key, value)) = child else {
                out.push(if matches!(rest, Rest::Sequence(_)) {
                    ']'
                } else {
                    '}'
                });
                open.pop();
                continue;
            };
            if !is_first {
                out.push(',');
            }
            if let Some(key) = key {
                push_string(key.json_key(line, open.len() - 1)?, &mut out);
                out.push(':');
            }
            begin(value, flow, &mut out, &mut open)?;
        }
        Ok(out)
    }
}

/// Writes a scalar, or the opening of a collection.
fn begin<'a>(
    node: &'a Node,
    in_flow: bool,
    out: &mut String,
    open: &mut Vec<Open<'a>>,
) -> Result<(), JsonError> {
    let (line, flow) = (node.line, in_flow || node.flow);
    match &node.kind {
        Kind::Scalar(scalar) => push_scalar(&scalar.to_json(node.line, in_flow)?, out),
        Kind::Sequence(items) => {
            out.push('[');
            open.push(Open {
                line,
                flow,
                first: true,
                rest: Rest::Sequence(items.iter()),
            });
        }
        Kind::Mapping(map) => {
            out.push('{');
            let mut entries: Vec<_> = map
                .entries()
                .iter()
                .map(|(key, value)| (key.as_str(), (key, value)))
                .collect();
            sort_keys(&mut entries);
            open.push(Open {
                line,
                flow,
                first: true,
                rest: Rest::Mapping(entries.into_iter()),
            });
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
