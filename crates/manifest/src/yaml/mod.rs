//! YAML in and out, in the two dialects that Kubernetes tools speak.

mod read;
pub mod resolve;

pub use read::{ReadError, read};

/// Whose rules decide what a document means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// kyaml (go-yaml v3): `yes` is a string, duplicate keys are an error. What kustomize reads resources with.
    Kyaml,
    /// sigs.k8s.io/yaml (go-yaml v2): `yes` is true, the last of duplicate keys wins. What Helm and the API machinery read with.
    Sigs,
}
