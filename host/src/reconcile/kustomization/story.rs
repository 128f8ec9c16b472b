//! The reconcile of a Kustomization: each line reads the world, decides, enters the sandbox, or writes.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use rosin_api::{Artifact, Kustomization, Reason, condition_type, kustomization::SourceKind};
use rosin_domain::{
    dependencies::{self, ReadyExpr},
    plan::{Action, ApplyPlan, ChangeSet},
};

use super::{
    Kustomizations, Outcome, SourceKey, SourceState,
    apply::Applier,
    decrypt::{guard_encrypted, guard_identity},
    error::{Error, Retry},
    identity::Place,
    index::dependency_key,
    memo::{Attempt, Memo},
    origins::Origins,
    progress::{Progress, Step},
    render::{Built, path_of},
    report::Report,
};
use crate::controller::{Run, Wake};

/// A source or dependency that is not ready is given this long to become so before anybody is told that it is not.
const SETTLE: Duration = Duration::from_secs(3);

/// What a successful run has to say.
pub(crate) struct Done {
    pub revision: String,
    pub origin_revision: Option<String>,
    /// Digest of what was rendered, for the history.
    pub digest: String,
    /// Did anything change in the cluster?
    pub changed: bool,
}

impl Kustomizations {
    pub(super) async fn story(
        &self,
        object: &Arc<Kustomization>,
        wake: Wake,
        run: &Run,
        progress: &mut Progress<'_>,
        memo: &mut Memo,
        report: &mut Report<'_>,
    ) -> Result<Outcome, Error> {
        memo.attempt = None;
        guard_identity(object, &self.config.gates)?;
        let timeout = rosin_domain::schedule::timeout(&object.spec);
        let artifact = match self.artifact_of(object) {
            Err(error @ (Error::NoArtifact(_) | Error::SourceMissing(_))) => {
                return settle(memo, error);
            }
            result => result?,
        };
        let mut attempt = Attempt {
            revision: artifact.revision.clone(),
            origin_revision: artifact.origin_revision().map(str::to_owned),
            digest: None,
        };
        memo.attempt = Some(attempt.clone());
        if let Err(error) = self.check_dependencies(object, &artifact) {
            return settle(memo, error);
        }
        memo.not_ready_since = None;

        progress.step(Step::Fetching, &artifact.revision, timeout);
        // A server that accepts and never answers is no reason to miss the artifact that comes next.
        let opening = tokio::time::timeout(timeout, self.artifacts.open(&artifact));
        let tree = tokio::select! {
            opened = progress.lasting(opening) => opened,
            _ = run.interrupted() => return Ok(Outcome::Superseded),
        };
        let tree = tree.map_err(|_| {
            let timeout = rosin_api::Duration::from(timeout);
            Error::Artifact(format!(
                "the artifact could not be downloaded within {timeout}"
            ))
        })??;
        let path = path_of(object, &tree)?;
        progress.status.last_attempted_revision = Some(artifact.revision.clone());
        progress.step(Step::Building, &artifact.revision, timeout);
        let chosen = self.choose_renderer(object).await?;
        progress.status.renderer = chosen.status.clone();
        let building = self.build(object, &artifact, tree, path, &chosen);
        let Built {
            objects,
            origins,
            digest,
        } = progress.lasting(building).await?;
        let place = self.place_of(object).await?;
        memo.act_as(&object.spec);
        let session = &place.session;
        attempt.digest = Some(digest);
        memo.attempt = Some(attempt.clone());

        guard_encrypted(&objects)?;
        progress.step(Step::Detecting, &artifact.revision, timeout);
        let plan = ApplyPlan::new(objects, object.inventory(), &self.stage_kinds);
        self.guard_empty(object, &plan)?;
        let mut changes = ChangeSet::default();
        let applied = self
            .apply_plan(
                object,
                &place,
                &plan,
                &origins,
                timeout,
                progress,
                memo,
                &mut changes,
            )
            .await;
        if let Err(error) = applied {
            let inventory = plan.after_failure(&changes);
            // Nothing was there before and nothing is now: no inventory, as before.
            if object
                .status
                .as_ref()
                .is_some_and(|s| s.inventory.is_some())
                || !inventory.entries.is_empty()
            {
                progress.inventory(inventory);
            } else {
                progress.status.inventory = None;
            }
            if let Some(summary) = changes.summary() {
                report.changed(
                    &attempt.revision,
                    attempt.origin_revision.as_deref(),
                    &summary,
                );
            }
            return Err(error);
        }
        progress.inventory(changes.inventory());

        let pruned = if object.spec.prune {
            self.prune(
                object,
                session,
                &plan.stale(&changes),
                progress,
                report,
                &attempt,
            )
            .await?
        } else {
            false
        };
        if let Some(summary) = changes.summary() {
            report.changed(
                &attempt.revision,
                attempt.origin_revision.as_deref(),
                &summary,
            );
        }
        let changed = pruned || changes.changed();
        let interrupted = self
            .check_health(
                object, &place, &plan, &changes, &attempt, timeout, run, progress, report,
            )
            .await?;
        if let Some(by) = interrupted {
            return Ok(Outcome::Interrupted(by));
        }
        let Attempt {
            revision,
            origin_revision,
            digest,
        } = attempt;
        tracing::debug!(?wake, revision, changed, "applied");
        Ok(Outcome::Done(Done {
            revision,
            origin_revision,
            digest: digest.unwrap_or_default(),
            changed,
        }))
    }

    fn artifact_of(&self, object: &Kustomization) -> Result<Artifact, Error> {
        let source = SourceKey::of(&object.spec.source_ref, object.namespace());
        if self.config.no_cross_namespace_refs && source.key.namespace != object.namespace() {
            return Err(Error::AccessDenied(format!(
                "can't access '{source}', cross-namespace references have been blocked"
            )));
        }
        if source.kind == SourceKind::ExternalArtifact && !self.config.gates.external_artifact {
            return Err(Error::AccessDenied(format!(
                "can't access '{source}', ExternalArtifact feature gate is disabled"
            )));
        }
        match self.sources.get(&source) {
            SourceState::Missing => {
                Err(Error::SourceMissing(format!("Source '{source}' not found")))
            }
            SourceState::NoArtifact => Err(Error::NoArtifact(self.config.requeue_dependency)),
            SourceState::Artifact(artifact) => Ok(artifact),
        }
    }

    fn check_dependencies(&self, object: &Kustomization, artifact: &Artifact) -> Result<(), Error> {
        let dependencies: Vec<_> = object
            .spec
            .depends_on
            .iter()
            .map(|reference| {
                let key = dependency_key(object.namespace(), reference);
                (reference, key.to_string(), self.watched.get(&key))
            })
            .collect();
        let found = dependencies
            .iter()
            .map(|(reference, name, found)| (*reference, name.as_str(), found.as_deref()));
        let expressions = match self.config.gates.additive_cel_dependency_check {
            true => ReadyExpr::Adds,
            false => ReadyExpr::Replaces,
        };
        dependencies::check_with(object, found, &artifact.revision, expressions).map_err(|error| {
            if error.is_terminal() {
                Error::InvalidExpression(error.to_string())
            } else {
                Error::Dependency {
                    message: error.to_string(),
                    retry: self.config.requeue_dependency,
                }
            }
        })
    }

    /// A render that had objects and now has none prunes nothing unless somebody confirms: more often than not it is a mistake.
    fn guard_empty(&self, object: &Kustomization, plan: &ApplyPlan) -> Result<(), Error> {
        if self.config.prune_empty || !object.spec.prune {
            return Ok(());
        }
        rosin_domain::empty::guard(object, plan).map_err(|error| Error::Prune(error.to_string()))
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of one run, each used once"
    )]
    async fn apply_plan(
        &self,
        object: &Kustomization,
        place: &Place,
        plan: &ApplyPlan,
        origins: &Origins,
        timeout: Duration,
        progress: &mut Progress<'_>,
        memo: &mut Memo,
        changes: &mut ChangeSet,
    ) -> Result<(), Error> {
        let ignore = rosin_domain::drift::IgnoreRules::new(&object.spec.ignore)
            .map_err(|e| Error::Apply(e.to_string()))?;
        let previous = plan.previous().entries.iter();
        let previous = previous.map(|entry| entry.id.clone()).collect();
        let applier = Applier {
            session: &place.session,
            live: &place.live,
            takeover: &self.takeover,
            ignore: &ignore,
            origins,
            force: object.spec.force,
            concurrent: self.config.concurrent_ssa,
            timeout,
            defines: false.into(),
            previous: &previous,
            // What was refused before is likely to be refused again; and names are watched in this cluster only.
            trusting: (!place.remote && !refused(object)).into(),
        };
        let mut claimed = plan.is_claimed();
        for stage in plan.stages() {
            let checking = applier.check(&stage.objects, memo);
            let checked = progress.lasting(checking).await?;
            if !claimed && checked.iter().any(|object| object.creates()) {
                // Whatever happens from here on, the next process knows what may be in the cluster because of us.
                progress.inventory(plan.claim());
                progress.write().await?;
                claimed = true;
            }
            match applier.apply(&checked, memo, changes).await {
                Err(error) if error.unchecked => {
                    // The dry runs name all that would be refused.
                    applier.distrust();
                    let checked = applier.check(&stage.objects, memo).await?;
                    applier.apply(&checked, memo, changes).await?;
                }
                result => result?,
            }
            if stage.kind.awaits_readiness() && checked.iter().any(|object| object.changes()) {
                applier.await_stage(&checked).await.map_err(Error::from)?;
            }
        }
        memo.retain(|id| {
            changes
                .action(id)
                .is_some_and(|action| action != Action::Skipped)
        });
        Ok(())
    }
}

/// Did the last run end because something could not be applied?
fn refused(object: &Kustomization) -> bool {
    let conditions = object.status.iter().flat_map(|status| &status.conditions);
    conditions.into_iter().any(|condition| {
        condition.type_ == condition_type::READY
            && condition.reason == Reason::ReconciliationFailed.as_str()
    })
}

/// What others have yet to do may be done in the next moment: an error of theirs is told only if it lasts.
fn settle(memo: &mut Memo, error: Error) -> Result<Outcome, Error> {
    let since = *memo.not_ready_since.get_or_insert_with(Instant::now);
    match error.retry() {
        Retry::OnChange => Err(error),
        _ if since.elapsed() >= SETTLE => Err(error),
        _ => Ok(Outcome::Settling(SETTLE.saturating_sub(since.elapsed()))),
    }
}
