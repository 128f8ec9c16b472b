//! A mapping that keeps the order of its keys. Small ones (nearly all of them) are scanned; large ones carry an index, so that a
//! ConfigMap of a million keys stays linear to build.

use std::collections::HashMap;

use smol_str::SmolStr;

use super::{Node, Scalar, walk};

/// From this size on keys are looked up by hash.
const INDEXED: usize = 48;

/// Keys in the order they were written; keys are unique by their text.
#[derive(Debug, Default)]
pub struct Mapping {
    entries: Vec<(Scalar, Node)>,
    #[expect(
        clippy::box_collection,
        reason = "keeps the many mappings without an index small"
    )]
    index: Option<Box<HashMap<SmolStr, usize>>>,
}

impl Mapping {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            entries: Vec::with_capacity(capacity),
            index: None,
        }
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Where the key stands in the order.
    #[must_use]
    pub fn position(&self, key: &str) -> Option<usize> {
        match &self.index {
            Some(index) => index.get(key).copied(),
            None => self.entries.iter().position(|(k, _)| k.value == key),
        }
    }

    #[must_use]
    pub fn contains_key(&self, key: &str) -> bool {
        self.position(key).is_some()
    }

    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.position(key).map(|at| &self.entries[at].1)
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.position(key).map(|at| &mut self.entries[at].1)
    }

    /// The key as it was written, and its value.
    #[must_use]
    pub fn get_entry(&self, key: &str) -> Option<(&Scalar, &Node)> {
        self.position(key)
            .map(|at| (&self.entries[at].0, &self.entries[at].1))
    }

    /// Sets the value and keeps the key's place (and spelling), or appends. Returns the value that was there.
    pub fn insert(&mut self, key: impl Into<SmolStr>, value: impl Into<Node>) -> Option<Node> {
        self.insert_key(Scalar::string(key), value.into())
    }

    /// As `insert`, for a key whose tag and style matter.
    pub fn insert_key(&mut self, key: Scalar, value: Node) -> Option<Node> {
        if let Some(at) = self.position(&key.value) {
            return Some(std::mem::replace(&mut self.entries[at].1, value));
        }
        self.push(key, value);
        None
    }

    /// The value of the key, which is appended with the given value where it is missing.
    pub fn get_or_insert_with(&mut self, key: &str, value: impl FnOnce() -> Node) -> &mut Node {
        let at = match self.position(key) {
            Some(at) => at,
            None => {
                self.push(Scalar::string(key), value());
                self.entries.len() - 1
            }
        };
        &mut self.entries[at].1
    }

    /// Appends without looking for the key: the caller knows that it is new.
    pub(crate) fn push(&mut self, key: Scalar, value: Node) {
        if let Some(index) = &mut self.index {
            index.insert(key.value.clone(), self.entries.len());
        }
        self.entries.push((key, value));
        if self.index.is_none() && self.entries.len() >= INDEXED {
            self.reindex();
        }
    }

    /// Removes the key and keeps the order of the others.
    pub fn remove(&mut self, key: &str) -> Option<Node> {
        self.remove_entry(key).map(|(_, value)| value)
    }

    pub fn remove_entry(&mut self, key: &str) -> Option<(Scalar, Node)> {
        let at = self.position(key)?;
        let entry = self.entries.remove(at);
        self.reindex();
        Some(entry)
    }

    /// Keeps the entries for which the answer is true, in order.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &mut Node) -> bool) {
        self.entries
            .retain_mut(|(key, value)| keep(&key.value, value));
        self.reindex();
    }

    /// Sorts by key text, bytewise.
    pub fn sort_keys(&mut self) {
        self.entries.sort_by(|(a, _), (b, _)| a.value.cmp(&b.value));
        self.reindex();
    }

    pub fn clear(&mut self) {
        drop(std::mem::take(self));
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &Node)> + ExactSizeIterator {
        self.entries
            .iter()
            .map(|(key, value)| (key.value.as_str(), value))
    }

    pub fn iter_mut(
        &mut self,
    ) -> impl DoubleEndedIterator<Item = (&str, &mut Node)> + ExactSizeIterator {
        self.entries
            .iter_mut()
            .map(|(key, value)| (key.value.as_str(), value))
    }

    /// Entries with the keys as they were written.
    #[must_use]
    pub fn entries(&self) -> &[(Scalar, Node)] {
        &self.entries
    }

    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> {
        self.entries.iter().map(|(key, _)| key.value.as_str())
    }

    pub fn values(&self) -> impl ExactSizeIterator<Item = &Node> {
        self.entries.iter().map(|(_, value)| value)
    }

    pub fn values_mut(&mut self) -> impl ExactSizeIterator<Item = &mut Node> {
        self.entries.iter_mut().map(|(_, value)| value)
    }

    pub(super) fn take(&mut self) -> Vec<(Scalar, Node)> {
        self.index = None;
        std::mem::take(&mut self.entries)
    }

    /// From entries whose keys are known to be unique.
    pub(super) fn from_unique(entries: Vec<(Scalar, Node)>) -> Self {
        let mut mapping = Self {
            entries,
            index: None,
        };
        mapping.reindex();
        mapping
    }

    fn reindex(&mut self) {
        self.index = (self.entries.len() >= INDEXED).then(|| {
            Box::new(
                self.entries
                    .iter()
                    .enumerate()
                    .map(|(at, (key, _))| (key.value.clone(), at))
                    .collect(),
            )
        });
    }
}

impl<K: Into<SmolStr>, V: Into<Node>> FromIterator<(K, V)> for Mapping {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut mapping = Self::new();
        for (key, value) in entries {
            mapping.insert(key, value);
        }
        mapping
    }
}

impl IntoIterator for Mapping {
    type Item = (Scalar, Node);
    type IntoIter = std::vec::IntoIter<(Scalar, Node)>;

    fn into_iter(mut self) -> Self::IntoIter {
        self.take().into_iter()
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        if self.entries.iter().any(|(_, value)| !value.is_scalar()) {
            walk::dismantle(
                self.take()
                    .into_iter()
                    .map(|(_, value)| value)
                    .filter(|value| !value.is_scalar())
                    .collect(),
            );
        }
    }
}
