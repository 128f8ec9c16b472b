//! The first revision of a release.

use rosin_api::helm_release::{CrdsPolicy, Install};
use rosin_release::{HookEvent, Release, Status};
use serde_json::json;

use super::{Desired, Work, check_name, method, now};
use crate::reconcile::helm_release::{
    crds,
    log::opaque,
    objects::{self, Conflicts, Failure, How, Item, Updated},
    render::Purpose,
    storage::Storage,
    wait,
};

pub(in super::super) async fn install(
    work: &Work<'_>,
    desired: Desired<'_>,
    storage: &mut Storage<'_>,
) -> Result<(), Failure> {
    let options = work.object.spec.install.clone().unwrap_or_default();
    let server_side = options.server_side_apply.unwrap_or(true);
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
    let replaced = available(work, &options, storage).inspect_err(|_| {
        let fields = opaque();
        work.place
            .log
            .say("error: release name check failed", &fields);
    })?;
    let purpose = Purpose {
        revision: 1,
        upgrade: false,
        skip_schema: options.disable_schema_validation,
    };
    let rendered = work.render(desired, desired.values, purpose).await?;
    let moment = now();
    let mut release = Release {
        name: work.name.clone(),
        namespace: work.namespace().to_owned(),
        version: 1,
        chart: desired.chart.record(desired.values)?,
        config: desired.values.clone(),
        manifest: rendered.manifest,
        hooks: rendered.hooks,
        apply_method: method(server_side),
        ..Release::default()
    };
    release.info.first_deployed = moment;
    release.info.last_deployed = moment;
    release.info.notes = rendered.notes;
    release.set_status(Status::PendingInstall, "Initial install underway");
    let mut items = objects::build(&work.place.session, &release.manifest, work.namespace())
        .await
        .map_err(|failure| {
            failure.of("unable to build kubernetes objects from release manifest")
        })?;
    items
        .iter_mut()
        .for_each(|item| item.own(&work.name, work.namespace()));
    if options.disable_take_ownership {
        objects::check_ownership(&work.place.session, &items, &work.name, work.namespace())
            .await
            .map_err(|failure| failure.of("unable to continue with install"))?;
    }
    if options.create_namespace && work.object.spec.target_namespace.is_some() {
        create_namespace(work).await?;
    }
    if let Some(mut old) = replaced {
        release.version = old.version + 1;
        old.set_status(Status::Superseded, "superseded by new release");
        storage.note(&old).await;
        storage.take_written();
    }
    storage.create(&release, 0).await?;
    match perform(work, &options, server_side, storage, &mut release, &items).await {
        Ok(()) => {
            release.set_status(Status::Deployed, "Install complete");
            storage.note(&release).await;
            Ok(())
        }
        Err(failure) => {
            let text = format!("Release {:?} failed: {failure}", release.name);
            release.set_status(Status::Failed, text);
            storage.note(&release).await;
            Err(failure)
        }
    }
}

/// Can the name be used? `Some`: the release that this one replaces.
fn available(
    work: &Work<'_>,
    options: &Install,
    storage: &Storage<'_>,
) -> Result<Option<Release>, Failure> {
    check_name(&work.name, "release name check failed: ")?;
    match storage.last() {
        None => Ok(None),
        Some(last)
            if options.replace
                && matches!(last.info.status, Status::Uninstalled | Status::Failed) =>
        {
            Ok(Some(last.clone()))
        }
        Some(_) => Err(Failure::new(
            "release name check failed: cannot reuse a name that is still in use",
        )),
    }
}

async fn create_namespace(work: &Work<'_>) -> Result<(), Failure> {
    let name = work.namespace();
    let namespace = json!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name, "labels": { "name": name } },
    });
    let item = objects::place(&work.place.session, namespace, "").await?;
    objects::create(work.place, &[item], true, Conflicts::Fail).await
}

async fn perform(
    work: &Work<'_>,
    options: &Install,
    server_side: bool,
    storage: &mut Storage<'_>,
    release: &mut Release,
    items: &[Item],
) -> Result<(), Failure> {
    let timeout = work.timeout(options.timeout);
    let hooks = work.hooks(timeout, server_side, !options.disable_wait);
    if !options.disable_hooks {
        hooks
            .all(storage, release, HookEvent::PreInstall)
            .await
            .map_err(|failure| failure.of("failed pre-install"))?;
    }
    if server_side {
        objects::create(work.place, items, true, Conflicts::Adopt).await?;
    } else {
        let how = How {
            server_side,
            replace: false,
            adopt: !options.disable_take_ownership,
            migrate: true,
            tell_created: false,
        };
        objects::update(work.place, &[], items, how, &mut Updated::default()).await?;
    }
    if !options.disable_wait {
        let rules = work.rules(!options.disable_wait_for_jobs);
        wait::ready(work.place, work.run, items, rules, timeout).await?;
    }
    if !options.disable_hooks {
        hooks
            .all(storage, release, HookEvent::PostInstall)
            .await
            .map_err(|failure| failure.of("failed post-install"))?;
    }
    Ok(())
}
