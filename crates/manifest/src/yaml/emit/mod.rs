//! Trees to text.

mod analysis;
pub(crate) mod key_order;
mod kyaml;
mod scalars;
mod sigs;
mod tree;
mod writer;

pub(crate) use kyaml::reprint_folded;
pub use kyaml::{go_string_style, to_string_indented, to_string_kyaml};
pub use sigs::{node_to_string_sigs, to_string_sigs, to_string_sigs_by_bytes};
