//! By which keys items of lists are told apart, and what their values are.

use std::collections::HashSet;

use smol_str::SmolStr;

use crate::node::{Kind, Node};

/// The values of the keys of each item, in order and without repetition; empty text for a missing value.
pub(super) fn values<'n>(
    lists: impl IntoIterator<Item = &'n Node>,
    keys: &[SmolStr],
) -> Vec<Vec<SmolStr>> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for item in lists {
        let value = |key: &SmolStr| {
            item.get(key)
                .filter(|value| !is_nothing(value))
                .map_or("", text)
                .into()
        };
        let values: Vec<SmolStr> = if keys.is_empty() {
            vec![text(item).into()]
        } else {
            keys.iter().map(value).collect()
        };
        if seen.insert(values.clone()) {
            found.push(values);
        }
    }
    found
}

/// Null, `{}` or `[]`.
fn is_nothing(node: &Node) -> bool {
    node.is_null()
        || match &node.kind {
            Kind::Scalar(_) => false,
            Kind::Sequence(items) => items.is_empty(),
            Kind::Mapping(map) => map.is_empty(),
        }
}

/// The text of a scalar; collections have none.
pub(super) fn text(node: &Node) -> &str {
    node.as_text().unwrap_or_default()
}

/// Items that agree in one key and differ in others only by leaving them out are the same: a port with and without a protocol.
pub(super) fn unite(list: &mut [Vec<SmolStr>]) {
    for i in 0..list.len() {
        for j in 0..list.len() {
            if let Some(united) = united(&list[i], &list[j]) {
                list[i].clone_from(&united);
                list[j] = united;
            }
        }
    }
}

fn united(a: &[SmolStr], b: &[SmolStr]) -> Option<Vec<SmolStr>> {
    if a.len() != b.len() {
        return None;
    }
    let mut common = false;
    let mut united = Vec::with_capacity(a.len());
    for (a, b) in a.iter().zip(b) {
        match (a.as_str(), b.as_str()) {
            (x, y) if x == y => common = true,
            ("", _) => {
                united.push(b.clone());
                continue;
            }
            (_, "") => {}
            _ => return None,
        }
        united.push(a.clone());
    }
    common.then_some(united)
}

/// The keys that have a value in any item, and this item's values of them.
pub(super) fn valid<'k>(
    all: &[Vec<SmolStr>],
    values: &[SmolStr],
    keys: &'k [SmolStr],
) -> (Vec<&'k SmolStr>, Vec<SmolStr>) {
    let used = |at: usize| {
        all.iter()
            .any(|values| values.get(at).is_some_and(|value| !value.is_empty()))
    };
    valid_where(used, values, keys)
}

pub(super) fn valid_where<'k>(
    used: impl Fn(usize) -> bool,
    values: &[SmolStr],
    keys: &'k [SmolStr],
) -> (Vec<&'k SmolStr>, Vec<SmolStr>) {
    let used: Vec<bool> = (0..keys.len()).map(used).collect();
    if !used.contains(&true) {
        return (keys.iter().collect(), values.to_vec());
    }
    let valid_keys = keys
        .iter()
        .zip(&used)
        .filter(|(_, used)| **used)
        .map(|(key, _)| key)
        .collect();
    let valid_values = values
        .iter()
        .enumerate()
        .filter(|(at, value)| !value.is_empty() || used[*at])
        .map(|(_, value)| value.clone())
        .collect();
    (valid_keys, valid_values)
}
