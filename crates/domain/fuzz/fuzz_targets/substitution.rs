//! Substitution ends in a text or an error, whatever the template, and within its limits.

#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use rosin_domain::substitution::{Strictness, substitute};

fuzz_target!(|input: (&str, BTreeMap<String, String>)| {
    let (template, variables) = input;
    for strictness in [Strictness::Strict, Strictness::Lenient] {
        if let Ok(text) = substitute(template, &variables, strictness) {
            assert!(text.len() <= 16 << 20);
            if !template.contains('$') {
                assert_eq!(text, template);
            }
        }
    }
});
