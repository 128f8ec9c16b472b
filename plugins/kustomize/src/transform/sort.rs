//! The order of the output: as read, or by kind.

use std::collections::HashMap;

use crate::config::{FIRST, LAST};
use crate::context::Context;
use crate::error::{Result, bail};
use crate::id::{Gvk, ResId};
use crate::kustomization::SortOptions;
use crate::resmap::ResMap;

pub(crate) fn sort(resources: &mut ResMap, options: &SortOptions, context: &Context) -> Result<()> {
    match options.order.as_str() {
        "fifo" if options.legacy.is_some() => bail!(
            "the field 'sortOptions.legacySortOptions' is set but the selected sort order is 'fifo', not 'legacy'"
        ),
        "fifo" => Ok(()),
        "legacy" => {
            let ranks = match &options.legacy {
                Some(legacy) => ranks(&legacy.first, &legacy.last),
                None => ranks(&FIRST, &LAST),
            };
            resources.sort_by_key(|resource| Rank::new(&resource.current_id(context), &ranks));
            resources
                .check_unique(context)
                .map_err(|error| error.wrap("SortOrderTransformer: Failed to append to resources"))
        }
        _ => bail!("the field 'sortOptions.order' must be one of [fifo, legacy]"),
    }
}

fn ranks<T: AsRef<str>>(first: &[T], last: &[T]) -> HashMap<String, i64> {
    let mut ranks = HashMap::new();
    let count = i64::try_from(first.len()).unwrap_or(i64::MAX);
    for (at, kind) in (0..).zip(first) {
        ranks.insert(kind.as_ref().to_owned(), at - count);
    }
    for (at, kind) in (1..).zip(last) {
        ranks.insert(kind.as_ref().to_owned(), at);
    }
    ranks
}

/// By the kind's rank, then by group, version and kind as text, then by name.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    rank: i64,
    gvk: String,
    id: String,
}

impl Rank {
    fn new(id: &ResId, ranks: &HashMap<String, i64>) -> Self {
        let or = |text: &str, missing: &str| {
            if text.is_empty() {
                missing.to_owned()
            } else {
                text.to_owned()
            }
        };
        Self {
            rank: ranks.get(&id.gvk.kind).copied().unwrap_or_default(),
            gvk: gvk_key(&id.gvk),
            id: format!(
                "{}|{}|{}",
                id.gvk,
                or(&id.namespace, "~X"),
                or(&id.name, "~N")
            ),
        }
    }
}

/// Kubernetes' own namespaces come before those of other groups, which would otherwise be first.
fn gvk_key(gvk: &Gvk) -> String {
    if gvk.kind == "Namespace" && gvk.group.is_empty() {
        String::new()
    } else {
        gvk.sort_key()
    }
}
