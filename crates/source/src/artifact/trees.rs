//! The unpacked trees: one per digest, made once however many ask at the same time, dropped when unused and in the way.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cap_std::fs::Dir;
use rosin_tree::Tree;

use super::ArtifactDigest;
use super::staging::Staging;

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

pub(super) struct Trees {
    folder: Dir,
    capacity: Capacity,
    slots: Mutex<HashMap<String, Arc<Slot>>>,
    clock: AtomicU64,
}

#[derive(Default)]
struct Slot {
    tree: Mutex<Option<Tree>>,
    used: AtomicU64,
    bytes: AtomicU64,
}

impl Trees {
    /// What earlier processes unpacked is dropped: the archives have it, with a digest.
    pub(super) fn new(storage: &Dir, capacity: Capacity) -> io::Result<Self> {
        if storage.exists("trees") {
            storage.remove_dir_all("trees")?;
        }
        super::staging::create_private_dir(storage, "trees")?;
        let folder = storage.open_dir("trees")?;
        Ok(Self {
            folder,
            capacity,
            slots: Mutex::default(),
            clock: AtomicU64::default(),
        })
    }

    /// The tree of a digest; `make` runs when there is none, once, while others wait for it.
    pub(super) fn get_or_make<E: From<io::Error>>(
        &self,
        digest: &ArtifactDigest,
        make: impl FnOnce() -> Result<Staging, E>,
    ) -> Result<Tree, E> {
        let name = name_of(digest);
        let slot = lock(&self.slots).entry(name.clone()).or_default().clone();
        let tree = {
            let mut tree = lock(&slot.tree);
            match &*tree {
                Some(tree) => tree.clone(),
                None => {
                    let made = make().and_then(|staging| Ok(staging.finish(&self.folder, &name)?));
                    let made = made.inspect_err(|_| self.drop_empty(&name))?;
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
        self.evict();
        Ok(tree)
    }

    /// Drops a tree whose files turned out to be damaged.
    pub(super) fn forget(&self, digest: &ArtifactDigest) {
        lock(&self.slots).remove(&name_of(digest));
    }

    /// A digest that could not be unpacked is no entry, unless others wait to try themselves.
    fn drop_empty(&self, name: &str) {
        let mut slots = lock(&self.slots);
        if slots
            .get(name)
            .is_some_and(|slot| Arc::strong_count(slot) == 2)
        {
            slots.remove(name);
        }
    }

    /// Removes the least recently used trees that nobody reads, until what is left fits.
    fn evict(&self) {
        let mut slots = lock(&self.slots);
        let mut bytes: u64 = slots
            .values()
            .map(|slot| slot.bytes.load(Ordering::Relaxed))
            .sum();
        let mut unused: Vec<(u64, String)> = slots
            .iter()
            .filter(|(_, slot)| slot.is_unused())
            .map(|(name, slot)| (slot.used.load(Ordering::Relaxed), name.clone()))
            .collect();
        unused.sort();
        for (_, name) in unused {
            if slots.len() <= self.capacity.trees && bytes <= self.capacity.bytes {
                break;
            }
            if let Some(slot) = slots.remove(&name) {
                bytes -= slot.bytes.load(Ordering::Relaxed);
                if let Err(error) = self.folder.remove_dir_all(&name) {
                    tracing::warn!(tree = name, %error, "removing an unpacked artifact failed");
                }
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

fn name_of(digest: &ArtifactDigest) -> String {
    digest.to_string().replace(':', "-")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic in `make` leaves the slot empty, which is a valid state.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
