//! A document and a patch: applying it does not panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rosin_manifest::json_patch::Patch;
use rosin_manifest::yaml;

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(2, |byte| *byte == 0);
    let (Some(document), Some(patch)) = (parts.next(), parts.next()) else { return };
    let (Ok(documents), Ok(patch)) = (yaml::read_resources(document), Patch::parse(patch)) else { return };
    for node in &documents {
        let _ = patch.apply(node);
    }
});
