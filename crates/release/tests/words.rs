//! What conditions, events and Secrets say.
#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

mod support;

use std::collections::BTreeMap;

use rosin_api::{Condition, ConditionStatus, Duration, Time};
use rosin_release::history::snapshot;
use rosin_release::messages::{self, Attempt};
use rosin_release::{Algorithm, Status, record};
use support::release;

#[test]
fn actions_are_told_in_fluxs_words() {
    // parity: HR-INST-007, HR-INST-008, HR-UPG-007, HR-RB-003, HR-UN-003
    let entry = snapshot(&release(1, Status::Deployed), None, None, Algorithm::Sha256);
    let attempt = Attempt {
        namespace: "ns",
        name: "long-name",
        chart_name: "app",
        chart_version: "1.0.0",
    };
    for (said, expected) in [
        (
            messages::install_succeeded(&entry),
            "Helm install succeeded for release default/app.v1 with chart app@1.0.0",
        ),
        (
            messages::upgrade_succeeded(&entry),
            "Helm upgrade succeeded for release default/app.v1 with chart app@1.0.0",
        ),
        (
            messages::install_failed(&attempt, " no\n"),
            "Helm install failed for release ns/long-name with chart app@1.0.0: no",
        ),
        (
            messages::upgrade_failed(&attempt, "no"),
            "Helm upgrade failed for release ns/long-name with chart app@1.0.0: no",
        ),
        (
            messages::rollback_succeeded(&entry),
            "Helm rollback to previous release default/app.v1 with chart app@1.0.0 succeeded",
        ),
        (
            messages::rollback_failed(&entry, "no"),
            "Helm rollback to previous release default/app.v1 with chart app@1.0.0 failed: no",
        ),
        (
            messages::uninstall_succeeded(&entry),
            "Helm uninstall succeeded for release default/app.v1 with chart app@1.0.0",
        ),
        (
            messages::uninstall_failed(&entry, "no"),
            "Helm uninstall failed for release default/app.v1 with chart app@1.0.0: no",
        ),
        (
            messages::uninstall_found_nothing(&entry),
            "Release default/app.v1 was not found, assuming it is uninstalled",
        ),
        (
            messages::uninstalled_before(&entry),
            "Release default/app.v1 was already uninstalled",
        ),
        (
            messages::remediation_succeeded(&entry),
            "Helm uninstall remediation for release default/app.v1 with chart app@1.0.0 succeeded",
        ),
        (
            messages::remediation_failed(&entry, "no"),
            "Helm uninstall remediation for release default/app.v1 with chart app@1.0.0 failed: no",
        ),
        (
            messages::unlocked(&entry, &Status::PendingUpgrade),
            "Unlocked Helm release default/app.v1 with chart app@1.0.0 in pending-upgrade state",
        ),
        (
            messages::unlock_failed(&entry, &Status::PendingUpgrade, "no"),
            "Unlock of Helm release default/app.v1 with chart app@1.0.0 in pending-upgrade state failed: no",
        ),
        (
            messages::unlock_description(&Status::PendingInstall),
            "Release unlocked from stale 'pending-install' state",
        ),
        (
            messages::awaiting_tests(&entry),
            "Helm release default/app.v1 with chart app@1.0.0 is awaiting tests",
        ),
        (
            messages::tests_failed(&entry, "no"),
            "Helm test failed for release default/app.v1 with chart app@1.0.0: no",
        ),
        (
            messages::drifted(&entry, "x"),
            "Cluster state of release default/app.v1 has drifted from the desired state:\nx",
        ),
        (
            messages::retrying(Duration::from_secs(90)),
            "retrying after 1m30s",
        ),
        (messages::with_log("a", "b"), "a\n\nLast Helm logs:\n\nb"),
        (messages::with_log("a", ""), "a"),
    ] {
        assert_eq!(said, expected);
    }
}

#[test]
fn events_carry_what_they_are_about() {
    // parity: HR-EVENT-002
    let metadata = messages::event_metadata("1.0.0", "sha256:1", "", "sha256:2");
    let prefix = |key: &str| format!("helm.toolkit.fluxcd.io/{key}");
    assert_eq!(
        metadata,
        [
            (prefix("revision"), "1.0.0".to_owned()),
            (prefix("token"), "sha256:1".to_owned()),
            (prefix("oci-digest"), "sha256:2".to_owned()),
        ]
    );
}

fn condition(type_: &str, status: ConditionStatus, generation: i64) -> Condition {
    Condition {
        last_transition_time: Time(Default::default()),
        message: format!("{type_} {generation}"),
        observed_generation: Some(generation),
        reason: "Reason".into(),
        status,
        type_: type_.into(),
    }
}

#[test]
fn ready_is_what_tells_most() {
    // parity: HR-STATUS-002, HR-REMED-007, HR-TEST-006
    use ConditionStatus::{False, True};
    let released = condition("Released", True, 2);
    let tested = condition("TestSuccess", False, 2);
    let ready = condition("Ready", False, 1);
    let say = |conditions: &[Condition], tests| {
        messages::summary(conditions, tests).map(|(status, _, message)| (status, message))
    };
    assert_eq!(say(&[], true), None);
    let conditions = [ready.clone(), released.clone(), tested.clone()];
    assert_eq!(say(&conditions, false), Some((True, "Released 2".into())));
    assert_eq!(
        say(&conditions, true),
        Some((False, "TestSuccess 2".into()))
    );
    let remediated = condition("Remediated", True, 2);
    let conditions = [ready.clone(), released.clone(), remediated, tested];
    assert_eq!(say(&conditions, true), Some((False, "Remediated 2".into())));
    // What is older does not come before what is newer.
    let conditions = [ready, released, condition("TestSuccess", False, 1)];
    assert_eq!(say(&conditions, true), Some((True, "Released 2".into())));
}

#[test]
fn secrets_are_named_and_labelled_as_helm_does() {
    // parity: HR-STORAGE-002, HR-STORAGE-003, HR-STORAGE-009
    let now = "2026-11-21T10:27:14.5Z".parse().unwrap();
    let found: BTreeMap<String, String> = [
        ("team", "a"),
        ("createdAt", "1"),
        ("status", "superseded"),
        ("owner", "helm"),
        ("version", "1"),
        ("name", "old"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    let release = release(7, Status::PendingUpgrade).with_labels(&found);
    assert_eq!(
        record::secret_name(&release.name, release.version),
        "sh.helm.release.v1.app.v7"
    );
    let expected = |stamp: &str| -> BTreeMap<String, String> {
        [
            (stamp, "1795256834"),
            ("name", "app"),
            ("owner", "helm"),
            ("status", "pending-upgrade"),
            ("team", "a"),
            ("version", "7"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
    };
    assert_eq!(record::labels(&release, true, now), expected("createdAt"));
    assert_eq!(record::labels(&release, false, now), expected("modifiedAt"));
    for name in [
        "unknown",
        "deployed",
        "uninstalled",
        "superseded",
        "failed",
        "uninstalling",
        "pending-install",
        "pending-upgrade",
        "pending-rollback",
    ] {
        let status = Status::from(name);
        assert_eq!(status.as_str(), name);
        assert!(!matches!(status, Status::Other(_)));
        assert_eq!(status.is_pending(), name.starts_with("pending"));
    }
}

#[test]
fn references_that_lead_nowhere_are_named() {
    // parity: HR-VAL-002, HR-VAL-007, HR-VAL-008
    use rosin_release::values::{Data, Reference, compose};
    let reference = |kind, data| Reference {
        kind,
        namespace: "ns",
        name: "given",
        key: "values.yaml",
        target_path: "",
        optional: false,
        literal: false,
        data,
    };
    let fail = |reference: Reference<'_>| {
        compose(&Default::default(), &[reference])
            .unwrap_err()
            .to_string()
    };
    let start = |kind: &str| {
        format!(
            "could not resolve {kind} chart values reference 'ns/given' with key 'values.yaml': "
        )
    };
    for (reference, expected) in [
        (
            reference("ConfigMap", Data::NoObject),
            start("ConfigMap") + "configmaps \"given\" not found",
        ),
        (
            reference("Secret", Data::NoObject),
            start("Secret") + "secrets \"given\" not found",
        ),
        (
            reference("Secret", Data::NoKey),
            start("Secret") + "key not found",
        ),
        (
            reference("Pod", Data::NoKey),
            start("Pod") + "unsupported values reference kind",
        ),
        (
            reference("Secret", Data::Found(b"- a")),
            start("Secret")
                + "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type common.Values",
        ),
    ] {
        assert_eq!(fail(reference), expected);
    }
    // What is optional may be missing, but not broken.
    let optional = |data| Reference {
        optional: true,
        ..reference("Secret", data)
    };
    for data in [Data::NoObject, Data::NoKey] {
        assert!(
            compose(&Default::default(), &[optional(data)])
                .unwrap()
                .is_empty()
        );
    }
    let error = fail(optional(Data::Found(b"a: [")));
    assert!(
        error.starts_with("could not resolve optional Secret chart values reference 'ns/given'"),
        "{error}"
    );
    let error = fail(Reference {
        target_path: "a[x]",
        ..reference("Secret", Data::Found(b"1"))
    });
    assert!(
        error.starts_with(&(start("Secret") + "error parsing index")),
        "{error}"
    );
}

#[test]
fn integers_are_said_as_flags() {
    use rosin_release::values::{Data, Reference, compose, integers, read};
    let inline = read(b"a: 1\nb: {l: [{}]}\n").unwrap();
    let reference = |path, data| Reference {
        kind: "Secret",
        namespace: "ns",
        name: "given",
        key: "k",
        target_path: path,
        optional: false,
        literal: false,
        data: Data::Found(data),
    };
    let values = compose(
        &inline,
        &[
            reference("b.l[0].n\\.m", b"1234567"),
            reference("b.t", b"'5'"),
        ],
    )
    .unwrap();
    assert_eq!(integers(&values), ["b.l[0].n\\.m=1234567"]);
}
