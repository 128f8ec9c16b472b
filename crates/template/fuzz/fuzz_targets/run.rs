//! Any bytes as a template, run on values of every kind: no panic, and an end within the limits.
#![no_main]

use std::rc::Rc;

use libfuzzer_sys::fuzz_target;
use rosin_template::{Env, Functions, Limits, Still, Str, Templates, Value, json, parse, sprig};

const VALUES: &[u8] = br#"{"s": "text", "n": 1.5, "t": true, "nil": null, "l": [1, "b", null, [2]], "m": {"a": {"b": "c"}, "d": 1e21}}"#;

thread_local! {
    static FUNCTIONS: Rc<Functions> = Rc::new(sprig::functions());
}

fuzz_target!(|bytes: &[u8]| {
    let functions = FUNCTIONS.with(Rc::clone);
    let Ok(trees) = parse("fuzz", Str::from(bytes), &functions) else {
        return;
    };
    let mut templates = Templates::default();
    templates.add(trees);
    let mut env = Env::new(functions, Rc::new(templates), Rc::new(Still));
    env.limits = Limits {
        depth: 20,
        text: 1 << 16,
        output: 1 << 20,
        steps: 10_000,
    };
    let values = json::decode(VALUES).unwrap_or(Value::Nil);
    let _ = env.execute(b"fuzz", values);
});
