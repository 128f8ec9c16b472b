//! Creating without a dry run, and taking it back: why the domain's `plan::checks` keeps a stage all or nothing.

use std::sync::atomic::Ordering;

use rosin_domain::{
    Object,
    control::{self, SsaPolicy},
    plan::{Action, Check, Known, checks, may_go_unchecked},
};
use tracing::warn;

use super::{
    apply::{Applier, Checked},
    memo::{Memo, wanted_digest},
};
use crate::cluster::Gvk;

impl Applier<'_> {
    /// From now on everything passes a dry run.
    pub(super) fn distrust(&self) {
        self.trusting.store(false, Ordering::Relaxed);
    }

    /// How each object of a stage is made sure of.
    pub(super) async fn checks(&self, objects: &[Object], memo: &Memo) -> Vec<Check> {
        if !self.trusting.load(Ordering::Relaxed) {
            return vec![Check::DryRun; objects.len()];
        }
        let mut stage = Vec::with_capacity(objects.len());
        for object in objects {
            stage.push((object, self.known(object, memo).await));
        }
        checks(&stage)
    }

    async fn known(&self, object: &Object, memo: &Memo) -> Known {
        let id = object.id();
        if self.previous.contains(&id.inventory_id()) {
            let digest = wanted_digest(&object.to_value());
            return match memo.in_sync(&id, digest, self.live) {
                true => Known::AsWanted,
                false => Known::Nothing,
            };
        }
        let plain = control::ssa_policy(object) == SsaPolicy::Override
            && !control::is_reconcile_disabled(object);
        if !plain || !may_go_unchecked(object) {
            return Known::Nothing;
        }
        match self.session.resource(&Gvk::of(object)).await {
            Ok(resource) if self.live.is_absent(&resource, &id).await => Known::Absent,
            _ => Known::Nothing,
        }
    }

    /// Deletes what was created without a dry run: the very objects, by their uid. What cannot be deleted stays in the inventory.
    pub(super) async fn take_back(
        &self,
        checked: &[Checked],
        made: Vec<(usize, String)>,
        memo: &mut Memo,
        done: &mut [Option<Action>],
    ) {
        for (index, uid) in made {
            let object = &checked[index];
            if !object.is_unchecked() {
                continue;
            }
            let (id, resource) = (&object.id, &object.resource);
            let namespace = Some(id.namespace.as_str()).filter(|ns| !ns.is_empty());
            let deleted = self
                .session
                .delete(resource, namespace, &id.name, Some(&uid));
            match deleted.await {
                Ok(_) => {
                    memo.forget(id);
                    done[index] = None;
                }
                Err(error) => {
                    warn!(object = %id, %error, "what was created could not be taken back")
                }
            }
        }
    }
}
