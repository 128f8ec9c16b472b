//! Random builds, by the original and by the renderer: equal text, or both fail, with equal words in 99 of 100 cases.
//!
//! `KUSTOMIZE_ORACLE` names the original's binary (`tests/tools/build kustomize-oracle` builds it where it is looked for without
//! that), `KUSTOMIZE_CASES` says how many (200 without it), `KUSTOMIZE_SEED` where to begin, `KUSTOMIZE_FAILED` a folder that
//! gets the cases that differ.
#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use rosin_kustomize::{BuildRequest, LoadRestrictor, Object, Reorder, build_with_warnings};
use rosin_kustomize_peer::random::{Answer, Case, Oracle, mend, shrink};

/// Both fail, for reasons in other words: allowed in one of a hundred errors.
const ERROR_TEXT: &str = "error text";

/// The original prints an object with comments where they do not belong, and fails when it reads that again: of this kind there may
/// be one in a thousand builds.
const UNREADABLE: &str = "printed by the original so that it cannot read it";

/// Differences that are shown, and made smaller first.
const SHOWN: usize = 12;

fn oracle() -> Option<PathBuf> {
    let named = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let tools = named("ROSIN_TOOLS").or_else(|| Some(named("HOME")?.join(".cache/rosin/tools")));
    named("KUSTOMIZE_ORACLE")
        .or_else(|| Some(tools?.join("kustomize-oracle")))
        .filter(|program| program.is_file())
}

fn number(name: &str, default: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.map_or(default, |text| text.parse().unwrap())
}

fn ours(case: &Case, root: &Path) -> Answer {
    let files = case.contents();
    let request = BuildRequest {
        path: case.path.clone(),
        load_restrictor: if case.any_file {
            LoadRestrictor::None
        } else {
            LoadRestrictor::RootOnly
        },
        reorder: if case.legacy_order {
            Reorder::Legacy
        } else {
            Reorder::None
        },
        display_root: root.display().to_string(),
        ..BuildRequest::default()
    };
    let (result, warnings) = build_with_warnings(&request, &files);
    let warnings = warnings
        .iter()
        .map(|warning| format!("{}\n", warning.trim_end()))
        .collect();
    match result {
        Ok(output) => {
            let texts: Vec<String> = output.objects.iter().map(Object::to_yaml).collect();
            Answer {
                output: Some(texts.join("---\n")),
                warnings,
                ..Answer::default()
            }
        }
        Err(error) => Answer {
            error: Some(error.to_string()),
            warnings,
            ..Answer::default()
        },
    }
}

/// What differs, if anything does.
fn difference(original: &Answer, ours: &Answer) -> Option<&'static str> {
    if crashes(original) {
        return None;
    }
    match (&original.output, &ours.output) {
        (Some(original), Some(ours)) if masked(original) != masked(ours) => return Some("output"),
        (Some(_), None) => return Some("fails only here"),
        (None, Some(_)) if is_unreadable(original) => return Some(UNREADABLE),
        (None, Some(_)) => return Some("fails only in the original"),
        _ => {}
    }
    let words = |error: &Option<String>| error.as_deref().map(stable);
    (words(&original.error) != words(&ours.error)).then_some(ERROR_TEXT)
}

/// Without the version that the original calls itself.
fn masked(text: &str) -> String {
    let label = "app.kubernetes.io/managed-by: kustomize-";
    text.replace(&format!("{label}(devel)"), &format!("{label}v5.8.1"))
}

/// Whether the text of an object of the result was refused, as Go shows it in front of what YAML's reader says.
fn is_unreadable(answer: &Answer) -> bool {
    let error = answer.error.as_deref().unwrap_or_default();
    error.starts_with("map[string]interface {}{") && error.contains("}: yaml: line ")
}

/// A crash is no answer.
fn crashes(answer: &Answer) -> bool {
    let error = answer.error.as_deref();
    error.is_some_and(|text| text.starts_with("panic: "))
}

/// The text without what changes from run to run: the original shows the addresses of generators and of objects, and all of its
/// configuration, in an order that its sorting leaves to chance.
fn stable(text: &str) -> String {
    let mut out = text.trim().to_owned();
    for (begin, end) in [
        ("merging from generator", ": "),
        ("merging config &{", "}: "),
    ] {
        let mut parts = out.split(begin);
        let mut rest = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            rest.push_str(begin);
            rest.push_str(part.find(end).map_or("", |at| &part[at..]));
        }
        out = rest;
    }
    // Objects that refer to others are walked in an order that changes: the first that fails is told.
    if let Some(at) = out.find("updating name reference in ") {
        out.truncate(at);
    }
    if let Some(at) = out.find("&resource.Resource{") {
        out.truncate(at);
    }
    // The rest of such a message, quoted once for each component around it.
    if out.contains("nodes unequal: ") {
        let rest = out.trim_end_matches(['\\', 'n', '-', '"', '\n']).len();
        out.truncate(rest);
    }
    out
}

fn write_failed(case: &Case, name: &str, original: &Answer) {
    let Some(folder) = std::env::var_os("KUSTOMIZE_FAILED") else {
        return;
    };
    let folder = Path::new(&folder).join(name);
    for (path, content) in case.contents() {
        let path = folder.join("input").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    let expected = original
        .output
        .clone()
        .or(original.error.clone())
        .unwrap_or_default();
    std::fs::write(folder.join("expected"), expected).unwrap();
}

#[test]
fn random_builds_give_what_the_original_gives() {
    let Some(program) = oracle() else {
        eprintln!("skipped: the original is not built (tests/tools/build kustomize-oracle)");
        return;
    };
    let cases = number("KUSTOMIZE_CASES", 200);
    let first = number("KUSTOMIZE_SEED", 1);
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap().join("case");
    let mut oracle = Oracle::start(&program, &root).unwrap();
    let root = oracle.root().to_owned();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut built, mut failed, mut shown) = (0, 0, HashSet::new());
    for seed in first..first + cases {
        let case = Case::new(seed);
        let original = oracle.ask(&case).unwrap();
        let mut pairs = vec![(case, original)];
        // Most of a case that fails is never looked at: what is left without the fields that fail is another one.
        if pairs[0].1.output.is_none()
            && let Some(mended) = mend(&pairs[0].0, |case| {
                oracle.ask(case).is_ok_and(|answer| answer.output.is_some())
            })
        {
            let original = oracle.ask(&mended).unwrap();
            pairs.push((mended, original));
        }
        for (case, original) in pairs {
            if original.output.is_some() {
                built += 1;
            } else {
                failed += 1;
            }
            let Some(what) = difference(&original, &ours(&case, &root)) else {
                continue;
            };
            *counts.entry(what).or_default() += 1;
            if shown.len() >= SHOWN {
                continue;
            }
            let smallest = shrink(&case, |case| {
                // Without its folder there is nothing to build.
                let folder = format!("{}/", case.path);
                case.files.keys().any(|path| path.starts_with(&folder))
                    && oracle.ask(case).is_ok_and(|original| {
                        difference(&original, &ours(case, &root)) == Some(what)
                    })
            });
            let (original, ours) = (oracle.ask(&smallest).unwrap(), ours(&smallest, &root));
            let summary = format!("{original:?}\n{ours:?}");
            if shown.insert(summary) {
                show(&smallest, what, &original, &ours);
                write_failed(&smallest, &format!("seed-{seed}"), &original);
            }
        }
    }
    println!(
        "{cases} cases from seed {first}, {built} builds and {failed} errors of the original: differences {counts:?}"
    );
    let texts: usize = counts.remove(ERROR_TEXT).unwrap_or_default();
    let unreadable: usize = counts.remove(UNREADABLE).unwrap_or_default();
    assert!(counts.is_empty(), "{counts:?}");
    assert!(
        texts * 100 <= failed + 100,
        "{texts} of {failed} errors say something else"
    );
    assert!(
        unreadable * 1000 <= built + 1000,
        "{unreadable} of {built} builds are refused where the original reads what it printed"
    );
    assert!(
        built * 2 > cases as usize,
        "too few of the cases build: {built}"
    );
}

fn show(case: &Case, what: &str, original: &Answer, ours: &Answer) {
    println!(
        "==== seed {}: {what}; builds {}, legacy order {}",
        case.seed, case.path, case.legacy_order
    );
    for (path, content) in case.contents() {
        println!("---- {path}\n{}", String::from_utf8_lossy(&content));
    }
    let text = |answer: &Answer| {
        answer
            .output
            .clone()
            .or(answer.error.clone())
            .unwrap_or_default()
    };
    println!(
        "---- original\n{}\n---- here\n{}",
        text(original),
        text(ours)
    );
}
