//! The definitions in `crds/`: applied before a release is made, never deleted.

use std::time::Duration;

use rosin_api::{HelmRelease, helm_release::CrdsPolicy, names};
use serde_json::{Value, json};

use super::{
    objects::{self, Conflicts, Failure, How, Item, Updated},
    place::Place,
    wait,
};
use crate::controller::Run;

/// How long definitions may take to be established.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Applies the definitions of a chart, and waits until objects of them can be made.
pub(super) async fn apply(
    place: &Place,
    run: &Run,
    object: &HelmRelease,
    definitions: &[Value],
    policy: CrdsPolicy,
    server_side: bool,
    rules: wait::Rules<'_>,
) -> Result<(), Failure> {
    if definitions.is_empty() {
        return Ok(());
    }
    let log = &place.log;
    let name = match policy {
        CrdsPolicy::Create => "Create",
        CrdsPolicy::CreateReplace => "CreateReplace",
        CrdsPolicy::Skip => {
            let text = "skipping CustomResourceDefinition apply: policy is set to Skip";
            log.say(text, &json!({}));
            return Ok(());
        }
    };
    let mut items = Vec::new();
    for definition in definitions {
        if definition["kind"] != "CustomResourceDefinition" {
            tracing::warn!(
                kind = definition["kind"].as_str(),
                name = definition["metadata"]["name"].as_str(),
                "crds/ is for definitions; this object is left out"
            );
            continue;
        }
        let mut item = objects::place(&place.session, definition.clone(), "")
            .await
            .map_err(|failure| failure.of("failed to parse CustomResourceDefinitions"))?;
        let labels = [
            (names::HELM_OWNER_NAME, object.name()),
            (names::HELM_OWNER_NAMESPACE, object.namespace()),
        ];
        objects::label(&mut item.value, &labels.into());
        items.push(item);
    }
    log.say(
        &format!("applying CustomResourceDefinition(s) with policy {name}"),
        &json!({}),
    );
    let applied = match policy {
        CrdsPolicy::Create => create_missing(place, items, server_side).await?,
        _ => {
            let how = How {
                server_side,
                replace: !server_side,
                adopt: false,
                migrate: false,
                tell_created: false,
            };
            let mut updated = Updated::default();
            objects::update(place, &[], &items, how, &mut updated)
                .await
                .map_err(|failure| failure.of("failed to update CustomResourceDefinition(s)"))?;
            items
        }
    };
    wait::ready(place, run, &applied, rules, TIMEOUT)
        .await
        .map_err(|failure| failure.of("failed to wait for CustomResourceDefinition(s)"))?;
    if !applied.is_empty()
        && let Err(error) = place.session.discovery().refresh().await
    {
        tracing::debug!(%error, "the new definitions were not discovered");
    }
    Ok(())
}

/// What the server does not merge stays as it is where it is there already; Helm 4 lets the server merge, so that definitions change.
async fn create_missing(
    place: &Place,
    items: Vec<Item>,
    server_side: bool,
) -> Result<Vec<Item>, Failure> {
    let mut created = Vec::new();
    for item in items {
        let failed = |text: String| {
            Failure::new(format!(
                "failed to create CustomResourceDefinition {}: {text}",
                item.name
            ))
        };
        if !server_side {
            let live = objects::get(&place.session, &item).await;
            if live.map_err(|error| failed(error.to_string()))?.is_some() {
                continue;
            }
        }
        objects::create(
            place,
            std::slice::from_ref(&item),
            server_side,
            Conflicts::Force,
        )
        .await
        .map_err(|failure| failed(failure.0))
        .inspect_err(|failure| place.log.say(&format!("error: {failure}"), &json!({})))?;
        created.push(item);
    }
    Ok(created)
}
