//! The recorded builds, where they are: the figures must not fall.

use rosin_conformance::kustomize::{Summary, cases, corpus, run};

/// Percent of the cases. Raise them with the renderer, never lower them.
const SEMANTIC_FLOOR: f64 = 100.0;
const BYTES_FLOOR: f64 = 99.8;

#[test]
fn recorded_builds_are_rendered_as_the_original_renders_them() {
    let Some(corpus) = corpus() else {
        eprintln!("skipped: the recorded builds are not here");
        return;
    };
    let verdicts: Vec<_> = cases(&corpus)
        .unwrap()
        .iter()
        .map(|case| run(case).unwrap())
        .collect();
    let all = Summary::new(&verdicts).all;
    println!(
        "{} cases, semantic {}, bytes {}",
        all.cases, all.semantic, all.bytes
    );
    assert!(all.cases > 1000);
    assert!(
        all.semantic_percent() >= SEMANTIC_FLOOR,
        "semantic: {:.2} %",
        all.semantic_percent()
    );
    assert!(
        all.bytes_percent() >= BYTES_FLOOR,
        "bytes: {:.2} %",
        all.bytes_percent()
    );
}
