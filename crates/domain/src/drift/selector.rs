//! Which objects a rule is for: anchored regular expressions over identity, and label selectors over labels and annotations.

use regex::Regex;
use rosin_api::kustomization::Selector;
use serde_json::{Map, Value};

use super::ignore::IgnoreError;
use crate::object::Object;

/// A selector, checked and compiled. What is not given matches everything.
#[derive(Clone, Debug, Default)]
pub(super) struct Matcher {
    group: Option<Regex>,
    version: Option<Regex>,
    kind: Option<Regex>,
    namespace: Option<Regex>,
    name: Option<Regex>,
    labels: Requirements,
    annotations: Requirements,
}

impl Matcher {
    pub(super) fn new(selector: &Selector) -> Result<Self, IgnoreError> {
        Ok(Self {
            group: anchored(selector.group.as_deref())?,
            version: anchored(selector.version.as_deref())?,
            kind: anchored(selector.kind.as_deref())?,
            namespace: anchored(selector.namespace.as_deref())?,
            name: anchored(selector.name.as_deref())?,
            labels: Requirements::parse(selector.label_selector.as_deref())?,
            annotations: Requirements::parse(selector.annotation_selector.as_deref())?,
        })
    }

    pub(super) fn matches(&self, object: &Object) -> bool {
        let fits = |pattern: &Option<Regex>, text: &str| {
            pattern
                .as_ref()
                .is_none_or(|pattern| pattern.is_match(text))
        };
        fits(&self.group, object.group())
            && fits(&self.version, object.version())
            && fits(&self.kind, object.kind())
            && fits(&self.namespace, object.namespace())
            && fits(&self.name, object.name())
            && self.labels.hold(map(object, "labels"))
            && self.annotations.hold(map(object, "annotations"))
    }
}

fn map<'a>(object: &'a Object, field: &str) -> Option<&'a Map<String, Value>> {
    object.get("metadata")?.get(field)?.as_object()
}

fn anchored(pattern: Option<&str>) -> Result<Option<Regex>, IgnoreError> {
    let Some(pattern) = pattern.filter(|pattern| !pattern.is_empty()) else {
        return Ok(None);
    };
    Regex::new(&format!("^(?:{pattern})$"))
        .map(Some)
        .map_err(|error| IgnoreError::Pattern {
            pattern: pattern.to_owned(),
            message: error.to_string(),
        })
}

/// A label selector: all of its parts must hold.
#[derive(Clone, Debug, Default)]
struct Requirements(Vec<Requirement>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Requirement {
    Exists(String),
    Absent(String),
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
}

impl Requirements {
    /// `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`, `a`, `!a`, separated by commas.
    fn parse(text: Option<&str>) -> Result<Self, IgnoreError> {
        let text = text.unwrap_or_default();
        let wrong = || IgnoreError::LabelSelector(text.to_owned());
        let mut requirements = Vec::new();
        for part in split(text) {
            let part = part.trim();
            let requirement = if let Some((key, rest)) = set_operator(part) {
                let values = rest
                    .values
                    .trim()
                    .strip_prefix('(')
                    .and_then(|rest| rest.strip_suffix(')'))
                    .ok_or_else(wrong)?;
                let values = values
                    .split(',')
                    .map(|value| value.trim().to_owned())
                    .collect();
                if rest.negated {
                    Requirement::NotIn(key, values)
                } else {
                    Requirement::In(key, values)
                }
            } else if let Some((key, value)) = part.split_once("!=") {
                Requirement::NotIn(key.trim().to_owned(), vec![value.trim().to_owned()])
            } else if let Some((key, value)) =
                part.split_once("==").or_else(|| part.split_once('='))
            {
                Requirement::In(key.trim().to_owned(), vec![value.trim().to_owned()])
            } else if let Some(key) = part.strip_prefix('!') {
                Requirement::Absent(key.trim().to_owned())
            } else {
                Requirement::Exists(part.to_owned())
            };
            let key = match &requirement {
                Requirement::Exists(key) | Requirement::Absent(key) => key,
                Requirement::In(key, _) | Requirement::NotIn(key, _) => key,
            };
            if key.is_empty() || key.contains(|c: char| c.is_whitespace() || "()!=,".contains(c)) {
                return Err(wrong());
            }
            requirements.push(requirement);
        }
        Ok(Self(requirements))
    }

    fn hold(&self, labels: Option<&Map<String, Value>>) -> bool {
        let value = |key: &str| {
            labels
                .and_then(|labels| labels.get(key))
                .and_then(Value::as_str)
        };
        self.0.iter().all(|requirement| match requirement {
            Requirement::Exists(key) => value(key).is_some(),
            Requirement::Absent(key) => value(key).is_none(),
            Requirement::In(key, values) => {
                value(key).is_some_and(|found| values.iter().any(|value| value == found))
            }
            Requirement::NotIn(key, values) => {
                value(key).is_none_or(|found| values.iter().all(|value| value != found))
            }
        })
    }
}

/// Parts between commas that are not in parentheses.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut depth) = (0, 0_i32);
    for (index, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth <= 0 => {
                parts.push(&text[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    if text.trim().is_empty() {
        Vec::new()
    } else {
        parts
    }
}

struct SetOperator<'a> {
    negated: bool,
    values: &'a str,
}

fn set_operator(part: &str) -> Option<(String, SetOperator<'_>)> {
    let (key, rest) = part.split_once(char::is_whitespace)?;
    let rest = rest.trim_start();
    let (negated, values) = match rest.strip_prefix("notin") {
        Some(values) => (true, values),
        None => (false, rest.strip_prefix("in")?),
    };
    values
        .starts_with(|c: char| c == '(' || c.is_whitespace())
        .then(|| (key.to_owned(), SetOperator { negated, values }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object() -> Object {
        Object::new(json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": { "name": "web", "namespace": "apps", "labels": { "tier": "front", "app": "web" } },
        }))
        .unwrap()
    }

    fn labels(selector: &str) -> bool {
        let selector = Selector {
            label_selector: Some(selector.into()),
            ..Selector::default()
        };
        Matcher::new(&selector).unwrap().matches(&object())
    }

    #[test]
    fn patterns_are_anchored() {
        // parity: KS-DRIFT-002
        let kind = |pattern: &str| {
            let selector = Selector {
                kind: Some(pattern.into()),
                ..Selector::default()
            };
            Matcher::new(&selector).unwrap().matches(&object())
        };
        assert!(
            kind("Deployment") && kind("Deploy.*") && kind("Deployment|StatefulSet") && kind("")
        );
        assert!(!kind("Deploy") && !kind("ployment"));
        assert!(
            Matcher::new(&Selector {
                name: Some("(".into()),
                ..Selector::default()
            })
            .is_err()
        );
    }

    #[test]
    fn label_selectors_read_as_kubernetes_does() {
        for selector in [
            "tier=front",
            "tier==front,app=web",
            "tier!=back",
            "tier in (front, back)",
            "tier notin (back)",
            "tier",
            "!gone",
            "gone!=x",
            "gone notin (x)",
            "",
        ] {
            assert!(labels(selector), "{selector}");
        }
        for selector in [
            "tier=back",
            "tier!=front",
            "tier in (back)",
            "tier notin (front)",
            "gone",
            "!tier",
            "gone=x",
        ] {
            assert!(!labels(selector), "{selector}");
        }
        for selector in ["=x", "a in front", "a b", "(a)", "a,,b"] {
            let selector = Selector {
                label_selector: Some(selector.into()),
                ..Selector::default()
            };
            assert!(Matcher::new(&selector).is_err(), "{selector:?}");
        }
    }
}
