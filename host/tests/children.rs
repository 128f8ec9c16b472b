//! The processes that work on what strangers wrote: what they make of good components and options, and of those that are made to cost.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output, Stdio};

const ENOUGH: [&str; 2] = ["--memory=3000", "--seconds=60"];

/// Runs it as the controller does, with other limits.
fn compile(component: &[u8], flags: &[&str]) -> (tempfile::TempDir, Output) {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let mut args = vec![
        "compile-renderer".into(),
        "--cache".into(),
        cache.into_os_string(),
    ];
    args.extend(flags.iter().map(Into::into));
    let output = run(&args, component);
    (folder, output)
}

fn run(args: &[OsString], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_rosin"))
        .args(args)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may end before it has read everything.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn files(folder: &tempfile::TempDir) -> usize {
    let cache = folder.path().join("cache");
    std::fs::read_dir(cache).map_or(0, Iterator::count)
}

/// A component with this many functions that each branch many times.
fn bomb(functions: usize) -> Vec<u8> {
    let mut body = String::from("(local.get 0)");
    for _ in 0..25 {
        body = format!("(if (result i32) (local.get 0) (then {body}) (else (i32.const 1)))");
    }
    let mut module = rosin_hostile::module("good").unwrap();
    module.truncate(module.trim_end().len() - 1);
    for index in 0..functions {
        let _ = writeln!(
            module,
            "(func $bomb{index} (param i32) (result i32) {body})"
        );
    }
    module.push(')');
    rosin_hostile::component_of(&module, &[], "plugin").unwrap()
}

#[test]
fn a_component_is_compiled_into_the_cache() {
    let (folder, output) = compile(&rosin_hostile::component("good").unwrap(), &ENOUGH);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(files(&folder), 2, "the code and the key");
}

#[test]
fn what_is_no_component_is_said_to_be_none() {
    let (folder, output) = compile(b"\x7fELF", &ENOUGH);
    assert_eq!(output.status.code(), Some(65), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.starts_with("not a WebAssembly component"), "{said}");
    assert_eq!(files(&folder), 1, "the key");
}

#[test]
fn compiling_ends_at_its_limits() {
    // parity: SEC-WASM-09
    // About ten seconds of a processor, and more than 300 MiB: far from the limits on any machine.
    let bomb = bomb(32_000);
    let (folder, output) = compile(&bomb, &["--memory=3000", "--seconds=1"]);
    assert!(output.status.signal().is_some(), "{:?}", output.status);
    assert_eq!(files(&folder), 1, "the key");
    let little = ["--memory=200", "--seconds=60"];
    let (folder, output) = compile(&bomb, &little);
    assert!(!output.status.success(), "{:?}", output.status);
    assert!(files(&folder) <= 1, "the key, if it came so far");
    let (_, output) = compile(&rosin_hostile::component("good").unwrap(), &little);
    assert!(output.status.success(), "{output:?}");
}

fn check_options(schema: &str, options: &serde_json::Value) -> Output {
    let question = serde_json::json!({"schema": schema, "options": options}).to_string();
    let args = ["check-options", "--memory=512", "--seconds=2"];
    run(&args.map(Into::into), question.as_bytes())
}

#[test]
fn options_are_checked_against_schemas() {
    let schema =
        r#"{"properties": {"replicas": {"type": "integer"}}, "additionalProperties": false}"#;
    let output = check_options(schema, &serde_json::json!({"replicas": 2}));
    assert!(output.status.success(), "{output:?}");
    let output = check_options(schema, &serde_json::json!({"replicas": "two"}));
    assert_eq!(output.status.code(), Some(65));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.starts_with("spec.renderer.options:\n") && said.contains("/replicas"),
        "{said}"
    );
    let output = check_options("no schema", &serde_json::json!({}));
    assert_eq!(output.status.code(), Some(65));
}

#[test]
fn schemas_that_cost_too_much_end_at_the_limits() {
    let patterns: Vec<_> = (0..5000)
        .map(|n| serde_json::json!({"pattern": format!("(a{{900}}){{9}}{n}")}))
        .collect();
    let schema = serde_json::json!({"anyOf": patterns}).to_string();
    let output = check_options(&schema, &serde_json::json!("a"));
    assert!(!output.status.success(), "{output:?}");
}
