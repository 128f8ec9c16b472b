//! What a HelmRelease's spec says about failures of the action that was tried last.

use rosin_api::helm_release::{ActionStrategy, ReleaseAction, RemediationStrategy};
use rosin_api::{Duration, HelmReleaseSpec, HelmReleaseStatus};

/// How soon a failure is tried again under `RetryOnFailure` where nothing is said.
const RETRY_INTERVAL: Duration = Duration::from_secs(300);

/// How failures of an action are repaired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remediation {
    /// Negative: without end.
    pub retries: i64,
    pub ignore_test_failures: bool,
    pub remediate_last_failure: bool,
    pub strategy: RemediationStrategy,
    /// Failures so far.
    pub failures: i64,
    /// Whose failures these are.
    pub action: ReleaseAction,
}

impl Remediation {
    /// That of an action.
    #[must_use]
    pub fn of(action: ReleaseAction, spec: &HelmReleaseSpec, status: &HelmReleaseStatus) -> Self {
        let ignored = spec.ignores_test_failures();
        match action {
            ReleaseAction::Install => {
                let given = spec.install.as_ref().and_then(|it| it.remediation.as_ref());
                Self {
                    retries: given.map_or(0, |given| given.retries),
                    ignore_test_failures: given
                        .and_then(|given| given.ignore_test_failures)
                        .unwrap_or(ignored),
                    remediate_last_failure: given
                        .and_then(|given| given.remediate_last_failure)
                        .unwrap_or(false),
                    strategy: RemediationStrategy::Uninstall,
                    failures: status.install_failures,
                    action,
                }
            }
            ReleaseAction::Upgrade => {
                let given = spec.upgrade.as_ref().and_then(|it| it.remediation.as_ref());
                let retries = given.map_or(0, |given| given.retries);
                Self {
                    retries,
                    ignore_test_failures: given
                        .and_then(|given| given.ignore_test_failures)
                        .unwrap_or(ignored),
                    remediate_last_failure: given
                        .and_then(|given| given.remediate_last_failure)
                        .unwrap_or(retries > 0),
                    strategy: given.and_then(|given| given.strategy).unwrap_or_default(),
                    failures: status.upgrade_failures,
                    action,
                }
            }
        }
    }

    /// That of the action that was tried last.
    #[must_use]
    pub fn active(spec: &HelmReleaseSpec, status: &HelmReleaseStatus) -> Option<Self> {
        let action = status.last_attempted_release_action?;
        Some(Self::of(action, spec, status))
    }

    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        self.retries >= 0 && self.failures > self.retries
    }

    /// Is a failed upgrade uninstalled, so that an install comes next?
    #[must_use]
    pub fn uninstalls_upgrades(&self) -> bool {
        self.action == ReleaseAction::Upgrade && self.strategy == RemediationStrategy::Uninstall
    }
}

/// Counts a failure of the action that was tried last.
pub fn count_failure(status: &mut HelmReleaseStatus, action: ReleaseAction) {
    match action {
        ReleaseAction::Install => status.install_failures += 1,
        ReleaseAction::Upgrade => status.upgrade_failures += 1,
    }
}

/// How soon a failure of an action is tried again, where it is not repaired but tried again. `by_default`: where the spec says
/// nothing (gate `DefaultToRetryOnFailure`).
#[must_use]
pub fn retry_interval(
    action: ReleaseAction,
    spec: &HelmReleaseSpec,
    by_default: bool,
) -> Option<Duration> {
    let given = match action {
        ReleaseAction::Install => {
            let strategy = spec.install.as_ref().and_then(|it| it.strategy.as_ref());
            strategy.map(|given| (given.name, given.retry_interval))
        }
        ReleaseAction::Upgrade => {
            let strategy = spec.upgrade.as_ref().and_then(|it| it.strategy.as_ref());
            strategy.map(|given| (given.name, given.retry_interval))
        }
    };
    match given {
        None => by_default.then_some(RETRY_INTERVAL),
        Some((ActionStrategy::RetryOnFailure, interval)) => {
            Some(interval.unwrap_or(RETRY_INTERVAL))
        }
        Some((ActionStrategy::RemediateOnFailure, _)) => None,
    }
}

/// [`retry_interval`] of the action that was tried last.
#[must_use]
pub fn active_retry(
    spec: &HelmReleaseSpec,
    status: &HelmReleaseStatus,
    by_default: bool,
) -> Option<Duration> {
    retry_interval(status.last_attempted_release_action?, spec, by_default)
}
