//! `--output-dir`: a file for each template, as Helm writes them.

use std::collections::BTreeSet;
use std::fs::{OpenOptions, create_dir_all};
use std::io::Write;
use std::path::{Component, Path};

use anyhow::{Context, Result, bail};

const SEPARATOR: &str = "---\n# Source: ";

/// Writes the documents of a printed rendering below a folder.
pub(super) fn files(text: &str, folder: &Path) -> Result<()> {
    let mut written = BTreeSet::new();
    for (source, document) in documents(text) {
        // Names of files in charts are the chart's: they must not lead elsewhere.
        let inside = |part| matches!(part, Component::Normal(_));
        if !Path::new(source).components().all(inside) {
            bail!("{source:?} is no path inside of a chart");
        }
        let path = folder.join(source);
        let again = !written.insert(path.clone());
        let write = || -> std::io::Result<()> {
            if let Some(parent) = path.parent() {
                create_dir_all(parent)?;
            }
            let mut file = OpenOptions::new();
            file.create(true).write(true).append(again).truncate(!again);
            write!(file.open(&path)?, "{SEPARATOR}{source}\n{document}")
        };
        write().with_context(|| format!("writing {}", path.display()))?;
        println!("wrote {}", path.display());
    }
    Ok(())
}

/// Source and text of each document.
fn documents(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let text = text.strip_prefix(SEPARATOR).unwrap_or_default();
    text.split("\n---\n# Source: ")
        .filter_map(|document| document.split_once('\n'))
}

#[cfg(test)]
mod tests {
    #[test]
    fn documents_are_told_apart() {
        let text =
            "---\n# Source: a/templates/x.yaml\na: 1\n---\nb: 1\n---\n# Source: a/y.yaml\nc: 1\n";
        let found: Vec<_> = super::documents(text).collect();
        assert_eq!(
            found,
            [
                ("a/templates/x.yaml", "a: 1\n---\nb: 1"),
                ("a/y.yaml", "c: 1\n")
            ]
        );
        assert_eq!(super::documents("").count(), 0);
    }
}
