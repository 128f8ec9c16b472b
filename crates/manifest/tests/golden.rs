//! Answers of the Go libraries to short documents (`tests/differential.rs` records them), with their error texts.

use rosin_manifest::Node;
use rosin_manifest::yaml::{self, Dialect};
use serde_json::Value;

type Answer = Result<String, String>;

fn answer(mode: &str, input: &str) -> Answer {
    let error = |error: &dyn std::fmt::Display| error.to_string();
    if mode == "sigs" {
        let node =
            yaml::read_one(input.as_bytes(), Dialect::Sigs).map_err(|cause| error(&cause))?;
        return yaml::node_to_string_sigs(&node).map_err(|cause| error(&cause));
    }
    let nodes = yaml::read_resources(input.as_bytes()).map_err(|cause| error(&cause))?;
    let write = |node: &Node| match mode {
        "build" => yaml::node_to_string_sigs(node).map_err(|cause| error(&cause)),
        _ => Ok(yaml::to_string_kyaml(node)),
    };
    Ok(nodes
        .iter()
        .map(write)
        .collect::<Result<Vec<_>, _>>()?
        .join("---\n"))
}

#[test]
fn short_documents_are_answered_as_by_the_go_libraries() {
    let mut count = 0;
    for line in include_str!("data/golden.jsonl").lines() {
        let recorded: Value = serde_json::from_str(line).unwrap();
        let (mode, input) = (
            recorded["mode"].as_str().unwrap(),
            recorded["input"].as_str().unwrap(),
        );
        match (
            answer(mode, input),
            recorded["output"].as_str(),
            recorded["error"].as_str(),
        ) {
            (Ok(ours), Some(theirs), _) => assert_eq!(ours, theirs, "{mode} of {input:?}"),
            (Err(ours), _, Some(theirs)) => assert!(
                theirs.contains(&ours),
                "{mode} of {input:?}: {ours} instead of {theirs}"
            ),
            (ours, ..) => panic!("{mode} of {input:?} is {ours:?}, recorded is {line}"),
        }
        count += 1;
    }
    assert!(count > 1000, "{count} answers");
}
