//! Hooks: objects that are made at a moment of a release's life and run to their end, one after the other.

use std::time::Duration;

use rosin_api::helm_release::DeletionPropagation;
use rosin_release::{Hook, HookEvent, HookExecution, Release};

use super::{
    objects::{self, Conflicts, Failure},
    place::Place,
    storage::Storage,
    wait,
};
use crate::controller::Run;

/// Who runs hooks, and how.
#[derive(Clone, Copy)]
pub(super) struct Runner<'a> {
    pub place: &'a Place,
    pub run: &'a Run,
    pub rules: wait::Rules<'a>,
    pub timeout: Duration,
    pub server_side: bool,
    /// Wait until deleted hooks are gone.
    pub awaits_end: bool,
}

impl Runner<'_> {
    /// Runs the hooks of a record for an event, and clears up as their policies say.
    pub(super) async fn all(
        &self,
        storage: &mut Storage<'_>,
        record: &mut Release,
        event: HookEvent,
    ) -> Result<(), Failure> {
        let chosen = |hook: &Hook| hook.runs_at(event);
        let (order, end) = self.run(storage, record, event, chosen).await;
        self.clear(record, &order, end).await
    }

    /// Runs the chosen hooks in their order, up to the first that fails; says which were chosen.
    pub(super) async fn run(
        &self,
        storage: &mut Storage<'_>,
        record: &mut Release,
        event: HookEvent,
        chosen: impl Fn(&Hook) -> bool,
    ) -> (Vec<usize>, Result<(), (usize, Failure)>) {
        let mut order: Vec<usize> = (0..record.hooks.len())
            .filter(|index| chosen(&record.hooks[*index]))
            .collect();
        order.sort_by(|a, b| {
            let key = |index: usize| (record.hooks[index].weight, record.hooks[index].name.clone());
            key(*a).cmp(&key(*b))
        });
        for (position, index) in order.iter().enumerate() {
            if let Err(failure) = self.one(storage, record, event, *index).await {
                return (order, Err((position, failure)));
            }
        }
        (order, Ok(()))
    }

    async fn one(
        &self,
        storage: &mut Storage<'_>,
        record: &mut Release,
        event: HookEvent,
        index: usize,
    ) -> Result<(), Failure> {
        let hook = &mut record.hooks[index];
        if hook.delete_policies.is_empty() {
            hook.delete_policies = vec!["before-hook-creation".to_owned()];
        }
        self.delete_by(hook, &record.namespace, "before-hook-creation")
            .await?;
        let path = hook.path.clone();
        let items = objects::build(&self.place.session, &hook.manifest, &record.namespace)
            .await
            .map_err(|failure| {
                let event = event.as_str();
                failure.of(&format!(
                    "unable to build kubernetes object for {event} hook {path}"
                ))
            })?;
        hook.last_run = HookExecution {
            started_at: super::action::now(),
            phase: "Running".to_owned(),
            ..HookExecution::default()
        };
        storage.note(record).await;
        let created = objects::create(self.place, &items, self.server_side, Conflicts::Fail).await;
        let ended = match created {
            Ok(()) => wait::ready(self.place, self.run, &items, self.rules, self.timeout).await,
            Err(failure) => {
                let event = event.as_str();
                Err(failure.of(&format!("warning: Hook {event} {path} failed")))
            }
        };
        let last = &mut record.hooks[index].last_run;
        last.completed_at = super::action::now();
        last.phase = if ended.is_ok() { "Succeeded" } else { "Failed" }.to_owned();
        ended
    }

    /// Deletes what ran, as the policies say.
    pub(super) async fn clear(
        &self,
        record: &Release,
        order: &[usize],
        end: Result<(), (usize, Failure)>,
    ) -> Result<(), Failure> {
        let namespace = &record.namespace;
        match end {
            Ok(()) => {
                for index in order.iter().rev() {
                    self.delete_by(&record.hooks[*index], namespace, "hook-succeeded")
                        .await?;
                }
                Ok(())
            }
            Err((failed, failure)) => {
                let hook = &record.hooks[order[failed]];
                if let Err(error) = self.delete_by(hook, namespace, "hook-failed").await {
                    tracing::warn!(%error, "a failed hook could not be deleted");
                }
                for index in &order[..failed] {
                    self.delete_by(&record.hooks[*index], namespace, "hook-succeeded")
                        .await?;
                }
                Err(failure)
            }
        }
    }

    async fn delete_by(&self, hook: &Hook, namespace: &str, policy: &str) -> Result<(), Failure> {
        if hook.kind == "CustomResourceDefinition"
            || !hook.delete_policies.iter().any(|own| own == policy)
        {
            return Ok(());
        }
        let items = objects::build(&self.place.session, &hook.manifest, namespace)
            .await
            .map_err(|failure| {
                failure.of(&format!(
                    "unable to build kubernetes object for deleting hook {}",
                    hook.path
                ))
            })?;
        let mut deleted = Vec::new();
        for item in items {
            let there = objects::delete(self.place, &item, DeletionPropagation::Background)
                .await
                .map_err(|error| Failure::new(error.to_string()))?;
            if there {
                deleted.push(item);
            }
        }
        if !self.awaits_end && policy != "before-hook-creation" {
            return Ok(());
        }
        wait::gone(self.place, self.run, &deleted, self.timeout).await
    }
}
