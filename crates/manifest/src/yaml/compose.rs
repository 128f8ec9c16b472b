//! Events to trees: types, anchors, merge keys, duplicates.

use std::collections::HashMap;

use smol_str::SmolStr;

use super::error::{Mark, ReadError};
use super::parse::{Event, EventKind, Parser, Properties};
use super::remarks::{Remarks, comments};
use super::{Dialect, expansion::Expansion, scalar, scan::MAX_DEPTH};
use crate::node::{Kind, Mapping, Node, Scalar, Sequence, Style, Tag};

/// Builds one document; the parser stands behind its start.
pub(super) struct Composer<'a> {
    dialect: Dialect,
    /// Lines of the file before this document.
    above: u32,
    open: Vec<Open<'a>>,
    /// The lines of the keys of all open mappings, for the error on duplicates.
    key_lines: Vec<u32>,
    anchors: HashMap<&'a str, (Node, u64)>,
    expansion: Expansion,
    remarks: Remarks<'a>,
}

/// A collection that is being read.
struct Open<'a> {
    kind: OpenKind,
    flow: bool,
    mark: Mark,
    anchor: Option<&'a str>,
    weight: u64,
    head: SmolStr,
    behind: Option<SmolStr>,
}

enum OpenKind {
    Sequence(Vec<Node>),
    Mapping {
        entries: Mapping,
        key: Option<Key>,
        first_line: usize,
        /// What `<<` gave; in kyaml it is put behind the mapping's own keys.
        merged: Vec<Mapping>,
    },
}

struct Key {
    scalar: Scalar,
    line: u32,
    merge: bool,
    /// Comments before it.
    head: SmolStr,
}

impl<'a> Composer<'a> {
    pub(super) fn new(dialect: Dialect, above: u32) -> Self {
        Self {
            dialect,
            above,
            open: Vec::new(),
            key_lines: Vec::new(),
            anchors: HashMap::new(),
            expansion: Expansion::new(dialect),
            remarks: Remarks::default(),
        }
    }

    /// Reads to the end of the document.
    pub(super) fn document(mut self, parser: &mut Parser<'a>) -> Result<Node, ReadError> {
        let mut root = Node::null();
        loop {
            let Event { kind, mark } = parser.next()?;
            while let Some(comment) = parser.comment_before(mark) {
                self.remarks.push(comment);
            }
            let (node, weight) = match kind {
                EventKind::DocumentEnd | EventKind::StreamEnd => return Ok(root),
                EventKind::DocumentStart => continue,
                EventKind::SequenceStart { flow, properties } => {
                    self.push(OpenKind::Sequence(Vec::new()), flow, mark, &properties)?;
                    continue;
                }
                EventKind::MappingStart { flow, properties } => {
                    let first_line = self.key_lines.len();
                    let kind = OpenKind::Mapping {
                        entries: Mapping::new(),
                        key: None,
                        first_line,
                        merged: Vec::new(),
                    };
                    self.push(kind, flow, mark, &properties)?;
                    continue;
                }
                EventKind::Scalar {
                    value,
                    style,
                    properties,
                    end,
                } => {
                    let weight = self.expansion.written(&value);
                    if self.is_merge_key(&value, style, &properties) {
                        let head = self.remarks.head(mark);
                        self.set_key(Key {
                            scalar: Scalar::new("<<", Tag::Str, style),
                            line: self.line(mark),
                            merge: true,
                            head,
                        });
                        continue;
                    }
                    let tag =
                        scalar::tag(&value, style, properties.tag.as_deref(), self.dialect, mark)?;
                    let tagged = properties.tag.as_deref().is_some_and(scalar::is_standard);
                    let scalar = Scalar {
                        tagged,
                        ..Scalar::new(value, tag, self.kept(style))
                    };
                    let node = Node {
                        kind: Kind::Scalar(scalar),
                        flow: false,
                        line: self.line(mark),
                        column: column(mark),
                        comments: None,
                    };
                    let (head, behind) = self.remarks_on_value(mark);
                    let behind = behind.or_else(|| self.comment_behind(parser, end));
                    let node = Node {
                        comments: comments(head, behind, SmolStr::default()),
                        ..node
                    };
                    (self.anchor(node, properties.anchor, weight), weight)
                }
                EventKind::Alias(name) => self.alias(name, mark)?,
                EventKind::SequenceEnd | EventKind::MappingEnd => match self.open.pop() {
                    Some(open) => self.close(open, parser, mark)?,
                    None => continue,
                },
            };
            if self.open.is_empty() {
                root = node;
            } else {
                self.add(node, weight, mark)?;
            }
        }
    }

    /// Styles matter where kyaml prints the tree again; in the sigs dialect what was read is what it is.
    fn kept(&self, style: Style) -> Style {
        if self.dialect == Dialect::Kyaml {
            style
        } else {
            Style::Plain
        }
    }

    fn line(&self, mark: Mark) -> u32 {
        mark.line + 1 + self.above
    }

    fn push(
        &mut self,
        kind: OpenKind,
        flow: bool,
        mark: Mark,
        properties: &Properties<'a>,
    ) -> Result<(), ReadError> {
        let weight = self.expansion.written("");
        let (head, behind) = self.remarks_on_value(mark);
        self.open.push(Open {
            head,
            behind,
            kind,
            flow: flow && self.dialect == Dialect::Kyaml,
            mark,
            anchor: properties.anchor,
            weight,
        });
        // Flow and block nesting are each limited by the scanner; this is for both together.
        if self.open.len() > MAX_DEPTH {
            return Err(ReadError::at(
                mark,
                format!("exceeded max depth of {MAX_DEPTH}"),
            ));
        }
        Ok(())
    }

    /// What is said about a value before it begins: on the lines above an item, behind a key.
    fn remarks_on_value(&mut self, mark: Mark) -> (SmolStr, Option<SmolStr>) {
        if self.remarks.is_empty() {
            return Default::default();
        }
        match self.open.last().map(|open| &open.kind) {
            Some(OpenKind::Sequence(_)) => (self.remarks.head(mark), None),
            Some(OpenKind::Mapping { key: Some(key), .. }) => (
                SmolStr::default(),
                self.remarks.behind(key.line - 1 - self.above),
            ),
            _ => Default::default(),
        }
    }

    /// The comment behind a value, which a key and what is in braces do not have.
    fn comment_behind(&self, parser: &mut Parser<'a>, line: u32) -> Option<SmolStr> {
        let takes = match self.open.last() {
            Some(
                Open { flow: true, .. }
                | Open {
                    kind: OpenKind::Mapping { key: None, .. },
                    ..
                },
            ) => false,
            Some(_) | None => true,
        };
        if takes {
            parser.comment_on(line).map(|comment| comment.text.into())
        } else {
            None
        }
    }

    fn anchor(&mut self, node: Node, anchor: Option<&'a str>, weight: u64) -> Node {
        if let Some(name) = anchor {
            self.anchors.insert(name, (node.clone(), weight));
        }
        node
    }

    fn alias(&mut self, name: &'a str, mark: Mark) -> Result<(Node, u64), ReadError> {
        if self.open.iter().any(|open| open.anchor == Some(name)) {
            return Err(ReadError::unplaced(
                mark,
                format!("anchor '{name}' value contains itself"),
            ));
        }
        let Some((node, weight)) = self.anchors.get(name) else {
            return Err(ReadError::unplaced(
                mark,
                format!("unknown anchor '{name}' referenced"),
            ));
        };
        self.expansion.expand(name, *weight, mark)?;
        Ok((node.clone(), *weight))
    }

    /// Whether a scalar in the place of a key is `<<`.
    fn is_merge_key(&self, value: &str, style: Style, properties: &Properties<'_>) -> bool {
        let plain = style == Style::Plain && properties.tag.is_none();
        let wanted = plain || properties.tag.as_deref() == Some("tag:yaml.org,2002:merge");
        value == "<<"
            && wanted
            && matches!(
                self.open.last(),
                Some(Open {
                    kind: OpenKind::Mapping { key: None, .. },
                    ..
                })
            )
    }

    fn set_key(&mut self, new: Key) {
        if let Some(Open {
            kind: OpenKind::Mapping { key, .. },
            ..
        }) = self.open.last_mut()
        {
            *key = Some(new);
        }
    }

    /// Puts a finished value into the innermost open collection.
    fn add(&mut self, node: Node, weight: u64, mark: Mark) -> Result<(), ReadError> {
        let (dialect, line) = (self.dialect, self.line(mark));
        let at_key = matches!(
            self.open.last(),
            Some(Open {
                kind: OpenKind::Mapping { key: None, .. },
                ..
            })
        );
        let head = if at_key {
            self.remarks.head(mark)
        } else {
            SmolStr::default()
        };
        let Some(open) = self.open.last_mut() else {
            return Ok(());
        };
        open.weight = open.weight.saturating_add(weight);
        match &mut open.kind {
            OpenKind::Sequence(items) => items.push(node),
            OpenKind::Mapping {
                entries,
                key: pending,
                first_line,
                merged,
            } => match pending.take() {
                None => {
                    let Kind::Scalar(key) = node.kind else {
                        let shown = scalar::go_syntax(&node);
                        return Err(ReadError::unplaced(
                            mark,
                            format!("invalid map key: {shown}"),
                        ));
                    };
                    let scalar = scalar::key(key, dialect, mark)?;
                    *pending = Some(Key {
                        scalar,
                        line,
                        merge: false,
                        head,
                    });
                }
                Some(key) if key.merge => {
                    let sources = merge_sources(node, mark)?;
                    if dialect == Dialect::Sigs {
                        // v2 merges on the spot: the last one wins, whether merged or written.
                        for (key, value) in sources.into_iter().rev().flatten() {
                            entries.insert_key(key, value);
                        }
                    } else if merged.is_empty() {
                        *merged = sources;
                    } else {
                        return Err(ReadError::at(mark, "mapping key \"<<\" already defined"));
                    }
                }
                Some(key) => {
                    if dialect == Dialect::Sigs {
                        scalar::supported_key(&key.scalar, &node, mark)?;
                        entries.insert_key(key.scalar, node);
                        return Ok(());
                    }
                    if key.scalar.value == "<<" {
                        // kyaml drops what is called so, quoted or not, after it has merged.
                        return Ok(());
                    }
                    if let Some(at) = entries.position(&key.scalar.value) {
                        let first = self.key_lines[*first_line + at];
                        let cause = format!(
                            "unmarshal errors:\n  line {}: mapping key {:?} already defined at line {first}",
                            key.line, key.scalar.value
                        );
                        return Err(ReadError {
                            line: key.line,
                            ..ReadError::unplaced(mark, cause)
                        });
                    }
                    entries.push(key.scalar, with_head(node, key.head));
                    self.key_lines.push(key.line);
                }
            },
        }
        Ok(())
    }

    /// Comments that are indented as a block ends stand with its last value.
    fn end_block(&mut self, open: &mut Open<'a>) {
        if self.remarks.is_empty() {
            return;
        }
        // A list at the column of its key leaves that column to the next key.
        let column = match (&open.kind, self.open.last()) {
            (OpenKind::Sequence(_), Some(outer)) if outer.mark.column == open.mark.column => {
                open.mark.column + 1
            }
            _ => open.mark.column,
        };
        let last = match &mut open.kind {
            OpenKind::Sequence(items) => items.last_mut(),
            OpenKind::Mapping { entries, .. } => entries.values_mut().last(),
        };
        if let Some(last) = last {
            let foot = self.remarks.foot(column);
            if !foot.is_empty() {
                last.comments.get_or_insert_default().foot = foot;
            }
        }
    }

    fn close(
        &mut self,
        mut open: Open<'a>,
        parser: &mut Parser<'a>,
        end: Mark,
    ) -> Result<(Node, u64), ReadError> {
        let behind = open.behind.take();
        let behind = behind.or_else(|| {
            if open.flow {
                self.comment_behind(parser, end.line)
            } else {
                None
            }
        });
        if !open.flow {
            self.end_block(&mut open);
        }
        let kind = match open.kind {
            OpenKind::Sequence(items) => Kind::Sequence(Sequence::from(items)),
            OpenKind::Mapping {
                mut entries,
                first_line,
                merged,
                ..
            } => {
                self.key_lines.truncate(first_line);
                for (key, value) in merged.into_iter().flatten() {
                    if !entries.contains_key(&key.value) {
                        entries.push(key, value);
                    }
                }
                Kind::Mapping(entries)
            }
        };
        let node = Node {
            kind,
            flow: open.flow,
            line: self.line(open.mark),
            column: column(open.mark),
            comments: comments(open.head, behind, SmolStr::default()),
        };
        Ok((self.anchor(node, open.anchor, open.weight), open.weight))
    }
}

fn column(mark: Mark) -> u16 {
    u16::try_from(mark.column + 1).unwrap_or(u16::MAX)
}

/// Puts comments before a field.
fn with_head(mut node: Node, head: SmolStr) -> Node {
    if !head.is_empty() {
        node.comments.get_or_insert_default().head = head;
    }
    node
}

/// The mappings behind `<<`, the one that wins first.
fn merge_sources(node: Node, mark: Mark) -> Result<Vec<Mapping>, ReadError> {
    let wrong = || {
        ReadError::unplaced(
            mark,
            "map merge requires map or sequence of maps as the value",
        )
    };
    match node.kind {
        Kind::Mapping(source) => Ok(vec![source]),
        Kind::Sequence(items) => items
            .into_iter()
            .map(|item| match item.kind {
                Kind::Mapping(source) => Ok(source),
                _ => Err(wrong()),
            })
            .collect(),
        Kind::Scalar(_) => Err(wrong()),
    }
}
