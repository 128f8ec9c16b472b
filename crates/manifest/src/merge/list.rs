//! Lists: replaced as a whole, or merged item by item where the schema names keys.

use smol_str::SmolStr;

use super::directive::{self, Directive};
use super::fields::take_style;
use super::list_edit::{Fate, Item, fate, remove_matching, set};
use super::list_keys::{text, unite, valid, valid_where, values};
use super::{MAPPING, MergeError, Merged, Merger, Outcome, expect, is_missing, kept, taken};
use crate::node::{Kind, Node, Scalar, Style, Tag};
use crate::schema::Type;
use crate::yaml::resolve;

/// A list that is merged by keys, and the other side of the merge.
struct Lists {
    target: Vec<Option<Node>>,
    /// Items of the target that were removed; what was merged may still hold them.
    removed: Vec<bool>,
    patch: Other,
}

pub(super) enum Other {
    Nothing,
    Items(Vec<Node>),
    /// The list is merged with itself.
    Same,
}

impl Merger<'_> {
    pub(super) fn list(
        &self,
        mut target: Option<Node>,
        mut patch: Option<Node>,
        of: Option<Type>,
        depth: usize,
    ) -> Outcome {
        take_style(&mut target, patch.as_ref());
        let Some(keys) = of.and_then(|of| self.keys(of)) else {
            return patch.map_or_else(|| target.map_or(Ok(None), kept), taken);
        };
        if is_missing(target.as_ref()) {
            return match patch {
                Some(patch) => self.merge_same(patch, &keys, of, depth),
                None => Ok(None),
            };
        }
        if patch.as_ref().is_some_and(Node::is_null) {
            return Ok(None);
        }
        match directive::take(patch.as_mut())? {
            Directive::Delete => Ok(None),
            Directive::Replace => match patch {
                Some(patch) => self.merge_same(patch, &keys, of, depth),
                None => Ok(None),
            },
            Directive::Merge => {
                let Some(mut node) = target else {
                    return Ok(None);
                };
                let patch = match patch.map(|patch| patch.kind) {
                    Some(Kind::Sequence(items)) => Other::Items(items.into_iter().collect()),
                    _ => Other::Nothing,
                };
                self.merge_items(&mut node, patch, &keys, of, depth)?;
                kept(node)
            }
        }
    }

    /// A list that comes from the patch as a whole.
    pub(super) fn adopt_list(&self, mut node: Node, of: Option<Type>, depth: usize) -> Outcome {
        let Some(keys) = of.and_then(|of| self.keys(of)) else {
            return taken(node);
        };
        match directive::take(Some(&mut node))? {
            Directive::Delete => Ok(None),
            Directive::Merge | Directive::Replace => self.merge_same(node, &keys, of, depth),
        }
    }

    fn merge_same(
        &self,
        mut node: Node,
        keys: &[SmolStr],
        of: Option<Type>,
        depth: usize,
    ) -> Outcome {
        if node.is_null() {
            return taken(node);
        }
        self.merge_items(&mut node, Other::Same, keys, of, depth)?;
        taken(node)
    }

    fn keys(&self, of: Type) -> Option<Vec<SmolStr>> {
        Some(
            self.schema
                .merge_keys(of)?
                .iter()
                .map(SmolStr::new)
                .collect(),
        )
    }

    fn merge_items(
        &self,
        node: &mut Node,
        mut patch: Other,
        keys: &[SmolStr],
        of: Option<Type>,
        depth: usize,
    ) -> Result<(), MergeError> {
        let Kind::Sequence(items) = &mut node.kind else {
            return Ok(());
        };
        if self.merge_regular(
            items,
            &mut patch,
            keys,
            of.and_then(|of| self.schema.items(of)),
            depth,
        )? {
            node.flow = false;
            return Ok(());
        }
        let target: Vec<Option<Node>> =
            std::mem::take(&mut **items).into_iter().map(Some).collect();
        let removed = vec![false; target.len()];
        let mut lists = Lists {
            target,
            removed,
            patch,
        };
        let first = if let Other::Items(items) = &lists.patch {
            items.as_slice()
        } else {
            &[]
        };
        let mut all = values(first.iter().chain(lists.target.iter().flatten()), keys);
        let scalar_keys = [SmolStr::default()];
        let keys = if keys.is_empty() { &scalar_keys } else { keys };
        if keys.len() > 1 {
            unite(&mut all);
        }
        let of_item = of.and_then(|of| self.schema.items(of));
        let mut merged = Vec::with_capacity(all.len());
        let mut last_keys: Vec<SmolStr> = Vec::new();
        for at in 0..all.len() {
            let (valid_keys, valid_values) = valid(&all, &all[at], keys);
            last_keys = valid_keys.into_iter().cloned().collect();
            self.merge_item(
                &mut lists,
                &mut merged,
                &last_keys,
                &valid_values,
                of_item,
                depth,
            )?;
        }
        if !all.is_empty() {
            append(&mut merged, &lists, &last_keys)?;
            // The result is a list of its own.
            node.flow = false;
            let Kind::Sequence(items) = &mut node.kind else {
                return Ok(());
            };
            items.extend(resolve_items(merged, lists.target));
            return Ok(());
        }
        let Kind::Sequence(items) = &mut node.kind else {
            return Ok(());
        };
        items.extend(lists.target.into_iter().flatten());
        Ok(())
    }

    fn merge_item(
        &self,
        lists: &mut Lists,
        merged: &mut Vec<Item>,
        keys: &[SmolStr],
        values: &[SmolStr],
        of: Option<Type>,
        depth: usize,
    ) -> Result<(), MergeError> {
        let place = position(lists.left(), keys, values);
        let outcome = match &lists.patch {
            Other::Same => match place.and_then(|at| lists.target[at].take()) {
                Some(node) => self.adopt(node, of, depth + 1)?.map(|merged| Merged {
                    from_patch: false,
                    ..merged
                }),
                None => None,
            },
            other => {
                let change = match other {
                    Other::Items(items) => {
                        position(items.iter().map(Some), keys, values).map(|at| items[at].clone())
                    }
                    _ => None,
                };
                // Where the patch's item may win, the target's is still needed.
                let risky = change
                    .as_ref()
                    .is_some_and(|change| !change.is_mapping() || change.get("$patch").is_some());
                let item = place.and_then(|at| lists.target[at].take());
                let spare = if risky { item.clone() } else { None };
                let outcome = self.walk(item, change, of, depth + 1)?;
                if let (Some(at), Some(spare)) = (place, spare)
                    && outcome.as_ref().is_none_or(|merged| merged.from_patch)
                {
                    lists.target[at] = Some(spare);
                }
                outcome
            }
        };
        let usable = outcome.filter(|merged| {
            !merged.node.is_null() && merged.node.as_mapping().is_none_or(|map| !map.is_empty())
        });
        let Some(Merged {
            mut node,
            from_patch,
            ..
        }) = usable
        else {
            return lists.remove(keys, values);
        };
        for (key, value) in keys.iter().zip(values) {
            set_key(&mut node, key, value);
        }
        let item = match place {
            Some(at) if !from_patch => {
                lists.target[at] = Some(node);
                Item::Target(at)
            }
            _ => Item::Own(node),
        };
        set(merged, &lists.target, item, keys, values)
    }
}

/// The first item that has all the values.
fn position<'n>(
    items: impl Iterator<Item = Option<&'n Node>>,
    keys: &[SmolStr],
    values: &[SmolStr],
) -> Option<usize> {
    let used = |at: usize| values.get(at).is_some_and(|value| !value.is_empty());
    let (keys, values) = valid_where(used, values, keys);
    let by_value = keys.first().is_none_or(|key| key.is_empty());
    if !by_value && keys.len() != values.len() {
        return None;
    }
    let fits = |item: &Node| {
        if by_value {
            return text(item) == values.first().map_or("", SmolStr::as_str);
        }
        item.is_mapping()
            && keys
                .iter()
                .zip(&values)
                .all(|(key, value)| item.get(key).is_some_and(|found| text(found) == value))
    };
    items
        .enumerate()
        .find(|(_, item)| item.is_some_and(&fits))
        .map(|(at, _)| at)
}

/// Makes sure that an item has its key.
pub(super) fn set_key(node: &mut Node, key: &str, value: &SmolStr) {
    if value.is_empty() {
        return;
    }
    match &mut node.kind {
        Kind::Mapping(map) if !key.is_empty() => {
            map.get_or_insert_with(key, || Node::string(value.clone()));
        }
        // The original makes a new scalar here, without a tag.
        Kind::Scalar(scalar) if key.is_empty() => {
            let tag = if scalar.style == Style::Plain {
                resolve::kyaml(value)
            } else {
                Tag::Str
            };
            *scalar = Scalar::new(value.clone(), tag, scalar.style);
        }
        _ => {}
    }
}

impl Lists {
    /// The items of the target that are still there, by their places.
    fn left(&self) -> impl Iterator<Item = Option<&Node>> {
        self.target
            .iter()
            .zip(&self.removed)
            .map(|(item, removed)| item.as_ref().filter(|_| !removed))
    }

    /// Removes items of the target, and those that are null or empty.
    fn remove(&mut self, keys: &[SmolStr], values: &[SmolStr]) -> Result<(), MergeError> {
        for (item, removed) in self.target.iter().zip(&mut self.removed) {
            let Some(node) = item.as_ref().filter(|_| !*removed) else {
                continue;
            };
            *removed = !matches!(fate(node, keys, values)?, Fate::Kept);
        }
        Ok(())
    }
}

/// Adds the items of the target behind those that were merged.
fn append(merged: &mut Vec<Item>, lists: &Lists, keys: &[SmolStr]) -> Result<(), MergeError> {
    let target = &lists.target;
    for (at, item) in lists.left().enumerate() {
        let Some(node) = item else { continue };
        if keys.first().is_none_or(|key| key.is_empty()) {
            set(merged, target, Item::Target(at), keys, &[text(node).into()])?;
            continue;
        }
        let mut values: Vec<SmolStr> = Vec::with_capacity(keys.len());
        for key in keys {
            expect(MAPPING, node)?;
            match node.get(key) {
                Some(value) => values.push(text(value).into()),
                None => merged.push(Item::Target(at)),
            }
        }
        if keys.len() > 1 {
            remove_matching(merged, target, keys, &values)?;
        }
        set(merged, target, Item::Target(at), keys, &values)?;
    }
    Ok(())
}

/// Items as nodes. One that is named twice is copied.
fn resolve_items(items: Vec<Item>, mut target: Vec<Option<Node>>) -> Vec<Node> {
    let mut uses = vec![0usize; target.len()];
    for item in &items {
        if let Item::Target(at) = item {
            uses[*at] += 1;
        }
    }
    let mut nodes = Vec::with_capacity(items.len());
    for item in items {
        match item {
            Item::Own(node) => nodes.push(node),
            Item::Target(at) => {
                uses[at] -= 1;
                nodes.extend(if uses[at] > 0 {
                    target[at].clone()
                } else {
                    target[at].take()
                });
            }
        }
    }
    nodes
}
