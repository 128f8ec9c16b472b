//! Any bytes as a packed chart, and as the tar inside of one: no panic, and never a path that leaves the chart.
#![no_main]

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use libfuzzer_sys::fuzz_target;
use rosin_chart::load_archive;

fn check(bytes: &[u8]) {
    let Ok(chart) = load_archive(bytes) else {
        return;
    };
    for file in chart.files.iter().chain(&chart.templates) {
        assert!(!file.name.starts_with('/'), "{}", file.name);
        assert!(file.name.split('/').all(|part| part != ".."), "{}", file.name);
    }
}

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    let mut packed = GzEncoder::new(Vec::new(), Compression::none());
    if packed.write_all(bytes).is_ok()
        && let Ok(packed) = packed.finish()
    {
        check(&packed);
    }
});
