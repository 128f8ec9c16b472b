//! Compares this crate with the Go libraries behind kustomize and Helm. Run by hand:
//!
//! ```sh
//! (cd tests/tools/yaml-oracle && go build -o /tmp/yaml-oracle .)
//! ROSIN_YAML_ORACLE=/tmp/yaml-oracle cargo test -p rosin-manifest --test differential -- --ignored --nocapture
//! ```
//!
//! `ROSIN_CORPUS` adds all YAML and JSON files below a folder.

#![expect(clippy::unwrap_used, reason = "a test")]

mod oracle;

use std::path::Path;

use oracle::{Oracle, Report};
use rosin_manifest::schema::Schema;
use rosin_manifest::yaml::{self, Dialect};
use rosin_manifest::{json_patch, labels, merge};

type Answer = Result<String, String>;

fn sigs(text: &str) -> Answer {
    let node = yaml::read_one(text.as_bytes(), Dialect::Sigs).map_err(|error| error.to_string())?;
    yaml::node_to_string_sigs(&node).map_err(|error| error.to_string())
}

fn build(text: &str) -> Answer {
    each(text, |node| {
        if node.is_scalar() {
            return Err("not an object".to_owned());
        }
        yaml::node_to_string_sigs(node).map_err(|error| error.to_string())
    })
}

fn kyaml_text(text: &str) -> Answer {
    each(text, |node| Ok(yaml::to_string_kyaml(node)))
}

fn each(text: &str, write: impl Fn(&rosin_manifest::Node) -> Answer) -> Answer {
    let nodes = yaml::read_resources(text.as_bytes()).map_err(|error| error.to_string())?;
    Ok(nodes
        .iter()
        .map(write)
        .collect::<Result<Vec<_>, _>>()?
        .join("---\n"))
}

fn files(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_document = path.extension().is_some_and(|ext| {
            ["yaml", "yml", "json", "txt", "env"]
                .iter()
                .any(|known| ext == *known)
        });
        if path.is_dir() {
            files(&path, found);
        } else if is_document {
            found.extend(std::fs::read_to_string(&path).ok());
        }
    }
}

fn rounds() -> usize {
    std::env::var("ROSIN_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(20_000)
}

fn seeds() -> Vec<String> {
    let mut inputs = oracle::samples();
    if let Ok(corpus) = std::env::var("ROSIN_CORPUS") {
        files(Path::new(&corpus), &mut inputs);
        inputs.sort();
        inputs.dedup();
    }
    inputs
}

fn inputs() -> Vec<String> {
    let mut inputs = seeds();
    let mutants = oracle::mutants(&inputs, rounds());
    inputs.extend(mutants);
    inputs
}

/// Writes down what the originals make of the short samples, for `tests/golden.rs`. Known differences are left out.
#[test]
#[ignore = "needs the Go oracle"]
fn record_golden_answers() {
    let mut oracle = Oracle::start();
    let mut lines = String::new();
    for input in oracle::short_samples() {
        for (mode, ours) in [
            ("sigs", sigs as fn(&str) -> Answer),
            ("build", build),
            ("text", kyaml_text),
        ] {
            let theirs = oracle.ask(mode, &input, "");
            let agree = match (ours(&input), &theirs) {
                (Ok(ours), Ok(theirs)) => ours == *theirs,
                (Err(ours), Err(theirs)) => theirs.contains(ours.as_str()),
                _ => false,
            };
            if agree {
                let (output, error) = (theirs.as_ref().ok(), theirs.as_ref().err());
                lines += &format!(
                    "{}\n",
                    serde_json::json!({"mode": mode, "input": input, "output": output, "error": error})
                );
            }
        }
    }
    std::fs::write(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/golden.jsonl"),
        lines,
    )
    .unwrap();
}

fn compare(mode: &str, ours: fn(&str) -> Answer) {
    let mut oracle = Oracle::start();
    let mut report = Report::new(mode);
    for input in inputs() {
        let theirs = oracle.ask(mode, &input, "");
        // We keep neither comments nor tags that say nothing, and refuse duplicate keys at once.
        if mode == "text"
            && (input.contains('!')
                || ours(&input).is_err_and(|error| error.contains("already defined")))
        {
            continue;
        }
        report.add(&input, &ours(&input), &theirs);
    }
    report.finish();
}

#[test]
#[ignore = "needs the Go oracle"]
fn sigs_yaml_is_read_and_written_alike() {
    compare("sigs", sigs);
}

#[test]
#[ignore = "needs the Go oracle"]
fn resources_are_built_alike() {
    compare("build", build);
}

#[test]
#[ignore = "needs the Go oracle"]
fn kyaml_text_is_written_alike() {
    compare("text", kyaml_text);
}

#[test]
#[ignore = "needs the Go oracle"]
fn patches_are_merged_alike() {
    let objects = oracle::patches::objects(&seeds());
    let mut random = oracle::Random(0x2545_F491_4F6C_DD1D);
    let (mut oracle, mut report, schema) =
        (Oracle::start(), Report::new("merge"), Schema::builtin());
    for _ in 0..rounds() {
        let object = &objects[random.below(objects.len())];
        let patch = yaml::to_string_kyaml(&oracle::patches::patch_of(object, &mut random));
        let input = yaml::to_string_kyaml(object);
        let ours = merge(&input, &patch, &schema);
        report.add(
            &format!("{input}\n=====\n{patch}"),
            &ours,
            &oracle.ask("merge", &input, &patch),
        );
    }
    report.finish();
}

fn merge(object: &str, patch: &str, schema: &Schema) -> Answer {
    let one = |text: &str| {
        yaml::read_resources(text.as_bytes())
            .map_err(|error| error.to_string())?
            .pop()
            .ok_or("nothing".to_owned())
    };
    match merge::strategic(one(object)?, &one(patch)?, schema).map_err(|error| error.to_string())? {
        Some(merged) => yaml::node_to_string_sigs(&merged).map_err(|error| error.to_string()),
        None => Ok(String::new()),
    }
}

#[test]
#[ignore = "needs the Go oracle"]
fn json_patches_are_applied_alike() {
    let objects = oracle::patches::objects(&seeds());
    let mut random = oracle::Random(0x1234_5678_9ABC_DEF1);
    let (mut oracle, mut report) = (Oracle::start(), Report::new("json6902"));
    for _ in 0..rounds() {
        let object = &objects[random.below(objects.len())];
        let patch = oracle::patches::operations(object, &mut random);
        let input = yaml::to_string_kyaml(object);
        report.add(
            &format!("{input}\n=====\n{patch}"),
            &json_patch(&input, &patch),
            &oracle.ask("json6902", &input, &patch),
        );
    }
    report.finish();
}

fn json_patch(object: &str, patch: &str) -> Answer {
    let object = yaml::read_resources(object.as_bytes())
        .map_err(|error| error.to_string())?
        .pop()
        .ok_or("nothing".to_owned())?;
    let patched = json_patch::Patch::parse(patch.as_bytes()).and_then(|patch| patch.apply(&object));
    yaml::node_to_string_sigs(&patched.map_err(|error| error.to_string())?)
        .map_err(|error| error.to_string())
}

#[test]
#[ignore = "needs the Go oracle"]
fn labels_are_selected_alike() {
    let object = "kind: A\nmetadata:\n  name: a\n  labels: {app: web, tier: front, n: '5', empty: '', example.com/x: y, in: in}\n";
    let labels = yaml::read_one(object.as_bytes(), Dialect::Kyaml).unwrap();
    let mut random = oracle::Random(0x0F0F_1234_5678_9ABC);
    let (mut oracle, mut report) = (Oracle::start(), Report::new("labels"));
    let pieces = [
        "app",
        "web",
        "tier",
        "front",
        "n",
        "5",
        "empty",
        "example.com/x",
        "y",
        "in",
        "notin",
        "=",
        "==",
        "!=",
        "!",
        "(",
        ")",
        ",",
        ">",
        "<",
        " ",
        " ",
        "a/b/c",
        "-x",
        "X_",
        "/",
        "é",
        "x.y",
    ];
    for _ in 0..rounds() {
        let selector: String = (0..=random.below(7))
            .map(|_| pieces[random.below(pieces.len())])
            .collect();
        let ours = labels::Selector::parse(&selector)
            .map(|found| found.matches(|key| labels.label(key)).to_string());
        report.add(
            &selector,
            &ours.map_err(|error| error.to_string()),
            &oracle.ask("labels", object, &selector),
        );
    }
    report.finish();
}
