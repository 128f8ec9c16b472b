//! A further revision of a release.

use rosin_api::helm_release::{CrdsPolicy, DeletionPropagation, Upgrade};
use rosin_release::{ApplyMethod, HookEvent, Release, Status, values};
use serde_json::json;

use super::{Desired, Work, check_name, method, now, server_side};
use crate::reconcile::helm_release::{
    crds,
    objects::{self, Failure, How, Item, Updated},
    render::Purpose,
    storage::Storage,
    wait,
};

pub(in super::super) async fn upgrade(
    work: &Work<'_>,
    desired: Desired<'_>,
    storage: &mut Storage<'_>,
) -> Result<(), Failure> {
    let options = work.object.spec.upgrade.clone().unwrap_or_default();
    let none = || Failure::new(format!("{:?} has no deployed releases", work.name));
    let last = storage.last().cloned().ok_or_else(none)?;
    let server_side = server_side(options.server_side_apply, &last);
    let policy = options.crds.unwrap_or(CrdsPolicy::Create);
    let definitions = desired.chart.definitions(desired.values)?;
    crds::apply(
        work.place,
        work.run,
        work.object,
        &definitions,
        policy,
        server_side,
        work.rules(true),
    )
    .await
    .map_err(|failure| failure.of("failed to apply CustomResourceDefinitions"))?;
    let log = &work.place.log;
    let named = json!({ "name": work.name });
    log.say("preparing upgrade", &named);
    check_name(&work.name, "release name is invalid: ")?;
    if last.info.status.is_pending() {
        return Err(Failure::new(
            "another operation (install/upgrade/rollback) is in progress",
        ));
    }
    let current = current(storage, &last).ok_or_else(none)?;
    let config = if options.preserve_values {
        log.say("reusing the old release's values", &json!({}));
        values::merge(current.config.clone(), desired.values.clone())
    } else {
        let text = "resetting values to the chart's original version";
        log.say(text, &json!({}));
        desired.values.clone()
    };
    let purpose = Purpose {
        revision: last.version + 1,
        upgrade: true,
        skip_schema: options.disable_schema_validation,
    };
    let rendered = work.render(desired, &config, purpose).await?;
    let mut release = Release {
        name: work.name.clone(),
        namespace: current.namespace.clone(),
        version: last.version + 1,
        chart: desired.chart.record(&config)?,
        config,
        manifest: rendered.manifest,
        hooks: rendered.hooks,
        apply_method: method(server_side),
        labels: last.labels.clone(),
        ..Release::default()
    };
    release.info.first_deployed = current.info.first_deployed;
    release.info.last_deployed = now();
    release.info.notes = rendered.notes;
    release.set_status(Status::PendingUpgrade, "Preparing upgrade");
    log.say(
        "determined release apply method",
        &json!({
            "previous_release_apply_method": last.apply_method.as_ref().map_or("", ApplyMethod::as_str),
            "server_side_apply": server_side,
        }),
    );
    log.say("performing update", &named);
    let session = &work.place.session;
    let after = objects::build(session, &release.manifest, &release.namespace)
        .await
        .map_err(|failure| {
            failure.of("unable to build kubernetes objects from new release manifest")
        })?;
    let before = objects::build(session, &current.manifest, &release.namespace)
        .await
        .map_err(|failure| {
            if failure.0.contains("no matches for kind") {
                failure.of("current release manifest contains removed kubernetes api(s) for this kubernetes version and it is therefore unable to build the kubernetes objects for performing the diff. error from kubernetes")
            } else {
                failure.of("unable to build kubernetes objects from current release manifest")
            }
        })?;
    let after: Vec<Item> = after
        .into_iter()
        .map(|mut item| {
            item.own(&release.name, &release.namespace);
            item
        })
        .collect();
    if options.disable_take_ownership {
        let new: Vec<Item> = after
            .iter()
            .filter(|item| !before.iter().any(|old| old.id() == item.id()))
            .cloned()
            .collect();
        objects::check_ownership(session, &new, &release.name, &release.namespace)
            .await
            .map_err(|failure| failure.of("unable to continue with update"))?;
    }
    log.say("creating upgraded release", &named);
    storage
        .create(&release, work.object.spec.max_history())
        .await?;
    let mut change = Change {
        options: &options,
        server_side,
        before,
        after,
        updated: Updated::default(),
    };
    match change.perform(work, storage, &mut release, &current).await {
        Ok(()) => {
            let mut old = current;
            old.info.status = Status::Superseded;
            storage.note(&old).await;
            release.set_status(Status::Deployed, "Upgrade complete");
            storage.update(&release).await
        }
        Err(failure) => {
            log.say(
                "warning: upgrade failed",
                &json!({ "name": work.name, "error": {} }),
            );
            let text = format!("Upgrade {:?} failed: {failure}", release.name);
            release.set_status(Status::Failed, text);
            storage.note(&release).await;
            if options.cleanup_on_fail && !change.updated.created.is_empty() {
                let count = change.updated.created.len();
                let fields = json!({ "cleaning_resources": count });
                log.say("cleanup on fail set", &fields);
                clean_up(work, &change.updated.created).await;
            }
            Err(failure)
        }
    }
}

/// The revision that is in the cluster, as far as records tell.
fn current(storage: &Storage<'_>, last: &Release) -> Option<Release> {
    if last.info.status == Status::Deployed {
        return Some(last.clone());
    }
    let deployed = storage.deployed().into_iter().next();
    deployed.or_else(|| {
        let counts = matches!(last.info.status, Status::Failed | Status::Superseded);
        counts.then(|| last.clone())
    })
}

pub(super) async fn clean_up(work: &Work<'_>, created: &[Item]) {
    for item in created {
        let background = DeletionPropagation::Background;
        if let Err(error) = objects::delete(work.place, item, background).await {
            tracing::warn!(%error, object = %item.id(), "what a failed action created could not be deleted");
        }
    }
}

struct Change<'a> {
    options: &'a Upgrade,
    server_side: bool,
    before: Vec<Item>,
    after: Vec<Item>,
    updated: Updated,
}

impl Change<'_> {
    async fn perform(
        &mut self,
        work: &Work<'_>,
        storage: &mut Storage<'_>,
        release: &mut Release,
        current: &Release,
    ) -> Result<(), Failure> {
        let options = self.options;
        let timeout = work.timeout(options.timeout);
        let hooks = work.hooks(timeout, self.server_side, !options.disable_wait);
        if !options.disable_hooks {
            hooks
                .all(storage, release, HookEvent::PreUpgrade)
                .await
                .map_err(|failure| failure.of("pre-upgrade hooks failed"))?;
        } else {
            let named = json!({ "name": work.name });
            work.place.log.say("upgrade hooks disabled", &named);
        }
        let how = How {
            server_side: self.server_side,
            replace: options.force && !self.server_side,
            adopt: false,
            migrate: self.server_side && !current.server_side(),
            tell_created: options.cleanup_on_fail,
        };
        let changed = objects::update(
            work.place,
            &self.before,
            &self.after,
            how,
            &mut self.updated,
        )
        .await;
        let changed = match changed {
            Ok(()) if !options.disable_wait => {
                let rules = work.rules(!options.disable_wait_for_jobs);
                wait::ready(work.place, work.run, &self.after, rules, timeout).await
            }
            other => other,
        };
        if changed.is_err() {
            storage.note(current).await;
        }
        changed?;
        if !options.disable_hooks {
            hooks
                .all(storage, release, HookEvent::PostUpgrade)
                .await
                .map_err(|failure| failure.of("post-upgrade hooks failed"))?;
        }
        Ok(())
    }
}
