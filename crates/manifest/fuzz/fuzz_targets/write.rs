//! Any JSON: the YAML of it means the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rosin_manifest::yaml::{self, Dialect};
use rosin_manifest::Node;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let Ok(value) = serde_json::from_slice::<Value>(bytes) else { return };
    let node = Node::from_json(&value);
    let normal = node.to_json().expect("JSON has no values that JSON cannot have");
    let text = yaml::to_string_sigs(&normal);
    let read = yaml::read_one(text.as_bytes(), Dialect::Sigs).expect("what was written can be read");
    assert_eq!(read.to_json().expect("still JSON"), normal, "{text}");
    let _ = yaml::to_string_kyaml(&node);
});
