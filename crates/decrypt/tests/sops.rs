//! Random files against the real sops, which tests/tools/build makes: `cargo test -p rosin-decrypt --test sops -- --ignored`.
#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

use std::{
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
};

use proptest::{prelude::*, test_runner::TestRunner};
use rosin_decrypt::{Format, Integrity, Keys, decrypt_file};
use serde_json::Value;

const KEY: &str = include_str!("data/keys/one.agekey");

fn sops() -> PathBuf {
    let home = std::env::var_os("HOME").unwrap_or_default();
    let tools = std::env::var_os("ROSIN_TOOLS").map_or_else(
        || PathBuf::from(home).join(".cache/rosin/tools"),
        PathBuf::from,
    );
    tools.join("sops")
}

fn run(arguments: &[&str], kind: &str, input: &[u8]) -> Vec<u8> {
    let mut child = Command::new(sops())
        .args(arguments)
        .args([
            "--input-type",
            kind,
            "--output-type",
            kind,
            "--filename-override",
            "x",
        ])
        .env("SOPS_AGE_KEY", KEY.lines().last().unwrap())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("tests/tools/build sops");
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{kind}: {}",
        String::from_utf8_lossy(input)
    );
    output.stdout
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9 _.:#'\"\\\\/{}\\[\\],&*!|>%@`=-]{0,24}",
        "[ a-z]{0,8}(\n[ a-z#:-]{0,12}){0,4}",
        Just("yes".to_owned()),
        Just("0x1F".to_owned()),
        Just("1e3".to_owned()),
        Just("~".to_owned()),
        Just("2020-01-01".to_owned()),
        Just("null".to_owned()),
        Just("- a".to_owned()),
        Just("\u{85}é☃🎉".to_owned()),
        Just("x".repeat(200)),
        Just("tab\tand\u{1}".to_owned()),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        text().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop_oneof![
            Just(0.5),
            Just(1e21),
            Just(-2.25e-9),
            Just(3.0),
            -1e6..1e6f64
        ]
        .prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z][a-z0-9.-]{0,8}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn document() -> impl Strategy<Value = Value> {
    prop::collection::btree_map("[a-rt-z][a-zA-Z0-9._-]{0,8}", value(), 1..6)
        .prop_map(|map| Value::Object(map.into_iter().collect()))
}

#[test]
#[ignore = "needs sops of tests/tools/build"]
fn random_files_decrypt_as_by_sops() {
    let recipient = KEY
        .lines()
        .find_map(|line| line.strip_prefix("# public key: "))
        .unwrap();
    let keys = Keys::from_secret([("one.agekey", KEY.as_bytes())]).unwrap();
    let cases = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(40);
    let mut runner = TestRunner::new(ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    runner
        .run(&document(), |document| {
            let json = document.to_string();
            for (kind, format) in [("json", Format::Json), ("yaml", Format::Yaml)] {
                let encrypted = run(&["encrypt", "--age", recipient], kind, json.as_bytes());
                let expected = run(&["decrypt"], kind, &encrypted);
                let plain = decrypt_file(&encrypted, format, format, &keys, Integrity::Verify)
                    .map_err(|error| TestCaseError::fail(format!("{kind}: {error}\n{json}")))?;
                prop_assert_eq!(
                    String::from_utf8_lossy(&plain),
                    String::from_utf8_lossy(&expected),
                    "{}",
                    kind
                );
            }
            Ok(())
        })
        .unwrap();
}
