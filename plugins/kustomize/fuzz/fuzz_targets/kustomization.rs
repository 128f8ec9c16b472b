//! A kustomization and a file of objects: building them does not panic, and what is built can be printed.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use rosin_kustomize::{BuildRequest, build};

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(2, |byte| *byte == 0);
    let (Some(kustomization), Some(objects)) = (parts.next(), parts.next()) else { return };
    let files = BTreeMap::from([
        ("kustomization.yaml".to_owned(), kustomization.to_vec()),
        ("objects.yaml".to_owned(), objects.to_vec()),
    ]);
    if let Ok(output) = build(&BuildRequest::default(), &files) {
        for object in &output.objects {
            let _ = object.to_yaml();
        }
    }
});
