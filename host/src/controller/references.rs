//! Who refers to what: looked up by what is referred to, so that an event costs what it concerns, not what exists.

use std::{
    collections::{BTreeSet, HashMap},
    hash::Hash,
    sync::{Mutex, PoisonError},
};

use super::Key;

/// Objects by what they refer to.
pub struct References<R> {
    tables: Mutex<Tables<R>>,
}

struct Tables<R> {
    known: HashMap<Key, Vec<R>>,
    by: HashMap<R, BTreeSet<Key>>,
}

impl<R> Default for References<R> {
    fn default() -> Self {
        Self {
            tables: Mutex::new(Tables {
                known: HashMap::new(),
                by: HashMap::new(),
            }),
        }
    }
}

impl<R: Clone + Eq + Hash> References<R> {
    /// Says what an object refers to now; nothing where it is gone.
    pub fn set(&self, key: &Key, new: Vec<R>) {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        if tables.known.get(key) == Some(&new) {
            return;
        }
        for old in tables.known.remove(key).unwrap_or_default() {
            if let Some(keys) = tables.by.get_mut(&old) {
                keys.remove(key);
                if keys.is_empty() {
                    tables.by.remove(&old);
                }
            }
        }
        for reference in &new {
            let keys = tables.by.entry(reference.clone()).or_default();
            keys.insert(key.clone());
        }
        if !new.is_empty() {
            tables.known.insert(key.clone(), new);
        }
    }

    /// The objects that refer to something.
    pub fn of(&self, reference: &R) -> Vec<Key> {
        let tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = tables.by.get(reference).into_iter().flatten();
        keys.cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_follow_the_object() {
        let (index, a) = (References::default(), Key::new("ns", "a"));
        index.set(&a, vec!["one", "two"]);
        assert_eq!(index.of(&"one"), std::slice::from_ref(&a));
        index.set(&a, vec!["two"]);
        assert!(index.of(&"one").is_empty());
        assert_eq!(index.of(&"two"), std::slice::from_ref(&a));
        index.set(&a, Vec::new());
        assert!(index.of(&"two").is_empty());
    }
}
