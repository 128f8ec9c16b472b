//! Cases of the corpus and their verdicts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rosin_kustomize::{BuildRequest, LoadRestrictor, Reorder, build};
use serde::Deserialize;

use super::compare::{difference, masked};
use super::disk::Disk;

/// The folder with the recorded cases, if it is there: `ROSIN_CONFORMANCE`, or beside the repository.
#[must_use]
pub fn corpus() -> Option<PathBuf> {
    let folder = match std::env::var_os("ROSIN_CONFORMANCE") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance"),
    };
    Some(folder.join("kustomize")).filter(|folder| folder.is_dir())
}

#[derive(Debug, Deserialize)]
struct Description {
    path: String,
    options: Options,
    group: String,
    features: Vec<String>,
    expect: String,
    #[serde(default)]
    error_text: String,
}

#[derive(Debug, Deserialize)]
struct Options {
    reorder: Reorder,
    load_restrictor: String,
    #[serde(default)]
    enable_managedby_label: bool,
}

pub struct Case {
    pub name: String,
    folder: PathBuf,
}

/// What became of a case.
pub struct Verdict {
    pub name: String,
    pub semantic: bool,
    pub bytes: bool,
    pub why: String,
    groups: Vec<String>,
}

/// All cases, by name.
///
/// # Errors
/// If the folder cannot be listed.
pub fn cases(corpus: &Path) -> std::io::Result<Vec<Case>> {
    let mut cases: Vec<Case> = corpus
        .read_dir()?
        .flatten()
        .map(|entry| entry.path())
        .filter(|folder| folder.join("case.json").is_file())
        .filter_map(|folder| {
            Some(Case {
                name: folder.file_name()?.to_str()?.to_owned(),
                folder,
            })
        })
        .collect();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(cases)
}

/// Builds a case and compares.
///
/// # Errors
/// If the case itself cannot be read.
pub fn run(case: &Case) -> Result<Verdict, String> {
    let read = |name: &str| {
        std::fs::read_to_string(case.folder.join(name)).map_err(|error| format!("{name}: {error}"))
    };
    let description: Description =
        serde_json::from_str(&read("case.json")?).map_err(|error| error.to_string())?;
    let Description {
        path,
        options,
        group,
        features,
        expect,
        error_text,
    } = description;
    let root = case
        .folder
        .join("input")
        .canonicalize()
        .map_err(|error| error.to_string())?;
    let request = BuildRequest {
        path,
        load_restrictor: match options.load_restrictor.as_str() {
            "LoadRestrictionsNone" => LoadRestrictor::None,
            _ => LoadRestrictor::RootOnly,
        },
        reorder: options.reorder,
        managed_by_label: options.enable_managedby_label,
        flux: None,
        display_root: root.to_str().ok_or("the path is not UTF-8")?.to_owned(),
        ..BuildRequest::default()
    };
    let result = build(&request, &Disk::new(&root)).map(|output| {
        let texts: Vec<String> = output
            .objects
            .iter()
            .map(rosin_kustomize::Object::to_yaml)
            .collect();
        texts.join("---\n")
    });
    let (semantic, bytes, why) = match (result, expect.as_str()) {
        (Ok(text), "ok") => {
            let (expected, actual) = (masked(&read("expected.yaml")?), masked(&text));
            let difference = difference(&expected, &actual);
            (
                difference.is_none(),
                expected == actual,
                difference.unwrap_or_else(|| "bytes differ".to_owned()),
            )
        }
        (Err(error), "ok") => (false, false, format!("failed: {error}")),
        (Ok(_), _) => (false, false, "should have failed".to_owned()),
        (Err(error), _) => {
            let expected = read("expected-error.txt")?;
            let actual = error.message.replace(&request.display_root, "{root}");
            let same = error_text == "unstable"
                || expected.trim_end_matches('\n') == actual.trim_end_matches('\n');
            (true, same, format!("error text differs: {actual}"))
        }
    };
    let mut groups = vec![format!("group:{group}")];
    groups.extend(features);
    Ok(Verdict {
        name: case.name.clone(),
        semantic,
        bytes,
        why,
        groups,
    })
}

/// Counts of cases, of those that are semantically equal, and of those that are equal by bytes.
#[derive(Debug, Default, Clone, Copy)]
pub struct Counts {
    pub cases: usize,
    pub semantic: usize,
    pub bytes: usize,
}

impl Counts {
    fn add(&mut self, verdict: &Verdict) {
        self.cases += 1;
        self.semantic += usize::from(verdict.semantic);
        self.bytes += usize::from(verdict.bytes);
    }

    #[must_use]
    pub fn semantic_percent(&self) -> f64 {
        percent(self.semantic, self.cases)
    }

    #[must_use]
    pub fn bytes_percent(&self) -> f64 {
        percent(self.bytes, self.cases)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of cases are small")]
fn percent(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        0.0
    } else {
        100.0 * part as f64 / whole as f64
    }
}

/// Figures over many cases.
#[derive(Debug, Default)]
pub struct Summary {
    pub all: Counts,
    pub by_group: BTreeMap<String, Counts>,
}

impl Summary {
    #[must_use]
    pub fn new(verdicts: &[Verdict]) -> Self {
        let mut summary = Self::default();
        for verdict in verdicts {
            summary.all.add(verdict);
            for group in &verdict.groups {
                summary
                    .by_group
                    .entry(group.clone())
                    .or_default()
                    .add(verdict);
            }
        }
        summary
    }
}
