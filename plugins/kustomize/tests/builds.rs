//! Whole builds: `tests/data/<case>/input` is built, and compared with what the original printed for it.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};

use rosin_kustomize::{BuildRequest, Entry, Files, Object, ReadError, build};

/// Stands for the root of the tree in recorded errors.
const ROOT: &str = "{root}";

struct Disk(PathBuf);

impl Files for Disk {
    fn entry(&self, path: &str) -> Option<Entry> {
        let metadata = self.0.join(path).metadata().ok()?;
        Some(if metadata.is_dir() {
            Entry::Folder
        } else {
            Entry::File
        })
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        std::fs::read(self.0.join(path)).map_err(|error| ReadError::Other(error.to_string()))
    }

    fn files(&self, _: &str) -> Vec<String> {
        Vec::new()
    }
}

fn cases() -> Vec<PathBuf> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let mut cases: Vec<PathBuf> = data
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    cases
}

#[test]
fn builds_print_what_the_original_prints() {
    // Objects in the order of the inputs, or as `sortOptions` says; the apply has its own order.
    // parity: KS-BUILD-005
    let cases = cases();
    assert!(cases.len() > 15);
    for case in cases {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let request = BuildRequest {
            display_root: ROOT.to_owned(),
            ..BuildRequest::default()
        };
        let result = build(&request, &Disk(case.join("input"))).map(|output| {
            output
                .objects
                .iter()
                .map(Object::to_yaml)
                .collect::<Vec<_>>()
                .join("---\n")
        });
        match result {
            Ok(text) => {
                let expected = std::fs::read_to_string(case.join("expected.yaml"))
                    .unwrap_or_else(|_| panic!("{name} should have failed, but made\n{text}"));
                assert_eq!(text, expected, "{name}");
            }
            Err(error) => {
                let expected = std::fs::read_to_string(case.join("expected-error.txt"))
                    .unwrap_or_else(|_| panic!("{name} failed: {error}"));
                assert_eq!(error.message.trim_end(), expected.trim_end(), "{name}");
            }
        }
    }
}
