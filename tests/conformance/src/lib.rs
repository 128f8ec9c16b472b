//! See Cargo.toml.

pub mod helm;
pub mod kustomize;
