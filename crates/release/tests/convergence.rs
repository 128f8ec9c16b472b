//! Runs of a simulated controller whose actions fail, and whose program is killed, at any step: when the trouble ends, so does the
//! work, with the release that is wanted.
#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

mod support;

use std::collections::BTreeMap;

use proptest::prelude::*;
use rosin_api::HelmRelease;
use rosin_api::helm_release::ReleaseAction;
use rosin_release::decide::{Action, Course, End, Keep, Next, Situation, confirm_rollback, next};
use rosin_release::history::{self, Action as Made, History};
use rosin_release::remedy::{Remediation, count_failure};
use rosin_release::state::{State, Wanted, determine};
use rosin_release::{Algorithm, Release, Status, Values};
use serde_json::json;
use support::{object, release, test_hook, values};

/// What becomes of an action.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Good,
    /// It fails, and its record says so.
    Bad,
    /// It fails before anything is written.
    Nothing,
    /// The program ends after the record was begun.
    Killed,
    /// The program ends after the record was finished, and before the status is written.
    Forgotten,
}

struct World {
    object: HelmRelease,
    /// As it is in the API server: what a killed program had not written is lost.
    written: HelmRelease,
    storage: BTreeMap<i64, Release>,
    values: Values,
    tests: bool,
    /// Actions that make no release do not fail.
    repairs: bool,
}

impl World {
    fn new(spec: serde_json::Value) -> Self {
        let tests = spec["test"]["enable"] == true;
        let object = object(spec);
        Self {
            written: object.clone(),
            object,
            storage: BTreeMap::new(),
            values: values(json!({"a": 1})),
            tests,
            repairs: false,
        }
    }

    fn last(&self) -> Option<&Release> {
        self.storage.values().next_back()
    }

    fn state(&self) -> State {
        let wanted = Wanted {
            chart_name: "app",
            chart_version: "1.0.0",
            values: &self.values,
        };
        determine(&self.object, self.last(), &wanted).unwrap()
    }

    /// Somebody wants other values.
    fn change(&mut self) {
        let generation = self.object.metadata.generation.unwrap() + 1;
        self.values.insert("a".into(), generation.into());
        for object in [&mut self.object, &mut self.written] {
            object.metadata.generation = Some(generation);
            object.status.as_mut().unwrap().clear_failures();
        }
    }

    /// One run; true when it leaves nothing to do. None: the program was killed.
    fn run(&mut self, fates: &mut impl FnMut() -> Fate) -> Option<End> {
        self.object = self.written.clone();
        let mut course = Course::default();
        let end = loop {
            let state = self.state();
            let spec = self.object.spec.clone();
            let situation = |object: &HelmRelease| (spec.clone(), object.status.clone().unwrap());
            let (a, b) = situation(&self.object);
            let now = Situation {
                spec: &a,
                status: &b,
                forced: false,
                retry_by_default: false,
            };
            let decision = next(&state, &now);
            let entries = &mut self.object.status.as_mut().unwrap().history;
            match decision.history {
                Keep::Known => History::new(entries, Algorithm::Sha256)
                    .forget_unknown(|version| self.storage.get(&version)),
                keep => keep.apply(entries),
            }
            let action = match decision.next {
                Next::Done => break End::Done,
                Next::Stalled(stalled) => break End::Stalled(stalled),
                Next::Run(Action::Rollback(target)) => {
                    confirm_rollback(&target, self.storage.get(&target.version))
                }
                Next::Run(action) => action,
            };
            if let Err(end) = course.before(&action, &now) {
                break end;
            }
            self.written = self.object.clone();
            let fate = match fates() {
                Fate::Bad if self.repairs && !action.makes_release() => Fate::Good,
                fate => fate,
            };
            if !self.take(&action, fate)? {
                let (a, b) = situation(&self.object);
                let now = Situation {
                    spec: &a,
                    status: &b,
                    forced: false,
                    retry_by_default: false,
                };
                break Course::failed(&now);
            }
            let (a, b) = situation(&self.object);
            let now = Situation {
                spec: &a,
                status: &b,
                forced: false,
                retry_by_default: false,
            };
            if let Err(end) = course.after(&action, &now) {
                break end;
            }
            self.written = self.object.clone();
        };
        let status = self.object.status.as_mut().unwrap();
        if matches!(end, End::Done | End::Stalled(_) | End::RetryAfter(_)) {
            status.observed_generation = self.object.metadata.generation;
        }
        self.written = self.object.clone();
        Some(end)
    }

    /// Takes an action; false if it failed without a trace, None if the program was killed.
    fn take(&mut self, action: &Action, fate: Fate) -> Option<bool> {
        match action {
            Action::Unlock => {
                let mut last = self.last().unwrap().clone();
                if fate == Fate::Nothing || fate == Fate::Bad {
                    return Some(false);
                }
                last.set_status(Status::Failed, "unlocked");
                self.storage.insert(last.version, last.clone());
                if matches!(fate, Fate::Killed | Fate::Forgotten) {
                    return None;
                }
                let entries = &mut self.object.status.as_mut().unwrap().history;
                History::new(entries, Algorithm::Sha256).unlocked(&last);
                Some(true)
            }
            Action::Install | Action::Upgrade => self.release(action, fate),
            Action::Rollback(target) => {
                let content = self.storage[&target.version].clone();
                let made = self.begin(content, Status::PendingRollback, fate)?;
                let Some(mut made) = made else {
                    return Some(false);
                };
                made.info.status = match fate {
                    Fate::Bad => Status::Failed,
                    _ => Status::Deployed,
                };
                self.finish(&made, fate)?;
                let entries = &mut self.object.status.as_mut().unwrap().history;
                History::new(entries, Algorithm::Sha256).rolled_back(&made);
                Some(true)
            }
            Action::Uninstall => {
                if fate == Fate::Nothing {
                    return Some(false);
                }
                let mut last = self.last().unwrap().clone();
                let before = self.object.status.clone().unwrap().history;
                last.info.status = match fate {
                    Fate::Bad => Status::Failed,
                    _ => Status::Uninstalled,
                };
                if fate == Fate::Killed {
                    // Objects are being deleted; what is purged is purged from the oldest.
                    last.info.status = Status::Uninstalling;
                    self.storage.pop_first();
                    self.storage.insert(last.version, last);
                    return None;
                }
                let entries = &mut self.object.status.as_mut().unwrap().history;
                History::new(entries, Algorithm::Sha256)
                    .uninstalled(&last, Made::UninstallRemediation);
                if fate == Fate::Bad {
                    self.object.status.as_mut().unwrap().history = before;
                    return Some(false);
                }
                self.storage.clear();
                (fate != Fate::Forgotten).then_some(true)
            }
            Action::Test => {
                if fate == Fate::Nothing {
                    return Some(false);
                }
                let mut last = self.last().unwrap().clone();
                last.hooks[0].last_run.phase = match fate {
                    Fate::Bad => "Failed",
                    _ => "Succeeded",
                }
                .into();
                self.storage.insert(last.version, last.clone());
                if matches!(fate, Fate::Killed | Fate::Forgotten) {
                    return None;
                }
                let status = self.object.status.as_mut().unwrap();
                History::new(&mut status.history, Algorithm::Sha256).tested(&last, &[]);
                if fate == Fate::Bad
                    && let Some(active) = Remediation::active(&self.object.spec, status)
                    && !active.ignore_test_failures
                {
                    count_failure(status, active.action);
                }
                Some(true)
            }
            Action::CorrectDrift => unreachable!("nothing drifts here"),
        }
    }

    /// Writes a new record in its pending state.
    fn begin(&mut self, mut made: Release, pending: Status, fate: Fate) -> Option<Option<Release>> {
        if fate == Fate::Nothing {
            return Some(None);
        }
        made.version = self.storage.keys().next_back().map_or(1, |last| last + 1);
        made.info.status = pending;
        self.storage.insert(made.version, made.clone());
        (fate != Fate::Killed).then_some(Some(made))
    }

    fn finish(&mut self, made: &Release, fate: Fate) -> Option<()> {
        if made.info.status == Status::Deployed {
            for older in self.storage.values_mut() {
                if older.info.status == Status::Deployed {
                    older.info.status = Status::Superseded;
                }
            }
        }
        self.storage.insert(made.version, made.clone());
        (fate != Fate::Forgotten).then_some(())
    }

    fn release(&mut self, action: &Action, fate: Fate) -> Option<bool> {
        let status = self.object.status.as_mut().unwrap();
        let (attempted, made_by, pending) = match action {
            Action::Install => {
                status.history.clear();
                (
                    ReleaseAction::Install,
                    Made::Install,
                    Status::PendingInstall,
                )
            }
            _ => (
                ReleaseAction::Upgrade,
                Made::Upgrade,
                Status::PendingUpgrade,
            ),
        };
        status.last_attempted_release_action = Some(attempted);
        let mut content = release(0, Status::Unknown);
        content.config = self.values.clone();
        if self.tests {
            content.hooks = vec![test_hook("t", "")];
        }
        let Some(mut made) = self.begin(content, pending, fate)? else {
            return Some(false);
        };
        made.info.status = match fate {
            Fate::Bad => Status::Failed,
            _ => Status::Deployed,
        };
        let before = self.storage.clone();
        self.finish(&made, fate)?;
        let changed: Vec<Release> = self
            .storage
            .values()
            .filter(|record| {
                before.get(&record.version) != Some(record) || record.version == made.version
            })
            .cloned()
            .collect();
        let status = self.object.status.as_mut().unwrap();
        History::new(&mut status.history, Algorithm::Sha256).record(&changed, None, made_by);
        if fate == Fate::Bad {
            count_failure(status, attempted);
        }
        Some(true)
    }

    fn is_as_wanted(&self) -> bool {
        let status = self.object.status.as_ref().unwrap();
        let last = self.last();
        self.state() == State::InSync
            && last.is_some_and(|last| {
                last.info.status == Status::Deployed
                    && last.config == self.values
                    && history::latest(&status.history)
                        .is_some_and(|entry| history::targets(entry, last))
            })
    }
}

fn fate() -> impl Strategy<Value = Fate> {
    prop::sample::select(vec![
        Fate::Good,
        Fate::Bad,
        Fate::Nothing,
        Fate::Killed,
        Fate::Forgotten,
    ])
}

fn spec() -> impl Strategy<Value = serde_json::Value> {
    let remediation = || {
        (-1i64..3, prop::option::of(any::<bool>())).prop_map(|(retries, last)| match last {
            Some(last) => json!({"retries": retries, "remediateLastFailure": last}),
            None => json!({"retries": retries}),
        })
    };
    let strategy = prop::sample::select(vec!["rollback", "uninstall"]);
    (remediation(), remediation(), strategy, any::<bool>(), any::<bool>()).prop_map(
        |(install, mut upgrade, strategy, retry, tests)| {
            upgrade["strategy"] = strategy.into();
            let mut spec = json!({
                "install": {"remediation": install}, "upgrade": {"remediation": upgrade}, "test": {"enable": tests},
            });
            if retry {
                spec["upgrade"]["strategy"] = json!({"name": "RetryOnFailure"});
                spec["install"]["strategy"] = json!({"name": "RetryOnFailure"});
            }
            spec
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    // parity: HR-STATE-003, HR-REMED-003, HR-RETRY-002
    #[test]
    fn whatever_happened_the_release_becomes_what_is_wanted(
        spec in spec(),
        fates in prop::collection::vec(fate(), 0..14),
        runs in 1usize..8,
        changes in prop::collection::vec(any::<bool>(), 8),
    ) {
        let mut world = World::new(spec);
        let mut fates = fates.into_iter();
        let mut trouble = || fates.next().unwrap_or(Fate::Good);
        for (_, change) in (0..runs).zip(&changes) {
            if *change {
                world.change();
            }
            world.run(&mut trouble);
        }
        // The trouble is over. A release that was given up needs a reason to be tried again.
        let mut good = || Fate::Good;
        for attempt in 0..12 {
            let end = world.run(&mut good);
            if end == Some(End::Done) && world.is_as_wanted() {
                return Ok(());
            }
            if matches!(end, Some(End::Stalled(_) | End::Done)) {
                prop_assert!(attempt < 10, "{:?} {:?}", end, world.state());
                world.change();
            }
        }
        prop_assert!(false, "stuck in {:?}: {:?}", world.state(), world.object.status);
    }

    // parity: HR-REMED-003
    #[test]
    fn attempts_end_while_the_trouble_does_not(spec in spec()) {
        let endless = |action: &str| spec[action]["remediation"]["retries"] == -1;
        if !spec["upgrade"]["strategy"]["name"].is_null() || endless("install") || endless("upgrade") {
            return Ok(());
        }
        let mut world = World::new(spec.clone());
        // Nothing can be released; what repairs works.
        world.repairs = true;
        let mut bad = || Fate::Bad;
        for _ in 0..20 {
            if matches!(world.run(&mut bad), Some(End::Stalled(_))) {
                return Ok(());
            }
        }
        prop_assert!(false, "{:?}", world.object.status);
    }
}
