//! The end of a Kustomization: what it applied goes with it, or stays, as its deletion policy says; then its finalizer.

use std::{sync::Arc, time::Duration};

use rosin_api::{
    FluxObject as _, Kustomization, Reason, condition_type, kustomization::DeletionPolicy, names,
};
use rosin_domain::plan::objects;
use tracing::{info, warn};

use super::{Kustomizations, error::Error, prune::Pruned, report::Report};
use crate::{
    cluster::{Gvk, Session},
    controller::{Key, Run, Severity, remove_finalizer},
};

impl Kustomizations {
    pub(super) async fn finalize(
        &self,
        key: &Key,
        object: &Arc<Kustomization>,
        run: &Run,
    ) -> Result<(), Error> {
        let inventory = object.inventory();
        let deletes = match object.spec.deletion_policy() {
            DeletionPolicy::MirrorPrune => object.spec.prune,
            DeletionPolicy::Delete | DeletionPolicy::WaitForTermination => true,
            DeletionPolicy::Orphan => false,
        };
        if deletes && !object.spec.suspend && !inventory.entries.is_empty() {
            self.delete_all(object, run).await?;
        }
        self.memos.take(key);
        remove_finalizer(
            &self.session,
            &self.resource,
            key,
            &object.metadata,
            names::KUSTOMIZE_STATUS_MANAGER,
        )
        .await?;
        Ok(())
    }

    async fn delete_all(&self, object: &Arc<Kustomization>, run: &Run) -> Result<(), Error> {
        let report = Report::new(&self.events, object.clone());
        let mut targets = objects(&object.inventory());
        targets.sort_by(|a, b| rosin_domain::plan::compare(&b.id, &a.id));
        if !self.account_exists(object).await? {
            let left: Vec<String> = targets.iter().map(|target| target.id.to_string()).collect();
            let message = format!("unable to prune objects: \n{}", left.join("\n"));
            warn!("the service account is gone; what it applied is left behind");
            report.deletion(Severity::Error, Reason::PruneFailed.as_str(), &message);
            return Ok(());
        }
        let session = self.place_of(object).await?.session;
        let pruned = self.delete_stale(object, &session, &targets).await;
        if !pruned.errors.is_empty() {
            let message = format!(
                "pruning for deleted resource failed: {}",
                pruned.errors.join("\n")
            );
            report.deletion(Severity::Error, Reason::PruneFailed.as_str(), &message);
            return Err(Error::Prune(message));
        }
        if let Some(summary) = pruned.changes.prune_summary() {
            // Flux tells what it did under the reason that the object has.
            let ready = object.condition(condition_type::READY);
            let reason = ready.map_or("info", |ready| &ready.reason);
            report.deletion(Severity::Info, reason, &summary);
        }
        if object.spec.deletion_policy() == DeletionPolicy::WaitForTermination {
            let timeout = rosin_domain::schedule::timeout(&object.spec);
            run.rest();
            if tokio::time::timeout(timeout, self.gone(&session, &pruned))
                .await
                .is_err()
            {
                let message = "failed to wait for resources termination";
                report.deletion(Severity::Error, Reason::PruneFailed.as_str(), message);
            }
        }
        info!(objects = pruned.changes.len(), "deleted what was applied");
        Ok(())
    }

    /// Without its account nothing can be deleted in its name, and never would be: the object must not hang for it.
    async fn account_exists(&self, object: &Kustomization) -> Result<bool, Error> {
        let account = object
            .spec
            .service_account_name
            .as_deref()
            .filter(|name| !name.is_empty());
        let Some(account) = account.or(self.config.default_service_account.as_deref()) else {
            return Ok(true);
        };
        if object.spec.kube_config.is_some() {
            return Ok(true);
        }
        let path = format!(
            "/api/v1/namespaces/{}/serviceaccounts/{account}",
            object.namespace()
        );
        match self
            .session
            .send(http::Method::GET, &path, None, None)
            .await
        {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Resolves when every deleted object is gone, or is another one by now.
    async fn gone(&self, session: &Session, pruned: &Pruned) {
        for (target, uid) in &pruned.deleted {
            let Ok(resource) = session.resource(&Gvk::from(target)).await else {
                continue;
            };
            let namespace = Some(target.id.namespace.as_str()).filter(|ns| !ns.is_empty());
            let mut pause = Duration::from_millis(100);
            loop {
                match session.get(&resource, namespace, &target.id.name).await {
                    Ok(None) => break,
                    Ok(Some(live))
                        if live.pointer("/metadata/uid").and_then(|u| u.as_str()) != Some(uid) =>
                    {
                        break;
                    }
                    _ => {}
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(2));
            }
        }
    }
}
