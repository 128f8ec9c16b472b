//! How much of a document may come from aliases. A few hundred bytes of nested aliases ask for gigabytes; go-yaml refuses such
//! documents by a ratio, kustomize dies of them.

use super::Dialect;
use super::error::{Mark, ReadError};

/// Below this many expanded nodes nobody needs to care.
const HARMLESS: u64 = 20_000;
/// More than this is refused whatever the ratio.
const MOST: u64 = 2_000_000;
/// Expanded nodes for each written one.
const FACTOR: u64 = 100;
/// So many bytes of a scalar weigh as much as a node.
const BYTES_PER_NODE: u64 = 64;

pub(super) struct Expansion {
    dialect: Dialect,
    written: u64,
    expanded: u64,
}

impl Expansion {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            written: 1,
            expanded: 0,
        }
    }

    /// Counts a node of the text and returns what it weighs.
    pub(super) fn written(&mut self, text: &str) -> u64 {
        let weight = 1 + text.len() as u64 / BYTES_PER_NODE;
        self.written += weight;
        weight
    }

    /// Counts the nodes that an alias stands for, before they are made.
    pub(super) fn expand(&mut self, name: &str, weight: u64, mark: Mark) -> Result<(), ReadError> {
        self.expanded = self.expanded.saturating_add(weight);
        if self.is_harmless() {
            return Ok(());
        }
        let factor = self.expanded / self.written;
        let cause = format!(
            "document contains excessive aliasing: *{name} brings it to {} nodes, {factor} times what is written",
            self.expanded
        );
        Err(ReadError::at(mark, cause))
    }

    fn is_harmless(&self) -> bool {
        let limit = match self.dialect {
            Dialect::Kyaml => HARMLESS,
            Dialect::Sigs => 1_000,
        };
        self.expanded <= limit || (self.expanded <= MOST && self.expanded / FACTOR < self.written)
    }
}
