//! Random templates, by the original and by the renderer: equal text, or both fail.
//!
//! `HELM_ORACLE` names the original (`tests/tools/build helm-oracle` builds it where it is looked for without that),
//! `HELM_CASES` says how many (500 without it), `HELM_SEED` where to begin.
#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

#[path = "support/original.rs"]
mod original;
mod random;

use std::path::PathBuf;
use std::rc::Rc;

use original::{Original, number, oracle};
use random::Chance;
use rosin_helm::chart::{File, load_files};
use rosin_helm::options::Release;
use rosin_helm::{Options, Scene, render_text};
use rosin_template::Ambient;
use serde_json::{Value, json};

/// Differences that are shown.
const SHOWN: usize = 25;

/// Dates of what is no date are those of now.
struct Clock;

impl Ambient for Clock {
    fn now(&self) -> i64 {
        let since = std::time::UNIX_EPOCH.elapsed().unwrap();
        i64::try_from(since.as_nanos()).unwrap()
    }

    fn random(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

/// A text as a chart's only template, as the original is asked for it.
fn ours(template: &str, values: &Value) -> Result<String, String> {
    let file = |name: &str, text: &str| File::new(name, text);
    let chart = load_files(vec![
        file("Chart.yaml", "apiVersion: v2\nname: case\nversion: 0.1.0\n"),
        file("templates/case.yaml", template),
    ]);
    let options = Options {
        release: Release {
            name: "rosin".into(),
            namespace: "rosin-ns".into(),
            ..Release::default()
        },
        values: values.as_object().unwrap().clone(),
        ..Options::default()
    };
    let scene = Scene::new(Rc::new(Clock));
    render_text(chart.unwrap(), &options, &scene, "case/templates/case.yaml")
        .map(|text| text.to_text().into_owned())
        .map_err(|error| error.to_string())
}

#[test]
fn random_templates_give_what_the_original_gives() {
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

/// Equal texts, or both fail.
fn same(expected: &Result<String, String>, got: &Result<String, String>) -> bool {
    match (expected, got) {
        (Ok(expected), Ok(got)) => expected == got,
        (Err(_), Err(_)) => true,
        _ => false,
    }
}

fn compare(program: PathBuf) {
    let cases = number("HELM_CASES", 500);
    let mut chance = Chance::new(number("HELM_SEED", 1));
    let mut original = Original::start(program);
    let (mut differences, mut succeeded) = (0, 0);
    for _ in 0..cases {
        let values = random::values(&mut chance);
        let template = random::template(&mut chance);
        let question = json!({ "template": template, "values": values });
        let mut answers = None;
        // What is of now may have changed between the two: the second try tells.
        for _ in 0..2 {
            let got = ours(&template, &values);
            answers = original.ask(&question).map(|expected| (expected, got));
            if answers
                .as_ref()
                .is_none_or(|(expected, got)| same(expected, got))
            {
                break;
            }
        }
        let Some((expected, got)) = answers else {
            continue;
        };
        succeeded += u64::from(expected.is_ok());
        if !same(&expected, &got) {
            differences += 1;
            if differences <= SHOWN {
                println!(
                    "{template:?}\n  with     {values}\n  original {expected:?}\n  ours     {got:?}"
                );
            }
        }
    }
    println!("{cases} templates, {succeeded} of them without an error");
    assert_eq!(differences, 0, "of {cases} templates");
    assert!(succeeded * 5 > cases, "most templates only fail");
}
