//! Metadata in formats that do not nest: `age__list_0__map_recipient=…`.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::MAX_DEPTH;
use crate::value::{Field, Fields, Item, Value};

const PREFIX: &str = "sops_";
const MAP: &str = "__map_";
const LIST: &str = "__list_";

/// Takes the fields that begin with `sops_`, without that.
pub(super) fn take_prefixed(fields: &mut Fields) -> Fields {
    let mut taken = Vec::new();
    fields.retain_mut(|field| match field {
        Field::Value(key, value) => match key.strip_prefix(PREFIX) {
            Some(rest) => {
                taken.push(Field::Value(
                    rest.to_owned(),
                    std::mem::replace(value, Value::Null),
                ));
                false
            }
            None => true,
        },
        Field::Comment(_) => true,
    });
    taken
}

/// INI files escape line breaks of metadata once more.
pub(super) fn unescaped(mut fields: Fields) -> Fields {
    for field in &mut fields {
        if let Field::Value(_, Value::Text(text)) = field {
            *text = Zeroizing::new(
                String::from_utf8_lossy(text)
                    .replace("\\n", "\n")
                    .into_bytes(),
            );
        }
    }
    fields
}

#[derive(Default)]
struct Node {
    value: Option<Value>,
    keys: BTreeMap<String, Self>,
    indices: BTreeMap<usize, Self>,
}

enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

/// The nested form of flat fields.
pub(super) fn unflatten(fields: Fields) -> Result<Fields, String> {
    let mut root = Node::default();
    for field in fields {
        let Field::Value(path, value) = field else {
            continue;
        };
        let mut node = &mut root;
        for step in steps(&path)? {
            node = match step {
                Step::Key(key) => node.keys.entry(key.to_owned()).or_default(),
                Step::Index(at) => node.indices.entry(at).or_default(),
            };
        }
        if node.value.replace(value).is_some() {
            return Err(format!("'{path}' is there twice"));
        }
    }
    match nested(root)? {
        Value::Map(fields) => Ok(fields),
        _ => Err("it is not a mapping".to_owned()),
    }
}

fn steps(path: &str) -> Result<Vec<Step<'_>>, String> {
    let mut steps = Vec::new();
    let (mut rest, mut list) = (path, false);
    loop {
        let next = [(MAP, false), (LIST, true)]
            .into_iter()
            .filter_map(|(mark, list)| rest.find(mark).map(|at| (at, mark, list)))
            .min();
        let part = &rest[..next.map_or(rest.len(), |(at, ..)| at)];
        steps.push(if list {
            Step::Index(
                part.parse()
                    .map_err(|_| format!("'{path}' has no number behind '{LIST}'"))?,
            )
        } else {
            Step::Key(part)
        });
        if steps.len() > MAX_DEPTH {
            return Err("it is nested too deeply".to_owned());
        }
        let Some((at, mark, next_list)) = next else {
            return Ok(steps);
        };
        rest = &rest[at + mark.len()..];
        list = next_list;
    }
}

fn nested(node: Node) -> Result<Value, String> {
    let Node {
        value,
        keys,
        indices,
    } = node;
    match (value, keys.is_empty(), indices.is_empty()) {
        (Some(value), true, true) => Ok(value),
        (None, _, true) => keys
            .into_iter()
            .map(|(key, node)| Ok(Field::Value(key, nested(node)?)))
            .collect::<Result<_, String>>()
            .map(Value::Map),
        (None, true, false) => {
            if !indices.keys().copied().eq(0..indices.len()) {
                return Err("a list in it has gaps".to_owned());
            }
            indices
                .into_values()
                .map(|node| Ok(Item::Value(nested(node)?)))
                .collect::<Result<_, String>>()
                .map(Value::List)
        }
        _ => Err("a field of it is of two kinds at once".to_owned()),
    }
}
