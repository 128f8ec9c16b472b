//! Health of what was applied: a state that watches drive, without a worker.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use rosin_api::{ConditionStatus, Kustomization, Reason, condition_type};
use rosin_domain::{
    ObjectId, ObjectRef,
    health::{Checks, Patience, Target, Verdict, is_job_with_ttl},
    plan::{Action, ApplyPlan, ChangeSet},
    readiness::Readiness,
};

use super::{
    Kustomizations,
    error::Error,
    identity::Place,
    memo::Attempt,
    pods::{self, Pods},
    progress::{Progress, Step},
    report::Report,
};
use crate::{
    cluster::{Gvk, Resource, Session},
    controller::{Interrupted, Run},
};

/// Objects that no watch of ours covers are read again this often while they are waited for.
const POLL: Duration = Duration::from_secs(2);

/// What becomes healthy at once is not announced: the write would cost as much as one of the applies.
const ANNOUNCE: Duration = Duration::from_secs(1);

/// An object that is waited for.
struct Waited {
    target: Target,
    resource: Option<Resource>,
    /// Carries our owner labels, so that the shared watch knows it.
    ours: bool,
    /// A Job that removes itself when it is done.
    may_go: bool,
    seen: Option<(u64, Readiness)>,
}

impl Kustomizations {
    /// Waits until everything that the Kustomization wants checked is healthy. `Ok(Some(_))`: newer work arrived first.
    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of one run, each used once"
    )]
    pub(super) async fn check_health(
        &self,
        object: &Kustomization,
        place: &Place,
        plan: &ApplyPlan,
        changes: &ChangeSet,
        attempt: &Attempt,
        timeout: Duration,
        run: &Run,
        progress: &mut Progress<'_>,
        report: &Report<'_>,
    ) -> Result<Option<Interrupted>, Error> {
        let checks = Checks::new(&object.spec)
            .map_err(|error| Error::InvalidExpression(error.to_string()))?;
        let session = &place.session;
        let mut waited = self.waited(object, session, plan, changes, &checks).await?;
        if !object.spec.wait && object.spec.health_checks.is_empty() {
            progress.unset(condition_type::HEALTHY);
            return Ok(None);
        }
        let was_healthy = progress
            .status
            .conditions
            .iter()
            .any(|c| c.type_ == condition_type::HEALTHY && c.status == ConditionStatus::True);
        let patience = match self.config.gates.disable_fail_fast_behavior {
            true => Patience::ForAll,
            false => Patience::FailFast,
        };
        let started = Instant::now();
        let mut ticks = place.live.changes();
        let mut pods = Pods::new();
        let (mut waited_for, mut said) = (false, false);
        let deadline = tokio::time::Instant::now() + timeout;
        loop {
            ticks.borrow_and_update();
            for waited in &mut waited {
                self.look(place, &checks, waited).await?;
            }
            let expired = tokio::time::Instant::now() >= deadline;
            if pods.due().is_zero() || expired {
                let mut in_progress = Vec::new();
                for w in &waited {
                    if let (Some((_, Readiness::InProgress(_))), Some(resource)) =
                        (&w.seen, &w.resource)
                    {
                        in_progress.push((w.target.id.clone(), resource.clone()));
                    }
                }
                pods.look(session, in_progress).await;
            }
            let states = waited.iter().map(|w| {
                let own = w.seen.as_ref().map(|(_, readiness)| readiness);
                let of_pods = own
                    .filter(|own| matches!(own, Readiness::InProgress(_)))
                    .and_then(|_| pods.of(&w.target.id));
                (&w.target.id, of_pods.or(own))
            });
            match rosin_domain::health::judge(states, expired, patience) {
                Verdict::Healthy => break,
                Verdict::Failed(message) => {
                    let message = format!("{message}{}", pods.explain());
                    progress.step(Step::Checking, &attempt.revision, timeout);
                    progress.set(
                        condition_type::HEALTHY,
                        ConditionStatus::False,
                        Reason::HealthCheckFailed.as_str(),
                        &message,
                    );
                    let took = rosin_api::Duration::from(super::round_millis(started.elapsed()));
                    return Err(Error::Health(format!(
                        "health check failed after {took}: {message}"
                    )));
                }
                Verdict::Waiting => {}
            }
            // From here on it waits for others, and they may need the worker.
            run.rest();
            if !waited_for {
                waited_for = true;
                progress.step(Step::Checking, &attempt.revision, timeout);
            }
            if !said && started.elapsed() >= ANNOUNCE {
                said = true;
                progress.write().await?;
            }
            let poll = waited
                .iter()
                .any(|w| {
                    !w.ours
                        || checks.has_expression(&w.target)
                        || w.resource.as_ref().is_some_and(|r| !place.watches(r))
                })
                .then_some(POLL);
            let of_pods = waited
                .iter()
                .any(|w| pods::has_pods(&w.target.id))
                .then(|| pods.due());
            tokio::select! {
                () = sleep(of_pods) => {}
                _ = ticks.changed() => {}
                () = sleep((!said).then(|| ANNOUNCE.saturating_sub(started.elapsed()))) => {}
                () = sleep(poll) => {}
                () = tokio::time::sleep_until(deadline) => {}
                interrupted = run.interrupted() => return Ok(Some(interrupted)),
            }
        }
        let took = rosin_api::Duration::from(super::round_millis(started.elapsed()));
        let message = format!("Health check passed in {took}");
        let status = progress
            .status
            .conditions
            .iter()
            .find(|c| c.type_ == condition_type::HEALTHY);
        let new_revision = object
            .status
            .as_ref()
            .and_then(|s| s.last_applied_revision.as_deref())
            != Some(&attempt.revision);
        if status.is_none_or(|c| c.status != ConditionStatus::True) || waited_for {
            progress.set(
                condition_type::HEALTHY,
                ConditionStatus::True,
                Reason::Succeeded.as_str(),
                &message,
            );
        }
        if !was_healthy || (new_revision && changes.changed()) {
            report.changed(
                &attempt.revision,
                attempt.origin_revision.as_deref(),
                &message,
            );
        }
        Ok(None)
    }

    async fn waited(
        &self,
        object: &Kustomization,
        session: &Session,
        plan: &ApplyPlan,
        changes: &ChangeSet,
        checks: &Checks,
    ) -> Result<Vec<Waited>, Error> {
        let ours = |id: &ObjectId| {
            changes
                .action(id)
                .is_some_and(|action| action != Action::Skipped)
        };
        let passing: HashSet<ObjectId> = plan
            .objects()
            .filter(|object| is_job_with_ttl(object))
            .map(|object| object.id())
            .collect();
        let targets: Vec<(Target, bool)> = if object.spec.wait {
            plan.objects()
                .filter(|o| ours(&o.id()) && !is_self(object, &o.id()))
                .map(|o| {
                    (
                        Target {
                            id: o.id(),
                            version: o.version().to_owned(),
                        },
                        true,
                    )
                })
                .collect()
        } else {
            checks
                .references(object.namespace())
                .into_iter()
                .map(|target| (target.clone(), ours(&target.id)))
                .collect()
        };
        let mut waited = Vec::with_capacity(targets.len());
        for (target, ours) in targets {
            let reference = ObjectRef {
                id: target.id.clone(),
                version: target.version.clone(),
            };
            // A kind that does not exist (yet) is waited for like an object that does not.
            let resource = session.resource(&Gvk::from(&reference)).await.ok();
            waited.push(Waited {
                may_go: ours && passing.contains(&target.id),
                target,
                resource,
                ours,
                seen: None,
            });
        }
        Ok(waited)
    }

    async fn look(&self, place: &Place, checks: &Checks, waited: &mut Waited) -> Result<(), Error> {
        let Some(resource) = &waited.resource else {
            return Ok(());
        };
        let expression = checks.has_expression(&waited.target);
        if waited.ours && !expression && place.watches(resource) {
            waited.seen = place
                .live
                .get(resource, &waited.target.id)
                .map(|live| (live.version, live.readiness));
            // It was there when it was applied, so that it was done since.
            if waited.seen.is_none() && waited.may_go && place.live.is_synced(resource) {
                waited.seen = Some((0, Readiness::Current));
            }
            return Ok(());
        }
        let namespace = Some(waited.target.id.namespace.as_str()).filter(|ns| !ns.is_empty());
        let live = place
            .session
            .get(resource, namespace, &waited.target.id.name)
            .await?;
        waited.seen = live.map(|live| (0, checks.assess(&live)));
        Ok(())
    }
}

/// A Kustomization that applies itself does not wait for itself.
fn is_self(object: &Kustomization, id: &ObjectId) -> bool {
    id.group == rosin_api::names::KUSTOMIZE_GROUP
        && id.kind == "Kustomization"
        && id.namespace == object.namespace()
        && id.name == object.name()
}

async fn sleep(pause: Option<Duration>) {
    match pause {
        Some(pause) => tokio::time::sleep(pause).await,
        None => std::future::pending().await,
    }
}
