//! Text to nodes: documents, anchors and merge keys expanded.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::{Dialect, resolve};
use crate::node::{Kind, Mapping, Node, Scalar, Style, Tag};

#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[error("yaml: line {line}: {cause}")]
pub struct ReadError {
    pub line: u32,
    pub column: u32,
    pub cause: String,
}

/// All documents of a stream, empty ones left out.
pub fn read(text: &[u8], dialect: Dialect) -> Result<Vec<Node>, ReadError> {
    let _ = dialect;
    let text = std::str::from_utf8(text).map_err(|_| ReadError {
        line: 0,
        column: 0,
        cause: "invalid UTF-8".into(),
    })?;
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| ReadError {
            line: error.marker().line() as u32,
            column: error.marker().col() as u32 + 1,
            cause: error.info().to_owned(),
        })?;
        builder.event(event, span.start.line() as u32)?;
    }
    Ok(builder.documents)
}

#[derive(Default)]
struct Builder {
    documents: Vec<Node>,
    stack: Vec<(Node, usize, Option<Scalar>)>,
    anchors: HashMap<usize, Node>,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, line: u32) -> Result<(), ReadError> {
        match event {
            Event::Scalar(value, style, anchor, tag) => {
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted => Style::SingleQuoted,
                    ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
                    ScalarStyle::Literal => Style::Literal,
                    ScalarStyle::Folded => Style::Folded,
                };
                let resolved = match &tag {
                    Some(tag) if tag.suffix == "str" => Tag::Str,
                    _ if style == Style::Plain => resolve::kyaml(&value),
                    _ => Tag::Str,
                };
                self.value(
                    Node {
                        kind: Kind::Scalar(Scalar::new(&*value, resolved, style)),
                        line,
                    },
                    anchor,
                )
            }
            Event::SequenceStart(anchor, _) => {
                self.stack.push((
                    Node {
                        line,
                        ..Node::sequence()
                    },
                    anchor,
                    None,
                ));
                Ok(())
            }
            Event::MappingStart(anchor, _) => {
                self.stack.push((
                    Node {
                        line,
                        ..Node::mapping()
                    },
                    anchor,
                    None,
                ));
                Ok(())
            }
            Event::SequenceEnd | Event::MappingEnd => match self.stack.pop() {
                Some((node, anchor, _)) => self.value(node, anchor),
                None => Ok(()),
            },
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(node) => self.value(node.clone(), 0),
                None => Err(ReadError {
                    line,
                    column: 0,
                    cause: "unknown anchor".into(),
                }),
            },
            _ => Ok(()),
        }
    }

    fn value(&mut self, node: Node, anchor: usize) -> Result<(), ReadError> {
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some((parent, _, key)) = self.stack.last_mut() else {
            if !node.is_null() {
                self.documents.push(node);
            }
            return Ok(());
        };
        match &mut parent.kind {
            Kind::Sequence(items) => items.push(node),
            Kind::Mapping(map) => match (key.take(), node.kind) {
                (None, Kind::Scalar(scalar)) => *key = Some(scalar),
                (None, _) => {
                    return Err(ReadError {
                        line: node.line,
                        column: 0,
                        cause: "invalid map key".into(),
                    });
                }
                (Some(name), kind) => insert(
                    map,
                    name,
                    Node {
                        kind,
                        line: node.line,
                    },
                )?,
            },
            Kind::Scalar(_) => {}
        }
        Ok(())
    }
}

fn insert(map: &mut Mapping, key: Scalar, value: Node) -> Result<(), ReadError> {
    if key.value == "<<" && key.style == Style::Plain {
        let sources = match value.kind {
            Kind::Mapping(source) => vec![source],
            Kind::Sequence(items) => items
                .into_iter()
                .filter_map(|item| match item.kind {
                    Kind::Mapping(map) => Some(map),
                    _ => None,
                })
                .collect(),
            Kind::Scalar(_) => Vec::new(),
        };
        for (key, value) in sources.into_iter().flatten() {
            if !map.contains_key(&key.value) {
                map.insert_key(key, value);
            }
        }
        return Ok(());
    }
    let line = value.line;
    match map.get(&key.value) {
        Some(first) => Err(ReadError {
            line,
            column: 0,
            cause: format!(
                "mapping key {:?} already defined at line {}",
                key.value, first.line
            ),
        }),
        None => {
            map.insert_key(key, value);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_become_trees() {
        let nodes = read(
            b"a: 1\nb: &x {c: yes}\nd: *x\n---\n---\n- 1.0\n",
            Dialect::Kyaml,
        )
        .unwrap();
        assert_eq!(nodes.len(), 2);
        assert_eq!(nodes[0].text_at(&["d", "c"]), Some("yes"));
        assert_eq!(
            nodes[0].to_json().unwrap().to_string(),
            r#"{"a":1,"b":{"c":"yes"},"d":{"c":"yes"}}"#
        );
    }
}
