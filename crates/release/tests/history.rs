//! What a HelmRelease remembers of its releases.
#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

mod support;

use rosin_api::helm_release::{ReleaseSnapshot as Snapshot, TestFilter};
use rosin_release::history::{self, Action, History};
use rosin_release::{Algorithm, HookExecution, Status, Time, messages, observe, values};
use support::{release, test_hook};

fn entry(version: i64, status: &str) -> Snapshot {
    let release = release(version, Status::from(status));
    history::snapshot(&release, None, None, Algorithm::Sha256)
}

fn versions(entries: &[Snapshot]) -> Vec<i64> {
    entries.iter().map(|entry| entry.version).collect()
}

fn failed_test(mut entry: Snapshot) -> Snapshot {
    let mut release = release(entry.version, Status::Deployed);
    release.hooks.push(test_hook("t", "Failed"));
    entry.test_hooks = Some(history::test_hooks(&release, &[]));
    entry
}

#[test]
fn a_snapshot_says_what_its_record_says() {
    // parity: HR-HIST-001, HR-HIST-005
    let mut release = release(3, Status::Deployed);
    release.info.first_deployed = Time::parse("2026-11-21T10:27:14.449180675+02:00").unwrap();
    release.info.last_deployed = release.info.first_deployed;
    release.chart.metadata.app_version = "1.16".into();
    let entry = history::snapshot(
        &release,
        Some("sha256:1"),
        Some("install"),
        Algorithm::Sha256,
    );
    let json = serde_json::to_value(&entry).unwrap();
    assert_eq!(
        json,
        serde_json::json!({
            "action": "install", "apiVersion": "v2", "appVersion": "1.16", "chartName": "app", "chartVersion": "1.0.0",
            "configDigest": values::digest(Algorithm::Sha256, &release.config),
            "digest": observe::digest(Algorithm::Sha256, &release, "sha256:1"),
            "firstDeployed": "2026-11-21T08:27:14Z", "lastDeployed": "2026-11-21T08:27:14Z", "name": "app",
            "namespace": "default", "ociDigest": "sha256:1", "status": "deployed", "version": 3,
        })
    );
    assert_eq!(history::full_name(&entry), "default/app.v3");
    assert_eq!(history::chart_name(&entry), "app@1.0.0");
    assert_eq!(history::verify(&entry, &release), Ok(()));
}

#[test]
fn history_is_shortened_to_what_a_rollback_needs() {
    // parity: HR-HIST-002
    let mut entries = vec![
        entry(1, "superseded"),
        entry(4, "deployed"),
        entry(3, "failed"),
        entry(2, "superseded"),
    ];
    history::truncate(&mut entries, false);
    assert_eq!(versions(&entries), [4, 3, 2]);
    let mut entries = vec![
        entry(3, "deployed"),
        failed_test(entry(2, "superseded")),
        entry(1, "superseded"),
    ];
    assert_eq!(history::previous(&entries, false).unwrap().version, 1);
    assert_eq!(history::previous(&entries, true).unwrap().version, 2);
    history::truncate(&mut entries, true);
    assert_eq!(versions(&entries), [3, 2]);
    let mut entries: Vec<_> = (1..9).map(|version| entry(version, "failed")).collect();
    history::truncate(&mut entries, false);
    assert_eq!(versions(&entries), [8, 7, 6, 5, 4]);
    assert_eq!(history::previous(&entries, true), None);
    let mut entries: Vec<_> = (1..9).map(|version| entry(version, "superseded")).collect();
    history::truncate_to_limit(&mut entries);
    assert_eq!(versions(&entries), [8, 7, 6, 5, 4]);
    let mut one = vec![entry(1, "deployed")];
    history::truncate(&mut one, false);
    assert_eq!(versions(&one), [1]);
}

#[test]
fn an_upgrade_enters_the_new_record_and_the_one_it_superseded() {
    // parity: HR-UPG-007, HR-HIST-001
    let mut entries = vec![failed_test(entry(1, "deployed"))];
    entries[0].oci_digest = Some("sha256:old".into());
    let old = release(1, Status::Superseded);
    let new = release(2, Status::Deployed);
    let written = [release(2, Status::PendingUpgrade), old.clone(), new.clone()];
    History::new(&mut entries, Algorithm::Sha256).record(
        &written,
        Some("sha256:new"),
        Action::Upgrade,
    );
    assert_eq!(versions(&entries), [2, 1]);
    assert_eq!(entries[0].action.as_deref(), Some("upgrade"));
    assert_eq!(history::verify(&entries[0], &new), Ok(()));
    assert_eq!(entries[1].status, "superseded");
    assert!(history::has_failed_test(&entries[1]));
    assert_eq!(history::verify(&entries[1], &old), Ok(()));
}

#[test]
fn other_actions_renew_the_entries_of_their_records() {
    // parity: HR-RB-002, HR-UN-002, HR-STATE-003
    let mut entries = vec![failed_test(entry(2, "failed")), entry(1, "superseded")];
    let algorithm = Algorithm::Sha256;
    History::new(&mut entries, algorithm).rolled_back(&release(3, Status::PendingRollback));
    History::new(&mut entries, algorithm).rolled_back(&release(3, Status::Deployed));
    assert_eq!(versions(&entries), [3, 2, 1]);
    assert_eq!(
        (entries[0].action.as_deref(), entries[0].status.as_str()),
        (Some("rollback"), "deployed")
    );

    History::new(&mut entries, algorithm).uninstalled(
        &release(2, Status::Uninstalled),
        Action::UninstallRemediation,
    );
    assert_eq!(entries[1].action.as_deref(), Some("uninstall-remediation"));
    assert!(history::has_failed_test(&entries[1]));
    History::new(&mut entries, algorithm)
        .uninstalled(&release(9, Status::Uninstalled), Action::Uninstall);
    assert_eq!(versions(&entries), [3, 2, 1]);

    History::new(&mut entries, algorithm).unlocked(&release(3, Status::Failed));
    assert_eq!(
        (entries[0].action.as_deref(), entries[0].status.as_str()),
        (Some("rollback"), "failed")
    );
}

#[test]
fn what_records_bear_out_is_remembered_beside_an_attempt_that_was_not_told() {
    let algorithm = Algorithm::Sha256;
    let good = release(1, Status::Deployed);
    let superseded = release(1, Status::Superseded);
    let entry = history::snapshot(&good, None, Some("install"), algorithm);
    // The record is as the entry says, or lost its state to the attempt.
    for record in [&good, &superseded] {
        let mut entries = vec![entry.clone()];
        History::new(&mut entries, algorithm)
            .forget_unknown(|version| (version == 1).then_some(record));
        assert_eq!(entries[0].action.as_deref(), Some("install"));
        assert!(history::verify(&entries[0], record).is_ok());
    }
    // Whoever changed or removed it, it was not this object.
    let mut other = good.clone();
    other.manifest = "kind: Other".into();
    for record in [Some(&other), None] {
        let mut entries = vec![entry.clone()];
        History::new(&mut entries, algorithm).forget_unknown(|_| record);
        assert_eq!(versions(&entries), [] as [i64; 0]);
    }
}

#[test]
fn results_of_tests_are_those_of_the_latest_release() {
    // parity: HR-TEST-004, HR-TEST-003, HR-TEST-007
    let mut entries = vec![entry(2, "deployed"), entry(1, "superseded")];
    let mut tested = release(2, Status::Deployed);
    for (name, phase) in [("a", "Succeeded"), ("b", "Failed"), ("c", "")] {
        tested.hooks.push(test_hook(name, phase));
    }
    tested.hooks[0].last_run = HookExecution {
        started_at: Time::from_seconds(10),
        completed_at: Time::from_seconds(20),
        phase: "Succeeded".into(),
    };
    let filter = |name: &str, exclude| TestFilter {
        exclude,
        name: name.into(),
    };
    let names = |filters: &[TestFilter]| -> Vec<String> {
        history::test_hooks(&tested, filters).into_keys().collect()
    };
    assert_eq!(names(&[]), ["a", "b", "c"]);
    assert_eq!(names(&[filter("a", true)]), ["b", "c"]);
    assert_eq!(
        names(&[filter("a", false), filter("b", false), filter("b", true)]),
        ["a"]
    );
    assert!(names(&[filter("x", false)]).is_empty());

    let algorithm = Algorithm::Sha256;
    History::new(&mut entries, algorithm).tested(&release(1, Status::Superseded), &[]);
    assert!(entries.iter().all(|entry| entry.test_hooks.is_none()));
    History::new(&mut entries, algorithm).tested(&tested, &[filter("a", false)]);
    assert!(history::is_tested(&entries[0]) && !history::has_failed_test(&entries[0]));
    assert_eq!(
        serde_json::to_value(&entries[0].test_hooks).unwrap(),
        serde_json::json!({"a": {"lastStarted": "1970-01-01T00:00:10Z", "lastCompleted": "1970-01-01T00:00:20Z", "phase": "Succeeded"}})
    );
    let said = "Helm test succeeded for release default/app.v2 with chart app@1.0.0: ";
    assert_eq!(
        messages::tests_succeeded(&entries[0]),
        format!("{said}1 test hook completed successfully")
    );
    History::new(&mut entries, algorithm).tested(&tested, &[filter("x", false)]);
    assert!(history::is_tested(&entries[0]));
    assert_eq!(
        messages::tests_succeeded(&entries[0]),
        format!("{said}no test hooks")
    );
    History::new(&mut entries, algorithm).tested(&tested, &[]);
    assert!(history::has_failed_test(&entries[0]));
}
