//! An earlier revision, made again as a new one. Nothing is rendered.

use rosin_release::{HookEvent, Release, Status};
use serde_json::json;

use super::{Work, method, now, server_side, supersede_deployed, upgrade::clean_up};
use crate::reconcile::helm_release::{
    objects::{self, Failure, How, Updated},
    storage::Storage,
    wait,
};

pub(in super::super) async fn rollback(
    work: &Work<'_>,
    storage: &mut Storage<'_>,
    version: i64,
) -> Result<(), Failure> {
    let options = work.object.spec.rollback.clone().unwrap_or_default();
    let log = &work.place.log;
    let named = json!({ "name": work.name });
    log.say("preparing rollback", &named);
    let mut current = storage
        .last()
        .cloned()
        .ok_or_else(|| Failure::new("release: not found"))?;
    log.say(
        "rolling back",
        &json!({
            "name": work.name, "currentVersion": current.version, "targetVersion": version,
        }),
    );
    let target = storage
        .get(version)
        .cloned()
        .ok_or_else(|| Failure::new(format!("release has no {version} version")))?;
    let server_side = server_side(options.server_side_apply, &target);
    let mut release = Release {
        version: current.version + 1,
        namespace: current.namespace.clone(),
        apply_method: method(server_side),
        ..target
    };
    release.info.first_deployed = current.info.first_deployed;
    release.info.last_deployed = now();
    release.info.deleted = rosin_release::Time::default();
    release.set_status(Status::PendingRollback, format!("Rollback to {version}"));
    log.say("creating rolled back release", &named);
    storage
        .create(&release, work.object.spec.max_history())
        .await?;
    log.say("performing rollback", &named);
    let session = &work.place.session;
    let before = objects::build(session, &current.manifest, &release.namespace)
        .await
        .map_err(|failure| {
            failure.of("unable to build kubernetes objects from current release manifest")
        })?;
    let mut after = objects::build(session, &release.manifest, &release.namespace)
        .await
        .map_err(|failure| {
            failure.of("unable to build kubernetes objects from new release manifest")
        })?;
    let timeout = work.timeout(options.timeout);
    let hooks = work.hooks(timeout, server_side, !options.disable_wait);
    if !options.disable_hooks {
        hooks
            .all(storage, &mut release, HookEvent::PreRollback)
            .await?;
    } else {
        log.say("rollback hooks disabled", &named);
    }
    after
        .iter_mut()
        .for_each(|item| item.own(&work.name, work.namespace()));
    let how = How {
        server_side,
        replace: options.force && !server_side,
        adopt: false,
        migrate: server_side && !current.server_side(),
        tell_created: options.cleanup_on_fail,
    };
    let mut updated = Updated::default();
    if let Err(failure) = objects::update(work.place, &before, &after, how, &mut updated).await {
        current.info.status = Status::Superseded;
        let text = format!("Rollback {:?} failed: {failure}", release.name);
        log.say(&format!("warning: {text}"), &json!({}));
        release.set_status(Status::Failed, text);
        storage.note(&current).await;
        storage.note(&release).await;
        if options.cleanup_on_fail {
            clean_up(work, &updated.created).await;
        }
        return Err(failure);
    }
    if !options.disable_wait {
        let rules = work.rules(!options.disable_wait_for_jobs);
        if let Err(failure) = wait::ready(work.place, work.run, &after, rules, timeout).await {
            let text = format!("Release {:?} failed: {failure}", release.name);
            release.set_status(Status::Failed, text);
            storage.note(&current).await;
            storage.note(&release).await;
            return Err(failure.of(&format!("release {} failed", release.name)));
        }
    }
    if !options.disable_hooks {
        hooks
            .all(storage, &mut release, HookEvent::PostRollback)
            .await?;
    }
    supersede_deployed(storage).await;
    release.info.status = Status::Deployed;
    storage.update(&release).await
}
