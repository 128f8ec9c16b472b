//! What the conditions of a HelmRelease mean.

use rosin_api::{
    Condition, ConditionStatus, FluxObject, HelmRelease, Reason, condition_type as kind,
};
use rosin_domain::status as conditions;
use rosin_release::{messages, postrender};

use crate::controller::Progress;

impl Progress<'_, HelmRelease> {
    pub(super) fn condition(&self, type_: &str) -> Option<&Condition> {
        conditions::find(&self.status.conditions, type_)
    }

    pub(super) fn is_true(&self, type_: &str) -> bool {
        self.condition(type_)
            .is_some_and(|c| c.status == ConditionStatus::True)
    }

    pub(super) fn mark(
        &mut self,
        type_: &str,
        status: ConditionStatus,
        reason: Reason,
        message: &str,
    ) {
        self.set(type_, status, reason.as_str(), message);
    }

    /// Work is under way.
    pub(super) fn under_way(&mut self, reason: Reason, message: &str) {
        self.unset(kind::STALLED);
        self.mark(kind::RECONCILING, ConditionStatus::True, reason, message);
    }

    /// It will go on, after what `Ready` says.
    pub(super) fn goes_on(&mut self) {
        let message = self.condition(kind::READY).map(|c| c.message.clone());
        self.under_way(Reason::ProgressingWithRetry, &message.unwrap_or_default());
    }

    pub(super) fn stuck(&mut self, reason: Reason, message: &str) {
        self.unset(kind::RECONCILING);
        self.mark(kind::STALLED, ConditionStatus::True, reason, message);
    }

    /// What a release was not made for is told no longer, once it is over.
    pub(super) fn recovered(&mut self, from: &[Reason]) {
        let stale = self
            .condition(kind::READY)
            .is_some_and(|ready| from.iter().any(|reason| ready.reason == reason.as_str()));
        if stale {
            let message = "reconciliation in progress";
            self.mark(
                kind::READY,
                ConditionStatus::Unknown,
                Reason::Progressing,
                message,
            );
        }
    }

    /// Makes `Ready` of the newest, and among those the most important, of what is known of the release.
    pub(super) fn summarize(&mut self) {
        let spec = &self.object.spec;
        let (enabled, ignored) = (spec.tests_enabled(), spec.ignores_test_failures());
        if !enabled {
            self.unset(kind::TEST_SUCCESS);
        }
        if let Some((status, reason, message)) =
            messages::summary(&self.status.conditions, enabled && !ignored)
        {
            if status == ConditionStatus::True {
                self.unset(kind::STALLED);
            }
            self.set(kind::READY, status, &reason, &message);
        }
        let object = self.object.clone();
        self.status.observed_post_renderers_digest = postrender::renderers_digest(&object.spec);
        self.status.observed_common_metadata_digest = postrender::metadata_digest(&object.spec);
    }

    /// A repair that led to what is wanted is as good as an upgrade.
    pub(super) fn remedy_was_upgrade(&mut self, message: &str) {
        let since = self
            .condition(kind::REMEDIATED)
            .map(|c| c.last_transition_time.clone());
        self.unset(kind::REMEDIATED);
        self.unset(kind::RELEASED);
        self.mark(
            kind::RELEASED,
            ConditionStatus::True,
            Reason::UpgradeSucceeded,
            message,
        );
        let released = self
            .status
            .conditions
            .iter_mut()
            .find(|c| c.type_ == kind::RELEASED);
        if let (Some(released), Some(since)) = (released, since) {
            released.last_transition_time = since;
        }
    }

    /// Is there a new request in an annotation, made together with one for a reconcile? `handled` is what was served last.
    pub(super) fn takes_request(&self, annotation: &str, handled: &mut Option<String>) -> bool {
        let annotations = self.object.meta().annotations.as_ref();
        let Some(request) = annotations.and_then(|a| a.get(annotation)) else {
            return false;
        };
        let before = handled.replace(request.clone());
        self.object.reconcile_request() == Some(request)
            && self.object.last_handled_reconcile_at() != Some(request)
            && before.as_ref() != Some(request)
    }
}
