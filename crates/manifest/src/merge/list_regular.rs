//! The usual lists, in linear time: every item has the keys, no two have the same values, and no item is a directive. What
//! [`super::list`] does step by step amounts to this for them: by one key, items of the patch come first, then those of the target that
//! it does not name; by several keys, new items come first and all of the target's follow. Scalars are their own key.

use std::collections::HashMap;

use smol_str::SmolStr;

use super::list::{Other, set_key};
use super::{MergeError, Merged, Merger};
use crate::node::{Kind, Node};
use crate::schema::Type;

/// The values of an item's keys.
type Identity = Vec<SmolStr>;

/// A list with the identities of its items.
struct Identified {
    identities: Vec<Identity>,
    places: HashMap<Identity, usize>,
}

impl Identified {
    /// None if the list is not a usual one.
    fn of(items: &[Node], keys: &[SmolStr]) -> Option<Self> {
        let mut places = HashMap::with_capacity(items.len());
        let mut identities = Vec::with_capacity(items.len());
        for (at, item) in items.iter().enumerate() {
            let identity = identity(item, keys)?;
            if places.insert(identity.clone(), at).is_some() {
                return None;
            }
            identities.push(identity);
        }
        Some(Self { identities, places })
    }
}

fn identity(item: &Node, keys: &[SmolStr]) -> Option<Identity> {
    let text = |node: &Node| {
        node.as_text()
            .filter(|text| !text.is_empty() && !node.is_null())
            .map(SmolStr::new)
    };
    if keys.is_empty() {
        return Some(vec![text(item)?]);
    }
    let map = item
        .as_mapping()
        .filter(|map| !map.contains_key("$patch"))?;
    keys.iter().map(|key| map.get(key).and_then(text)).collect()
}

impl Merger<'_> {
    /// Merges the patch into the target. False, and nothing is changed, if the lists are not usual ones.
    pub(super) fn merge_regular(
        &self,
        target: &mut Vec<Node>,
        patch: &mut Other,
        keys: &[SmolStr],
        of: Option<Type>,
        depth: usize,
    ) -> Result<bool, MergeError> {
        let changes: &[Node] = if let Other::Items(items) = patch {
            items
        } else {
            &[]
        };
        // Keys that no item has do not count.
        let used = |key: &&SmolStr| {
            changes
                .iter()
                .chain(target.iter())
                .any(|item| item.get(key).is_some())
        };
        let used: Vec<SmolStr> = keys.iter().filter(used).cloned().collect();
        if used.is_empty() != keys.is_empty() {
            return Ok(false);
        }
        let (Some(old), Some(new)) = (
            Identified::of(target, &used),
            Identified::of(changes, &used),
        ) else {
            return Ok(false);
        };
        let same = matches!(patch, Other::Same);
        let mut changes: Vec<Option<Node>> = match patch {
            Other::Items(items) => std::mem::take(items).into_iter().map(Some).collect(),
            Other::Nothing | Other::Same => Vec::new(),
        };
        let mut merged: Vec<Option<Node>> = Vec::with_capacity(target.len());
        for (item, identity) in std::mem::take(target).into_iter().zip(&old.identities) {
            let change = new.places.get(identity).and_then(|at| changes[*at].take());
            merged.push(self.merge_usual(item, change, same, of, depth)?);
        }
        let mut added = Vec::new();
        for (change, identity) in changes.into_iter().zip(&new.identities) {
            let known = old.places.get(identity);
            match (known, used.len()) {
                // Merged into the target's item above; by one key it stands where the patch has it.
                (Some(at), 0 | 1) => target.extend(merged[*at].take()),
                (Some(_), _) => {}
                (None, _) => {
                    let Some(node) = change else { continue };
                    let outcome = self.walk(None, Some(node), of, depth + 1)?;
                    added.extend(outcome.and_then(usable).map(|node| (node, identity)));
                    if used.len() <= 1 {
                        target.extend(
                            added
                                .drain(..)
                                .map(|(node, identity)| with_key(node, &used, identity)),
                        );
                    }
                }
            }
        }
        target.extend(
            added
                .into_iter()
                .map(|(node, identity)| with_key(node, &used, identity)),
        );
        target.extend(merged.into_iter().flatten());
        Ok(true)
    }

    /// An item of the target, with the item of the patch that has its identity.
    fn merge_usual(
        &self,
        item: Node,
        change: Option<Node>,
        same: bool,
        of: Option<Type>,
        depth: usize,
    ) -> Result<Option<Node>, MergeError> {
        if item.is_scalar() {
            return Ok(Some(item));
        }
        let outcome = if same {
            self.adopt(item, of, depth + 1)
        } else {
            self.walk(Some(item), change, of, depth + 1)
        };
        Ok(outcome?.and_then(usable))
    }
}

/// Null and `{}` delete an item.
fn usable(merged: Merged) -> Option<Node> {
    let empty = matches!(&merged.node.kind, Kind::Mapping(map) if map.is_empty());
    (!empty && !merged.node.is_null()).then_some(merged.node)
}

fn with_key(mut node: Node, keys: &[SmolStr], identity: &[SmolStr]) -> Node {
    if let ([], [value]) = (keys, identity) {
        set_key(&mut node, "", value);
    }
    node
}
