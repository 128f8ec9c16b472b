//! What `kustomize build` prints and Helm's `toYaml` gives: sigs.k8s.io/yaml, which is JSON written by go-yaml v2 with sorted keys.

use serde_json::Value;

use super::key_order;
use super::tree::{Tree, View};
use super::writer::{Fork, ScalarStyle, Writer};
use crate::node::{JsonError, Node, Style};
use crate::yaml::resolve;

/// The YAML of a JSON value, byte for byte as `sigs.k8s.io/yaml` marshals it. Ends with a line break.
#[must_use]
pub fn to_string_sigs(value: &Value) -> String {
    // JSON has none of the values that cannot be written.
    write(value, Order::Natural).unwrap_or_default()
}

/// The same with the keys in the order of their bytes, as go-yaml v2 prints what was sorted before it was handed over.
#[must_use]
pub fn to_string_sigs_by_bytes(value: &Value) -> String {
    write(value, Order::Given).unwrap_or_default()
}

/// The YAML of a node by way of its JSON.
pub fn node_to_string_sigs(node: &Node) -> Result<String, JsonError> {
    write(node, Order::Natural)
}

/// Whether keys are put in go-yaml's order, or left in the map's.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Natural,
    Given,
}

struct Open<'a, T> {
    flow: bool,
    rest: Rest<'a, T>,
}

enum Rest<'a, T> {
    Sequence(std::vec::IntoIter<T>),
    Mapping(std::vec::IntoIter<(&'a str, T)>),
}

fn write<'a, T: Tree<'a>>(root: T, order: Order) -> Result<String, JsonError> {
    let mut writer = Writer::new(Fork::V2);
    let mut open = Vec::new();
    begin(root, false, order, &mut writer, &mut open)?;
    while let Some(Open { flow, rest }) = open.last_mut() {
        let flow = *flow;
        let child = match rest {
            Rest::Sequence(items) => items.next().inspect(|_| writer.item()),
            Rest::Mapping(entries) => entries.next().map(|(key, value)| {
                writer.key(key, string_style(key));
                value
            }),
        };
        match child {
            Some(child) => begin(child, flow, order, &mut writer, &mut open)?,
            None => {
                writer.close("");
                open.pop();
            }
        }
    }
    Ok(writer.finish())
}

fn begin<'a, T: Tree<'a>>(
    tree: T,
    in_flow: bool,
    order: Order,
    writer: &mut Writer,
    open: &mut Vec<Open<'a, T>>,
) -> Result<(), JsonError> {
    let plain = ScalarStyle {
        style: Style::Plain,
        tag: None,
    };
    let flow = in_flow || tree.is_flow();
    match tree.view(open.len(), in_flow)? {
        View::Null => writer.scalar("null", plain),
        View::Bool(value) => writer.scalar(if value { "true" } else { "false" }, plain),
        View::Number(text) => writer.scalar(&text, plain),
        View::String(text) => writer.scalar(&text, string_style(&text)),
        View::Sequence(items) if items.is_empty() => writer.empty_collection("[]"),
        View::Mapping(entries) if entries.is_empty() => writer.empty_collection("{}"),
        View::Sequence(items) => {
            writer.open_sequence(false);
            open.push(Open {
                flow,
                rest: Rest::Sequence(items.into_iter()),
            });
        }
        View::Mapping(mut entries) => {
            if order == Order::Natural {
                key_order::sort(&mut entries);
            }
            writer.open_mapping(false);
            open.push(Open {
                flow,
                rest: Rest::Mapping(entries.into_iter()),
            });
        }
    }
    Ok(())
}

/// Strings over several lines are literal; those that would be read as something else are quoted.
fn string_style(text: &str) -> ScalarStyle<'static> {
    let style = if text.contains('\n') {
        Style::Literal
    } else if resolve::is_string_in_sigs(text) {
        Style::Plain
    } else {
        Style::DoubleQuoted
    };
    ScalarStyle { style, tag: None }
}
