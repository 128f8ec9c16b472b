//! Any bytes as a template: no panic, and a tree or an error that names the template.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rosin_template::{Functions, Str, parse, sprig};

thread_local! {
    static FUNCTIONS: Functions = sprig::functions();
}

fuzz_target!(|bytes: &[u8]| {
    FUNCTIONS.with(|functions| match parse("fuzz", Str::from(bytes), functions) {
        Ok(trees) => assert!(trees.contains_key(&Str::from("fuzz"))),
        Err(error) => assert!(error.to_string().starts_with("template: fuzz:")),
    });
});
