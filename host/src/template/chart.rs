//! Charts and files of values on disk, read as Helm reads them: links are followed, since the machine is the user's own.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use rosin_tree::Tree;

/// Links can lead in circles.
const MAX_DEPTH: usize = 64;
const MAX_SIZE: usize = 512 << 20;
/// The name of an archive in its tree.
const ARCHIVE: &str = "chart.tgz";

/// A tree with the chart, and its path there.
pub(super) fn open(name: &str) -> Result<(Tree, &'static str)> {
    let path = Path::new(name);
    if path.is_dir() {
        let mut files = Files::default();
        files.read_folder(path, "", 0)?;
        return Ok((Tree::from_files(files.found), ""));
    }
    if path.is_file() {
        let data = std::fs::read(path).with_context(|| format!("reading {name}"))?;
        return Ok((Tree::from_files([(ARCHIVE.to_owned(), data)]), ARCHIVE));
    }
    if name.contains("://") {
        bail!("{name}: charts are folders or archives here; nothing is fetched");
    }
    if path.is_absolute() || name.starts_with('.') {
        bail!("path {name:?} not found");
    }
    match name.split_once('/') {
        Some((repository, _)) => bail!("repo {repository} not found"),
        None => {
            bail!("non-absolute URLs should be in form of repo_name/path_to_chart, got: {name}")
        }
    }
}

#[derive(Default)]
struct Files {
    found: Vec<(String, Vec<u8>)>,
    size: usize,
}

impl Files {
    fn read_folder(&mut self, folder: &Path, below: &str, depth: usize) -> Result<()> {
        ensure!(
            depth < MAX_DEPTH,
            "{}: folders are nested too deeply",
            folder.display()
        );
        let failed = || format!("reading {}", folder.display());
        for entry in std::fs::read_dir(folder).with_context(failed)? {
            let entry = entry.with_context(failed)?;
            // No chart has files that its templates could not name.
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let inner = if below.is_empty() {
                name
            } else {
                format!("{below}/{name}")
            };
            let path = entry.path();
            let about =
                std::fs::metadata(&path).with_context(|| format!("reading {}", path.display()))?;
            if about.is_dir() {
                self.read_folder(&path, &inner, depth + 1)?;
            } else if about.is_file() {
                let data =
                    std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
                self.size += data.len();
                ensure!(
                    self.size <= MAX_SIZE,
                    "the chart has more than {} MiB",
                    MAX_SIZE >> 20
                );
                self.found.push((inner, data));
            }
        }
        Ok(())
    }
}

/// A file that the user names on the command line, as text.
pub(super) fn read_text(path: &str) -> Result<String> {
    let mut data = Vec::new();
    if path == "-" {
        std::io::stdin()
            .read_to_end(&mut data)
            .context("reading standard input")?;
    } else if path.contains("://") {
        bail!("{path}: nothing is fetched here");
    } else {
        data = std::fs::read(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                anyhow::anyhow!("open {path}: no such file or directory")
            }
            _ => anyhow::anyhow!("open {path}: {error}"),
        })?;
    }
    Ok(String::from_utf8_lossy(&data).into_owned())
}

/// The paths in a `--set-file` text: `key=path,other=path`.
pub(super) fn paths(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (letter, parts.last_mut()) {
            (',', _) => parts.push(String::new()),
            ('\\', Some(part)) => part.extend(letters.next()),
            (letter, Some(part)) => part.push(letter),
            (_, None) => {}
        }
    }
    let path = |part: &String| part.split_once('=').map(|(_, path)| path.to_owned());
    parts.iter().filter_map(path).collect()
}

#[cfg(test)]
mod tests {
    use super::paths;

    #[test]
    fn paths_of_set_file_are_found() {
        assert_eq!(paths("a=x.txt,b.c=dir/y"), ["x.txt", "dir/y"]);
        assert_eq!(paths("a\\,b=x\\,y"), ["x,y"]);
        assert!(paths("a").is_empty());
    }
}
