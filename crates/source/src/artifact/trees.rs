//! The unpacked trees: one per digest, made once however many ask at the same time, dropped when unused and in the way.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rosin_tree::Tree;

use super::ArtifactDigest;

/// How many unpacked trees may lie around unread.
#[derive(Debug, Clone, Copy)]
pub struct Capacity {
    pub trees: usize,
    pub bytes: u64,
}

impl Default for Capacity {
    fn default() -> Self {
        Self {
            trees: 256,
            bytes: 1 << 30,
        }
    }
}

/// The trees by digest. Each is an unlinked file: it has no name, and goes with its last reader or with the process.
pub(super) struct Trees {
    capacity: Capacity,
    slots: Mutex<HashMap<ArtifactDigest, Arc<Slot>>>,
    clock: AtomicU64,
}

#[derive(Default)]
struct Slot {
    tree: Mutex<Option<Tree>>,
    used: AtomicU64,
    bytes: AtomicU64,
}

impl Trees {
    pub(super) fn new(capacity: Capacity) -> Self {
        Self {
            capacity,
            slots: Mutex::default(),
            clock: AtomicU64::default(),
        }
    }

    /// The tree of a digest; `make` runs when there is none, once, while others wait for it.
    pub(super) fn get_or_make<E>(
        &self,
        digest: &ArtifactDigest,
        make: impl FnOnce() -> Result<Tree, E>,
    ) -> Result<Tree, E> {
        let slot = lock(&self.slots).entry(digest.clone()).or_default().clone();
        let tree = {
            let mut tree = lock(&slot.tree);
            match &*tree {
                Some(tree) => tree.clone(),
                None => {
                    let made = make().inspect_err(|_| self.drop_empty(digest))?;
                    slot.bytes.store(
                        made.entries().map(|(_, entry)| entry.size).sum(),
                        Ordering::Relaxed,
                    );
                    tree.insert(made).clone()
                }
            }
        };
        slot.used.store(
            self.clock.fetch_add(1, Ordering::Relaxed),
            Ordering::Relaxed,
        );
        drop(slot);
        self.evict();
        Ok(tree)
    }

    /// Drops a tree whose contents turned out to be damaged.
    pub(super) fn forget(&self, digest: &ArtifactDigest) {
        lock(&self.slots).remove(digest);
    }

    /// A digest that could not be unpacked is no entry, unless others wait to try themselves.
    fn drop_empty(&self, digest: &ArtifactDigest) {
        let mut slots = lock(&self.slots);
        if slots
            .get(digest)
            .is_some_and(|slot| Arc::strong_count(slot) == 2)
        {
            slots.remove(digest);
        }
    }

    /// Drops the least recently used trees that nobody reads, until what is left fits.
    fn evict(&self) {
        let mut slots = lock(&self.slots);
        let mut bytes: u64 = slots
            .values()
            .map(|slot| slot.bytes.load(Ordering::Relaxed))
            .sum();
        if slots.len() <= self.capacity.trees && bytes <= self.capacity.bytes {
            return;
        }
        let unused = slots.iter().filter(|(_, slot)| slot.is_unused());
        let mut unused: Vec<(u64, ArtifactDigest)> = unused
            .map(|(digest, slot)| (slot.used.load(Ordering::Relaxed), digest.clone()))
            .collect();
        unused.sort_by_key(|(used, _)| *used);
        for (_, digest) in unused {
            if slots.len() <= self.capacity.trees && bytes <= self.capacity.bytes {
                break;
            }
            if let Some(slot) = slots.remove(&digest) {
                bytes -= slot.bytes.load(Ordering::Relaxed);
            }
        }
    }
}

impl Slot {
    /// With the slots locked nobody can start to use it.
    fn is_unused(self: &Arc<Self>) -> bool {
        Arc::strong_count(self) == 1
            && self
                .tree
                .try_lock()
                .is_ok_and(|tree| tree.as_ref().is_none_or(|tree| !tree.is_shared()))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic in `make` leaves the slot empty, which is a valid state.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
