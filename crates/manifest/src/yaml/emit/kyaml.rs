//! Trees as kyaml prints them (go-yaml v3): order, styles and flow collections kept, two columns of indentation, lists at the column
//! of their key.

use super::writer::{Fork, Lists, ScalarStyle, Writer};
use crate::node::{Kind, Node, Scalar, Style, Tag};
use crate::yaml::{Dialect, resolve, scalar};

struct Open<'a> {
    node: &'a Node,
    rest: Rest<'a>,
}

enum Rest<'a> {
    Sequence(std::slice::Iter<'a, Node>),
    Mapping(std::slice::Iter<'a, (Scalar, Node)>),
}

/// The text of a node as kyaml's `String()` gives it. Ends with a line break.
#[must_use]
pub fn to_string_kyaml(node: &Node) -> String {
    print(node, Writer::new(Fork::V3))
}

/// The text of a node as go-yaml v3 gives it to whoever asks for an indentation and not for compact lists. Ends with a line break.
#[must_use]
pub fn to_string_indented(node: &Node, columns: usize) -> String {
    print(node, Writer::indenting(Fork::V3, Lists::Indented, columns))
}

fn print(node: &Node, mut writer: Writer) -> String {
    let mut open = Vec::new();
    begin(node, &mut writer, &mut open);
    while let Some(Open { node, rest }) = open.last_mut() {
        let child = match rest {
            Rest::Sequence(items) => items.next().inspect(|item| {
                head(item, &mut writer);
                writer.item();
            }),
            Rest::Mapping(entries) => entries.next().map(|(key, value)| {
                head(value, &mut writer);
                writer.key(&key.value, style(key));
                value
            }),
        };
        match child {
            Some(child) => begin(child, &mut writer, &mut open),
            None => {
                let node = *node;
                writer.close(if node.is_sequence() { "]" } else { "}" });
                open.pop();
                end(node, node.flow, &mut writer);
            }
        }
    }
    writer.finish()
}

fn begin<'a>(node: &'a Node, writer: &mut Writer, open: &mut Vec<Open<'a>>) {
    let rest = match &node.kind {
        Kind::Scalar(scalar) => {
            writer.scalar(&scalar.value, style(scalar));
            return end(node, true, writer);
        }
        Kind::Sequence(items) if items.is_empty() => {
            writer.empty_collection("[]");
            return end(node, true, writer);
        }
        Kind::Mapping(map) if map.is_empty() => {
            writer.empty_collection("{}");
            return end(node, true, writer);
        }
        Kind::Sequence(items) => Rest::Sequence(items.iter()),
        Kind::Mapping(map) => Rest::Mapping(map.entries().iter()),
    };
    // The comment of a block stands behind its key.
    if let Some(comments) = node
        .comments
        .as_ref()
        .filter(|_| !node.flow && !open.is_empty())
    {
        writer.comment_behind(&comments.line);
    }
    if node.is_sequence() {
        writer.open_sequence(node.flow);
    } else {
        writer.open_mapping(node.flow);
    }
    open.push(Open { node, rest });
}

fn head(node: &Node, writer: &mut Writer) {
    if let Some(comments) = &node.comments {
        writer.comment_lines(&comments.head);
    }
}

/// The comments behind a value and after it.
fn end(node: &Node, takes_line: bool, writer: &mut Writer) {
    let Some(comments) = &node.comments else {
        return;
    };
    if takes_line {
        writer.comment_behind(&comments.line);
    }
    writer.comment_lines(&comments.foot);
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
#[must_use]
pub fn go_string_style(text: &str) -> Style {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn reprinted(text: &str) -> String {
        to_string_kyaml(&crate::yaml::read_one(text.as_bytes(), Dialect::Kyaml).unwrap())
    }

    #[test]
    fn comments_stay_where_they_are() {
        for text in [
            "# comment\na:\n  b: old # line\nn: 1\n",
            "a: # of a\n  # of b\n  b: 1 # one\n  # end of a\nc:\n# first\n- x # of x\n# second\n- y\nd: [1, 2] # flow\n",
            "# top\n\n# of a\na: 1\n# last\n",
            "a:\n- b: 1 # x\n  c: 2\n# of d\nd: 3\n",
            "a: |\n  # text\nb: 1 # x\n",
        ] {
            assert_eq!(reprinted(text), text);
        }
    }
}
