//! Waiting for objects to be ready or gone: a state that watches drive, without a worker.

use std::time::Duration;

use futures::{StreamExt, stream};
use rosin_domain::{
    Object, ObjectId,
    health::{Checks, Patience, Target, Verdict, is_job_with_ttl, judge},
    readiness::{Readiness, assess_at},
};
use serde_json::Value;

use super::{
    objects::{Failure, Item, get},
    place::Place,
};
use crate::{cluster::Gvk, controller::Run};

/// Objects that no watch of ours covers are read again this often while they are waited for.
const POLL: Duration = Duration::from_secs(1);
const POLL_LATER: Duration = Duration::from_secs(5);
/// After this long, polls become rarer.
const PATIENCE: Duration = Duration::from_secs(20);
const AT_ONCE: usize = 8;

/// By which rules objects are ready.
#[derive(Clone, Copy)]
pub(super) struct Rules<'a> {
    pub checks: &'a Checks,
    /// Jobs must be complete; else it is enough that they have begun.
    pub jobs: bool,
    /// Only Jobs and Pods are waited for, to their end.
    pub hooks: bool,
}

impl Rules<'_> {
    fn assess(&self, live: &Value) -> Readiness {
        let text = |key: &str| live[key].as_str().unwrap_or_default();
        let kind = (text("apiVersion"), text("kind"));
        let target = target(live);
        if self.checks.has_expression(&target) {
            return self.checks.assess(live);
        }
        if self.hooks {
            return match kind {
                ("batch/v1", "Job") => assess_at(live, None),
                ("v1", "Pod") => ended(live),
                _ => Readiness::Current,
            };
        }
        if kind == ("batch/v1", "Job") && !self.jobs {
            return begun(live);
        }
        assess_at(live, Some(jiff::Timestamp::now()))
    }

    /// Does the watch's own judgement do?
    fn plain(&self, item: &Item) -> bool {
        let target = Target {
            id: item.id(),
            version: item.resource.gvk.version.clone(),
        };
        !self.hooks
            && !self.checks.has_expression(&target)
            && (self.jobs || item.resource.gvk.kind != "Job")
            && item.resource.gvk.kind != "Pod"
    }
}

fn target(live: &Value) -> Target {
    let text = |path: &str| {
        live.pointer(path)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let gvk = Gvk::parse(text("/apiVersion"), text("/kind"));
    Target {
        id: ObjectId {
            namespace: text("/metadata/namespace").to_owned(),
            name: text("/metadata/name").to_owned(),
            group: gvk.group,
            kind: gvk.kind,
        },
        version: gvk.version,
    }
}

/// A Pod that is a hook has to run to its end.
fn ended(live: &Value) -> Readiness {
    match live["status"]["phase"].as_str().unwrap_or_default() {
        "Succeeded" => Readiness::Current,
        "Failed" => Readiness::Failed("the pod failed".to_owned()),
        phase => Readiness::InProgress(format!("the pod is {phase}")),
    }
}

/// A Job that need not be complete has to have begun, and not to have failed.
fn begun(live: &Value) -> Readiness {
    let started = live["status"]["startTime"].is_string();
    match assess_at(live, None) {
        Readiness::InProgress(_) if started => Readiness::Current,
        other => other,
    }
}

/// Waits until all are ready. Fails at the first that will not be, or when the time is over.
pub(super) async fn ready(
    place: &Place,
    run: &Run,
    items: &[Item],
    rules: Rules<'_>,
    timeout: Duration,
) -> Result<(), Failure> {
    let waited: Vec<&Item> = items.iter().filter(|item| !is_paused(item)).collect();
    if waited.is_empty() {
        return Ok(());
    }
    let started = tokio::time::Instant::now();
    let deadline = started + timeout;
    let mut ticks = place.live.changes();
    loop {
        ticks.borrow_and_update();
        let mut looks = Vec::with_capacity(waited.len());
        for item in &waited {
            looks.push(look(place, item, rules));
        }
        let seen: Vec<(Option<Readiness>, bool)> =
            stream::iter(looks).buffered(AT_ONCE).collect().await;
        let ids: Vec<ObjectId> = waited.iter().map(|item| item.id()).collect();
        let states = ids
            .iter()
            .zip(&seen)
            .map(|(id, (readiness, _))| (id, readiness.as_ref()));
        let expired = tokio::time::Instant::now() >= deadline;
        match judge(states, expired, Patience::FailFast) {
            Verdict::Healthy => return Ok(()),
            Verdict::Failed(message) => return Err(Failure::new(message)),
            Verdict::Waiting => {}
        }
        // From here on it waits for others, and they may need the worker.
        run.rest();
        let pending = seen
            .iter()
            .any(|(state, watched)| !watched && *state != Some(Readiness::Current));
        let pause = if started.elapsed() > PATIENCE {
            POLL_LATER
        } else {
            POLL
        };
        tokio::select! {
            _ = ticks.changed() => {}
            () = tokio::time::sleep(pause), if pending => {}
            () = tokio::time::sleep_until(deadline) => {}
        }
    }
}

/// Are all ready at this moment? From now on, the kinds of the objects are watched.
pub(super) async fn are_ready(place: &Place, items: &[Item], rules: Rules<'_>) -> bool {
    let mut all = true;
    for item in items.iter().filter(|item| !is_paused(item)) {
        all &= match get(&place.session, item).await {
            Ok(Some(live)) => {
                place.live.applied(&item.resource, &item.id(), &live);
                rules.assess(&live) == Readiness::Current
            }
            Ok(None) => passes(item),
            Err(_) => false,
        };
    }
    all
}

/// How an object stands, and whether a watch will say when that changes.
async fn look(place: &Place, item: &Item, rules: Rules<'_>) -> (Option<Readiness>, bool) {
    let labelled = item.value["metadata"]["labels"]
        .get(rosin_api::names::HELM_OWNER_NAME)
        .is_some();
    if labelled && rules.plain(item) && place.watches(&item.resource) {
        let known = place.live.get(&item.resource, &item.id());
        if let Some(live) = known {
            return (Some(live.readiness), true);
        }
        if !place.live.is_synced(&item.resource) {
            return (None, false);
        }
    }
    match get(&place.session, item).await {
        Ok(Some(live)) => (Some(rules.assess(&live)), false),
        // What removes itself when it is done, is done when it is gone.
        Ok(None) if passes(item) => (Some(Readiness::Current), false),
        Ok(None) => (Some(Readiness::NotFound), false),
        Err(error) => {
            tracing::debug!(%error, "an object that is waited for could not be read");
            (None, false)
        }
    }
}

fn passes(item: &Item) -> bool {
    Object::new(item.value.clone()).is_ok_and(|object| is_job_with_ttl(&object))
}

fn is_paused(item: &Item) -> bool {
    item.resource.gvk.kind == "Deployment" && item.value["spec"]["paused"] == true
}

/// Waits until all are gone.
pub(super) async fn gone(
    place: &Place,
    run: &Run,
    items: &[Item],
    timeout: Duration,
) -> Result<(), Failure> {
    let deadline = tokio::time::Instant::now() + timeout;
    let mut pause = Duration::from_millis(50);
    let mut left: Vec<&Item> = items.iter().collect();
    loop {
        let mut looks = Vec::with_capacity(left.len());
        for item in &left {
            looks.push(get(&place.session, item));
        }
        let found: Vec<_> = stream::iter(looks).buffered(AT_ONCE).collect().await;
        left = left
            .into_iter()
            .zip(found)
            .filter(|(_, found)| !matches!(found, Ok(None)))
            .map(|(item, _)| item)
            .collect();
        if left.is_empty() {
            return Ok(());
        }
        if tokio::time::Instant::now() >= deadline {
            let names: Vec<String> = left
                .iter()
                .map(|item| format!("{} status: 'Terminating'", item.id()))
                .collect();
            return Err(Failure::new(format!(
                "timeout waiting for: [{}]",
                names.join(", ")
            )));
        }
        run.rest();
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(2));
    }
}
