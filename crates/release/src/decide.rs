//! What is done next, given the state of a release. One run of the controller goes: determine the state, ask [`next`], run what
//! it says, determine again; each kind of action once, and nothing after a repair. [`Course`] keeps count of that.

use rosin_api::helm_release::{
    DriftMode, ReleaseAction, ReleaseSnapshot as Snapshot, RemediationStrategy,
};
use rosin_api::{Duration, HelmReleaseSpec, HelmReleaseStatus, Reason};

use crate::remedy::{Remediation, active_retry};
use crate::state::State;
use crate::{Release, history, messages};

/// Something to run.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// End a pending state that nobody is working on.
    Unlock,
    Install,
    Upgrade,
    Test,
    CorrectDrift,
    /// Make an earlier release again. To be asked about with [`confirm_rollback`] before it is run.
    Rollback(Box<Snapshot>),
    /// Uninstall what failed.
    Uninstall,
}

/// Of which only one is run at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Release,
    Remediate,
    Test,
    Unlock,
    CorrectDrift,
}

impl Action {
    fn kind(&self) -> Kind {
        match self {
            Self::Install | Self::Upgrade => Kind::Release,
            Self::Rollback(_) | Self::Uninstall => Kind::Remediate,
            Self::Test => Kind::Test,
            Self::Unlock => Kind::Unlock,
            Self::CorrectDrift => Kind::CorrectDrift,
        }
    }

    /// As conditions call it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Unlock => "unlock",
            Self::Install => "install",
            Self::Upgrade => "upgrade",
            Self::Test => "test",
            Self::CorrectDrift => "correct cluster drift",
            Self::Rollback(_) => "rollback",
            Self::Uninstall => "uninstall",
        }
    }

    /// Does it make a release, so that `Ready` is unknown meanwhile?
    #[must_use]
    pub fn makes_release(&self) -> bool {
        self.kind() == Kind::Release
    }

    /// How long it may take.
    #[must_use]
    pub fn timeout(&self, spec: &HelmReleaseSpec) -> Duration {
        let own = match self {
            Self::Install => spec.install.as_ref().and_then(|it| it.timeout),
            Self::Upgrade => spec.upgrade.as_ref().and_then(|it| it.timeout),
            Self::Test => spec.test.as_ref().and_then(|it| it.timeout),
            Self::Rollback(_) => spec.rollback.as_ref().and_then(|it| it.timeout),
            Self::Uninstall => spec.uninstall.as_ref().and_then(|it| it.timeout),
            Self::Unlock | Self::CorrectDrift => None,
        };
        own.unwrap_or_else(|| spec.timeout())
    }

    /// What `Reconciling` says while it runs.
    #[must_use]
    pub fn progress(&self, spec: &HelmReleaseSpec) -> String {
        let timeout = self.timeout(spec);
        format!("Running '{}' action with timeout of {timeout}", self.name())
    }
}

/// What comes next.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    Run(Action),
    /// All is as it should be, or as it is wanted to be left.
    Done,
    Stalled(Stalled),
}

/// No attempt is left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stalled {
    pub reason: Reason,
    /// What the condition `Stalled` says.
    pub message: String,
    /// What the log says.
    pub error: &'static str,
}

/// What comes next, and what happens to the status before it.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    pub next: Next,
    pub history: Keep,
    /// The condition `Remediated` becomes `Released` with this message, reason `UpgradeSucceeded`, where it is true: what was
    /// rolled back to is what is wanted now.
    pub not_remediated: Option<String>,
    /// In sync: `Released` that failed becomes this, where `Ready` or `Released` is not true.
    pub recovered: bool,
    /// In sync, and the host looked: `Drifted` is false.
    pub no_drift: bool,
    /// For the log.
    pub why: &'static str,
}

/// What is kept of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    All,
    /// [`history::History::forget_unknown`], which needs the records.
    Known,
    /// [`history::truncate`]
    Good {
        ignore_tests: bool,
    },
    /// [`history::truncate_to_limit`]
    Newest,
}

impl Keep {
    pub fn apply(self, entries: &mut Vec<Snapshot>) {
        match self {
            Self::All | Self::Known => {}
            Self::Good { ignore_tests } => history::truncate(entries, ignore_tests),
            Self::Newest => history::truncate_to_limit(entries),
        }
    }
}

/// What a decision depends on besides the state.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'s> {
    pub spec: &'s HelmReleaseSpec,
    pub status: &'s HelmReleaseStatus,
    /// A release is asked for by annotation, whether it is needed or not.
    pub forced: bool,
    /// Gate `DefaultToRetryOnFailure`.
    pub retry_by_default: bool,
}

impl Situation<'_> {
    fn active(&self) -> Option<Remediation> {
        Remediation::active(self.spec, self.status)
    }

    fn retry(&self) -> Option<Duration> {
        active_retry(self.spec, self.status, self.retry_by_default)
    }

    /// What was tried without success, and how often.
    fn exhausted(&self, error: &'static str) -> Stalled {
        let action = self.status.last_attempted_release_action;
        let failures = self.active().map_or(0, |remediation| remediation.failures);
        Stalled {
            reason: Reason::RetriesExceeded,
            message: format!(
                "Failed to {} after {failures} attempt(s)",
                action.map_or("", ReleaseAction::as_str)
            ),
            error,
        }
    }
}

fn run(action: Action, why: &'static str) -> Decision {
    Decision {
        next: Next::Run(action),
        history: Keep::All,
        not_remediated: None,
        recovered: false,
        no_drift: false,
        why,
    }
}

fn stalled(stalled: Stalled) -> Decision {
    let why = stalled.error;
    Decision {
        next: Next::Stalled(stalled),
        ..run(Action::Unlock, why)
    }
}

/// What is done in a state.
#[must_use]
pub fn next(state: &State, situation: &Situation<'_>) -> Decision {
    match state {
        State::Locked(_) => run(Action::Unlock, "release locked"),
        State::HalfUninstalled => run(Action::Uninstall, "release was being uninstalled"),
        State::Absent(_) => {
            let remediation =
                Remediation::of(ReleaseAction::Install, situation.spec, situation.status);
            if !remediation.is_exhausted() {
                run(Action::Install, "release not installed")
            } else if situation.forced {
                run(Action::Install, "forcing install while out of retries")
            } else {
                stalled(situation.exhausted("exceeded maximum retries: cannot install release"))
            }
        }
        // What the history says may be of another release.
        State::Unmanaged(_) => Decision {
            history: Keep::Known,
            ..run(Action::Upgrade, "release not managed by controller")
        },
        State::OutOfSync(_) => {
            let remediation =
                Remediation::of(ReleaseAction::Upgrade, situation.spec, situation.status);
            if !remediation.is_exhausted() {
                run(Action::Upgrade, "release out-of-sync with desired state")
            } else if situation.forced {
                run(Action::Upgrade, "forcing upgrade while out of retries")
            } else {
                stalled(situation.exhausted("exceeded maximum retries: cannot upgrade release"))
            }
        }
        State::Failed(_) => failed(situation),
        State::Untested => Decision {
            not_remediated: upgraded(situation),
            ..run(Action::Test, "release has not been tested")
        },
        State::Drifted => {
            let decision = run(Action::CorrectDrift, "detected changes in cluster state");
            match situation.spec.drift_mode() {
                DriftMode::Enabled => decision,
                DriftMode::Warn | DriftMode::Disabled => Decision {
                    next: Next::Done,
                    ..decision
                },
            }
        }
        State::InSync => in_sync(situation),
    }
}

/// The message of the upgrade that the latest release counts as.
fn upgraded(situation: &Situation<'_>) -> Option<String> {
    history::latest(&situation.status.history).map(messages::upgrade_succeeded)
}

fn in_sync(situation: &Situation<'_>) -> Decision {
    let ignored = situation.spec.ignores_test_failures();
    let history = match situation.retry() {
        Some(_) => Keep::Newest,
        None => Keep::Good {
            ignore_tests: situation
                .active()
                .map_or(ignored, |remediation| remediation.ignore_test_failures),
        },
    };
    if situation.forced {
        return Decision {
            history,
            ..run(Action::Upgrade, "forcing upgrade for in-sync release")
        };
    }
    Decision {
        next: Next::Done,
        history,
        not_remediated: upgraded(situation),
        recovered: true,
        no_drift: situation.spec.drift_mode() != DriftMode::Disabled,
        ..run(Action::Upgrade, "release in-sync with desired state")
    }
}

fn failed(situation: &Situation<'_>) -> Decision {
    let again = |why| run(Action::Upgrade, why);
    if situation.retry().is_some() {
        return Decision {
            history: Keep::Newest,
            ..again("retrying upgrade for failed release")
        };
    }
    let Some(remediation) = situation.active() else {
        return again("no active remediation strategy");
    };
    if remediation.failures <= 0 {
        return again("release conditions have changed since last failure");
    }
    if situation.forced {
        return again("forcing upgrade for failed release");
    }
    if remediation.is_exhausted() && !remediation.remediate_last_failure {
        let error = "exceeded maximum retries: cannot remediate failed release";
        return stalled(situation.exhausted(error));
    }
    let ignore_tests = remediation.ignore_test_failures;
    let decision = match remediation.strategy {
        RemediationStrategy::Uninstall => run(Action::Uninstall, "release is in a failed state"),
        RemediationStrategy::Rollback => {
            match history::previous(&situation.status.history, ignore_tests) {
                Some(target) => {
                    let action = Action::Rollback(Box::new(target.clone()));
                    run(action, "release is in a failed state")
                }
                None => stalled(Stalled {
                    reason: Reason::MissingRollbackTarget,
                    message: "Failed to perform remediation: missing target release for rollback: cannot remediate failed release".to_owned(),
                    error: "missing target release for rollback: cannot remediate failed release",
                }),
            }
        }
    };
    Decision {
        history: Keep::Good { ignore_tests },
        ..decision
    }
}

/// A rollback is made to a record that is still what it was; where it is not, the upgrade is tried again instead. `record`: the
/// one that storage has for the target.
#[must_use]
pub fn confirm_rollback(target: &Snapshot, record: Option<&Release>) -> Action {
    let unchanged = record.is_some_and(|record| history::verify(target, record).is_ok());
    if unchanged {
        Action::Rollback(Box::new(target.clone()))
    } else {
        Action::Upgrade
    }
}

/// How a run ends.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// Nothing more to do; `Reconciling` goes.
    Done,
    /// Again at once; `Reconciling` is `ProgressingWithRetry` with the message of `Ready`.
    Requeue,
    /// Again after this long; `Reconciling` is `ProgressingWithRetry` with [`messages::retrying`].
    RetryAfter(Duration),
    Stalled(Stalled),
    /// Again with growing delays; `Ready` becomes false with reason `ReconcileError` where it was true.
    Backoff,
}

/// The actions of one run so far.
#[derive(Clone, Debug, Default)]
pub struct Course {
    done: Vec<Kind>,
}

impl Course {
    /// May the action be run? If not, how the run ends.
    pub fn before(&self, action: &Action, situation: &Situation<'_>) -> Result<(), End> {
        if !self.done.contains(&action.kind()) {
            return Ok(());
        }
        if let Some(interval) = situation.retry() {
            return Err(End::RetryAfter(interval));
        }
        match situation.active() {
            Some(remediation) if remediation.is_exhausted() => Err(End::Done),
            _ => Err(End::Requeue),
        }
    }

    /// How the run ends after an action that failed without leaving a trace in storage.
    #[must_use]
    pub fn failed(situation: &Situation<'_>) -> End {
        situation.retry().map_or(End::Backoff, End::RetryAfter)
    }

    /// Does the run go on after an action that left its trace? If not, how it ends. `situation`: with the status of now.
    pub fn after(&mut self, action: &Action, situation: &Situation<'_>) -> Result<(), End> {
        if action.kind() != Kind::Remediate {
            self.done.push(action.kind());
            return Ok(());
        }
        if let Some(interval) = situation.retry() {
            return Err(End::RetryAfter(interval));
        }
        match situation.active() {
            Some(remediation)
                if remediation.is_exhausted() && !remediation.uninstalls_upgrades() =>
            {
                Err(End::Stalled(
                    situation.exhausted("exceeded maximum retries"),
                ))
            }
            _ => Err(End::Requeue),
        }
    }
}
