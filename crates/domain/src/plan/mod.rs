//! What one apply is going to do, as data: objects in stages and in order, beside what the last run left in the cluster.

mod change;
mod inventory;
mod order;
mod unchecked;

use std::collections::HashSet;

use rosin_api::kustomization::Inventory;

pub use change::{Action, Change, ChangeSet};
pub use inventory::{objects, retrack};
pub use order::{StageKind, StageKinds, Wave, compare};
pub use unchecked::{Check, Known, checks, may_go_unchecked};

use crate::identity::{ObjectId, ObjectRef};
use crate::object::Object;

/// What one apply is going to do. Pure data: print it, test it, show it in `rosin diff`.
///
/// Its laws, whatever happens between its making and the end of the run:
/// - what is planned is never stale;
/// - what was in the cluster because of us stays in an inventory until it is seen to be gone.
#[derive(Clone, Debug, PartialEq)]
pub struct ApplyPlan {
    stages: Vec<Stage>,
    previous: Inventory,
}

/// Objects that are applied together; a stage begins when the one before is done.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    pub kind: StageKind,
    pub objects: Vec<Object>,
}

impl ApplyPlan {
    /// Sorts objects into stages. `previous` is the inventory in the status as the run begins.
    pub fn new(objects: Vec<Object>, previous: Inventory, custom: &StageKinds) -> Self {
        let mut objects: Vec<(ObjectId, Object)> = objects
            .into_iter()
            .map(|object| (object.id(), object))
            .collect();
        objects.sort_by(|(a, _), (b, _)| compare(a, b));
        let mut stages: Vec<Stage> = StageKind::ALL
            .map(|kind| Stage {
                kind,
                objects: Vec::new(),
            })
            .into();
        for (_, object) in objects {
            let kind = StageKind::of(object.group(), object.kind(), custom);
            if let Some(stage) = stages.iter_mut().find(|stage| stage.kind == kind) {
                stage.objects.push(object);
            }
        }
        stages.retain(|stage| !stage.objects.is_empty());
        Self { stages, previous }
    }

    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    pub fn previous(&self) -> &Inventory {
        &self.previous
    }

    /// All planned objects in the order of their application.
    pub fn objects(&self) -> impl Iterator<Item = &Object> {
        self.stages.iter().flat_map(|stage| &stage.objects)
    }

    pub fn is_empty(&self) -> bool {
        self.stages.is_empty()
    }

    /// Planned and previous objects together: written to the status before the first apply, so that whoever comes after a crash
    /// knows of every object that may exist because of us.
    pub fn claim(&self) -> Inventory {
        inventory::union(self.objects().map(reference), &self.previous)
    }

    /// Whether writing [`ApplyPlan::claim`] would tell nothing new: everything planned is in the previous inventory already.
    pub fn is_claimed(&self) -> bool {
        let known: HashSet<&str> = self
            .previous
            .entries
            .iter()
            .map(|entry| entry.id.as_str())
            .collect();
        self.objects()
            .all(|object| known.contains(object.id().inventory_id().as_str()))
    }

    /// The inventory of a run that ended in an error: what there was, and what this run touched. Unlike the claim it holds nothing
    /// that was only intended, as Flux's has not.
    pub fn after_failure(&self, done: &ChangeSet) -> Inventory {
        inventory::union(
            done.kept().map(|change| change.object.clone()),
            &self.previous,
        )
    }

    /// What to prune: in the previous inventory, and neither planned nor kept now; the last applied comes first. The version is
    /// that of the previous inventory. Entries that are no ids are not ours to delete.
    pub fn stale(&self, done: &ChangeSet) -> Vec<ObjectRef> {
        let planned = self.objects().map(Object::id);
        let kept: HashSet<ObjectId> = planned
            .chain(done.kept().map(|change| change.object.id.clone()))
            .collect();
        let mut stale: Vec<ObjectRef> = objects(&self.previous)
            .into_iter()
            .filter(|object| !kept.contains(&object.id))
            .collect();
        stale.sort_by(|a, b| compare(&b.id, &a.id));
        stale
    }
}

fn reference(object: &Object) -> ObjectRef {
    ObjectRef {
        id: object.id(),
        version: object.version().to_owned(),
    }
}

#[cfg(test)]
mod tests;
