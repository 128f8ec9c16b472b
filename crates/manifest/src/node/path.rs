//! Access by key and by path.

use smol_str::SmolStr;

use super::{Kind, Mapping, Node};

impl Node {
    /// The value of a key; None for a missing key and for nodes that are not mappings.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_mapping()?.get(key)
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        self.as_mapping_mut()?.get_mut(key)
    }

    /// Sets a key of a mapping; a null becomes a mapping first. Other nodes are left alone.
    pub fn insert(&mut self, key: impl Into<SmolStr>, value: impl Into<Self>) -> Option<Self> {
        self.make_mapping()?.insert(key, value)
    }

    pub fn remove(&mut self, key: &str) -> Option<Self> {
        self.as_mapping_mut()?.remove(key)
    }

    /// The mapping in this node; a null is turned into an empty one, anything else gives None.
    pub fn make_mapping(&mut self) -> Option<&mut Mapping> {
        if self.is_null() {
            self.kind = Kind::Mapping(Mapping::new());
        }
        self.as_mapping_mut()
    }

    /// Follows keys through mappings: `node.lookup(&["metadata", "name"])`.
    #[must_use]
    pub fn lookup(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    pub fn lookup_mut(&mut self, path: &[&str]) -> Option<&mut Self> {
        path.iter().try_fold(self, |node, key| node.get_mut(key))
    }

    /// Follows keys and creates missing mappings on the way; None where something else than a mapping or null is in the way.
    /// The last value is created as null.
    pub fn lookup_create(&mut self, path: &[&str]) -> Option<&mut Self> {
        path.iter().try_fold(self, |node, key| {
            Some(node.make_mapping()?.get_or_insert_with(key, Self::null))
        })
    }

    /// The text of the scalar at the path.
    #[must_use]
    pub fn text_at(&self, path: &[&str]) -> Option<&str> {
        self.lookup(path)?.as_text()
    }

    /// Removes what is at the path; parents stay.
    pub fn remove_at(&mut self, path: &[&str]) -> Option<Self> {
        let (last, parents) = path.split_last()?;
        self.lookup_mut(parents)?.remove(last)
    }

    #[must_use]
    pub fn api_version(&self) -> &str {
        self.text_at(&["apiVersion"]).unwrap_or_default()
    }

    /// The object's `kind` field.
    #[must_use]
    pub fn object_kind(&self) -> &str {
        self.text_at(&["kind"]).unwrap_or_default()
    }

    #[must_use]
    pub fn name(&self) -> &str {
        self.text_at(&["metadata", "name"]).unwrap_or_default()
    }

    #[must_use]
    pub fn namespace(&self) -> &str {
        self.text_at(&["metadata", "namespace"]).unwrap_or_default()
    }

    #[must_use]
    pub fn label(&self, key: &str) -> Option<&str> {
        self.text_at(&["metadata", "labels", key])
    }

    #[must_use]
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.text_at(&["metadata", "annotations", key])
    }
}
