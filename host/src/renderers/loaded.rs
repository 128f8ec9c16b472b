//! What was loaded, and what could not be: by digest and grants, bounded in number.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use rosin_render::{Descriptor, Grants, Renderer};
use rosin_tree::Digest;

/// Plugins that stay in memory. One that is asked for again costs a look at the disk.
const MOST: usize = 64;

type Outcome = Result<(Renderer, Arc<Descriptor>), String>;

#[derive(Default)]
pub(super) struct Loaded(Mutex<State>);

#[derive(Default)]
struct State {
    entries: BTreeMap<(Digest, Grants), (u64, Outcome)>,
    clock: u64,
}

impl Loaded {
    pub(super) fn get(&self, digest: Digest, grants: &Grants) -> Option<Outcome> {
        let state = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.clock += 1;
        let (used, outcome) = state.entries.get_mut(&(digest, grants.clone()))?;
        *used = state.clock;
        Some(outcome.clone())
    }

    pub(super) fn put(&self, digest: Digest, grants: &Grants, outcome: Outcome) {
        let state = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.clock += 1;
        let entry = (state.clock, outcome);
        state.entries.insert((digest, grants.clone()), entry);
        if state.entries.len() > MOST {
            let oldest = state.entries.iter().min_by_key(|(_, (used, _))| *used);
            if let Some(key) = oldest.map(|(key, _)| key.clone()) {
                state.entries.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_asked_for_longest_goes() {
        let loaded = Loaded::default();
        let digest = |n: usize| Digest::of(&n.to_be_bytes());
        let grants = Grants::files();
        for n in 0..MOST {
            loaded.put(digest(n), &grants, Err(n.to_string()));
        }
        assert!(loaded.get(digest(0), &grants).is_some());
        loaded.put(digest(MOST), &grants, Err(String::new()));
        assert!(loaded.get(digest(0), &grants).is_some());
        assert!(loaded.get(digest(1), &grants).is_none());
    }

    #[test]
    fn other_grants_are_another_plugin() {
        let loaded = Loaded::default();
        let digest = Digest::of(b"one");
        loaded.put(digest, &Grants::files(), Err("refused".to_owned()));
        let more = Grants::files().and(rosin_render::Import::Compose);
        assert!(loaded.get(digest, &more).is_none());
    }
}
