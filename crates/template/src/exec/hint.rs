//! What was missing, for people: Go only says `nil pointer evaluating interface {}.b`.

use super::Ev;
use crate::error::Missing;
use crate::parse::Expr;
use crate::value::{Map, Str, Value};

/// The first name on the way from `start` that does not exist. `walked` were looked up before the failure.
pub(super) fn missing(node: &Expr, start: &Ev, walked: &[Str]) -> Option<Missing> {
    let mut value = start.value.clone();
    for (index, name) in walked.iter().enumerate() {
        let Value::Map(map) = &value else { return None };
        match map.get(name) {
            Some(Value::Nil) | None => return Some(in_map(node, &walked[..index], name, map)),
            Some(next) => value = next,
        }
    }
    None
}

pub(super) fn in_map(node: &Expr, before: &[Str], name: &Str, map: &Map) -> Missing {
    let mut path = match node {
        Expr::Variable(_, names) => names[0].to_string(),
        Expr::Chain(_, inner, _) => inner.to_string(),
        _ => String::new(),
    };
    for part in before.iter().chain([name]) {
        path.push('.');
        path.push_str(&part.to_text());
    }
    Missing {
        path,
        nearest: nearest(name, map),
    }
}

/// The key with the smallest edit distance, if that is small for the length of the name.
fn nearest(name: &Str, map: &Map) -> Option<String> {
    let name = name.to_text();
    let entries = map.entries();
    let (distance, key) = entries
        .keys()
        .filter(|key| key.len() <= 256)
        .map(|key| {
            (
                distance(&name.to_lowercase(), &key.to_text().to_lowercase()),
                key,
            )
        })
        .min_by_key(|(distance, _)| *distance)?;
    (distance <= 1 + name.chars().count() / 3).then(|| key.to_string())
}

fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, c) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, d) in b.iter().enumerate() {
            let change = diagonal + usize::from(c != *d);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
