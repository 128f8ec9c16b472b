//! Files that a build reads as plain text: what generators of Secrets and patches name, in all kustomizations that it comes to.

use std::collections::{BTreeMap, BTreeSet};

use rosin_manifest::{
    node::{Kind, Node},
    yaml,
};
use rosin_tree::Tree;

use crate::{Error, FileError, Format, Integrity, MAX_SIZE, decrypt_file, integrity, keys::Keys};

const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// A view of the tree with those files decrypted, or none where there are none. `components` are the ones that the Kustomization adds to the folder's own.
///
/// The encrypted manifests that the kustomizations list stay as they are, since a build may still change them; where integrity is to be
/// verified, it is verified here, while they are what was encrypted.
pub fn decrypt_tree(
    tree: &Tree,
    path: &str,
    components: &[String],
    keys: &Keys,
    integrity: Integrity,
) -> Result<Option<Tree>, Error> {
    let mut walk = Walk {
        tree,
        keys,
        integrity,
        seen: BTreeSet::new(),
        decrypted: BTreeMap::new(),
    };
    let Some(root) = joined("", path) else {
        return Ok(None);
    };
    if walk.kustomization_of(&root)?.is_some() {
        walk.folder(&root)?;
    } else {
        walk.generated(&root)?;
    }
    for component in components {
        walk.reference(&root, component)?;
    }
    let Walk { decrypted, .. } = walk;
    Ok((!decrypted.is_empty()).then(|| tree.overlay(decrypted)))
}

struct Walk<'a> {
    tree: &'a Tree,
    keys: &'a Keys,
    integrity: Integrity,
    /// Folders and manifests that were looked at.
    seen: BTreeSet<String>,
    decrypted: BTreeMap<String, Vec<u8>>,
}

impl Walk<'_> {
    /// A folder without a kustomization: all its manifests, and the kustomizations of its subfolders, as the generated file would list.
    fn generated(&mut self, root: &str) -> Result<(), Error> {
        let files = self.tree.files(root).map_err(|source| Error::Read {
            path: root.to_owned(),
            source,
        })?;
        let folders: BTreeSet<&str> = files
            .iter()
            .filter_map(|file| rosin_tree::path::parent(file))
            .filter(|folder| {
                NAMES
                    .iter()
                    .any(|name| self.tree.entry(&child(folder, name)).is_some())
            })
            .collect();
        for folder in &folders {
            if !folders.iter().any(|outer| is_below(folder, outer)) {
                self.folder(folder)?;
            }
        }
        let is_manifest = |file: &&String| file.ends_with(".yaml") || file.ends_with(".yml");
        let in_kustomization = |file: &&String| folders.iter().any(|folder| is_below(file, folder));
        for file in files
            .iter()
            .filter(is_manifest)
            .filter(|file| !in_kustomization(file))
        {
            self.manifest(file)?;
        }
        Ok(())
    }

    fn folder(&mut self, folder: &str) -> Result<(), Error> {
        if !self.seen.insert(folder.to_owned()) {
            return Ok(());
        }
        let file = self
            .kustomization_of(folder)?
            .ok_or_else(|| Error::NoKustomization(folder.to_owned()))?;
        let broken = |cause: String| Error::Kustomization {
            path: file.clone(),
            cause,
        };
        let kustomization = yaml::read_one(&self.read(&file)?, yaml::Dialect::Sigs)
            .map_err(|error| broken(error.to_string()))?;
        for generator in items(&kustomization, "secretGenerator") {
            for source in texts(generator, "files") {
                let (key, path) = source.split_once('=').unwrap_or((source, source));
                self.decrypt(folder, path, Format::of_path(key))?;
            }
            for path in texts(generator, "envs").chain(generator.get("env").and_then(Node::as_text))
            {
                let format = match Format::of_path(path) {
                    Format::Binary => Format::Dotenv,
                    other => other,
                };
                self.decrypt(folder, path, format)?;
            }
        }
        for path in
            items(&kustomization, "patches").filter_map(|patch| patch.get("path")?.as_text())
        {
            self.decrypt(folder, path, Format::of_path(path))?;
        }
        for field in ["resources", "bases", "components"] {
            for path in texts(&kustomization, field) {
                self.reference(folder, path)?;
            }
        }
        Ok(())
    }

    /// A folder with a kustomization, or a manifest. Addresses, and what leads out of the tree or nowhere, are for the build to judge.
    fn reference(&mut self, folder: &str, path: &str) -> Result<(), Error> {
        let Some(path) = joined(folder, path) else {
            return Ok(());
        };
        if self.tree.entry(&path).is_some() {
            self.manifest(&path)
        } else if self.tree.is_dir(&path) {
            self.folder(&path)
        } else {
            Ok(())
        }
    }

    fn kustomization_of(&self, folder: &str) -> Result<Option<String>, Error> {
        let mut found = NAMES
            .iter()
            .map(|name| child(folder, name))
            .filter(|path| self.tree.entry(path).is_some());
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(Error::SeveralKustomizations(folder.to_owned())),
            (found, None) => Ok(found),
        }
    }

    fn decrypt(&mut self, folder: &str, path: &str, format: Format) -> Result<(), Error> {
        let Some(path) = joined(folder, path) else {
            return Ok(());
        };
        if self.decrypted.contains_key(&path) || self.tree.entry(&path).is_none() {
            return Ok(());
        }
        let failed = |source| Error::File {
            path: path.clone(),
            format,
            source,
        };
        if self
            .tree
            .entry(&path)
            .is_some_and(|entry| entry.size > MAX_SIZE as u64)
        {
            return Err(failed(FileError::TooLarge));
        }
        let bytes = self.read(&path)?;
        if !format.is_marked(&bytes) {
            return Ok(());
        }
        let plain =
            decrypt_file(&bytes, format, format, self.keys, self.integrity).map_err(failed)?;
        self.decrypted.insert(path, plain);
        Ok(())
    }

    fn manifest(&mut self, path: &str) -> Result<(), Error> {
        if self.integrity == Integrity::Ignore || !self.seen.insert(path.to_owned()) {
            return Ok(());
        }
        if self
            .tree
            .entry(path)
            .is_some_and(|entry| entry.size > MAX_SIZE as u64)
        {
            return Ok(());
        }
        let format = if path.ends_with(".json") {
            Format::Json
        } else {
            Format::Yaml
        };
        let bytes = self.read(path)?;
        if !format.is_marked(&bytes) {
            return Ok(());
        }
        integrity::check(&bytes, format, self.keys).map_err(|source| Error::File {
            path: path.to_owned(),
            format,
            source,
        })
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, Error> {
        self.tree.read(path).map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })
    }
}

fn items<'a>(node: &'a Node, field: &str) -> impl Iterator<Item = &'a Node> {
    let items = match node.get(field).map(|node| &node.kind) {
        Some(Kind::Sequence(items)) => Some(items.iter()),
        _ => None,
    };
    items.into_iter().flatten()
}

fn texts<'a>(node: &'a Node, field: &str) -> impl Iterator<Item = &'a str> {
    items(node, field).filter_map(Node::as_text)
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.starts_with('/'))
}

fn child(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}

/// A path below the tree's root, from a folder of it. None for what is no such path.
fn joined(folder: &str, path: &str) -> Option<String> {
    if path.contains("://") || (path.starts_with('/') && !folder.is_empty()) {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            other => parts.push(other),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn paths_stay_below_the_root() {
        assert_eq!(joined("a/b", "../c.yaml").as_deref(), Some("a/c.yaml"));
        assert_eq!(joined("", "./apps/").as_deref(), Some("apps"));
        assert_eq!(joined("a", "../../c"), None);
        assert_eq!(joined("a", "https://example.com/x"), None);
        assert_eq!(joined("a", "/etc/passwd"), None);
    }
}
