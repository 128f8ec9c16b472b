//! Server-side apply of a plan: every object of a stage passes a dry run before the first one is changed, but for new ones that can
//! be taken back (`revoke`).

use std::{
    collections::HashSet,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use futures::{StreamExt, stream};
use rosin_api::names::KUSTOMIZE_CONTROLLER;
use rosin_domain::{
    Object, ObjectId, ObjectRef, control,
    control::SsaPolicy,
    drift::{self, DryRunError},
    plan::{Action, ChangeSet, Check, Wave},
    readiness::Readiness,
};
use serde_json::Value;

use super::{
    error::Error,
    memo::{Memo, wanted_digest},
    origins::Origins,
};
use crate::{
    cluster::{ApiError, Apply, DiscoveryError, Gvk, PatchKind, Resource, Session},
    live::Live,
};

/// How long a kind may take to be discovered after its definition was applied.
const DISCOVERY_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a stage may take to become ready before the next one begins.
const STAGE_TIMEOUT: Duration = Duration::from_secs(60);

/// Who applies, and how.
pub(super) struct Applier<'a> {
    pub session: &'a Session,
    pub live: &'a Live,
    pub takeover: &'a drift::TakeOver,
    pub ignore: &'a drift::IgnoreRules,
    pub origins: &'a Origins,
    pub force: bool,
    pub concurrent: usize,
    pub timeout: Duration,
    /// Definitions were changed in this run.
    pub defines: AtomicBool,
    /// What was in the cluster because of us when the run began.
    pub previous: &'a HashSet<String>,
    /// Whether new objects may be created without a dry run.
    pub trusting: AtomicBool,
}

/// An object whose dry run passed, and what is to be done with it.
pub(super) struct Checked {
    pub(super) id: ObjectId,
    version: String,
    wanted: Value,
    wanted_digest: u64,
    pub(super) resource: Resource,
    step: Step,
}

enum Step {
    /// Left alone because an annotation asks for it.
    Skip,
    /// As wanted, and known to be so without a request.
    InSync,
    /// As wanted; `Value` is how the server has it.
    Keep(Box<Value>),
    Create(Check),
    /// Changed; what is sent, and the patch, if any, that makes other managers' fields ours first.
    Update {
        send: Box<Value>,
        handover: Option<Value>,
    },
}

impl Checked {
    pub(super) fn creates(&self) -> bool {
        matches!(self.step, Step::Create(_))
    }

    pub(super) fn changes(&self) -> bool {
        matches!(self.step, Step::Create(_) | Step::Update { .. })
    }

    pub(super) fn is_unchecked(&self) -> bool {
        matches!(self.step, Step::Create(Check::Revocable | Check::Last))
    }

    /// When it is sent: first what can be taken back, last what nothing may fail after.
    fn turn(&self) -> usize {
        let wave = Wave::of(&self.id.kind) as usize;
        match self.step {
            Step::Create(Check::Revocable) => wave,
            Step::Create(Check::Last) => 2 * Wave::ALL.len(),
            _ => Wave::ALL.len() + wave,
        }
    }
}

#[derive(Debug)]
pub(super) struct ApplyError {
    text: String,
    /// Nothing is wrong with the object; the server could not answer.
    transient: bool,
    /// What the server refused had passed no dry run; what went before it was taken back.
    pub(super) unchecked: bool,
}

impl From<ApplyError> for Error {
    fn from(error: ApplyError) -> Self {
        Self::Apply(error.text)
    }
}

impl ApplyError {
    fn dry_run(id: &ObjectId, error: &ApiError) -> Self {
        let text = drift::dry_run_message(
            id,
            &DryRunError {
                code: error.code(),
                reason: error.reason(),
                message: &error.to_string(),
            },
        );
        Self {
            text,
            transient: error.is_transient(),
            unchecked: false,
        }
    }
}

impl Applier<'_> {
    /// Dry-runs a stage, several objects at a time. All failing objects are named, not only the first.
    pub(super) async fn check(
        &self,
        objects: &[Object],
        memo: &Memo,
    ) -> Result<Vec<Checked>, ApplyError> {
        let how = self.checks(objects, memo).await;
        let mut checks = Vec::with_capacity(objects.len());
        for (object, how) in objects.iter().zip(how) {
            checks.push(self.check_one(object, how, memo));
        }
        let results: Vec<_> = stream::iter(checks)
            .buffered(self.concurrent)
            .collect()
            .await;
        let mut checked = Vec::with_capacity(results.len());
        let mut failed: Option<ApplyError> = None;
        for (result, object) in results.into_iter().zip(objects) {
            let error = match result {
                Ok(object) => {
                    checked.push(object);
                    continue;
                }
                Err(error) => self.placed(error, &object.id(), &object.to_value()),
            };
            match &mut failed {
                None => failed = Some(error),
                Some(failed) => {
                    failed.text.push_str(&error.text);
                    failed.transient &= error.transient;
                }
            }
        }
        match failed {
            None => Ok(checked),
            Some(failed) => Err(failed),
        }
    }

    /// A definition that was just established is discovered a moment later; only then is an unknown kind waited for.
    async fn resource(&self, gvk: &Gvk) -> Result<Resource, DiscoveryError> {
        let until = tokio::time::Instant::now() + DISCOVERY_TIMEOUT;
        loop {
            match self.session.resource(gvk).await {
                Err(DiscoveryError::UnknownKind(_))
                    if self.defines.load(Ordering::Relaxed)
                        && tokio::time::Instant::now() < until =>
                {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
                result => return result,
            }
        }
    }

    /// Says which file the object comes from; texts of dry runs end with a line feed, as Flux's do.
    fn placed(&self, mut error: ApplyError, id: &ObjectId, sent: &Value) -> ApplyError {
        if let Some(place) = self.origins.place(id, sent, &error.text) {
            let end = if error.text.ends_with('\n') { "\n" } else { "" };
            error.text = format!("{} ({place}){end}", error.text.trim_end_matches('\n'));
        }
        error
    }

    async fn check_one(
        &self,
        object: &Object,
        how: Check,
        memo: &Memo,
    ) -> Result<Checked, ApplyError> {
        let id = object.id();
        let wanted = object.to_value();
        let wanted_digest = wanted_digest(&wanted);
        let done = |id, wanted, resource, step| Checked {
            id,
            version: object.version().to_owned(),
            wanted,
            wanted_digest,
            resource,
            step,
        };
        if memo.in_sync(&id, wanted_digest, self.live)
            && let Some(resource) = memo.resource(&id)
        {
            return Ok(done(id, wanted, resource.clone(), Step::InSync));
        }
        let resource = self
            .resource(&Gvk::of(object))
            .await
            .map_err(|error| match &error {
                DiscoveryError::UnknownKind(_) => {
                    let refused = DryRunError {
                        code: 0,
                        reason: "",
                        message: &error.to_string(),
                    };
                    ApplyError {
                        text: drift::dry_run_message(&id, &refused),
                        transient: false,
                        unchecked: false,
                    }
                }
                DiscoveryError::Api(error) => ApplyError::dry_run(&id, error),
            })?;
        let namespace = Some(object.namespace()).filter(|ns| !ns.is_empty());
        if resource.namespaced && namespace.is_none() {
            return Err(ApplyError {
                text: drift::namespace_missing_message(&id),
                transient: false,
                unchecked: false,
            });
        }
        let step = match how {
            Check::Revocable | Check::Last => Step::Create(how),
            Check::DryRun => {
                self.step(&id, object, &wanted, &resource, namespace)
                    .await?
            }
        };
        Ok(done(id, wanted, resource, step))
    }

    async fn step(
        &self,
        id: &ObjectId,
        object: &Object,
        wanted: &Value,
        resource: &Resource,
        namespace: Option<&str>,
    ) -> Result<Step, ApplyError> {
        let failed = |error: ApiError| ApplyError::dry_run(id, &error);
        let policy = control::ssa_policy(object);
        if control::is_reconcile_disabled(object) || policy == SsaPolicy::Ignore {
            return Ok(Step::Skip);
        }
        let dry_run = Apply {
            manager: KUSTOMIZE_CONTROLLER,
            dry_run: true,
        };
        // An object that is not there yet costs one request: its dry run says so by having no version.
        let mut result = None;
        if policy == SsaPolicy::Override {
            let answer = self
                .session
                .apply(resource, namespace, wanted, dry_run)
                .await;
            if let Ok(made) = &answer
                && made.pointer("/metadata/resourceVersion").is_none()
            {
                return Ok(Step::Create(Check::DryRun));
            }
            result = Some(answer);
        }
        let Some(live) = self
            .session
            .get(resource, namespace, &id.name)
            .await
            .map_err(failed)?
        else {
            let answer = match result {
                Some(answer) => answer,
                None => {
                    self.session
                        .apply(resource, namespace, wanted, dry_run)
                        .await
                }
            };
            return answer.map(|_| Step::Create(Check::DryRun)).map_err(failed);
        };
        if policy == SsaPolicy::IfNotPresent || control::is_live_excluded(&live) {
            return Ok(Step::Skip);
        }
        let answer = match result {
            Some(answer) => answer,
            None => {
                self.session
                    .apply(resource, namespace, wanted, dry_run)
                    .await
            }
        };
        let made = match answer {
            Ok(made) => made,
            Err(error) if self.may_recreate(object, &live) && is_immutable(&error) => {
                self.delete_and_wait(resource, namespace, id).await?;
                return self
                    .session
                    .apply(resource, namespace, wanted, dry_run)
                    .await
                    .map(|_| Step::Create(Check::DryRun))
                    .map_err(failed);
            }
            Err(error) => return Err(failed(error)),
        };
        let handover = if policy == SsaPolicy::Merge {
            None
        } else {
            drift::handover(&live, self.takeover)
        };
        let ignored = self.ignore.paths_of(object);
        if handover.is_none() && !drift::differs(&live, &made, &ignored) {
            return Ok(Step::Keep(Box::new(live)));
        }
        let mut send = Box::new(wanted.clone());
        ignored.adjust(&mut send, &live, &made);
        Ok(Step::Update { send, handover })
    }

    fn may_recreate(&self, object: &Object, live: &Value) -> bool {
        self.force || control::is_forced(object) || control::is_live_forced(live)
    }

    async fn delete_and_wait(
        &self,
        resource: &Resource,
        namespace: Option<&str>,
        id: &ObjectId,
    ) -> Result<(), ApplyError> {
        let failed = |error: ApiError| ApplyError::dry_run(id, &error);
        self.session
            .delete(resource, namespace, &id.name, None)
            .await
            .map_err(failed)?;
        let gone = async {
            let mut pause = Duration::from_millis(50);
            while self
                .session
                .get(resource, namespace, &id.name)
                .await?
                .is_some()
            {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(2));
            }
            Ok::<_, ApiError>(())
        };
        match tokio::time::timeout(self.timeout, gone).await {
            Ok(result) => result.map_err(failed),
            Err(_) => Err(ApplyError {
                text: format!(
                    "{id} was deleted to be made anew, but is not gone after {}\n",
                    rosin_api::Duration::from(self.timeout)
                ),
                transient: false,
                unchecked: false,
            }),
        }
    }

    /// Does what the dry run said, wave after wave. What was done before a failure is in `changes`, in the order of the plan.
    pub(super) async fn apply(
        &self,
        checked: &[Checked],
        memo: &mut Memo,
        changes: &mut ChangeSet,
    ) -> Result<(), ApplyError> {
        let mut done: Vec<Option<Action>> = vec![None; checked.len()];
        let mut made = Vec::new();
        let mut failed: Option<ApplyError> = None;
        // After a failure nothing more is begun, and what is under way is seen to its end, so that what became of it is known.
        let stop = &AtomicBool::new(false);
        for turn in 0..=2 * Wave::ALL.len() {
            let mut sent = Vec::new();
            for (index, object) in checked.iter().enumerate() {
                if object.turn() == turn {
                    sent.push(async move {
                        match stop.load(Ordering::Relaxed) {
                            true => None,
                            false => Some((index, self.apply_one(object).await)),
                        }
                    });
                }
            }
            let mut results = stream::iter(sent).buffered(self.concurrent);
            while let Some(result) = results.next().await {
                match result {
                    None => {}
                    Some((index, Ok((action, live)))) => {
                        let uid = self.remember(&checked[index], live, memo);
                        made.extend(uid.map(|uid| (index, uid)));
                        done[index] = Some(action);
                    }
                    Some((index, Err(error))) => {
                        stop.store(true, Ordering::Relaxed);
                        let object = &checked[index];
                        failed.get_or_insert(self.placed(error, &object.id, &object.wanted));
                    }
                }
            }
        }
        if failed.as_ref().is_some_and(|error| error.unchecked) {
            self.take_back(checked, made, memo, &mut done).await;
        }
        for (object, action) in checked.iter().zip(done) {
            let Some(action) = action else { continue };
            let reference = ObjectRef {
                id: object.id.clone(),
                version: object.version.clone(),
            };
            changes.push(reference, action);
        }
        failed.map_or(Ok(()), Err)
    }

    /// Says which object it was that the server answered with.
    fn remember(&self, object: &Checked, live: Option<Value>, memo: &mut Memo) -> Option<String> {
        let known = self.live.applied(&object.resource, &object.id, &live?);
        memo.applied(
            object.id.clone(),
            object.resource.clone(),
            object.wanted_digest,
            known.fingerprint,
        );
        Some(known.uid)
    }

    async fn apply_one(&self, checked: &Checked) -> Result<(Action, Option<Value>), ApplyError> {
        let Checked {
            id,
            wanted,
            resource,
            step,
            version: _,
            wanted_digest: _,
        } = checked;
        let failed = |error: ApiError| ApplyError {
            text: format!("{id} apply failed: {error}\n"),
            transient: error.is_transient(),
            unchecked: checked.is_unchecked() && error.is_refusal(),
        };
        let namespace = Some(id.namespace.as_str()).filter(|ns| !ns.is_empty());
        let (action, send, handover) = match step {
            Step::Skip => return Ok((Action::Skipped, None)),
            Step::InSync => return Ok((Action::Unchanged, None)),
            Step::Keep(live) => return Ok((Action::Unchanged, Some(Value::clone(live)))),
            Step::Create(_) => (Action::Created, wanted, None),
            Step::Update { send, handover } => (Action::Configured, &**send, handover.as_ref()),
        };
        if let Some(patch) = handover {
            let path = resource.path(namespace, &id.name);
            self.session
                .patch(&path, PatchKind::Json, KUSTOMIZE_CONTROLLER, patch)
                .await
                .map_err(failed)?;
        }
        let how = Apply {
            manager: KUSTOMIZE_CONTROLLER,
            dry_run: false,
        };
        let live = self
            .session
            .apply(resource, namespace, send, how)
            .await
            .map_err(failed)?;
        Ok((action, Some(live)))
    }

    /// Waits until definitions and classes can be used by what comes after them.
    pub(super) async fn await_stage(&self, checked: &[Checked]) -> Result<(), ApplyError> {
        self.defines.store(true, Ordering::Relaxed);
        let mut changes = self.live.changes();
        let ready = async {
            loop {
                changes.borrow_and_update();
                let waiting = checked.iter().find(|object| {
                    object.changes()
                        && !self
                            .live
                            .get(&object.resource, &object.id)
                            .is_some_and(|live| live.readiness == Readiness::Current)
                });
                if waiting.is_none() || changes.changed().await.is_err() {
                    return;
                }
            }
        };
        tokio::time::timeout(STAGE_TIMEOUT, ready)
            .await
            .map_err(|_| {
                let waiting: Vec<String> = checked
                    .iter()
                    .filter(|object| object.changes())
                    .map(|object| object.id.to_string())
                    .collect();
                ApplyError {
                    text: format!("timeout waiting for: [{}]", waiting.join(", ")),
                    transient: true,
                    unchecked: false,
                }
            })
    }
}

fn is_immutable(error: &ApiError) -> bool {
    drift::is_immutable(&DryRunError {
        code: error.code(),
        reason: error.reason(),
        message: &error.to_string(),
    })
}
