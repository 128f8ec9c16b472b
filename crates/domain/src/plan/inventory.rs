//! Inventories: which objects are in the cluster because of us.

use std::collections::HashSet;

use rosin_api::kustomization::{Inventory, InventoryEntry};

use crate::identity::ObjectRef;
use crate::plan::ChangeSet;

impl ChangeSet {
    /// The exact inventory, which comes only from what was applied.
    pub fn inventory(&self) -> Inventory {
        union(
            self.kept().map(|change| change.object.clone()),
            &Inventory::default(),
        )
    }
}

/// The objects of an inventory, in its order. Entries that cannot be read are left out: nobody knows what they mean.
pub fn objects(inventory: &Inventory) -> Vec<ObjectRef> {
    inventory
        .entries
        .iter()
        .filter_map(|entry| ObjectRef::try_from(entry).ok())
        .collect()
}

/// Adds objects that could not be deleted, so that the next run tries again.
#[must_use]
pub fn retrack(inventory: &Inventory, survivors: &[ObjectRef]) -> Inventory {
    let survivors = Inventory {
        entries: survivors.iter().map(InventoryEntry::from).collect(),
    };
    union(objects(inventory), &survivors)
}

/// First these objects, then the entries of an inventory that are not among them.
pub(super) fn union(first: impl IntoIterator<Item = ObjectRef>, then: &Inventory) -> Inventory {
    let mut seen = HashSet::new();
    let first = first
        .into_iter()
        .map(|object| InventoryEntry::from(&object));
    let entries = first
        .chain(then.entries.iter().cloned())
        .filter(|entry| seen.insert(entry.id.clone()))
        .collect();
    Inventory { entries }
}
