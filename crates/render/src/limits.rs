//! How much one render may use, and what keeps it from using more.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::ResourceLimiter;

use crate::engine::Budget;

/// Entries of one table; the pool has room for no more.
pub(crate) const MAX_TABLE_ELEMENTS: usize = 100_000;

/// What one render may use. The defaults are generous: the largest renders of the wild stay far below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory of the instance, in bytes.
    pub memory: usize,
    /// Bytes that cross from the guest to the host in one call: the output, or the arguments of one import.
    pub output: usize,
    /// From the start of the render to its end, waiting for other guests and for the cluster included.
    pub deadline: Duration,
    /// The largest file that is read for a guest, in bytes.
    pub file: u64,
    /// Messages that are kept; more are counted.
    pub diagnostics: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 512 << 20,
            output: 64 << 20,
            deadline: Duration::from_secs(60),
            file: 64 << 20,
            diagnostics: 1000,
        }
    }
}

/// Why growth was refused. A trap that follows is, most likely, the guest's way to say that it has no memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    OwnLimit,
    HostLimit,
}

/// Counts the memory of one store.
pub(crate) struct Limiter {
    limit: usize,
    used: usize,
    pub(crate) refused: Option<Refused>,
    all: Arc<Budget>,
}

impl Limiter {
    pub(crate) fn new(limits: &Limits, all: Arc<Budget>) -> Self {
        Self {
            limit: limits.memory,
            used: 0,
            refused: None,
            all,
        }
    }

    /// Memory never shrinks, so what is used is the peak.
    pub(crate) fn peak(&self) -> usize {
        self.used
    }
}

impl Drop for Limiter {
    fn drop(&mut self) {
        self.all.give_back(self.used);
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let more = desired.saturating_sub(current);
        if self.used.saturating_add(more) > self.limit
            || maximum.is_some_and(|maximum| desired > maximum)
        {
            self.refused = Some(Refused::OwnLimit);
            return Ok(false);
        }
        if !self.all.take(more) {
            self.refused = Some(Refused::HostLimit);
            return Ok(false);
        }
        self.used += more;
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.refused.get_or_insert(Refused::OwnLimit);
        Ok(())
    }

    fn table_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let fits = desired <= MAX_TABLE_ELEMENTS;
        if !fits {
            self.refused = Some(Refused::OwnLimit);
        }
        Ok(fits)
    }
}
