//! A list of replacements, for objects with texts, lists and numbers: no panic.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use rosin_kustomize::{BuildRequest, build};

const OBJECTS: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}, annotations: {a.b/c: "1"}}
spec:
  replicas: 1
  template: {spec: {containers: [{name: web, image: "nginx:1", env: [{name: A, value: b}]}, {name: other, args: [a, 5, null]}]}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {json: '{"a": {"b": [1, {"c": "d"}]}}', yaml: "a: [b, c]\n", empty: ""}
"#;

fuzz_target!(|bytes: &[u8]| {
    let kustomization = "resources: [objects.yaml]\nnamePrefix: p-\nreplacements: [{path: replacements.yaml}]\n";
    let files = BTreeMap::from([
        ("kustomization.yaml".to_owned(), kustomization.as_bytes().to_vec()),
        ("objects.yaml".to_owned(), OBJECTS.as_bytes().to_vec()),
        ("replacements.yaml".to_owned(), bytes.to_vec()),
    ]);
    if let Ok(output) = build(&BuildRequest::default(), &files) {
        for object in &output.objects {
            let _ = object.to_yaml();
        }
    }
});
