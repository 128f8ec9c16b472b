//! Unpacks arbitrary bytes as the tar inside of an archive: whatever they are, the folder is empty afterwards.
#![no_main]

use std::io::Read;

use libfuzzer_sys::fuzz_target;
use rosin_source::artifact::unpack;
use rosin_tree::Limits;

fuzz_target!(|bytes: &[u8]| {
    let folder = cap_tempfile::tempdir(cap_tempfile::ambient_authority()).expect("folder");
    let limits = Limits { entries: 100, file_bytes: 1 << 16, total_bytes: 1 << 18 };
    let mut packed = Vec::new();
    flate2::read::GzEncoder::new(bytes, flate2::Compression::none()).read_to_end(&mut packed).expect("packs");
    let _ = unpack(&packed[..], limits, &folder);
    assert_eq!(folder.entries().expect("lists").count(), 0);
});
