//! `spec.ignore`: fields of applied objects that others may change.

use rosin_api::kustomization::IgnoreRule;
use rosin_api::names::KUSTOMIZE_CONTROLLER;
use serde_json::{Map, Value};

use super::selector::Matcher;
use crate::object::Object;

/// `spec.ignore` cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IgnoreError {
    #[error("spec.ignore: {pattern:?} is not a regular expression: {message}")]
    Pattern { pattern: String, message: String },
    #[error("spec.ignore: {0:?} is not a label selector")]
    LabelSelector(String),
    #[error("spec.ignore: {0:?} is not a JSON pointer: it must begin with '/'")]
    Pointer(String),
}

/// The rules of a Kustomization.
#[derive(Clone, Debug, Default)]
pub struct IgnoreRules(Vec<(Matcher, Vec<Pointer>)>);

/// The ignored fields of one object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IgnorePaths(Vec<Pointer>);

/// The segments of a JSON pointer (RFC 6901).
type Pointer = Vec<String>;

impl IgnoreRules {
    pub fn new(rules: &[IgnoreRule]) -> Result<Self, IgnoreError> {
        let compiled = rules.iter().map(|rule| {
            let matcher = rule
                .target
                .as_ref()
                .map_or_else(|| Ok(Matcher::default()), Matcher::new)?;
            let paths = rule
                .paths
                .iter()
                .map(|path| pointer(path))
                .collect::<Result<_, _>>()?;
            Ok((matcher, paths))
        });
        compiled.collect::<Result<_, _>>().map(Self)
    }

    /// The fields of an object that its rules leave to others.
    pub fn paths_of(&self, object: &Object) -> IgnorePaths {
        let paths = self
            .0
            .iter()
            .filter(|(matcher, _)| matcher.matches(object))
            .flat_map(|(_, paths)| paths.iter().cloned());
        IgnorePaths(paths.collect())
    }
}

impl IgnorePaths {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Is the whole object left to others?
    pub(super) fn ignores_all(&self) -> bool {
        self.0.iter().any(Vec::is_empty)
    }

    pub(super) fn remove_from(&self, object: &mut Value) {
        for path in &self.0 {
            remove(object, path);
        }
    }

    /// What to send when an object must be applied for another reason, so that an ignored field keeps its live value: left out where
    /// another tool declares it (server-side apply then gives it up to them), else filled in as it is (or Flux would lose it).
    pub fn adjust(&self, wanted: &mut Value, live: &Value, dry_run: &Value) {
        for path in &self.0 {
            let (now, then) = (get(live, path), get(dry_run, path));
            if now == then {
                continue;
            }
            if declared_by_others(live, path) {
                remove(wanted, path);
            } else if let Some(now) = now {
                set(wanted, path, now.clone());
            }
        }
    }
}

fn pointer(text: &str) -> Result<Pointer, IgnoreError> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let Some(rest) = text.strip_prefix('/') else {
        return Err(IgnoreError::Pointer(text.to_owned()));
    };
    Ok(rest
        .split('/')
        .map(|segment| segment.replace("~1", "/").replace("~0", "~"))
        .collect())
}

fn index(segment: &str) -> Option<usize> {
    let plain = segment == "0" || !segment.starts_with('0');
    plain.then(|| segment.parse().ok()).flatten()
}

fn get<'a>(value: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, segment| match value {
        Value::Object(map) => map.get(segment),
        Value::Array(list) => list.get(index(segment)?),
        _ => None,
    })
}

fn parent<'a>(value: &'a mut Value, path: &[String]) -> Option<&'a mut Value> {
    path.iter().try_fold(value, |value, segment| match value {
        Value::Object(map) => map.get_mut(segment),
        Value::Array(list) => list.get_mut(index(segment)?),
        _ => None,
    })
}

fn remove(value: &mut Value, path: &[String]) {
    let Some((last, above)) = path.split_last() else {
        return;
    };
    match parent(value, above) {
        Some(Value::Object(map)) => {
            map.remove(last);
        }
        Some(Value::Array(list)) => {
            if let Some(index) = index(last).filter(|index| *index < list.len()) {
                list.remove(index);
            }
        }
        _ => {}
    }
}

fn set(value: &mut Value, path: &[String], new: Value) {
    let Some((last, above)) = path.split_last() else {
        return;
    };
    match parent(value, above) {
        Some(Value::Object(map)) => {
            map.insert(last.clone(), new);
        }
        Some(Value::Array(list)) => {
            if let Some(slot) = index(last).and_then(|index| list.get_mut(index)) {
                *slot = new;
            }
        }
        _ => {}
    }
}

/// Whether another manager declares a field by server-side apply.
fn declared_by_others(live: &Value, path: &[String]) -> bool {
    let entries = live
        .pointer("/metadata/managedFields")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let text = |entry: &Value, key: &str| {
        entry
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    entries
        .filter(|entry| {
            text(entry, "operation") == "Apply" && text(entry, "subresource").is_empty()
        })
        .filter(|entry| text(entry, "manager") != KUSTOMIZE_CONTROLLER)
        .filter_map(|entry| entry.get("fieldsV1")?.as_object())
        .any(|fields| declares(fields, live, path))
}

/// Follows a path through a tree of managed fields, list items by their merge keys.
fn declares(fields: &Map<String, Value>, object: &Value, path: &[String]) -> bool {
    let Some((segment, rest)) = path.split_first() else {
        return true;
    };
    let (below, value) = match object {
        Value::Array(items) => {
            let Some(item) = index(segment).and_then(|index| items.get(index)) else {
                return false;
            };
            (
                fields
                    .iter()
                    .find(|(key, _)| is_key_of(key, item))
                    .map(|(_, below)| below),
                item,
            )
        }
        _ => (
            fields.get(&format!("f:{segment}")),
            object.get(segment).unwrap_or(&Value::Null),
        ),
    };
    below
        .and_then(Value::as_object)
        .is_some_and(|below| declares(below, value, rest))
}

/// Whether `k:{"name":"web"}` means this item.
fn is_key_of(key: &str, item: &Value) -> bool {
    let Some(Ok(Value::Object(wanted))) = key.strip_prefix("k:").map(serde_json::from_str) else {
        return false;
    };
    wanted
        .iter()
        .all(|(field, value)| item.get(field) == Some(value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::drift::differs;

    fn paths(list: &[&str]) -> IgnorePaths {
        let rule = IgnoreRule {
            paths: list.iter().map(|path| (*path).to_owned()).collect(),
            target: None,
        };
        IgnoreRules::new(&[rule])
            .unwrap()
            .paths_of(&Object::new(deployment(1)).unwrap())
    }

    fn deployment(replicas: u32) -> Value {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": { "name": "web", "namespace": "apps" },
            "spec": { "replicas": replicas, "template": { "spec": { "containers": [{ "name": "c", "image": "a" }] } } },
        })
    }

    fn owned_by(manager: &str, fields: Value) -> Value {
        let mut live = deployment(5);
        live["metadata"]["managedFields"] =
            json!([{ "manager": manager, "operation": "Apply", "fieldsV1": fields }]);
        live
    }

    #[test]
    fn ignored_fields_are_no_drift() {
        // parity: KS-DRIFT-002
        assert!(differs(
            &deployment(5),
            &deployment(2),
            &IgnorePaths::default()
        ));
        assert!(!differs(
            &deployment(5),
            &deployment(2),
            &paths(&["/spec/replicas"])
        ));
        assert!(!differs(
            &deployment(5),
            &deployment(5),
            &paths(&["/spec/nothing/here", "/spec/template/9"])
        ));
        let pointer_error = IgnoreRules::new(&[IgnoreRule {
            paths: vec!["spec".into()],
            target: None,
        }])
        .map(|_| ());
        assert_eq!(pointer_error, Err(IgnoreError::Pointer("spec".into())));
    }

    #[test]
    fn a_field_that_another_tool_declares_is_left_out() {
        // parity: KS-DRIFT-003
        let live = owned_by("vpa", json!({ "f:spec": { "f:replicas": {} } }));
        let mut wanted = deployment(2);
        paths(&["/spec/replicas"]).adjust(&mut wanted, &live, &deployment(2));
        assert_eq!(wanted["spec"].get("replicas"), None);
    }

    #[test]
    fn a_field_that_nobody_else_declares_is_sent_as_it_is() {
        // parity: KS-DRIFT-004
        let live = owned_by(
            KUSTOMIZE_CONTROLLER,
            json!({ "f:spec": { "f:replicas": {} } }),
        );
        let mut wanted = deployment(2);
        paths(&["/spec/replicas"]).adjust(&mut wanted, &live, &deployment(2));
        assert_eq!(wanted["spec"]["replicas"], 5);
    }

    #[test]
    fn list_items_are_found_by_their_keys() {
        // parity: KS-DRIFT-005
        let key = json!({ "k:{\"name\":\"c\"}": { "f:image": {} } });
        let mut live = owned_by(
            "image-tool",
            json!({ "f:spec": { "f:template": { "f:spec": { "f:containers": key } } } }),
        );
        live["spec"]["template"]["spec"]["containers"][0]["image"] = "b".into();
        let mut wanted = deployment(5);
        paths(&["/spec/template/spec/containers/0/image"]).adjust(
            &mut wanted,
            &live,
            &deployment(5),
        );
        assert_eq!(
            wanted["spec"]["template"]["spec"]["containers"][0],
            json!({ "name": "c" })
        );
    }
}
