//! Where objects come from, as precisely as an error allows: an answer of the API server names a field, and the file that the object was
//! read from says in which line it is.

use std::collections::HashMap;

use rosin_domain::ObjectId;
use rosin_manifest::{Node, yaml};
use rosin_render::Location;
use rosin_tree::Tree;
use serde_json::Value;

/// Files, and the place in them at which each object begins.
pub(super) struct Origins {
    tree: Tree,
    places: HashMap<ObjectId, Location>,
}

impl Origins {
    pub(super) fn new(tree: Tree, places: HashMap<ObjectId, Location>) -> Self {
        Self { tree, places }
    }

    /// The place that belongs to an error about an object: of the field that it names, where that is found in the object's own file
    /// with the value that was sent, else of the object.
    pub(super) fn place(&self, id: &ObjectId, sent: &Value, error: &str) -> Option<Location> {
        let object = self.places.get(id)?;
        let line = self
            .tree
            .read(&object.path)
            .ok()
            .and_then(|file| line_of_field(&file, object.line, sent, error));
        Some(match line {
            Some(line) => Location {
                line,
                column: 0,
                ..object.clone()
            },
            None => object.clone(),
        })
    }
}

fn line_of_field(file: &[u8], begins: u32, sent: &Value, error: &str) -> Option<u32> {
    let documents = yaml::read_resources(file).ok()?;
    let document = documents.iter().rev().find(|d| d.line <= begins)?;
    fields(error).find_map(|field| line_of(document, sent, &field))
}

/// One step of a field path as the API server writes it: `spec.ports[0].port`, `.spec.containers[name="web"].image`,
/// `metadata.labels[app]`.
#[derive(Debug, PartialEq, Eq)]
enum Step<'a> {
    Key(&'a str),
    /// What is in brackets: an index, a key, or keys of an item with their values.
    Bracket(&'a str),
}

/// The words of an error that may be field paths: they end with a colon.
fn fields(error: &str) -> impl Iterator<Item = Vec<Step<'_>>> {
    error
        .split_whitespace()
        .filter_map(|word| word.strip_suffix(':'))
        .filter_map(|word| steps(word.trim_start_matches(['[', '(', '.'])))
}

fn steps(path: &str) -> Option<Vec<Step<'_>>> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let (inside, after) = inside.split_once(']')?;
            steps.push(Step::Bracket(inside));
            rest = after.strip_prefix('.').unwrap_or(after);
            continue;
        }
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (key, after) = rest.split_at(end);
        let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/' | '$');
        if key.is_empty() || !key.chars().all(is_key) {
            return None;
        }
        steps.push(Step::Key(key));
        rest = after.strip_prefix('.').unwrap_or(after);
    }
    (!steps.is_empty()).then_some(steps)
}

/// The line of a field, or of the last that exists on the way to one that is missing. `None` where the file has another value than
/// what was sent: then the field comes from elsewhere.
fn line_of(document: &Node, sent: &Value, field: &[Step<'_>]) -> Option<u32> {
    let (mut node, mut value) = (document, Some(sent));
    for (depth, step) in field.iter().enumerate() {
        let Some(next) = below(node, step) else {
            // A word that is no field of the object at all.
            return (depth > 0).then_some(node.line);
        };
        value = value.and_then(|value| value_below(value, node, next, step));
        node = next;
    }
    match (node.as_text(), value) {
        (Some(text), Some(Value::String(sent))) if text != sent => None,
        (Some(text), Some(Value::Number(sent))) if sent.to_string().as_str() != text => None,
        (Some(text), Some(Value::Bool(sent))) if sent.to_string().as_str() != text => None,
        (_, None) => None,
        _ => Some(node.line),
    }
}

fn below<'a>(node: &'a Node, step: &Step<'_>) -> Option<&'a Node> {
    match step {
        Step::Key(key) => node.get(key),
        Step::Bracket(inside) => {
            if let Some(items) = node.as_sequence() {
                if let Ok(index) = inside.parse::<usize>() {
                    return items.get(index);
                }
                return items.iter().find(|item| has(item, inside));
            }
            node.get(inside)
        }
    }
}

/// The same step in what was sent. Lists are followed by position: what the API server calls the first is the first of both.
fn value_below<'a>(
    value: &'a Value,
    parent: &Node,
    child: &Node,
    step: &Step<'_>,
) -> Option<&'a Value> {
    match (step, parent.as_sequence()) {
        (Step::Key(key), _) | (Step::Bracket(key), None) => value.get(key),
        (Step::Bracket(_), Some(items)) => {
            let index = items.iter().position(|item| std::ptr::eq(item, child))?;
            value.get(index)
        }
    }
}

/// `name="web"`, `containerPort=80,protocol="TCP"`.
fn has(item: &Node, keys: &str) -> bool {
    keys.split(',').all(|pair| {
        pair.split_once('=').is_some_and(|(key, value)| {
            item.get(key)
                .and_then(Node::as_text)
                .is_some_and(|text| text == value.trim_matches('"'))
        })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const FILE: &str = "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: one
---
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector:
    app: web
  ports:
    - name: http
      port: seventy
";

    fn sent(port: Value) -> Value {
        json!({
            "apiVersion": "v1", "kind": "Service", "metadata": { "name": "web" },
            "spec": { "selector": { "app": "web" }, "ports": [{ "name": "http", "port": port }] },
        })
    }

    #[test]
    fn the_field_that_an_error_names_has_a_line() {
        let line = |error: &str| line_of_field(FILE.as_bytes(), 6, &sent(json!("seventy")), error);
        let typed = "failed to create typed patch object (t/web; /v1, Kind=Service): \
            .spec.ports[name=\"http\"].port: expected numeric (int or float), got string";
        assert_eq!(line(typed), Some(15));
        assert_eq!(
            line("Service \"web\" is invalid: spec.ports[0].port: Invalid value: 0"),
            Some(15)
        );
        assert_eq!(
            line("is invalid: [spec.ports[0].port: Invalid value: 0, b: c]"),
            Some(15)
        );
        assert_eq!(line("spec.selector[app]: Invalid value"), Some(12));
        // What is missing is missing in what is there.
        assert_eq!(line("spec.ports[0].protocol: Required value"), Some(14));
        assert_eq!(line("admission webhook denied: no"), None);
        assert_eq!(line(""), None);
    }

    #[test]
    fn a_value_from_elsewhere_has_no_line_in_the_file() {
        let line = |error: &str| line_of_field(FILE.as_bytes(), 6, &sent(json!(0)), error);
        assert_eq!(line("spec.ports[0].port: Invalid value: 0"), None);
        assert_eq!(
            line_of_field(b"{{ broken", 1, &json!({}), "spec.a: x"),
            None
        );
    }
}
