//! What a render depended on: every path that it read or looked for, every listing, every lookup, by digest. Output is
//! valid for another revision when all of this is the same there; comparing opens no file.

use std::collections::BTreeMap;

use rosin_tree::{Digest, Tree};
use sha2::{Digest as _, Sha256};

use crate::Source;
use crate::services::{Capabilities, Cluster};

/// Beyond this many different reads, output is simply not reused.
const MAX_READS: usize = 200_000;

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    File,
    Folder,
    Nothing,
}

/// A question to the cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Lookup {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

/// Everything that one render depended on beside its request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadSet {
    /// Content of files; None where there was no file.
    contents: BTreeMap<Box<str>, Option<Digest>>,
    kinds: BTreeMap<Box<str>, Found>,
    listings: BTreeMap<Box<str>, Digest>,
    revision: Option<String>,
    capabilities: Option<Option<Digest>>,
    lookups: BTreeMap<Lookup, Option<Digest>>,
    /// Time, randomness, or files from elsewhere: nothing that could be compared.
    ambient: bool,
    overflow: bool,
}

impl ReadSet {
    /// Whether output may be reused at all.
    pub fn is_reusable(&self) -> bool {
        !self.ambient && !self.overflow
    }

    /// Whether time or randomness was used, or files from elsewhere.
    pub fn is_ambient(&self) -> bool {
        self.ambient
    }

    /// Paths of the files that were read, sorted.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.contents
            .iter()
            .filter(|(_, digest)| digest.is_some())
            .map(|(path, _)| &**path)
    }

    /// Paths that were looked for and not found, sorted.
    pub fn missing(&self) -> impl Iterator<Item = &str> {
        self.contents
            .iter()
            .filter(|(_, digest)| digest.is_none())
            .map(|(path, _)| &**path)
    }

    /// Whether all that was read of the files is the same in another revision.
    pub fn unchanged(&self, source: &Source) -> bool {
        self.is_reusable()
            && self
                .revision
                .as_ref()
                .is_none_or(|revision| *revision == source.revision)
            && self
                .contents
                .iter()
                .all(|(path, digest)| content(&source.tree, path) == *digest)
            && self
                .kinds
                .iter()
                .all(|(path, kind)| found(&source.tree, path) == *kind)
            && self
                .listings
                .iter()
                .all(|(under, digest)| listing(&source.tree, under).1 == *digest)
    }

    /// Whether the cluster gives the same answers. Errors count as changes: the render will meet them itself.
    pub async fn unchanged_in(&self, cluster: Option<&dyn Cluster>) -> bool {
        if let Some(before) = self.capabilities {
            let now = match cluster {
                Some(cluster) => match cluster.discover().await {
                    Ok(capabilities) => Some(digest_capabilities(&capabilities)),
                    Err(_) => return false,
                },
                None => None,
            };
            if now != before {
                return false;
            }
        }
        for (question, before) in &self.lookups {
            let Lookup {
                api_version,
                kind,
                namespace,
                name,
            } = question;
            let now = match cluster {
                Some(cluster) => match cluster.lookup(api_version, kind, namespace, name).await {
                    Ok(answer) => answer.map(|json| Digest::of(json.as_bytes())),
                    Err(_) => return false,
                },
                None => None,
            };
            if now != *before {
                return false;
            }
        }
        true
    }

    /// Roughly the memory that this takes.
    pub(crate) fn size(&self) -> usize {
        const ENTRY: usize = 80;
        let paths = self
            .contents
            .keys()
            .chain(self.kinds.keys())
            .chain(self.listings.keys());
        paths.map(|path| path.len() + ENTRY).sum::<usize>() + self.lookups.len() * 4 * ENTRY
    }

    pub(crate) fn note_content(&mut self, tree: &Tree, path: &str) {
        if self.has_room() && !self.contents.contains_key(path) {
            self.contents.insert(path.into(), content(tree, path));
        }
    }

    pub(crate) fn note_kind(&mut self, tree: &Tree, path: &str) {
        if self.has_room() && !self.kinds.contains_key(path) {
            self.kinds.insert(path.into(), found(tree, path));
        }
    }

    /// Lists a folder, and notes what the list was.
    pub(crate) fn list(&mut self, tree: &Tree, under: &str) -> Vec<String> {
        let (files, digest) = listing(tree, under);
        if self.has_room() {
            self.listings.insert(under.into(), digest);
        }
        files
    }

    pub(crate) fn note_revision(&mut self, revision: &str) {
        self.revision = Some(revision.to_owned());
    }

    pub(crate) fn note_capabilities(&mut self, capabilities: Option<&Capabilities>) {
        self.capabilities = Some(capabilities.map(digest_capabilities));
    }

    pub(crate) fn note_lookup(&mut self, question: Lookup, answer: Option<&str>) {
        if self.has_room() {
            self.lookups
                .insert(question, answer.map(|json| Digest::of(json.as_bytes())));
        }
    }

    pub(crate) fn note_ambient(&mut self) {
        self.ambient = true;
    }

    /// Adds what a renderer read that was asked for. It saw `added` files in the tree, which are the caller's own.
    pub(crate) fn absorb(&mut self, other: Self, tree: &Tree, added: &BTreeMap<String, Vec<u8>>) {
        let Self {
            contents,
            kinds,
            listings,
            revision,
            capabilities,
            lookups,
            ambient,
            overflow,
        } = other;
        for path in contents
            .into_keys()
            .filter(|path| !added.contains_key(&**path))
        {
            self.note_content(tree, &path);
        }
        for path in kinds.into_keys() {
            self.note_kind(tree, &path);
        }
        for under in listings.into_keys() {
            self.list(tree, &under);
        }
        if revision.is_some() {
            self.revision = revision;
        }
        if capabilities.is_some() {
            self.capabilities = capabilities;
        }
        for (question, answer) in lookups {
            if self.has_room() {
                self.lookups.insert(question, answer);
            }
        }
        self.ambient |= ambient;
        self.overflow |= overflow;
    }

    fn has_room(&mut self) -> bool {
        let reads =
            self.contents.len() + self.kinds.len() + self.listings.len() + self.lookups.len();
        self.overflow |= reads >= MAX_READS;
        !self.overflow
    }
}

fn content(tree: &Tree, path: &str) -> Option<Digest> {
    tree.entry(path).map(|entry| entry.digest)
}

fn found(tree: &Tree, path: &str) -> Found {
    if tree.entry(path).is_some() {
        Found::File
    } else if tree.is_dir(path) {
        Found::Folder
    } else {
        Found::Nothing
    }
}

/// The files below a folder, none if there is no such folder, and a digest of their names.
fn listing(tree: &Tree, under: &str) -> (Vec<String>, Digest) {
    let files = tree.files(under).unwrap_or_default();
    let mut hash = Sha256::new();
    for file in &files {
        hash.update(file.as_bytes());
        // No path has this byte.
        hash.update([0]);
    }
    (files, Digest(hash.finalize().into()))
}

fn digest_capabilities(capabilities: &Capabilities) -> Digest {
    let Capabilities {
        kube_version,
        api_versions,
    } = capabilities;
    let mut text = kube_version.clone();
    for version in api_versions {
        text.push('\n');
        text.push_str(version);
    }
    Digest::of(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(files: &[(&str, &str)]) -> Source {
        let files = files
            .iter()
            .map(|(path, content)| ((*path).to_owned(), content.as_bytes().to_vec()));
        Source {
            tree: Tree::from_files(files),
            revision: "main@1".to_owned(),
        }
    }

    #[test]
    fn output_survives_changes_elsewhere_only() {
        let before = source(&[("a/x", "1"), ("a/y", "2"), ("b/z", "3")]);
        let mut reads = ReadSet::default();
        reads.note_content(&before.tree, "a/x");
        reads.note_content(&before.tree, "a/missing");
        reads.note_kind(&before.tree, "b");
        reads.list(&before.tree, "a");

        assert!(reads.unchanged(&before));
        assert!(
            reads.unchanged(&source(&[
                ("a/x", "1"),
                ("a/y", "other"),
                ("b/new", ""),
                ("c", "")
            ])),
            "unread content"
        );
        assert!(
            !reads.unchanged(&source(&[("a/x", "other"), ("a/y", "2"), ("b/z", "3")])),
            "content"
        );
        assert!(
            !reads.unchanged(&source(&[("a/x", "1"), ("b/z", "3")])),
            "listing"
        );
        assert!(
            !reads.unchanged(&source(&[("a/x", "1"), ("a/y", "2")])),
            "folder went"
        );
        assert!(
            !reads.unchanged(&source(&[("a/x", "1"), ("a/y", "2"), ("b", "")])),
            "folder became a file"
        );
    }

    #[test]
    fn a_file_that_appears_where_one_was_missed_is_a_change() {
        let before = source(&[("a", "1")]);
        let mut reads = ReadSet::default();
        reads.note_content(&before.tree, "kustomization.yaml");
        assert_eq!(reads.missing().collect::<Vec<_>>(), ["kustomization.yaml"]);
        assert!(!reads.unchanged(&source(&[("a", "1"), ("kustomization.yaml", "")])));
    }

    #[test]
    fn the_revision_counts_when_it_was_asked_for() {
        let mut reads = ReadSet::default();
        let later = Source {
            revision: "main@2".to_owned(),
            ..source(&[])
        };
        assert!(reads.unchanged(&later));
        reads.note_revision("main@1");
        assert!(!reads.unchanged(&later));
    }

    #[test]
    fn ambient_output_is_never_reused() {
        let mut reads = ReadSet::default();
        reads.note_ambient();
        assert!(!reads.unchanged(&source(&[])));
    }

    #[test]
    fn a_flood_of_reads_is_bounded_and_ends_reuse() {
        let empty = source(&[]);
        let mut reads = ReadSet::default();
        for number in 0..MAX_READS + 10 {
            reads.note_content(&empty.tree, &number.to_string());
        }
        assert_eq!(reads.contents.len(), MAX_READS);
        assert!(!reads.unchanged(&empty));
    }
}
