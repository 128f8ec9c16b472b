//! The order of the output: as read, or by kind.

use std::cmp::Ordering;
use std::collections::HashMap;

use crate::config::{FIRST, LAST};
use crate::context::Context;
use crate::error::{Result, bail};
use crate::id::ResId;
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
#[derive(PartialEq, Eq)]
struct Rank {
    rank: i64,
    /// Kubernetes' own namespaces come before those of other groups, which would otherwise be first.
    is_namespace: bool,
    gvk: String,
    id: String,
}

impl Ord for Rank {
    fn cmp(&self, other: &Self) -> Ordering {
        let of_kubernetes = |rank: &Self| rank.is_namespace && rank.gvk.starts_with("~G");
        let by_gvk = self.gvk.cmp(&other.gvk);
        let is_reversed = self.is_namespace
            && other.is_namespace
            && (of_kubernetes(self) || of_kubernetes(other));
        self.rank
            .cmp(&other.rank)
            .then(if is_reversed {
                by_gvk.reverse()
            } else {
                by_gvk
            })
            .then_with(|| self.id.cmp(&other.id))
    }
}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
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
            is_namespace: id.gvk.kind == "Namespace",
            gvk: id.gvk.sort_key(),
            id: format!(
                "{}|{}|{}",
                id.gvk,
                or(&id.namespace, "~X"),
                or(&id.name, "~N")
            ),
        }
    }
}
