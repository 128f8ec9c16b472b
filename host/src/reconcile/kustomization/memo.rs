//! What a Kustomization's last run left in memory: enough to know, without asking, that nothing is to be done.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    time::Instant,
};

use rosin_api::{KustomizationSpec, kustomization::KubeConfigReference};
use rosin_domain::ObjectId;
use serde_json::Value;

use crate::{cluster::Resource, live::Live};

#[derive(Default)]
pub(super) struct Memo {
    /// Objects as they were last applied, or last seen to be as wanted.
    applied: HashMap<ObjectId, Applied>,
    /// As whom, and where, they were.
    by: Option<Whom>,
    /// The revision that the run under way works on, for history and events of a failure.
    pub attempt: Option<Attempt>,
    /// Since when a dependency has been seen not ready.
    pub not_ready_since: Option<Instant>,
}

/// The account and the cluster of a spec.
type Whom = (Option<String>, Option<KubeConfigReference>);

/// What a run was about when it failed.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    pub revision: String,
    pub origin_revision: Option<String>,
    /// Digest of what was rendered; none before there was something.
    pub digest: Option<String>,
}

struct Applied {
    resource: Resource,
    wanted: u64,
    fingerprint: u64,
}

impl Memo {
    /// Is the object in the cluster exactly as it was when `wanted` was last applied? Only a current watch can say so.
    pub(super) fn in_sync(&self, id: &ObjectId, wanted: u64, live: &Live) -> bool {
        self.applied.get(id).is_some_and(|applied| {
            applied.wanted == wanted
                && live.is_synced(&applied.resource)
                && live
                    .get(&applied.resource, id)
                    .is_some_and(|live| live.fingerprint == applied.fingerprint)
        })
    }

    /// What one account was allowed says nothing of another: with another spec, all is looked at again.
    pub(super) fn act_as(&mut self, spec: &KustomizationSpec) {
        let whom = (spec.service_account_name.clone(), spec.kube_config.clone());
        if self.by.as_ref() != Some(&whom) {
            self.applied.clear();
            self.by = Some(whom);
        }
    }

    pub(super) fn resource(&self, id: &ObjectId) -> Option<&Resource> {
        self.applied.get(id).map(|applied| &applied.resource)
    }

    pub(super) fn applied(
        &mut self,
        id: ObjectId,
        resource: Resource,
        wanted: u64,
        fingerprint: u64,
    ) {
        self.applied.insert(
            id,
            Applied {
                resource,
                wanted,
                fingerprint,
            },
        );
    }

    pub(super) fn forget(&mut self, id: &ObjectId) {
        self.applied.remove(id);
    }

    pub(super) fn retain(&mut self, keep: impl Fn(&ObjectId) -> bool) {
        self.applied.retain(|id, _| keep(id));
    }
}

/// Sixty-four bits of what is sent. Equal objects of one process have equal digests; nothing else is asked of it.
pub(super) fn wanted_digest(object: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    object.hash(&mut hasher);
    hasher.finish()
}
