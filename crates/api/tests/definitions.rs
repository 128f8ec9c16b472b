//! The derived definitions against the recorded shapes of Flux's, field by field, where the recordings are.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

/// What Rosin adds on purpose. Everything else must be equal.
const ADDITIONS: [&str; 2] = [
    // Picks the program that renders; absent means kustomize, as in Flux.
    "kustomizations.kustomize.toolkit.fluxcd.io/versions/0/schema/openAPIV3Schema/properties/spec/properties/renderer",
    // Which component rendered, and what it may ask for.
    "kustomizations.kustomize.toolkit.fluxcd.io/versions/0/schema/openAPIV3Schema/properties/status/properties/renderer",
];

fn recordings() -> Option<PathBuf> {
    let path = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/conformance/crds"
    ));
    path.is_dir().then_some(path)
}

/// The parts that the recordings have: descriptions are everybody's own.
fn shape(crd: &Value) -> Value {
    let spec = &crd["spec"];
    let mut versions = spec["versions"].clone();
    strip(&mut versions);
    serde_json::json!({
        "annotations": crd["metadata"]["annotations"],
        "group": spec["group"],
        "names": names(&spec["names"], crd),
        "scope": spec["scope"],
        "versions": versions,
    })
}

/// The API server fills in the list's kind.
fn names(names: &Value, crd: &Value) -> Value {
    let mut names = names.clone();
    if names["listKind"].is_null() {
        let kind = crd["spec"]["names"]["kind"].as_str().unwrap_or_default();
        names["listKind"] = format!("{kind}List").into();
    }
    names
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if map.get("description").is_some_and(Value::is_string) {
                map.remove("description");
            }
            for key in ["required", "enum", "x-kubernetes-validations"] {
                if let Some(Value::Array(list)) = map.get_mut(key) {
                    list.sort_by_key(Value::to_string);
                }
            }
            map.values_mut().for_each(strip);
        }
        Value::Array(list) => list.iter_mut().for_each(strip),
        _ => {}
    }
}

fn flatten(prefix: &str, value: &Value, into: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                flatten(&format!("{prefix}/{key}"), value, into);
            }
        }
        Value::Array(list) if !list.is_empty() => {
            for (index, value) in list.iter().enumerate() {
                flatten(&format!("{prefix}/{index}"), value, into);
            }
        }
        // Bounds are decoded as floating point numbers, and written as whole ones.
        Value::Number(number) => {
            into.insert(prefix.to_owned(), Value::from(number.as_f64()));
        }
        leaf => {
            into.insert(prefix.to_owned(), leaf.clone());
        }
    }
}

fn differences(ours: &Value, theirs: &Value, name: &str) -> Vec<String> {
    let (mut left, mut right) = (BTreeMap::new(), BTreeMap::new());
    flatten(name, ours, &mut left);
    flatten(name, theirs, &mut right);
    left.retain(|path, _| !ADDITIONS.iter().any(|added| path.starts_with(added)));
    let paths: std::collections::BTreeSet<_> = left.keys().chain(right.keys()).collect();
    paths
        .into_iter()
        .filter(|path| left.get(*path) != right.get(*path))
        .map(|path| {
            format!(
                "{path}: ours {:?}, Flux's {:?}",
                left.get(path),
                right.get(path)
            )
        })
        .collect()
}

#[test]
fn definitions_accept_and_default_what_flux_does() {
    // parity: KS-API-001, KS-API-002, KS-API-003, KS-API-004, KS-API-006, KS-API-007, KS-API-008, KS-API-009, KS-API-010,
    // KS-API-011, KS-API-012, KS-API-014, KS-API-015, KS-API-016, KS-API-017
    // parity: HR-API-001, HR-API-002, HR-API-003, HR-API-005, HR-API-006, HR-API-007, HR-API-009, HR-API-010, HR-API-011
    let Some(recordings) = recordings() else {
        eprintln!("skipped: no recorded definitions beside this clone");
        return;
    };
    for crd in rosin_api::definitions::all() {
        let name = crd.metadata.name.clone().unwrap();
        let recorded = fs::read_to_string(recordings.join(format!("{name}.json"))).unwrap();
        let mut theirs: Value = serde_json::from_str(&recorded).unwrap();
        strip(&mut theirs);
        let found = differences(&shape(&serde_json::to_value(&crd).unwrap()), &theirs, &name);
        assert!(found.is_empty(), "{name} differs:\n{}", found.join("\n"));
    }
}

#[test]
fn additions_are_optional() {
    // parity: KS-API-018
    for crd in rosin_api::definitions::all() {
        let crd = serde_json::to_value(&crd).unwrap();
        let required = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
            ["required"];
        assert!(
            !required
                .as_array()
                .unwrap()
                .contains(&Value::from("renderer"))
        );
    }
}

#[test]
fn every_field_is_documented() {
    fn undocumented(path: &str, schema: &Value, found: &mut Vec<String>) {
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{name}");
            if property["description"]
                .as_str()
                .unwrap_or_default()
                .is_empty()
            {
                found.push(path.clone());
            }
            undocumented(&path, property, found);
            undocumented(&format!("{path}[]"), &property["items"], found);
        }
    }
    for crd in rosin_api::definitions::all() {
        let crd = serde_json::to_value(&crd).unwrap();
        let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        let mut found = Vec::new();
        for part in ["spec", "status"] {
            undocumented(part, &schema["properties"][part], &mut found);
        }
        assert!(found.is_empty(), "without description: {found:?}");
    }
}
