//! Reads what a kustomization names, and keeps to the rules: no cycles, no files outside of the kustomization's folder unless
//! that is allowed, nothing from the network.

use crate::error::{Error, Result, bail};
use crate::files::{Entry, Files, ReadError};
use crate::path;

/// Which files a kustomization may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
pub enum LoadRestrictor {
    /// Only those in its folder and below.
    #[default]
    #[serde(rename = "root")]
    RootOnly,
    /// Any file of the tree, as Flux allows.
    #[serde(rename = "none")]
    None,
}

/// Names of kustomization files, in the order in which they are looked for.
pub(crate) const KUSTOMIZATION_FILES: [&str; 3] =
    ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// More folders than any real overlay has between itself and its deepest base.
const MAX_DEPTH: usize = 200;

/// The view that one kustomization has of the tree.
pub(crate) struct Loader<'a> {
    files: &'a dyn Files,
    restrictor: LoadRestrictor,
    /// What stands for the tree's root in messages.
    display_root: &'a str,
    root: String,
    /// The folders of the kustomizations that led here, outermost first.
    ancestors: Vec<String>,
}

impl<'a> Loader<'a> {
    pub(crate) fn new(
        files: &'a dyn Files,
        restrictor: LoadRestrictor,
        display_root: &'a str,
        folder: &str,
    ) -> Result<Self> {
        let loader = Self {
            files,
            restrictor,
            display_root,
            root: String::new(),
            ancestors: Vec::new(),
        };
        let root = path::clean(folder);
        loader.confirm_folder(&root)?;
        Ok(Self { root, ..loader })
    }

    /// The folder of the kustomization, as a path in the tree.
    pub(crate) fn root(&self) -> &str {
        &self.root
    }

    /// A path as messages show it.
    pub(crate) fn display(&self, path: &str) -> String {
        match (self.display_root, path) {
            ("", "") => ".".to_owned(),
            ("", path) => path.to_owned(),
            (root, "") => root.to_owned(),
            (root, path) => path::clean(&format!("{root}/{path}")),
        }
    }

    pub(crate) fn display_root(&self) -> String {
        self.display(&self.root)
    }

    /// The path in the tree of what a kustomization calls `path`.
    pub(crate) fn resolve(&self, path: &str) -> String {
        match path.strip_prefix('/') {
            // An absolute path below the root's own path is the tree's; any other is outside.
            Some(_)
                if !self.display_root.is_empty()
                    && path::is_in(&path::clean(path), self.display_root) =>
            {
                path::clean(path)[self.display_root.len()..]
                    .trim_start_matches('/')
                    .to_owned()
            }
            Some(_) => path::clean(path),
            None => path::join(&self.root, path),
        }
    }

    /// Reads a file that the kustomization names.
    pub(crate) fn load(&self, path: &str) -> Result<Vec<u8>> {
        if is_remote_file(path) {
            bail!("remote files are not allowed: {path}");
        }
        let resolved = self.resolve(path);
        let shown = if path.starts_with('/') {
            path.to_owned()
        } else {
            self.display(&resolved)
        };
        if path::leads_outside(&resolved) {
            return Err(Error::new(format!(
                "security; file '{shown}' is not in or below '{}'",
                self.display_root()
            )));
        }
        match (self.files.entry(&resolved), self.restrictor) {
            (None, LoadRestrictor::RootOnly) => return Err(self.missing(&resolved, &shown)),
            (None, LoadRestrictor::None) => bail!("open {shown}: no such file or directory"),
            (Some(Entry::Folder), LoadRestrictor::RootOnly) => {
                bail!("'{shown}' must resolve to a file")
            }
            (Some(Entry::Folder), LoadRestrictor::None) => bail!("read {shown}: is a directory"),
            (Some(Entry::File), LoadRestrictor::RootOnly)
                if !path::is_in(path::parent(&resolved), &self.root) =>
            {
                bail!(
                    "security; file '{shown}' is not in or below '{}'",
                    self.display_root()
                );
            }
            (Some(Entry::File), _) => {}
        }
        self.files.read(&resolved).map_err(|error| match error {
            ReadError::NotFound => self.missing(&resolved, &shown),
            ReadError::TooLarge | ReadError::Other(_) => {
                Error::new(format!("read {shown}: {error}")).in_file(&resolved)
            }
        })
    }

    /// Reads a file of the tree that belongs to what the kustomization names.
    pub(crate) fn load_resolved(&self, resolved: &str) -> Result<Vec<u8>> {
        if self.root.is_empty() {
            return self.load(resolved);
        }
        let up = "../".repeat(self.root.split('/').count());
        self.load(&format!("{up}{resolved}"))
    }

    /// What is at a path of the tree.
    pub(crate) fn entry(&self, resolved: &str) -> Option<Entry> {
        if path::leads_outside(resolved) {
            return None;
        }
        self.files.entry(resolved)
    }

    fn missing(&self, resolved: &str, shown: &str) -> Error {
        // The text names the first part of the path that is missing, or the file that was taken for a folder.
        let mut known = String::new();
        for part in resolved.split('/') {
            let next = path::join(&known, part);
            match self.files.entry(&next) {
                None => {
                    let at = self.display(&next);
                    return Error::new(format!(
                        "evalsymlink failure on '{shown}' : lstat {at}: no such file or directory"
                    ));
                }
                Some(Entry::File) if next != resolved => {
                    let rest = self.display(&next);
                    return Error::new(format!(
                        "evalsymlink failure on '{shown}' : lstat {rest}: not a directory"
                    ));
                }
                Some(_) => known = next,
            }
        }
        Error::new(format!(
            "evalsymlink failure on '{shown}' : lstat {shown}: no such file or directory"
        ))
    }

    fn confirm_folder(&self, folder: &str) -> Result<()> {
        let shown = self.display(folder);
        if path::leads_outside(folder) {
            bail!("must build at directory: security; '{shown}' is outside of the source");
        }
        match self.files.entry(folder) {
            Some(Entry::Folder) => Ok(()),
            Some(Entry::File) => bail!("must build at directory: '{shown}': file is not directory"),
            None => Err(self
                .missing(folder, &shown)
                .wrap("must build at directory: not a valid directory")),
        }
    }

    /// The view of another kustomization that this one names.
    pub(crate) fn enter(&self, folder: &str) -> Result<Self> {
        if folder.is_empty() {
            bail!("new root cannot be empty");
        }
        if is_remote_repository(folder) {
            bail!("remote bases are not allowed: {folder}");
        }
        if folder.starts_with('/') {
            bail!("new root '{folder}' cannot be absolute");
        }
        if has_ambiguous_part(folder) {
            bail!(
                "path \"{folder}\" is ambiguous: resolves to \"{}\" after normalization, which is likely not the intended target; \
                 check for YAML indentation errors in your kustomization file",
                path::clean(folder)
            );
        }
        let root = path::join(&self.root, folder);
        self.confirm_folder(&root)?;
        for visited in std::iter::once(&self.root).chain(self.ancestors.iter().rev()) {
            if path::is_in(visited, &root) {
                bail!(
                    "cycle detected: candidate root '{}' contains visited root '{}'",
                    self.display(&root),
                    self.display(visited)
                );
            }
        }
        let mut ancestors = self.ancestors.clone();
        ancestors.push(self.root.clone());
        if ancestors.len() > MAX_DEPTH {
            bail!("more than {MAX_DEPTH} kustomizations refer to each other");
        }
        Ok(Self {
            files: self.files,
            restrictor: self.restrictor,
            display_root: self.display_root,
            root,
            ancestors,
        })
    }

    /// The kustomization file of the folder: its content and its name.
    pub(crate) fn kustomization_file(&self) -> Result<(Vec<u8>, &'static str)> {
        let mut found = KUSTOMIZATION_FILES
            .into_iter()
            .filter(|name| self.files.entry(&path::join(&self.root, name)) == Some(Entry::File));
        match (found.next(), found.next()) {
            (Some(name), None) => Ok((self.load(name)?, name)),
            (None, _) => bail!(
                "unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '{}'",
                self.display_root()
            ),
            (Some(_), Some(_)) => bail!(
                "Found multiple kustomization files under: {}\n",
                self.display_root()
            ),
        }
    }
}

/// A folder name with `..` inside of it comes from two list entries that an indentation error made one.
fn has_ambiguous_part(path: &str) -> bool {
    path.split('/')
        .any(|part| part != ".." && part.contains(".."))
}

fn is_remote_file(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    lower.starts_with("http://") || lower.starts_with("https://")
}

/// What the original would clone: addresses with a scheme or a user, and the hosts that it knows by name.
fn is_remote_repository(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let bare = lower.strip_prefix("git::").unwrap_or(&lower);
    bare.contains("://")
        || bare.starts_with("git@")
        || bare.starts_with("github.com/")
        || bare.starts_with("github.com:")
        || lower.starts_with("git::")
        || (bare.contains('@')
            && bare
                .split('/')
                .next()
                .is_some_and(|host| host.contains('@') && host.contains(':')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn files() -> BTreeMap<String, Vec<u8>> {
        [
            "app/kustomization.yaml",
            "app/base/kustomization.yml",
            "shared/x.yaml",
        ]
        .into_iter()
        .map(|name| (name.to_owned(), name.as_bytes().to_vec()))
        .collect()
    }

    #[test]
    fn files_outside_of_the_folder_need_permission() {
        let files = files();
        let strict = Loader::new(&files, LoadRestrictor::RootOnly, "/r", "app").unwrap();
        let error = strict.load("../shared/x.yaml").unwrap_err();
        assert_eq!(
            error.message,
            "security; file '/r/shared/x.yaml' is not in or below '/r/app'"
        );
        let free = Loader::new(&files, LoadRestrictor::None, "/r", "app").unwrap();
        assert_eq!(free.load("../shared/x.yaml").unwrap(), b"shared/x.yaml");
        assert!(free.load("../../etc/passwd").is_err());
        assert!(free.load("/etc/passwd").is_err());
    }

    #[test]
    fn a_base_above_its_overlay_is_a_cycle() {
        let files = files();
        let app = Loader::new(&files, LoadRestrictor::RootOnly, "/r", "app").unwrap();
        let base = app.enter("base").unwrap();
        assert_eq!(base.root(), "app/base");
        let error = base.enter("..").err().unwrap();
        assert_eq!(
            error.message,
            "cycle detected: candidate root '/r/app' contains visited root '/r/app/base'"
        );
        assert!(app.enter("https://example.com/repo").is_err());
        assert!(
            app.enter("../shared/x.yaml")
                .err()
                .unwrap()
                .message
                .contains("file is not directory")
        );
    }

    #[test]
    fn missing_files_are_named_as_the_original_names_them() {
        let files = files();
        let app = Loader::new(&files, LoadRestrictor::RootOnly, "/r", "app").unwrap();
        assert_eq!(
            app.load("nope.yaml").unwrap_err().message,
            "evalsymlink failure on '/r/app/nope.yaml' : lstat /r/app/nope.yaml: no such file or directory"
        );
    }

    #[test]
    fn the_kustomization_file_must_be_one() {
        let mut files = files();
        let app = Loader::new(&files, LoadRestrictor::RootOnly, "/r", "app").unwrap();
        assert_eq!(app.kustomization_file().unwrap().1, "kustomization.yaml");
        drop(app);
        files.insert("app/Kustomization".to_owned(), Vec::new());
        let app = Loader::new(&files, LoadRestrictor::RootOnly, "/r", "app").unwrap();
        assert!(
            app.kustomization_file()
                .unwrap_err()
                .message
                .starts_with("Found multiple kustomization files")
        );
    }
}
