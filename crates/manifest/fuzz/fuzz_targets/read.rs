//! Any bytes, in both dialects: no panic, and what was read can be written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rosin_manifest::yaml::{self, Dialect};

fuzz_target!(|bytes: &[u8]| {
    for dialect in [Dialect::Kyaml, Dialect::Sigs] {
        for node in yaml::read(bytes, dialect).unwrap_or_default() {
            let _ = node.to_json_string();
            let _ = node.to_json();
            let _ = yaml::to_string_kyaml(&node.clone());
        }
    }
    let _ = yaml::read_resources(bytes);
});
