//! YAML in and out, in the two dialects that Kubernetes tools speak.

mod compose;
mod emit;
mod error;
mod expansion;
mod parse;
mod read;
mod remarks;
pub mod resolve;
mod resources;
mod scalar;
mod scan;

pub(crate) use emit::key_order::sort as sort_keys;
pub(crate) use emit::reprint_folded;
pub use emit::{
    go_string_style, node_to_string_sigs, to_string_indented, to_string_kyaml, to_string_sigs,
    to_string_sigs_by_bytes,
};
pub use error::ReadError;
pub use read::{MAX_SIZE, read, read_one};
pub use resources::read_resources;

/// Whose rules decide what a document means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// kyaml (go-yaml v3): `yes` is a string, duplicate keys are an error. What kustomize reads resources with.
    Kyaml,
    /// sigs.k8s.io/yaml (go-yaml v2): `yes` is true, the last of duplicate keys wins. What Helm and the API machinery read with.
    Sigs,
}
