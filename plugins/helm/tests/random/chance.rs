//! Chance that is the same for the same seed.
#![allow(dead_code, reason = "each test file uses some of it")]

/// Numbers in an order that is the same for the same seed.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % limit
    }

    pub(crate) fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.below(from.len())]
    }

    /// One of the usual, and rarely another.
    pub(crate) fn mostly<'t>(&mut self, usual: &[&'t str], others: &[&'t str]) -> &'t str {
        match self.below(120) {
            0 => self.pick(others),
            _ => self.pick(usual),
        }
    }

    pub(crate) fn either<'t>(&mut self, some: &[&'t str], others: &[&'t str]) -> &'t str {
        match self.below(2) {
            0 => self.pick(some),
            _ => self.pick(others),
        }
    }
}
