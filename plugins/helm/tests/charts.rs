//! Random whole charts, by the original command and by the library: equal text, or the same error.
//!
//! `HELM_CHARTS` says how many (100 without it), `HELM_SEED` where to begin.
#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

#[path = "random/chance.rs"]
mod chance;
#[path = "support/command.rs"]
mod command;
#[path = "support/original.rs"]
mod original;
#[path = "random/charts.rs"]
mod random;

use std::path::{Path, PathBuf};

use chance::Chance;
use original::{Original, number, oracle};
use random::{Random, random};
use serde_json::json;

/// Differences that are shown.
const SHOWN: usize = 25;
/// The original's process is renewed after so many commands.
const RENEW: u64 = 200;

#[test]
fn random_charts_give_what_the_original_gives() {
    let Some(program) = oracle() else {
        eprintln!("skipped: the original is not there (tests/tools/build helm-oracle)");
        return;
    };
    // Debug builds have large frames.
    let work = std::thread::Builder::new().stack_size(256 << 20);
    work.spawn(move || compare(program))
        .unwrap()
        .join()
        .unwrap();
}

fn write(chart: &Random, folder: &Path) {
    let _ = std::fs::remove_dir_all(folder);
    for (path, text) in &chart.files {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

/// Errors that the original takes from subcharts, values and violations in an order that is chance.
fn is_chance(expected: &str, got: &str) -> bool {
    ["error unpacking subchart", "don't meet the specifications"]
        .iter()
        .any(|words| expected.contains(words) && got.contains(words))
}

fn compare(program: PathBuf) {
    let cases = number("HELM_CHARTS", 100);
    let mut chance = Chance::new(number("HELM_SEED", 1));
    let mut original = Original::start(program);
    let folder = std::env::temp_dir().join(format!("rosin-charts-{}", std::process::id()));
    let (mut differences, mut succeeded) = (0, 0);
    for case in 0..cases {
        if case % RENEW == RENEW - 1 {
            original.renew();
        }
        let chart = random(&mut chance);
        write(&chart, &folder.join("top"));
        let path = folder.join("top").to_string_lossy().into_owned();
        let mut args = vec!["release".to_owned(), path.clone()];
        args.extend(chart.flags.iter().cloned());
        let got = command::template(&args, Path::new("/")).unwrap();
        args.insert(0, "template".into());
        let Some(expected) = original.ask(&json!({ "args": args })) else {
            continue;
        };
        succeeded += u64::from(expected.is_ok());
        let same = match (&expected, &got) {
            (Ok(expected), Ok(got)) => expected == got,
            (Err(expected), Err(got)) => expected.trim() == got.trim() || is_chance(expected, got),
            _ => false,
        };
        if !same {
            differences += 1;
            if differences <= SHOWN {
                println!("---- {:?}", chart.flags);
                for (path, text) in &chart.files {
                    println!("== {path}\n{text}");
                }
                println!("---- original {expected:?}\n---- ours     {got:?}");
            }
        }
    }
    let _ = std::fs::remove_dir_all(folder);
    println!("{cases} charts, {succeeded} of them without an error");
    assert_eq!(differences, 0, "of {cases} charts");
}
