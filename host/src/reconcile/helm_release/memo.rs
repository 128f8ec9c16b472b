//! What a HelmRelease's last run left in memory; lost at a restart, which costs a request or two.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use super::template::Made;
use crate::controller::Key;

#[derive(Default)]
pub(super) struct Memo {
    /// The HelmChart as it was last made.
    pub chart: Option<Made>,
    /// Since when something that others do has been missing.
    pub not_ready_since: Option<Instant>,
}

/// The memory of each object.
#[derive(Default)]
pub struct Memos(Mutex<HashMap<Key, Memo>>);

impl Memos {
    pub(super) fn take(&self, key: &Key) -> Memo {
        let mut memos = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        memos.remove(key).unwrap_or_default()
    }

    pub(super) fn put(&self, key: &Key, memo: Memo) {
        let mut memos = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        memos.insert(key.clone(), memo);
    }
}
