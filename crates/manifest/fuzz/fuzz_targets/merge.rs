//! Two documents: merging them does not panic, and the result can be written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rosin_manifest::merge;
use rosin_manifest::schema::Schema;
use rosin_manifest::yaml;

fuzz_target!(|bytes: &[u8]| {
    let Ok(documents) = yaml::read_resources(bytes) else { return };
    let [target, patch, ..] = documents.as_slice() else { return };
    if let Ok(Some(merged)) = merge::strategic(target.clone(), patch, &Schema::builtin()) {
        let _ = merged.to_json_string();
        let _ = yaml::to_string_kyaml(&merged);
    }
});
