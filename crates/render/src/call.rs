//! The state of one render: what its imports see and note, and what is left of it when it ends.

use std::sync::Arc;

use rosin_tree::TreeError;
use wasmtime::component::ResourceTable;

use crate::engine::Budget;
use crate::limits::Limiter;
use crate::run::{Nested, Scene};
use crate::{Diagnostic, Limits, ReadSet, Services, Severity, Source, Subject, guest_text};

/// Handles to trees that a guest may hold at a time.
const MAX_HANDLES: usize = 10_000;

/// Data of one store.
pub(crate) struct Call {
    pub(crate) handles: ResourceTable,
    pub(crate) subject: Subject,
    pub(crate) source: Source,
    pub(crate) services: Services,
    pub(crate) nested: Vec<Nested>,
    pub(crate) reads: ReadSet,
    pub(crate) diagnostics: Diagnostics,
    pub(crate) limiter: Limiter,
    pub(crate) limits: Limits,
    /// The first path outside of the source that was asked for: the output is not used then.
    pub(crate) invalid_path: Option<String>,
}

impl Call {
    pub(crate) fn new(limits: &Limits, memory: Arc<Budget>, scene: Scene) -> Self {
        let Scene {
            subject,
            source,
            services,
            nested,
        } = scene;
        let mut handles = ResourceTable::new();
        handles.set_max_capacity(MAX_HANDLES);
        Self {
            handles,
            subject,
            source,
            services,
            nested,
            reads: ReadSet::default(),
            diagnostics: Diagnostics::new(limits.diagnostics),
            limiter: Limiter::new(limits, memory),
            limits: limits.clone(),
            invalid_path: None,
        }
    }
}

/// Ends a render from within an import, for reasons that are not the guest's.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    #[error("reading the source failed")]
    Source(#[source] TreeError),
    #[error("{0}")]
    Unavailable(String),
    #[error("the guest asked for {0} random bytes at once")]
    Random(u32),
}

/// Messages of the guest, bounded in number and length.
#[derive(Debug, Default)]
pub(crate) struct Diagnostics {
    pub(crate) kept: Vec<Diagnostic>,
    pub(crate) dropped: u64,
    limit: usize,
}

impl Diagnostics {
    fn new(limit: usize) -> Self {
        Self {
            kept: Vec::new(),
            dropped: 0,
            limit,
        }
    }

    pub(crate) fn add(&mut self, mut diagnostic: Diagnostic) {
        if self.kept.len() < self.limit {
            diagnostic.message = guest_text::clean(&diagnostic.message, guest_text::MESSAGE);
            self.kept.push(diagnostic);
        } else {
            self.dropped += 1;
        }
    }

    /// Adds messages of a renderer that was asked for.
    pub(crate) fn absorb(&mut self, diagnostics: Vec<Diagnostic>, dropped: u64) {
        diagnostics.into_iter().for_each(|one| self.add(one));
        self.dropped += dropped;
    }

    /// The last error: what a panic reports before it traps.
    pub(crate) fn last_error(&self) -> Option<&str> {
        let last = self
            .kept
            .iter()
            .rev()
            .find(|diagnostic| diagnostic.severity == Severity::Error);
        last.map(|diagnostic| diagnostic.message.as_str())
    }
}
