//! The recorded cases of the template language and of functions, where they are: the figures must not fall.
#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

use std::path::{Path, PathBuf};

use rosin_conformance::helm::Answers;
use serde_json::Value;

/// Cases that pass, of those recorded. Raise them with the renderer, never lower them.
const LANGUAGE_FLOOR: usize = 2_431;
const FUNCTIONS_FLOOR: usize = 2_214;

fn corpus() -> Option<PathBuf> {
    let folder = match std::env::var_os("ROSIN_CONFORMANCE") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance"),
    };
    Some(folder.join("helm")).filter(|folder| folder.is_dir())
}

/// Passed, and all.
fn run(corpus: &Path, file: &str, kind: &str) -> (usize, usize) {
    let answers = Answers::new(Some(&corpus.join("fixture-chart"))).unwrap();
    let cases = std::fs::read_to_string(corpus.join(file)).unwrap();
    let (mut passed, mut all) = (0, 0);
    for line in cases.lines() {
        let mut case: Value = serde_json::from_str(line).unwrap();
        case["kind"] = kind.into();
        let answer: Value = serde_json::from_str(&answers.answer(&case.to_string())).unwrap();
        all += 1;
        passed += usize::from(match case.get("expect") {
            Some(expected) => answer.get("output") == Some(expected),
            None => answer
                .get("error")
                .and_then(Value::as_str)
                .is_some_and(|error| !error.is_empty()),
        });
    }
    println!("{file}: {passed} of {all}");
    (passed, all)
}

#[test]
fn recorded_templates_and_functions_give_what_the_original_gives() {
    // parity: HR-TPL-001, HR-TPL-002, HR-TPL-003, HR-TPL-006, HR-TPL-008
    let Some(corpus) = corpus() else {
        eprintln!("skipped: the recorded cases are not here");
        return;
    };
    let (language, all) = run(&corpus, "template.jsonl", "template");
    assert!(
        all > 2_000 && language >= LANGUAGE_FLOOR,
        "{language} of {all}"
    );
    let (functions, all) = run(&corpus, "functions.jsonl", "engine");
    assert!(
        all > 2_000 && functions >= FUNCTIONS_FLOOR,
        "{functions} of {all}"
    );
}
