//! What the original controller recorded, where the recordings are (`ROSIN_CONFORMANCE`).
#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

use std::path::PathBuf;

use rosin_release::record;
use rosin_release::{ApplyMethod, Status, observe, postrender, values};
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

/// The chart in a record, as files. JSON is YAML.
fn files_of(chart: &Value) -> Vec<rosin_chart::File> {
    let mut files = vec![
        rosin_chart::File::new("Chart.yaml", chart["metadata"].to_string().as_str()),
        rosin_chart::File::new("values.yaml", chart["values"].to_string().as_str()),
    ];
    for file in chart["templates"].as_array().into_iter().flatten() {
        let (name, data) = (&file["name"], &file["data"]);
        files.push(rosin_chart::File::new(
            name.as_str().unwrap(),
            data.as_str().unwrap(),
        ));
    }
    files
}

/// The manifest and the hooks that we would store for a record that is no rollback.
fn released(record: &Value, object: &rosin_api::HelmRelease) -> postrender::Released {
    let chart = rosin_chart::load_files(files_of(&record["chart"])).unwrap();
    let revision = record["version"].as_i64().unwrap();
    let options = serde_json::json!({
        "release": {
            "name": record["name"], "namespace": record["namespace"], "revision": revision, "isUpgrade": revision > 1,
        },
        "values": match &record["config"] {
            Value::Null => serde_json::json!({}),
            config => config.clone(),
        },
    });
    let options: rosin_helm::Options = serde_json::from_value(options).unwrap();
    let scene = rosin_helm::Scene::new(std::rc::Rc::new(rosin_template::Still));
    let rendered = rosin_helm::render(chart, &options, &scene).unwrap();
    let hooks = rendered.hooks.into_iter().map(|hook| hook.manifest);
    let documents = rendered.manifests.into_iter().chain(hooks);
    let documents = documents.map(|manifest| postrender::Document {
        path: manifest.source,
        line: manifest.line,
        text: manifest.text,
    });
    let strategy = object.spec.post_render_strategy.unwrap_or_default();
    let stage = postrender::Rendered::new(documents.collect(), strategy).unwrap();
    stage
        .finish(&object.spec, object.namespace(), object.name())
        .unwrap()
}

#[test]
fn recorded_manifests_are_ours() {
    // parity: HR-POST-003, HR-POST-006, HR-STORAGE-008, HR-TPL-006
    let Some(root) = std::env::var_os("ROSIN_CONFORMANCE").map(PathBuf::from) else {
        eprintln!("skipped: ROSIN_CONFORMANCE is not set");
        return;
    };
    let mut compared = 0;
    for entry in std::fs::read_dir(root.join("e2e/scenarios")).unwrap() {
        let folder = entry.unwrap().path();
        let Ok(text) = std::fs::read_to_string(folder.join("expected.json")) else {
            continue;
        };
        // What a cluster says is not in the record, and neither are partials and subcharts that were dropped.
        if folder.ends_with("hr-lookup") {
            continue;
        }
        let expected: Value = serde_json::from_str(&text).unwrap();
        for objects in expected["checkpoints"].as_object().unwrap().values() {
            for (key, secret) in objects.as_object().unwrap() {
                let record = &secret["data"]["release"];
                let described = record["info"]["description"].as_str().unwrap_or_default();
                if !key.contains("/sh.helm.release.v1.") || described.starts_with("Rollback") {
                    continue;
                }
                let Some(labels) = record["manifest"].as_str().and_then(|text| {
                    let (_, rest) = text.split_once("helm.toolkit.fluxcd.io/name: ")?;
                    let (name, rest) = rest.split_once('\n')?;
                    let (_, rest) = rest.split_once("helm.toolkit.fluxcd.io/namespace: ")?;
                    Some((name, rest.split_once('\n')?.0))
                }) else {
                    continue;
                };
                let object = serde_json::json!({
                    "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
                    "metadata": {"name": labels.0.trim_matches('"'), "namespace": labels.1}, "spec": {"interval": "1m"},
                });
                let object = serde_json::from_value(object).unwrap();
                let ours = released(record, &object);
                let at = format!("{key} of {}", folder.display());
                assert_eq!(ours.manifest, record["manifest"].as_str().unwrap(), "{at}");
                let recorded = record["hooks"]
                    .as_array()
                    .map(Vec::as_slice)
                    .unwrap_or_default();
                assert_eq!(ours.hooks.len(), recorded.len(), "{at}");
                for (hook, recorded) in ours.hooks.iter().zip(recorded) {
                    assert_eq!(
                        hook.manifest,
                        recorded["manifest"].as_str().unwrap(),
                        "{at}"
                    );
                    assert_eq!(hook.name, recorded["name"].as_str().unwrap());
                    assert_eq!(hook.path, recorded["path"].as_str().unwrap());
                    assert_eq!(serde_json::json!(hook.events), recorded["events"]);
                    assert_eq!(hook.weight, recorded["weight"].as_i64().unwrap_or(0));
                }
                compared += 1;
            }
        }
    }
    assert!(compared > 50, "{compared}");
}
