//! Recorded charts with the library alone, to find what differs without building the component: `HELM_RECORDED` is an
//! unpacked archive of the corpus. The runner of record runs the program (`make test-conformance`).
#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

#[path = "support/command.rs"]
mod command;

use std::path::{Path, PathBuf};

use serde_json::Value;

/// Equal but for the order of violations, which is chance in the original.
fn comparable(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.trim().lines().map(str::trim_end).collect();
    if text.contains("don't meet the specifications of the schema") {
        lines.sort_unstable();
    }
    lines
}

/// None for what only the program can do.
fn differs(corpus: &Path, folder: &Path) -> Option<Option<String>> {
    let case: Value =
        serde_json::from_slice(&std::fs::read(folder.join("case.json")).unwrap()).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut args = vec![text(&case["release"]), text(&case["chart"])];
    for (flag, value) in [("-n", "namespace"), ("--kube-version", "kubeVersion")] {
        args.extend([flag.to_owned(), text(&case[value])]);
    }
    for (flag, values) in [("-a", "apiVersions"), ("-f", "values")] {
        for value in case[values].as_array().unwrap() {
            args.extend([flag.to_owned(), text(value)]);
        }
    }
    args.extend(case["flags"].as_array().unwrap().iter().map(text));
    if case["unstable"]
        .as_array()
        .is_some_and(|all| !all.is_empty())
    {
        return None;
    }
    let got = command::template(&args, corpus)?;
    let expected = std::fs::read_to_string(folder.join("expected.yaml"));
    let wrong = match (&expected, &got) {
        (Ok(expected), Ok(got)) => expected != got,
        (Err(_), Err(got)) => {
            let expected = std::fs::read_to_string(folder.join("expected-error.txt")).unwrap();
            let expected = expected.strip_prefix("Error: ").unwrap_or(&expected);
            comparable(expected) != comparable(got)
        }
        _ => true,
    };
    Some(wrong.then(|| format!("{got:?}")))
}

#[test]
fn recorded_charts_give_what_the_original_gives() {
    let Some(corpus) = std::env::var_os("HELM_RECORDED").map(PathBuf::from) else {
        eprintln!("skipped: HELM_RECORDED names no unpacked archive of the corpus");
        return;
    };
    // Debug builds have large frames.
    let work = std::thread::Builder::new().stack_size(256 << 20);
    work.spawn(move || compare(&corpus))
        .unwrap()
        .join()
        .unwrap();
}

fn compare(corpus: &Path) {
    let (mut same, mut all, mut left) = (0, 0, 0);
    for folder in std::fs::read_dir(corpus.join("cases")).unwrap() {
        let folder = folder.unwrap().path();
        match differs(corpus, &folder) {
            None => left += 1,
            Some(None) => same += 1,
            Some(Some(got)) => println!("{}: {got}", folder.display()),
        }
        all += 1;
    }
    println!("{same} of {all}, {left} left out");
    // One schema is fetched by the original.
    assert!(same + left + 1 >= all);
}
