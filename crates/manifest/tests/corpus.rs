//! Everything that kustomize printed for the recorded cases must come back byte for byte. Runs where the corpus is.

use std::path::{Path, PathBuf};

use rosin_manifest::yaml::{self, Dialect};

fn corpus() -> Option<PathBuf> {
    let named = std::env::var_os("ROSIN_CONFORMANCE").map(PathBuf::from);
    let near = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance");
    named
        .or(Some(near))
        .map(|root| root.join("kustomize"))
        .filter(|root| root.is_dir())
}

/// The documents of a build's output, each ending with its line break.
fn documents(text: &str) -> Vec<&str> {
    let mut documents = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].find("\n---\n") {
        documents.push(&text[from..=from + at]);
        from += at + 5;
    }
    documents.push(&text[from..]);
    documents
}

#[test]
fn outputs_of_kustomize_survive_a_round_trip() {
    let Some(corpus) = corpus() else {
        eprintln!("skipped: the corpus is not here");
        return;
    };
    let mut count = 0;
    for case in std::fs::read_dir(corpus).unwrap() {
        let file = case.unwrap().path().join("expected.yaml");
        let Ok(text) = std::fs::read_to_string(&file) else {
            continue;
        };
        for document in documents(&text)
            .into_iter()
            .filter(|document| !document.is_empty())
        {
            let node = yaml::read_one(document.as_bytes(), Dialect::Sigs).unwrap();
            let value = node.to_json().unwrap();
            assert_eq!(yaml::to_string_sigs(&value), document, "{}", file.display());
            let reread: serde_json::Value =
                serde_json::from_str(&node.to_json_string().unwrap()).unwrap();
            assert_eq!(
                yaml::to_string_sigs(&reread),
                document,
                "{} by JSON text",
                file.display()
            );
            count += 1;
        }
    }
    eprintln!("{count} documents");
    assert!(count > 1000, "a corpus without outputs");
}
