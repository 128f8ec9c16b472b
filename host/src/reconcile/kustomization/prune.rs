//! Garbage collection: what the inventory has and the render has not.

use rosin_api::Kustomization;
use rosin_domain::{
    ObjectRef, control,
    plan::{Action, ChangeSet, retrack},
};

use super::{Kustomizations, error::Error, memo::Attempt, progress::Progress, report::Report};
use crate::cluster::{DiscoveryError, Gvk, Session};

/// What became of a set of stale objects.
#[derive(Default)]
pub(super) struct Pruned {
    pub changes: ChangeSet,
    /// Objects that could not be deleted; they stay in the inventory.
    pub survivors: Vec<ObjectRef>,
    pub errors: Vec<String>,
    /// Uids of what was deleted, to wait for its end.
    pub deleted: Vec<(ObjectRef, String)>,
}

impl Kustomizations {
    /// Deletes stale objects, books those that would not go, and tells. `Ok(true)`: something was deleted.
    pub(super) async fn prune(
        &self,
        object: &Kustomization,
        session: &Session,
        stale: &[ObjectRef],
        progress: &mut Progress<'_>,
        report: &mut Report<'_>,
        attempt: &Attempt,
    ) -> Result<bool, Error> {
        if stale.is_empty() {
            return Ok(false);
        }
        let pruned = self.delete_stale(object, session, stale).await;
        if let Some(summary) = pruned.changes.prune_summary() {
            report.changed(
                &attempt.revision,
                attempt.origin_revision.as_deref(),
                &summary,
            );
        }
        if !pruned.errors.is_empty() {
            let inventory = progress.status.inventory.clone().unwrap_or_default();
            progress.inventory(retrack(&inventory, &pruned.survivors));
            return Err(Error::Prune(pruned.errors.join("\n")));
        }
        Ok(pruned.changes.changed())
    }

    /// One after the other, in reverse order of applying. Only objects that still carry our owner labels are ours to delete.
    pub(super) async fn delete_stale(
        &self,
        object: &Kustomization,
        session: &Session,
        stale: &[ObjectRef],
    ) -> Pruned {
        let mut pruned = Pruned::default();
        for target in stale {
            match self.delete_one(object, session, target).await {
                Ok((action, uid)) => {
                    pruned.changes.push(target.clone(), action);
                    pruned.deleted.extend(uid.map(|uid| (target.clone(), uid)));
                }
                Err(error) => {
                    pruned
                        .errors
                        .push(format!("{} delete failed: {error}", target.id));
                    pruned.survivors.push(target.clone());
                }
            }
        }
        pruned
    }

    async fn delete_one(
        &self,
        object: &Kustomization,
        session: &Session,
        target: &ObjectRef,
    ) -> Result<(Action, Option<String>), Error> {
        let gvk = Gvk::from(target);
        let resource = match session.resource(&gvk).await {
            Ok(resource) => resource,
            // The version is no longer served; the kind may be under another one. A kind that is gone took its objects with it.
            Err(DiscoveryError::UnknownKind(_)) => match session.discovery().any_version(&gvk) {
                Some(resource) => resource,
                None => return Ok((Action::Deleted, None)),
            },
            Err(DiscoveryError::Api(error)) => return Err(error.into()),
        };
        let namespace = Some(target.id.namespace.as_str()).filter(|ns| !ns.is_empty());
        let Some(live) = session.get(&resource, namespace, &target.id.name).await? else {
            return Ok((Action::Deleted, None));
        };
        if !control::may_prune(&live, object.name(), object.namespace()) {
            return Ok((Action::Skipped, None));
        }
        let uid = live
            .pointer("/metadata/uid")
            .and_then(|uid| uid.as_str())
            .map(str::to_owned);
        session
            .delete(&resource, namespace, &target.id.name, uid.as_deref())
            .await?;
        Ok((Action::Deleted, uid))
    }
}
