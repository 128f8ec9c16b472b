//! What the original controller recorded, where the recordings are (`ROSIN_CONFORMANCE`).
#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

use std::path::PathBuf;

use rosin_release::record;
use rosin_release::{ApplyMethod, Status, observe, values};
use serde_json::Value;

fn scenario(name: &str, file: &str) -> Option<String> {
    let root = std::env::var_os("ROSIN_CONFORMANCE").map(PathBuf::from)?;
    std::fs::read_to_string(root.join("e2e/scenarios").join(name).join(file)).ok()
}

/// The value behind a field's name in a text of YAML; the first one.
fn field<'t>(text: &'t str, name: &str) -> &'t str {
    let at = text.find(&format!("{name}: ")).unwrap();
    text[at + name.len() + 2..].lines().next().unwrap()
}

#[test]
fn a_release_of_the_original_controller_verifies() {
    // parity: HR-HIST-006, HR-HIST-005, HR-STATE-011, HR-STORAGE-004
    use base64::Engine as _;
    let Some(text) = scenario("hr-takeover", "scenario.yaml") else {
        eprintln!("skipped: ROSIN_CONFORMANCE is not set");
        return;
    };
    let content = base64::engine::general_purpose::STANDARD
        .decode(field(&text, "release"))
        .unwrap();
    let release = record::decode(&content).unwrap();
    assert_eq!(release.info.status, Status::Deployed);
    assert_eq!(release.apply_method, Some(ApplyMethod::Server));
    assert!(release.unknown.is_empty() && release.info.unknown.is_empty());
    assert!(observe::verifies(field(&text, "  digest"), &release, ""));
    assert!(values::verifies(
        field(&text, "configDigest"),
        &release.config
    ));
    // Unpacked and packed again, it is the same text.
    let again = record::decode(record::encode(&release).as_bytes()).unwrap();
    assert_eq!(again, release);
    assert_eq!(again.to_json(), release.to_json());
}

#[test]
fn values_of_every_recorded_release_have_the_recorded_digest() {
    // parity: HR-VAL-011, HR-VAL-012
    let Some(root) = std::env::var_os("ROSIN_CONFORMANCE").map(PathBuf::from) else {
        eprintln!("skipped: ROSIN_CONFORMANCE is not set");
        return;
    };
    let mut compared = 0;
    for entry in std::fs::read_dir(root.join("e2e/scenarios")).unwrap() {
        let path = entry.unwrap().path().join("expected.json");
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        let expected: Value = serde_json::from_str(&text).unwrap();
        for objects in expected["checkpoints"].as_object().unwrap().values() {
            let objects = objects.as_object().unwrap();
            for release in objects.values() {
                for snapshot in release["status"]["history"]
                    .as_array()
                    .into_iter()
                    .flatten()
                {
                    let Some(name) = snapshot["name"].as_str() else {
                        continue;
                    };
                    let name = format!("sh.helm.release.v1.{name}.v{}", snapshot["version"]);
                    let Some(secret) = objects
                        .iter()
                        .find(|(key, _)| key.ends_with(&format!("/{name}")))
                    else {
                        continue;
                    };
                    let config = match &secret.1["data"]["release"]["config"] {
                        Value::Object(config) => config.clone(),
                        _ => values::Values::new(),
                    };
                    let Value::Object(config) = values::decoded(Value::Object(config)) else {
                        unreachable!()
                    };
                    let digest = snapshot["configDigest"].as_str().unwrap();
                    assert!(
                        values::verifies(digest, &config),
                        "{name} of {}",
                        path.display()
                    );
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 20, "{compared}");
}
