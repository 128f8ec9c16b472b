//! Trees to text.

mod analysis;
pub(crate) mod key_order;
mod kyaml;
mod scalars;
mod sigs;
mod tree;
mod writer;

pub use kyaml::to_string_kyaml;
pub(crate) use kyaml::{go_string_style, reprint_folded};
pub use sigs::{node_to_string_sigs, to_string_sigs};
