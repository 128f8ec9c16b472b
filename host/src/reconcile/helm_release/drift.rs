//! Does the cluster still have what the release applied? And making it so again, without a new revision.

use http::Method;
use rosin_api::names::{HELM_CONTROLLER, HELM_DRIFT_KEY};
use rosin_domain::{
    Object,
    drift::{IgnoreRules, difference},
};
use rosin_release::{Release, history};
use serde_json::Value;
use tracing::{error, info};

use super::{
    Running,
    action::Work,
    objects::{self, Failure, Item},
    place::Place,
    report::Report,
};
use crate::controller::Severity;
use rosin_api::Reason;

/// An object that is not as the release has it.
pub(super) struct Difference {
    item: Item,
    /// None: it is gone. Else what leads back, as a JSON patch.
    patch: Option<Vec<Value>>,
}

impl Difference {
    fn line(&self) -> String {
        let id = self.item.id();
        let Some(patch) = &self.patch else {
            return format!("{id} removed");
        };
        let count = |op: &str| patch.iter().filter(|step| step["op"] == op).count();
        format!(
            "{id} changed ({} additions, {} changes, {} removals)",
            count("add"),
            count("replace"),
            count("remove")
        )
    }
}

/// One line for each object.
pub(super) fn summary(differences: &[Difference]) -> String {
    let lines: Vec<String> = differences.iter().map(Difference::line).collect();
    lines.join("\n")
}

/// Compares every object of a release with what the API server would make of it.
pub(super) async fn detect(work: &Work<'_>, release: &Release) -> Result<Vec<Difference>, Failure> {
    let detection = work.object.spec.drift_detection.as_ref();
    let rules = detection.map_or(&[][..], |detection| &detection.ignore);
    let rules = IgnoreRules::new(rules).map_err(|error| Failure::new(error.to_string()))?;
    let session = &work.place.session;
    let items = objects::build(session, &release.manifest, &release.namespace).await?;
    let mut found = Vec::new();
    let mut failures = Vec::new();
    for mut item in items {
        item.own(&release.name, &release.namespace);
        match compare(work.place, item, &rules).await {
            Ok(difference) => found.extend(difference),
            Err(failure) => failures.push(failure.0),
        }
    }
    if failures.is_empty() {
        return Ok(found);
    }
    if found.is_empty() {
        return Err(Failure::new(failures.join("; ")));
    }
    error!(
        error = failures.join("; "),
        "not all objects could be compared"
    );
    Ok(found)
}

async fn compare(
    place: &Place,
    item: Item,
    rules: &IgnoreRules,
) -> Result<Option<Difference>, Failure> {
    if is_excluded(&item.value) {
        return Ok(None);
    }
    let failed = |error: crate::cluster::ApiError| Failure::new(error.to_string());
    let Some(live) = objects::get(&place.session, &item).await.map_err(failed)? else {
        return Ok(Some(Difference { item, patch: None }));
    };
    if is_excluded(&live) {
        return Ok(None);
    }
    let path = item.resource.path(item.namespace.as_deref(), &item.name);
    let path = format!("{path}?fieldManager={HELM_CONTROLLER}&force=true&dryRun=All");
    let content = Some("application/apply-patch+yaml");
    let made = place
        .session
        .send(Method::PATCH, &path, content, Some(&item.value))
        .await
        .map_err(failed)?;
    let ignored = Object::new(item.value.clone())
        .map(|object| rules.paths_of(&object))
        .unwrap_or_default();
    let patch = difference(&live, &made, &ignored);
    Ok((!patch.is_empty()).then_some(Difference {
        item,
        patch: Some(patch),
    }))
}

/// Label or annotation keeps it out.
fn is_excluded(object: &Value) -> bool {
    ["labels", "annotations"].iter().any(|map| {
        let value = object["metadata"][map].get(HELM_DRIFT_KEY);
        value.and_then(Value::as_str) == Some("disabled")
    })
}

/// Creates what is gone, then changes the rest back; all are tried.
pub(super) async fn correct(
    work: &Work<'_>,
    differences: Vec<Difference>,
    progress: &Running<'_>,
    report: &Report<'_>,
) {
    let Some(latest) = history::latest(&progress.status.history).cloned() else {
        return;
    };
    let mut done = Vec::new();
    let mut failures = Vec::new();
    let (mut gone, mut changed): (Vec<_>, Vec<_>) = differences
        .into_iter()
        .partition(|difference| difference.patch.is_none());
    for list in [&mut gone, &mut changed] {
        list.sort_by(|a, b| rosin_domain::plan::compare(&a.item.id(), &b.item.id()));
    }
    for difference in gone.into_iter().chain(changed) {
        let (what, result) = put_right(work.place, &difference).await;
        let id = difference.item.id();
        match result {
            Ok(()) => done.push(format!("{id} {what}")),
            Err(failure) => {
                let step = if what == "created" {
                    "creation"
                } else {
                    "patch"
                };
                failures.push(format!("{id} {step} failure: {failure}"));
            }
        }
    }
    let name = history::full_name(&latest);
    if failures.is_empty() {
        let lines = done.join("\n");
        let message = format!("Cluster state of release {name} has been corrected:\n{lines}");
        info!("{message}");
        report.release(Severity::Info, Reason::DriftCorrected, &message, &latest);
        return;
    }
    let partially = if done.is_empty() { "" } else { "partially " };
    let mut message = format!(
        "Failed to {partially}correct cluster state of release {name}:\n{}",
        failures.join("\n")
    );
    if !done.is_empty() {
        message.push_str(&format!("\n\nSuccessful corrections:\n{}", done.join("\n")));
    }
    error!("{message}");
    report.release(
        Severity::Error,
        Reason::DriftCorrectionFailed,
        &message,
        &latest,
    );
}

async fn put_right(place: &Place, difference: &Difference) -> (&'static str, Result<(), String>) {
    let item = &difference.item;
    let namespace = item.namespace.as_deref();
    let (what, answer) = match &difference.patch {
        None => {
            let collection = item.resource.path(namespace, "");
            let path = format!("{collection}?fieldManager={HELM_CONTROLLER}");
            let answer = place.session.create(&path, &item.value).await;
            ("created", answer)
        }
        Some(patch) => {
            let path = item.resource.path(namespace, &item.name);
            let kind = crate::cluster::PatchKind::Json;
            let patch = Value::Array(patch.clone());
            let answer = place
                .session
                .patch(&path, kind, HELM_CONTROLLER, &patch)
                .await;
            ("configured", answer)
        }
    };
    match answer {
        Ok(live) => {
            place.live.applied(&item.resource, &item.id(), &live);
            (what, Ok(()))
        }
        // What the server says of a Secret may quote it.
        Err(error) if item.resource.gvk.kind == "Secret" && error.reason() == "Invalid" => (
            what,
            Err("the API server finds the object invalid".to_owned()),
        ),
        Err(error) => (what, Err(error.to_string())),
    }
}
