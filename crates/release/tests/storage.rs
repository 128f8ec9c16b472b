//! Helm's own storage on the Secrets that we write.
#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

mod oracle;
mod support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oracle::Oracle;
use rosin_release::record::{SECRET_TYPE, encode, labels, secret_name};
use rosin_release::{Hook, Release, Status, Time};
use serde_json::{Value, json};
use support::release;

fn secret(release: &Release) -> Value {
    let now = "2026-11-21T10:27:14Z".parse().unwrap();
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "type": SECRET_TYPE,
        "metadata": {
            "name": secret_name(&release.name, release.version), "namespace": "default", "labels": labels(release, true, now),
        },
        "data": {"release": STANDARD.encode(encode(release))},
    })
}

#[test]
fn helm_finds_what_we_write() {
    // parity: HR-STORAGE-001, HR-STORAGE-002, HR-STORAGE-010, HR-STORAGE-012
    let mut records: Vec<Release> = [
        (1, Status::Superseded, "Install complete"),
        (2, Status::Deployed, "Upgrade complete"),
        (3, Status::Failed, "Upgrade \"app\" failed: no"),
    ]
    .into_iter()
    .map(|(version, status, description)| {
        let mut release = release(version, status);
        release.info.description = description.into();
        release.info.first_deployed = Time::parse("2026-11-21T10:27:14.449180675Z").unwrap();
        release.hooks.push(Hook {
            name: "hook".into(),
            events: vec!["pre-install".into()],
            ..Hook::default()
        });
        release
    })
    .collect();
    records[2].labels.insert("team".into(), "a".into());
    let mut other = release(9, Status::Deployed);
    other.name = "other".into();
    let secrets: Vec<Value> = records.iter().chain([&other]).map(secret).collect();
    let Some(mut oracle) = Oracle::start() else {
        return;
    };
    let found = oracle
        .ask(json!({"op": "storage", "name": "app", "secrets": secrets}))
        .unwrap();
    assert_eq!(
        found["history"],
        json!([
            "1 superseded Install complete",
            "2 deployed Upgrade complete",
            "3 failed Upgrade \"app\" failed: no"
        ])
    );
    for (what, record) in [("deployed", &records[1]), ("last", &records[2])] {
        let read = Release::from_json(&found[what].to_string()).unwrap();
        assert_eq!(read.to_json(), record.to_json());
    }
    assert_eq!(found["labels"]["team"], "a");
}
