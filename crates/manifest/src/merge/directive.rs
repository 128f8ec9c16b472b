//! `$patch: replace | delete | merge`, in mappings and as an item of lists.

use super::MergeError;
use super::list_edit::{Item, remove_matching};
use crate::node::{Kind, Node};

const KEY: &str = "$patch";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Directive {
    Merge,
    Replace,
    Delete,
}

/// Finds the directive of a patch and removes it.
pub(super) fn take(patch: Option<&mut Node>) -> Result<Directive, MergeError> {
    match patch.map(|patch| &mut patch.kind) {
        Some(Kind::Mapping(map)) => {
            let Some(value) = map.get(KEY) else {
                return Ok(Directive::Merge);
            };
            let directive = parse(value.as_text().unwrap_or_default())?;
            map.remove(KEY);
            Ok(directive)
        }
        Some(Kind::Sequence(items)) => {
            // An item with more fields is not a directive for the list.
            let Some(item) = items.iter().find(|item| item.get(KEY).is_some()) else {
                return Ok(Directive::Merge);
            };
            if item.as_mapping().is_some_and(|map| map.len() > 1) {
                return Ok(Directive::Merge);
            }
            let text = item
                .get(KEY)
                .and_then(Node::as_text)
                .unwrap_or_default()
                .to_owned();
            let directive = parse(&text)?;
            let mut left: Vec<Item> = std::mem::take(&mut **items)
                .into_iter()
                .map(Item::Own)
                .collect();
            remove_matching(&mut left, &[], &[KEY.into()], &[text.into()])?;
            items.extend(left.into_iter().filter_map(Item::into_own));
            Ok(directive)
        }
        _ => Ok(Directive::Merge),
    }
}

fn parse(text: &str) -> Result<Directive, MergeError> {
    match text {
        "merge" => Ok(Directive::Merge),
        "replace" => Ok(Directive::Replace),
        "delete" => Ok(Directive::Delete),
        other => Err(MergeError::Directive(other.to_owned())),
    }
}
