//! What kyaml does to nodes: look up, create and set fields, with its rules for what an absent tag means.

mod field_spec;
mod path_match;

use rosin_manifest::node::{Kind, Mapping, Node, Scalar, Style, Tag};
use rosin_manifest::yaml::resolve;

pub(crate) use field_spec::{apply_path, apply_spec, apply_specs, fits};
pub(crate) use path_match::{PathMatch, match_path};

use crate::error::{Error, Result, bail};

/// Null, `{}` or `[]`. An empty string is a value.
pub(crate) fn is_empty(node: &Node) -> bool {
    match &node.kind {
        Kind::Scalar(scalar) => scalar.tag == Tag::Null,
        Kind::Sequence(items) => items.is_empty(),
        Kind::Mapping(entries) => entries.is_empty(),
    }
}

/// The text of a scalar; other nodes have none.
pub(crate) fn text(node: &Node) -> &str {
    node.as_text().unwrap_or_default()
}

/// The text of a scalar that is not null, as `GetValue` gives it.
pub(crate) fn value(node: &Node) -> &str {
    if node.is_null() { "" } else { text(node) }
}

/// The kinds of node that can be asked for or created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NodeKind {
    Scalar,
    Sequence,
    Mapping,
}

impl NodeKind {
    pub(crate) fn of(node: &Node) -> Self {
        match node.kind {
            Kind::Scalar(_) => Self::Scalar,
            Kind::Sequence(_) => Self::Sequence,
            Kind::Mapping(_) => Self::Mapping,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Scalar => "ScalarNode",
            Self::Sequence => "SequenceNode",
            Self::Mapping => "MappingNode",
        }
    }

    /// A node of this kind without content.
    pub(crate) fn empty(self) -> Node {
        match self {
            Self::Scalar => Scalar::new("", Tag::Null, Style::Plain).into(),
            Self::Sequence => Node::sequence(),
            Self::Mapping => Node::mapping(),
        }
    }
}

/// An error unless the node is of that kind; null passes as any.
pub(crate) fn demand(node: &Node, kind: NodeKind) -> Result<()> {
    let actual = NodeKind::of(node);
    if node.is_null() || actual == kind {
        return Ok(());
    }
    Err(Error::node_kind(
        format!(
            "wrong node kind: expected {} but got {}: node contents:\n{}",
            kind.name(),
            actual.name(),
            crate::yaml::node_text(node)
        ),
        actual == NodeKind::Scalar,
    )
    .at_line(node.line))
}

/// What a scalar means that is written without a tag in the given style.
pub(crate) fn untagged(value: &str, style: Style) -> Scalar {
    let tag = if style == Style::Plain && !value.contains('\n') {
        resolve::kyaml(value)
    } else {
        Tag::Str
    };
    Scalar::new(value, tag, style)
}

/// Sets a scalar's value and keeps its style. Without a tag the value means what it means in that style.
pub(crate) fn set_scalar(node: &mut Node, value: &str, tag: Option<Tag>) -> Result<()> {
    demand(node, NodeKind::Scalar)?;
    let style = node.as_scalar().map_or(Style::Plain, |scalar| scalar.style);
    let scalar = match tag {
        Some(tag) => Scalar::new(value, tag, style),
        None => untagged(value, style),
    };
    node.kind = Kind::Scalar(scalar);
    // It is no longer what the file says.
    node.line = 0;
    Ok(())
}

/// Sets a field of a mapping. A key that is new has no tag: one that looks like a number is none that JSON can have, and the
/// original fails when it prints the object.
pub(crate) fn put(mapping: &mut Mapping, key: &str, value: impl Into<Node>) {
    match mapping.get_mut(key) {
        Some(node) => *node = value.into(),
        None => drop(mapping.insert_key(Scalar::plain(key), value.into())),
    }
}

/// Sets a field of a mapping to a string.
pub(crate) fn set_string(node: &mut Node, field: &str, value: &str) -> Result<()> {
    demand(node, NodeKind::Mapping)?;
    match node.make_mapping() {
        Some(mapping) => put(mapping, field, Node::string(value)),
        None => bail!("cannot set field {field}"),
    }
    Ok(())
}

/// Sets a field of a mapping to a scalar without a tag: it keeps the style of what was there; a new one is quoted where it would
/// otherwise not be a string in YAML 1.1.
pub(crate) fn set_plain(mapping: &mut Mapping, field: &str, value: &str) {
    match mapping.get_mut(field) {
        Some(node) => {
            let style = node.as_scalar().map_or(Style::Plain, |scalar| scalar.style);
            node.kind = Kind::Scalar(untagged(value, style));
            node.line = 0;
        }
        None => {
            let scalar = if crate::yaml::is_string_in_yaml_1_1(value) {
                untagged(value, Style::Plain)
            } else {
                Scalar::new(value, Tag::Str, Style::DoubleQuoted)
            };
            put(mapping, field, scalar);
        }
    }
}

/// Splits a path; a backslash before the delimiter makes it part of a name.
pub(crate) fn split_path(path: &str, delimiter: char) -> Vec<String> {
    let mut parts: Vec<&str> = path.split(delimiter).collect();
    if parts.len() > 1 && parts[0].is_empty() {
        parts.remove(0);
    }
    let mut result: Vec<String> = Vec::with_capacity(parts.len());
    for part in parts {
        match result.last_mut() {
            Some(last) if last.ends_with('\\') => {
                last.pop();
                last.push(delimiter);
                last.push_str(part);
            }
            _ => result.push(part.to_owned()),
        }
    }
    result
}

/// As `split_path`, and what is in brackets stays together. Brackets without `=` only quote a name, and are removed.
pub(crate) fn split_bracketed(path: &str, delimiter: char) -> Vec<String> {
    let mut result = Vec::new();
    let mut parts = split_path(path, delimiter).into_iter();
    while let Some(part) = parts.next() {
        if !part.starts_with('[') || part.ends_with(']') {
            result.push(part);
            continue;
        }
        let mut whole = part;
        for part in parts.by_ref() {
            whole.push(delimiter);
            whole.push_str(&part);
            if part.ends_with(']') {
                break;
            }
        }
        if !whole.contains('=') {
            whole = whole.trim_matches(['[', ']']).to_owned();
        }
        result.push(whole);
    }
    result
}

/// One part of a path, as kyaml reads it.
enum Part<'a> {
    Index(usize),
    Last,
    Element { field: &'a str, value: &'a str },
    Field(&'a str),
}

fn is_list_index(part: &str) -> bool {
    part.starts_with('[') && part.ends_with(']')
}

/// Whether a part of a path is the name of a field, and nothing of the other things that a part can be.
fn is_plain_field(part: &str) -> bool {
    !matches!(
        part.as_bytes(),
        [] | [b'0'..=b'9' | b'+' | b'-' | b'*' | b'[' | b' ' | b'\t', ..] | [.., b' ' | b'\t']
    )
}

/// Go's `Atoi`: an optional sign and digits.
fn integer(part: &str) -> Option<i64> {
    let digits = part.strip_prefix(['+', '-']).unwrap_or(part);
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| part.parse().ok())
        .flatten()
}

/// Splits `[name=value]`.
fn split_element(part: &str) -> Result<(&str, &str)> {
    let inner = part.strip_suffix(']').unwrap_or(part);
    let inner = inner.strip_prefix('[').unwrap_or(inner);
    inner.split_once('=').ok_or_else(|| {
        Error::new("list path element must contain fieldName=fieldValue for element to match")
    })
}

fn part(text: &str) -> Result<Part<'_>> {
    if let Some(index) = integer(text) {
        return match usize::try_from(index) {
            Ok(index) => Ok(Part::Index(index)),
            Err(_) => bail!("array index {index} cannot be negative"),
        };
    }
    match text {
        "-" => Ok(Part::Last),
        "*" => bail!("wildcard is not supported in PathGetter"),
        text if is_list_index(text) => {
            let (field, value) = split_element(text)?;
            Ok(Part::Element { field, value })
        }
        text => Ok(Part::Field(text)),
    }
}

/// Where in a node the part leads.
enum Step {
    Item(usize),
    Field,
    Nowhere,
}

fn step(node: &Node, part: &Part<'_>) -> Result<Step> {
    match part {
        Part::Index(index) => {
            demand(node, NodeKind::Sequence)?;
            let found = node.as_sequence().is_some_and(|items| *index < items.len());
            Ok(if found {
                Step::Item(*index)
            } else {
                Step::Nowhere
            })
        }
        Part::Last => {
            demand(node, NodeKind::Sequence)?;
            match node.as_sequence().map_or(0, |items| items.len()) {
                0 => bail!("index -1 is out of range of an empty list"),
                length => Ok(Step::Item(length - 1)),
            }
        }
        Part::Element { field, value } => {
            demand(node, NodeKind::Sequence)?;
            let found = node.as_sequence().and_then(|items| {
                items.iter().position(|item| {
                    if field.is_empty() {
                        text(item) == *value
                    } else {
                        item.get(field).is_some_and(|found| text(found) == *value)
                    }
                })
            });
            Ok(found.map_or(Step::Nowhere, Step::Item))
        }
        Part::Field(field) => {
            demand(node, NodeKind::Mapping)?;
            Ok(if node.get(field).is_some() {
                Step::Field
            } else {
                Step::Nowhere
            })
        }
    }
}

/// Follows a path; None where a part is missing.
pub(crate) fn lookup<'n>(node: &'n Node, path: &[String]) -> Result<Option<&'n Node>> {
    let mut node = node;
    for text in path
        .iter()
        .map(|part| part.trim())
        .filter(|part| !part.is_empty())
    {
        let part = part(text)?;
        let next = match step(node, &part)? {
            Step::Item(index) => node.as_sequence().and_then(|items| items.get(index)),
            Step::Field => node.get(text),
            Step::Nowhere => None,
        };
        match next {
            Some(next) => node = next,
            None => return Ok(None),
        }
    }
    Ok(Some(node))
}

pub(crate) fn lookup_mut<'n>(node: &'n mut Node, path: &[String]) -> Result<Option<&'n mut Node>> {
    let mut node = node;
    for text in path
        .iter()
        .map(|part| part.trim())
        .filter(|part| !part.is_empty())
    {
        let part = part(text)?;
        let next = match step(node, &part)? {
            Step::Item(index) => node
                .as_sequence_mut()
                .and_then(|items| items.get_mut(index)),
            Step::Field => node.get_mut(text),
            Step::Nowhere => None,
        };
        match next {
            Some(next) => node = next,
            None => return Ok(None),
        }
    }
    Ok(Some(node))
}

/// What a part is created as, given the one that follows it.
fn kind_before(next: Option<&str>, leaf: NodeKind) -> NodeKind {
    match next {
        None | Some("") => leaf,
        Some(next) if is_list_index(next) || integer(next).is_some_and(|index| index >= 0) => {
            NodeKind::Sequence
        }
        Some(_) => NodeKind::Mapping,
    }
}

/// Follows a path and creates what is missing; the last part becomes a node of the given kind. None where a list has no such
/// index, which is not created.
pub(crate) fn lookup_create<'n>(
    node: &'n mut Node,
    path: &[String],
    leaf: NodeKind,
) -> Result<Option<&'n mut Node>> {
    let parts: Vec<&str> = path
        .iter()
        .map(|part| part.trim())
        .filter(|part| !part.is_empty())
        .collect();
    let mut node = node;
    for (at, text) in parts.iter().enumerate() {
        let part = part(text)?;
        let step = step(node, &part)?;
        let next = match (step, part) {
            (Step::Item(index), _) => node
                .as_sequence_mut()
                .and_then(|items| items.get_mut(index)),
            (Step::Field, _) => node.get_mut(text),
            (Step::Nowhere, Part::Field(name)) => {
                let created = kind_before(parts.get(at + 1).copied(), leaf).empty();
                node.make_mapping().and_then(|mapping| {
                    put(mapping, name, created);
                    mapping.get_mut(name)
                })
            }
            (Step::Nowhere, Part::Element { field, value }) => {
                let created = element(field, value);
                node.as_sequence_mut().and_then(|items| {
                    items.push(created);
                    items.last_mut()
                })
            }
            (Step::Nowhere, _) => None,
        };
        match next {
            Some(next) => node = next,
            None => return Ok(None),
        }
    }
    Ok(Some(node))
}

/// A list element that `[field=value]` finds.
fn element(field: &str, value: &str) -> Node {
    let value = Node::from(untagged(value, Style::Plain));
    if field.is_empty() {
        return value;
    }
    std::iter::once((field, value)).collect::<Mapping>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(path: &str) -> Vec<String> {
        split_bracketed(path, '.')
    }

    #[test]
    fn paths_keep_what_is_escaped_or_bracketed() {
        assert_eq!(split_path("/a/b\\/c/d", '/'), ["a", "b/c", "d"]);
        assert_eq!(parts("spec.[name=a.b].x"), ["spec", "[name=a.b]", "x"]);
        assert_eq!(
            parts("metadata.annotations.[a.b/c]"),
            ["metadata", "annotations", "a.b/c"]
        );
    }

    #[test]
    fn a_value_without_a_tag_means_what_its_style_says() {
        let mut node = Node::plain("web");
        set_scalar(&mut node, "12", None).unwrap();
        assert_eq!(node.as_i64(), Some(12));
        let mut node = Node::from(Scalar::new("web", Tag::Str, Style::DoubleQuoted));
        set_scalar(&mut node, "12", None).unwrap();
        assert_eq!(node.as_string(), Some("12"));
    }

    #[test]
    fn lookup_goes_through_lists_by_index_and_by_field() {
        let node = crate::yaml::tests_node("a: [{name: x, v: 1}, {name: y, v: 2}]");
        assert_eq!(
            text(lookup(&node, &parts("a.[name=y].v")).unwrap().unwrap()),
            "2"
        );
        assert_eq!(text(lookup(&node, &parts("a.0.v")).unwrap().unwrap()), "1");
        assert_eq!(text(lookup(&node, &parts("a.-.v")).unwrap().unwrap()), "2");
        assert!(lookup(&node, &parts("a.7.v")).unwrap().is_none());
        assert!(lookup(&node, &parts("a.v")).is_err());
    }

    #[test]
    fn lookup_create_makes_mappings_and_list_elements() {
        let mut node = Node::mapping();
        let leaf = lookup_create(
            &mut node,
            &parts("spec.items.[name=x].value"),
            NodeKind::Scalar,
        )
        .unwrap()
        .unwrap();
        set_scalar(leaf, "1", None).unwrap();
        assert_eq!(
            text(lookup(&node, &parts("spec.items.0.name")).unwrap().unwrap()),
            "x"
        );
        assert_eq!(
            text(
                lookup(&node, &parts("spec.items.0.value"))
                    .unwrap()
                    .unwrap()
            ),
            "1"
        );
    }
}
