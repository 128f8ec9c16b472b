//! Trees as kyaml prints them (go-yaml v3): order, styles and flow collections kept, two columns of indentation, lists at the column
//! of their key.

use super::writer::{Fork, ScalarStyle, Writer};
use crate::node::{Kind, Node, Scalar, Style, Tag};
use crate::yaml::{Dialect, resolve, scalar};

enum Open<'a> {
    Sequence(std::slice::Iter<'a, Node>),
    Mapping(std::slice::Iter<'a, (Scalar, Node)>),
}

/// The text of a node as kyaml's `String()` gives it. Ends with a line break.
#[must_use]
pub fn to_string_kyaml(node: &Node) -> String {
    let mut writer = Writer::new(Fork::V3);
    let mut open = Vec::new();
    begin(node, &mut writer, &mut open);
    while let Some(collection) = open.last_mut() {
        let child = match collection {
            Open::Sequence(items) => items.next().inspect(|_| writer.item()),
            Open::Mapping(entries) => entries.next().map(|(key, value)| {
                writer.key(&key.value, style(key));
                value
            }),
        };
        match (child, collection) {
            (Some(child), _) => begin(child, &mut writer, &mut open),
            (None, collection) => {
                writer.close(if matches!(collection, Open::Sequence(..)) {
                    "]"
                } else {
                    "}"
                });
                open.pop();
            }
        }
    }
    writer.finish()
}

fn begin<'a>(node: &'a Node, writer: &mut Writer, open: &mut Vec<Open<'a>>) {
    match &node.kind {
        Kind::Scalar(scalar) => writer.scalar(&scalar.value, style(scalar)),
        Kind::Sequence(items) if items.is_empty() => writer.empty_collection("[]"),
        Kind::Mapping(map) if map.is_empty() => writer.empty_collection("{}"),
        Kind::Sequence(items) => {
            writer.open_sequence(node.flow);
            open.push(Open::Sequence(items.iter()));
        }
        Kind::Mapping(map) => {
            writer.open_mapping(node.flow);
            open.push(Open::Mapping(map.entries().iter()));
        }
    }
}

/// The style of the source; strings without quotes get them where they would be read as something else, and other values that
/// their text does not tell get a tag.
fn style(scalar: &Scalar) -> ScalarStyle<'static> {
    let text = scalar.value.as_str();
    let found = resolve::plain(text, Dialect::Kyaml);
    let tag = match scalar.tag {
        Tag::Str if !scalar.tagged => None,
        tag if tag == found && !scalar.tagged => None,
        tag => Some(scalar::name(tag)),
    };
    let style = match scalar.style {
        Style::Plain if text.contains('\n') => Style::Literal,
        Style::Plain if scalar.tag == Tag::Str && found != Tag::Str => Style::DoubleQuoted,
        style => style,
    };
    ScalarStyle { style, tag }
}

/// The style in which go-yaml v3 writes a Go string as the value of a field.
pub(crate) fn go_string_style(text: &str) -> Style {
    let wanted = if text.contains('\n') {
        Style::Literal
    } else if resolve::plain(text, Dialect::Kyaml) == Tag::Str && resolve::is_string_in_sigs(text) {
        Style::Plain
    } else {
        Style::DoubleQuoted
    };
    Writer::new(Fork::V3).style_of_value(text, wanted)
}

/// A folded scalar printed and read again; None if that fails.
pub(crate) fn reprint_folded(text: &str) -> Option<String> {
    let mut writer = Writer::new(Fork::V3);
    writer.open_mapping(false);
    let folded = ScalarStyle {
        style: Style::Folded,
        tag: None,
    };
    writer.key(
        "a",
        ScalarStyle {
            style: Style::Plain,
            tag: None,
        },
    );
    writer.scalar(text, folded);
    writer.close("");
    let node = crate::yaml::read_one(writer.finish().as_bytes(), Dialect::Kyaml).ok()?;
    Some(node.get("a")?.as_text()?.to_owned())
}
