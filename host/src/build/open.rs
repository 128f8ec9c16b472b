//! Which files of the machine a build may see.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use rosin_tree::Tree;

/// Folders that are looked at to find out what a build refers to.
const MOST_FOLDERS: usize = 10_000;

/// The files that a build may see.
pub(super) struct Opened {
    pub(super) tree: Tree,
    /// Of the folder, in the tree.
    pub(super) path: String,
    /// Where the tree is on this machine.
    pub(super) root: PathBuf,
}

/// The files that a build may see: the folder, and as far up as its kustomizations refer. The rest of the machine does not belong
/// to the build.
/// `more` are relative paths that the build refers to besides.
pub(super) fn open<'a>(folder: &Path, more: impl IntoIterator<Item = &'a str>) -> Result<Opened> {
    let folder = folder
        .canonicalize()
        .with_context(|| format!("{}", folder.display()))?;
    let root = outermost(&folder, more);
    let path = folder
        .strip_prefix(&root)?
        .to_str()
        .context("the path is not UTF-8")?
        .to_owned();
    let dir = cap_std::fs::Dir::open_ambient_dir(&root, cap_std::ambient_authority())
        .with_context(|| format!("opening {}", root.display()))?;
    Ok(Opened {
        tree: Tree::from_dir(dir)?,
        path,
        root,
    })
}

/// The deepest folder that holds everything which the kustomizations of `folder`, and of the folders that they name, refer to.
fn outermost<'a>(folder: &Path, more: impl IntoIterator<Item = &'a str>) -> PathBuf {
    let mut reach = Reach {
        root: folder.to_owned(),
        seen: BTreeSet::from([folder.to_owned()]),
        open: vec![folder.to_owned()],
    };
    for word in more {
        reach.refer(folder, word);
    }
    while let Some(folder) = reach.open.pop() {
        for name in ["kustomization.yaml", "kustomization.yml", "Kustomization"] {
            let Ok(text) = std::fs::read_to_string(folder.join(name)) else {
                continue;
            };
            // Whatever looks like a path and is one: more than a build needs does no harm.
            for word in text.split(|c: char| c.is_whitespace() || "\"'=[],".contains(c)) {
                reach.refer(&folder, word);
            }
        }
    }
    reach.root
}

struct Reach {
    root: PathBuf,
    seen: BTreeSet<PathBuf>,
    /// Folders whose kustomizations were not looked at yet.
    open: Vec<PathBuf>,
}

impl Reach {
    /// What may be a path, in a kustomization of the folder.
    fn refer(&mut self, folder: &Path, word: &str) {
        if word.is_empty() || Path::new(word).is_absolute() {
            return;
        }
        let Ok(found) = folder.join(word).canonicalize() else {
            return;
        };
        while !found.starts_with(&self.root) && self.root.pop() {}
        if found.is_dir() && self.seen.len() < MOST_FOLDERS && self.seen.insert(found.clone()) {
            self.open.push(found);
        }
    }
}
