//! Replacing, removing and adding items of lists by the values of their keys.

use smol_str::SmolStr;

use super::list_keys::text;
use super::{MAPPING, MergeError, SCALAR, expect};
use crate::node::Node;

/// An item of the list that is being made: one of the target's, by its place, or one of the patch.
#[derive(Clone)]
pub(super) enum Item {
    Target(usize),
    Own(Node),
}

impl Item {
    pub(super) fn node<'a>(&'a self, target: &'a [Option<Node>]) -> Option<&'a Node> {
        match self {
            Self::Own(node) => Some(node),
            Self::Target(at) => target.get(*at)?.as_ref(),
        }
    }

    pub(super) fn into_own(self) -> Option<Node> {
        match self {
            Self::Own(node) => Some(node),
            Self::Target(_) => None,
        }
    }
}

/// Puts an item in the place of those that match, or at the end. Items that are null or `{}` are dropped.
pub(super) fn set(
    items: &mut Vec<Item>,
    target: &[Option<Node>],
    element: Item,
    keys: &[SmolStr],
    values: &[SmolStr],
) -> Result<(), MergeError> {
    let found = edit(items, target, Some(&element), keys, values)?;
    let is_something = element.node(target).is_some_and(|node| !node.is_null());
    if is_something && !found {
        items.push(element);
    }
    Ok(())
}

pub(super) fn remove_matching(
    items: &mut Vec<Item>,
    target: &[Option<Node>],
    keys: &[SmolStr],
    values: &[SmolStr],
) -> Result<(), MergeError> {
    edit(items, target, None, keys, values).map(drop)
}

fn edit(
    items: &mut Vec<Item>,
    target: &[Option<Node>],
    element: Option<&Item>,
    keys: &[SmolStr],
    values: &[SmolStr],
) -> Result<bool, MergeError> {
    let mut found = false;
    let mut edited = Vec::with_capacity(items.len());
    for item in std::mem::take(items) {
        let Some(node) = item.node(target) else {
            continue;
        };
        match fate(node, keys, values)? {
            Fate::Dropped => {}
            Fate::Kept => edited.push(item),
            Fate::Matched => {
                found = true;
                edited.extend(element.cloned());
            }
        }
    }
    *items = edited;
    Ok(found)
}

pub(super) enum Fate {
    Dropped,
    Kept,
    Matched,
}

/// What the setting of an item by keys and values does to another.
pub(super) fn fate(node: &Node, keys: &[SmolStr], values: &[SmolStr]) -> Result<Fate, MergeError> {
    if node.is_null()
        || node
            .as_mapping()
            .is_some_and(crate::node::Mapping::is_empty)
    {
        return Ok(Fate::Dropped);
    }
    let wants_mappings = keys.first().is_some_and(|key| !key.is_empty())
        && values.first().is_some_and(|value| !value.is_empty());
    if wants_mappings && !node.is_mapping() {
        return Ok(Fate::Kept);
    }
    let mut matched = false;
    for (at, key) in keys.iter().enumerate() {
        // Keys without a value take the answer of the one before.
        if let Some(value) = values.get(at) {
            matched = has(node, key, value)?;
        }
        if !matched {
            return Ok(if values.is_empty() {
                Fate::Dropped
            } else {
                Fate::Kept
            });
        }
    }
    Ok(Fate::Matched)
}

/// Whether an item has a key with a value (any, if the value is empty); without a key, whether it is the value.
fn has(node: &Node, key: &str, value: &str) -> Result<bool, MergeError> {
    if key.is_empty() {
        expect(SCALAR, node)?;
        return Ok(text(node) == value);
    }
    expect(MAPPING, node)?;
    Ok(node
        .get(key)
        .is_some_and(|found| value.is_empty() || text(found) == value))
}
