//! Two texts of documents, compared by what they mean to the API server.

use rosin_manifest::yaml::{Dialect, read};
use serde_json::Value;

/// The version that the original writes into a label.
const MANAGED_BY: &str = "app.kubernetes.io/managed-by: kustomize-";

/// Without the version of the tool.
pub(super) fn masked(text: &str) -> String {
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| match line.find(MANAGED_BY) {
            Some(at) => format!("{}{MANAGED_BY}VERSION", &line[..at]),
            None => line.to_owned(),
        })
        .collect();
    lines.join("\n")
}

/// What differs, if anything does.
pub(super) fn difference(expected: &str, actual: &str) -> Option<String> {
    if expected == actual {
        return None;
    }
    let (expected, actual) = match (documents(expected), documents(actual)) {
        (Ok(expected), Ok(actual)) => (expected, actual),
        (Err(error), _) => return Some(format!("the expected text cannot be read: {error}")),
        (_, Err(error)) => return Some(format!("the output cannot be read: {error}")),
    };
    if expected.len() != actual.len() {
        return Some(format!(
            "{} documents, not {}",
            actual.len(),
            expected.len()
        ));
    }
    expected
        .iter()
        .zip(&actual)
        .enumerate()
        .find_map(|(at, (expected, actual))| {
            in_values(expected, actual, &format!("document {at} "))
        })
}

fn documents(text: &str) -> Result<Vec<Value>, String> {
    let nodes = read(text.as_bytes(), Dialect::Sigs).map_err(|error| error.to_string())?;
    nodes
        .iter()
        .map(|node| node.to_json().map_err(|error| error.to_string()))
        .collect()
}

fn in_values(expected: &Value, actual: &Value, at: &str) -> Option<String> {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => {
            let missing = expected
                .iter()
                .find_map(|(key, value)| match actual.get(key) {
                    None => Some(format!("{at}.{key} is missing")),
                    Some(other) => in_values(value, other, &format!("{at}.{key}")),
                });
            missing.or_else(|| {
                let extra = actual.keys().find(|key| !expected.contains_key(*key))?;
                Some(format!("{at}.{extra} should not be there"))
            })
        }
        (Value::Array(expected), Value::Array(actual)) if expected.len() == actual.len() => {
            expected
                .iter()
                .zip(actual)
                .enumerate()
                .find_map(|(index, (expected, actual))| {
                    in_values(expected, actual, &format!("{at}[{index}]"))
                })
        }
        _ if expected == actual => None,
        _ => Some(format!(
            "{at}: expected {}, got {}",
            short(expected),
            short(actual)
        )),
    }
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(100).collect()
}
