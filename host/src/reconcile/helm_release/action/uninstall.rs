//! The end of a release.

use rosin_api::helm_release::DeletionPropagation;
use rosin_chart::manifests::uninstall_rank;
use rosin_release::{HookEvent, Release, Status};
use serde_json::json;

use super::{Work, now, supersede_deployed};
use crate::reconcile::helm_release::{
    log::opaque,
    objects::{self, Failure, Item},
    storage::Storage,
    wait,
};

/// How there came to be no release.
pub(in super::super) enum Uninstalled {
    /// This one was removed.
    Removed(i64),
    NotFound,
    /// It was removed earlier, and its records were to stay.
    Already,
}

pub(in super::super) async fn uninstall(
    work: &Work<'_>,
    storage: &mut Storage<'_>,
) -> Result<Uninstalled, (Option<i64>, Failure)> {
    let options = work.object.spec.uninstall.clone().unwrap_or_default();
    let Some(mut release) = storage.last().cloned() else {
        return Ok(Uninstalled::NotFound);
    };
    let version = release.version;
    let failed = |failure| (Some(version), failure);
    if release.info.status == Status::Uninstalled {
        if options.keep_history {
            return Ok(Uninstalled::Already);
        }
        purge(storage).await.map_err(failed)?;
        return Ok(Uninstalled::Removed(version));
    }
    let log = &work.place.log;
    let named = json!({ "name": work.name });
    log.say("uninstall: deleting release", &named);
    release.info.deleted = now();
    release.set_status(
        Status::Uninstalling,
        "Deletion in progress (or silently failed)",
    );
    let timeout = work.timeout(options.timeout);
    let hooks = work.hooks(timeout, true, !options.disable_wait);
    if !options.disable_hooks {
        hooks
            .all(storage, &mut release, HookEvent::PreDelete)
            .await
            .map_err(failed)?;
    } else {
        log.say("delete hooks disabled", &json!({ "release": work.name }));
    }
    storage.note(&release).await;
    let propagation = options.deletion_propagation.unwrap_or_default();
    let deleted = match delete_all(work, &release, propagation).await {
        Ok(deleted) => deleted,
        Err(failure) => {
            tracing::warn!(%failure, "objects of the release could not be deleted");
            log.say("uninstall: Failed to delete release", &opaque());
            let text = format!("failed to delete release: {}", release.name);
            return Err((None, Failure::new(text)));
        }
    };
    let mut failures = Vec::new();
    if !options.disable_wait
        && let Err(failure) = wait::gone(work.place, work.run, &deleted, timeout).await
    {
        failures.push(failure);
    }
    if !options.disable_hooks
        && let Err(failure) = hooks
            .all(storage, &mut release, HookEvent::PostDelete)
            .await
    {
        failures.push(failure);
    }
    release.set_status(Status::Uninstalled, "Uninstallation complete");
    if options.keep_history {
        storage.note(&release).await;
        supersede_deployed(storage).await;
    } else {
        log.say("purge requested", &json!({ "release": work.name }));
        if let Err(failure) = purge(storage).await {
            failures.push(failure.of("uninstall: Failed to purge the release"));
        }
    }
    if failures.is_empty() {
        return Ok(Uninstalled::Removed(version));
    }
    let texts: Vec<String> = failures.iter().map(ToString::to_string).collect();
    Err(failed(Failure::new(format!(
        "uninstallation completed with {} error(s): {}",
        texts.len(),
        texts.join("; ")
    ))))
}

async fn purge(storage: &mut Storage<'_>) -> Result<(), Failure> {
    for version in storage.versions() {
        storage
            .delete(version)
            .await
            .map_err(|error| Failure::new(error.to_string()))?;
    }
    Ok(())
}

/// Deletes what does not ask to stay, in Helm's order of uninstalling. What was deleted is waited for by the caller.
async fn delete_all(
    work: &Work<'_>,
    release: &Release,
    propagation: DeletionPropagation,
) -> Result<Vec<Item>, Failure> {
    let session = &work.place.session;
    let mut items = objects::build(session, &release.manifest, &release.namespace)
        .await
        .map_err(|failure| failure.of("unable to build kubernetes objects for delete"))?;
    items.retain(|item| !objects::keeps(&item.value));
    // Stable, as in Helm: within a kind the manifest's order stays.
    items.sort_by(|a, b| {
        uninstall_rank(&a.resource.gvk.kind).cmp(&uninstall_rank(&b.resource.gvk.kind))
    });
    let mut failures = Vec::new();
    for item in &items {
        if let Err(error) = objects::delete(work.place, item, propagation).await {
            failures.push(error.to_string());
        }
    }
    if failures.is_empty() {
        Ok(items)
    } else {
        Err(Failure::new(failures.join("; ")))
    }
}
