//! The states of a release, what follows from each, and that something always does.
#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

mod support;

use rosin_api::helm_release::ReleaseAction;
use rosin_api::{Duration, HelmRelease, Reason};
use rosin_release::decide::{
    Action, Course, Decision, End, Keep, Next, Situation, confirm_rollback, next,
};
use rosin_release::history::{self, Action as Made};
use rosin_release::state::{State, Wanted, changed_target, determine, resets_failures};
use rosin_release::{Release, Status, postrender};
use serde_json::json;
use support::{object, release, remember, test_hook, values};

/// The state, where chart `app` 1.0.0 and `{"a": 1}` are wanted.
fn state(object: &HelmRelease, last: Option<&Release>) -> State {
    let values = values(json!({"a": 1}));
    let wanted = Wanted {
        chart_name: "app",
        chart_version: "1.0.0",
        values: &values,
    };
    determine(object, last, &wanted).unwrap()
}

fn decide(state: &State, object: &HelmRelease) -> Decision {
    decide_with(state, object, false)
}

fn decide_with(state: &State, object: &HelmRelease, forced: bool) -> Decision {
    next(state, &situation(object, forced))
}

fn situation(object: &HelmRelease, forced: bool) -> Situation<'_> {
    Situation {
        spec: &object.spec,
        status: object.status.as_ref().unwrap(),
        forced,
        retry_by_default: false,
    }
}

fn runs(decision: &Decision) -> &'static str {
    match &decision.next {
        Next::Run(action) => action.name(),
        Next::Done => "done",
        Next::Stalled(_) => "stalled",
    }
}

/// An object that made this release.
fn made(spec: serde_json::Value, release: &Release) -> HelmRelease {
    let mut object = object(spec);
    remember(&mut object, release, Made::Upgrade);
    let status = object.status.as_mut().unwrap();
    status.observed_generation = Some(1);
    status.last_attempted_release_action = Some(ReleaseAction::Upgrade);
    object
}

#[test]
fn without_a_release_one_is_installed() {
    // parity: HR-STATE-002, HR-STATE-013, HR-REMED-003
    let mut object = object(json!({}));
    let absent = state(&object, None);
    assert_eq!(absent, State::Absent("no release in storage for object"));
    assert_eq!(runs(&decide(&absent, &object)), "install");
    let gone = release(3, Status::Uninstalled);
    assert_eq!(
        state(&object, Some(&gone)),
        State::Absent("found uninstalled release in storage")
    );
    let status = object.status.as_mut().unwrap();
    status.install_failures = 1;
    status.last_attempted_release_action = Some(ReleaseAction::Install);
    let Next::Stalled(stalled) = decide(&absent, &object).next else {
        panic!()
    };
    assert_eq!(stalled.reason, Reason::RetriesExceeded);
    assert_eq!(stalled.message, "Failed to install after 1 attempt(s)");
    assert_eq!(runs(&decide_with(&absent, &object, true)), "install");
    object.spec = support::object(json!({"install": {"remediation": {"retries": -1}}})).spec;
    object.status.as_mut().unwrap().install_failures = 100;
    assert_eq!(runs(&decide(&absent, &object)), "install");
}

#[test]
fn a_pending_release_is_unlocked_first() {
    // parity: HR-STATE-003
    for status in [
        Status::PendingInstall,
        Status::PendingUpgrade,
        Status::PendingRollback,
    ] {
        let last = release(2, status.clone());
        let object = made(json!({}), &last);
        let locked = state(&object, Some(&last));
        assert_eq!(locked, State::Locked(status));
        assert_eq!(runs(&decide(&locked, &object)), "unlock");
    }
}

#[test]
fn a_release_of_somebody_else_is_upgraded_and_history_forgotten() {
    // parity: HR-STATE-004, HR-STATE-005, HR-STATE-011, HR-STATE-012
    let last = release(2, Status::Deployed);
    let fresh = object(json!({}));
    let unmanaged = state(&fresh, Some(&last));
    assert_eq!(
        unmanaged,
        State::Unmanaged("found existing release in storage".into())
    );
    let decision = decide(&unmanaged, &fresh);
    assert_eq!(
        (runs(&decision), decision.history),
        ("upgrade", Keep::Known)
    );

    let mut object = made(json!({}), &last);
    assert_eq!(state(&object, Some(&last)), State::InSync);
    let mut changed = last.clone();
    changed.manifest.push_str("data: {}\n");
    assert_eq!(
        state(&object, Some(&changed)),
        State::Unmanaged("release not observed to be made for object".into())
    );
    // `helm test` changes the record of tests only.
    let mut tested = last.clone();
    tested.hooks.push(test_hook("t", "Failed"));
    assert_eq!(state(&object, Some(&tested)), State::InSync);
    // Entries of before are trusted.
    let entry = &mut object.status.as_mut().unwrap().history[0];
    entry.api_version = None;
    assert_eq!(state(&object, Some(&changed)), State::InSync);
    entry_digest(&mut object, "nonsense");
    assert_eq!(
        state(&object, Some(&last)),
        State::Unmanaged("release digest verification error".into())
    );
}

fn entry_digest(object: &mut HelmRelease, digest: &str) {
    let entry = &mut object.status.as_mut().unwrap().history[0];
    entry.api_version = Some("v2".into());
    entry.digest = digest.into();
}

#[test]
fn another_chart_or_other_values_make_an_upgrade() {
    // parity: HR-STATE-006, HR-POST-008
    let last = release(2, Status::Deployed);
    let mut object = made(json!({}), &last);
    let same = values(json!({"a": 1}));
    let wanted = Wanted {
        chart_name: "app",
        chart_version: "1.0.1",
        values: &same,
    };
    let changed = determine(&object, Some(&last), &wanted).unwrap();
    assert_eq!(changed, State::OutOfSync("release chart changed"));
    assert_eq!(runs(&decide(&changed, &object)), "upgrade");
    let other = values(json!({"a": 2}));
    let wanted = Wanted {
        chart_name: "app",
        chart_version: "1.0.0",
        values: &other,
    };
    let changed = determine(&object, Some(&last), &wanted).unwrap();
    assert_eq!(changed, State::OutOfSync("release config values changed"));

    // Post renderers count for a new generation only.
    object.spec = support::object(json!({
        "postRenderers": [{"kustomize": {"images": [{"name": "a", "newTag": "2"}]}}],
        "commonMetadata": {"labels": {"a": "b"}},
    }))
    .spec;
    assert_eq!(state(&object, Some(&last)), State::InSync);
    object.metadata.generation = Some(2);
    assert_eq!(
        state(&object, Some(&last)),
        State::OutOfSync("postrenderers digest has changed")
    );
    let status = object.status.as_mut().unwrap();
    status.observed_post_renderers_digest = postrender::renderers_digest(&object.spec);
    assert_eq!(
        state(&object, Some(&last)),
        State::OutOfSync("common metadata digest has changed")
    );
    let status = object.status.as_mut().unwrap();
    status.observed_common_metadata_digest = postrender::metadata_digest(&object.spec);
    assert_eq!(state(&object, Some(&last)), State::InSync);

    object.status.as_mut().unwrap().upgrade_failures = 1;
    let changed = State::OutOfSync("release chart changed");
    assert_eq!(runs(&decide(&changed, &object)), "stalled");
    assert_eq!(runs(&decide_with(&changed, &object, true)), "upgrade");
}

#[test]
fn a_failed_release_is_repaired_tried_again_or_given_up() {
    // parity: HR-STATE-007, HR-REMED-001, HR-REMED-002, HR-REMED-004, HR-REMED-005
    let good = release(1, Status::Superseded);
    let bad = release(2, Status::Failed);
    let with = |spec, failures| {
        let mut object = object(spec);
        remember(&mut object, &good, Made::Install);
        remember(&mut object, &bad, Made::Upgrade);
        let status = object.status.as_mut().unwrap();
        status.last_attempted_release_action = Some(ReleaseAction::Upgrade);
        status.upgrade_failures = failures;
        object
    };
    let failed = State::Failed("");
    let plain = with(json!({}), 1);
    assert_eq!(state(&plain, Some(&bad)), failed);
    // No retries: it is given up, and stays as it is.
    assert_eq!(runs(&decide(&failed, &plain)), "stalled");
    // Something changed since.
    assert_eq!(runs(&decide(&failed, &with(json!({}), 0))), "upgrade");
    assert_eq!(runs(&decide_with(&failed, &plain, true)), "upgrade");

    let retries = json!({"upgrade": {"remediation": {"retries": 1}}});
    for failures in [1, 2] {
        let decision = decide(&failed, &with(retries.clone(), failures));
        let Next::Run(Action::Rollback(target)) = &decision.next else {
            panic!("{decision:?}")
        };
        assert_eq!(target.version, 1);
        assert_eq!(
            decision.history,
            Keep::Good {
                ignore_tests: false
            }
        );
    }
    let leave = json!({"upgrade": {"remediation": {"retries": 1, "remediateLastFailure": false}}});
    assert_eq!(runs(&decide(&failed, &with(leave.clone(), 1))), "rollback");
    assert_eq!(runs(&decide(&failed, &with(leave, 2))), "stalled");

    let uninstall = json!({"upgrade": {"remediation": {"retries": 1, "strategy": "uninstall"}}});
    assert_eq!(runs(&decide(&failed, &with(uninstall, 1))), "uninstall");

    let mut lonely = with(retries, 1);
    lonely.status.as_mut().unwrap().history.truncate(1);
    let Next::Stalled(stalled) = decide(&failed, &lonely).next else {
        panic!()
    };
    assert_eq!(stalled.reason, Reason::MissingRollbackTarget);

    // A failed install is uninstalled.
    let mut install = with(json!({"install": {"remediation": {"retries": 1}}}), 0);
    let status = install.status.as_mut().unwrap();
    status.last_attempted_release_action = Some(ReleaseAction::Install);
    status.install_failures = 1;
    assert_eq!(runs(&decide(&failed, &install)), "uninstall");
    // Without an attempt that is remembered, nothing else is known to help.
    install
        .status
        .as_mut()
        .unwrap()
        .last_attempted_release_action = None;
    assert_eq!(runs(&decide(&failed, &install)), "upgrade");
}

#[test]
fn a_rollback_goes_only_to_what_is_still_there() {
    // parity: HR-REMED-004, HR-REMED-006
    let good = release(1, Status::Superseded);
    let object = made(json!({}), &good);
    let target = &object.status.as_ref().unwrap().history[0];
    assert_eq!(confirm_rollback(target, Some(&good)).name(), "rollback");
    assert_eq!(confirm_rollback(target, None).name(), "upgrade");
    let mut corrupt = good.clone();
    corrupt.manifest.clear();
    assert_eq!(confirm_rollback(target, Some(&corrupt)).name(), "upgrade");
}

#[test]
fn retrying_needs_no_budget() {
    // parity: HR-RETRY-001, HR-RETRY-002, HR-RETRY-003
    let bad = release(2, Status::Failed);
    let spec = json!({"upgrade": {"strategy": {"name": "RetryOnFailure", "retryInterval": "1m"}}});
    let mut object = made(spec, &bad);
    object.status.as_mut().unwrap().upgrade_failures = 50;
    let decision = decide(&State::Failed(""), &object);
    assert_eq!(
        (runs(&decision), decision.history),
        ("upgrade", Keep::Newest)
    );
    // The failed upgrade leaves its trace, and is not run twice in a run.
    let mut course = Course::default();
    let situation_now = situation(&object, false);
    assert_eq!(course.before(&Action::Upgrade, &situation_now), Ok(()));
    assert_eq!(course.after(&Action::Upgrade, &situation_now), Ok(()));
    let minute = Duration::from_secs(60);
    assert_eq!(
        course.before(&Action::Upgrade, &situation_now),
        Err(End::RetryAfter(minute))
    );
    assert_eq!(Course::failed(&situation_now), End::RetryAfter(minute));

    // By the gate, where the spec says nothing.
    let plain = made(json!({}), &bad);
    let gated = Situation {
        retry_by_default: true,
        ..situation(&plain, false)
    };
    assert_eq!(
        Course::failed(&gated),
        End::RetryAfter(Duration::from_secs(300))
    );
    assert_eq!(Course::failed(&situation(&plain, false)), End::Backoff);
    let remediate = made(
        json!({"upgrade": {"strategy": {"name": "RemediateOnFailure"}}}),
        &bad,
    );
    let gated = Situation {
        retry_by_default: true,
        ..situation(&remediate, false)
    };
    assert_eq!(Course::failed(&gated), End::Backoff);
}

#[test]
fn a_run_ends_after_a_repair_and_before_a_second_release() {
    // parity: HR-STATE-001, HR-REMED-008, HR-REMED-009
    let bad = release(2, Status::Failed);
    let mut object = made(json!({"upgrade": {"remediation": {"retries": 1}}}), &bad);
    object.status.as_mut().unwrap().upgrade_failures = 1;
    let mut course = Course::default();
    assert_eq!(
        course.after(&Action::Unlock, &situation(&object, false)),
        Ok(())
    );
    assert_eq!(
        course.after(&Action::Upgrade, &situation(&object, false)),
        Ok(())
    );
    assert_eq!(
        course.before(&Action::Install, &situation(&object, false)),
        Err(End::Requeue)
    );
    assert_eq!(
        course.before(&Action::Test, &situation(&object, false)),
        Ok(())
    );
    assert_eq!(
        course.after(&Action::Uninstall, &situation(&object, false)),
        Err(End::Requeue)
    );

    object.status.as_mut().unwrap().upgrade_failures = 2;
    assert_eq!(
        course.before(&Action::Upgrade, &situation(&object, false)),
        Err(End::Done)
    );
    let end = course.after(&Action::Uninstall, &situation(&object, false));
    let Err(End::Stalled(stalled)) = end else {
        panic!("{end:?}")
    };
    assert_eq!(stalled.message, "Failed to upgrade after 2 attempt(s)");
    // After an uninstall that repaired an upgrade, an install may help.
    object.spec = support::object(
        json!({"upgrade": {"remediation": {"retries": 1, "strategy": "uninstall"}}}),
    )
    .spec;
    assert_eq!(
        course.after(&Action::Uninstall, &situation(&object, false)),
        Err(End::Requeue)
    );
}

#[test]
fn tests_are_run_once_and_count_unless_ignored() {
    // parity: HR-STATE-008, HR-TEST-002, HR-TEST-004, HR-TEST-005
    let mut last = release(2, Status::Deployed);
    last.hooks.push(test_hook("t", ""));
    let mut object = made(json!({"test": {"enable": true}}), &last);
    assert_eq!(state(&object, Some(&last)), State::Untested);
    assert_eq!(runs(&decide(&State::Untested, &object)), "test");
    let entry = |object: &mut HelmRelease, phase: &str| {
        last.hooks[0].last_run.phase = phase.into();
        let entries = &mut object.status.as_mut().unwrap().history;
        history::History::new(entries, rosin_release::Algorithm::Sha256).tested(&last.clone(), &[]);
    };
    let mut entry = entry;
    entry(&mut object, "Succeeded");
    assert_eq!(
        state(&object, Some(&release(2, Status::Deployed))),
        State::InSync
    );
    entry(&mut object, "Running");
    assert_eq!(
        state(&object, Some(&release(2, Status::Deployed))),
        State::Untested
    );
    entry(&mut object, "Failed");
    assert_eq!(
        state(&object, Some(&release(2, Status::Deployed))),
        State::Failed("release has test in failed phase")
    );
    object.spec = support::object(json!({"test": {"enable": true, "ignoreFailures": true}})).spec;
    assert_eq!(
        state(&object, Some(&release(2, Status::Deployed))),
        State::InSync
    );
    object.spec = support::object(json!({
        "test": {"enable": true, "ignoreFailures": true}, "upgrade": {"remediation": {"ignoreTestFailures": false}},
    }))
    .spec;
    assert!(matches!(
        state(&object, Some(&release(2, Status::Deployed))),
        State::Failed(_)
    ));
    // None selected is tested.
    object.status.as_mut().unwrap().history[0].test_hooks = Some(Default::default());
    assert_eq!(
        state(&object, Some(&release(2, Status::Deployed))),
        State::InSync
    );
}

#[test]
fn in_sync_nothing_is_done_unless_it_is_forced() {
    // parity: HR-STATE-010, HR-STATE-013, HR-REMED-010, HR-STATE-009
    let last = release(2, Status::Deployed);
    let object = made(json!({}), &last);
    let decision = decide(&State::InSync, &object);
    assert_eq!(decision.next, Next::Done);
    assert_eq!(
        decision.history,
        Keep::Good {
            ignore_tests: false
        }
    );
    assert_eq!(
        decision.not_remediated.unwrap(),
        "Helm upgrade succeeded for release default/app.v2 with chart app@1.0.0"
    );
    assert!(decision.recovered && !decision.no_drift);
    assert_eq!(runs(&decide_with(&State::InSync, &object, true)), "upgrade");

    for (mode, expected) in [("enabled", "correct cluster drift"), ("warn", "done")] {
        let object = made(json!({"driftDetection": {"mode": mode}}), &last);
        assert_eq!(runs(&decide(&State::Drifted, &object)), expected);
        assert!(decide(&State::InSync, &object).no_drift);
    }
}

#[test]
fn actions_say_what_they_are_and_how_long_they_may_take() {
    // parity: HR-STATUS-003
    let object = object(json!({"timeout": "1m", "upgrade": {"timeout": "90s"}}));
    for (action, text) in [
        (
            Action::Install,
            "Running 'install' action with timeout of 1m0s",
        ),
        (
            Action::Upgrade,
            "Running 'upgrade' action with timeout of 1m30s",
        ),
        (
            Action::Unlock,
            "Running 'unlock' action with timeout of 1m0s",
        ),
        (
            Action::CorrectDrift,
            "Running 'correct cluster drift' action with timeout of 1m0s",
        ),
    ] {
        assert_eq!(action.progress(&object.spec), text);
    }
    assert!(Action::Install.makes_release() && !Action::Uninstall.makes_release());
    let plain = support::object(json!({}));
    assert_eq!(
        Action::Test.progress(&plain.spec),
        "Running 'test' action with timeout of 5m0s"
    );
}

#[test]
fn another_target_means_another_release() {
    // parity: HR-NAME-005, HR-NAME-006
    let last = release(2, Status::Deployed);
    let spec = |spec| {
        let mut object = made(json!({}), &last);
        object.spec = support::object(spec).spec;
        object
    };
    assert_eq!(changed_target(&spec(json!({})), "app"), None);
    assert_eq!(
        changed_target(&spec(json!({})), "other"),
        Some("chart name")
    );
    let in_place = json!({"upgrade": {"chartNameChangeStrategy": "InPlaceUpdate"}});
    assert_eq!(changed_target(&spec(in_place), "other"), None);
    for (field, value, what) in [
        ("storageNamespace", "x", "storage namespace"),
        ("targetNamespace", "x", "release namespace"),
        ("releaseName", "x", "release name"),
    ] {
        assert_eq!(
            changed_target(&spec(json!({field: value})), "app"),
            Some(what)
        );
    }
    assert_eq!(changed_target(&object(json!({})), "app"), None);
}

#[test]
fn failures_are_forgotten_when_something_new_begins() {
    // parity: HR-STATE-015
    let last = release(2, Status::Deployed);
    let mut object = made(json!({}), &last);
    let given = values(json!({"a": 1}));
    let status = object.status.as_mut().unwrap();
    status.last_attempted_generation = Some(1);
    status.last_attempted_revision = Some("1.0.0".into());
    status.last_attempted_config_digest = Some(rosin_release::values::digest(
        rosin_release::Algorithm::Sha256,
        &given,
    ));
    assert_eq!(resets_failures(&object, "1.0.0", &given), None);
    assert!(resets_failures(&object, "1.0.1", &given).is_some());
    assert!(resets_failures(&object, "1.0.0", &values(json!({"a": 2}))).is_some());
    object.metadata.generation = Some(2);
    assert!(resets_failures(&object, "1.0.0", &given).is_some());
}
