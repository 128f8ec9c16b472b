//! See Cargo.toml.

pub mod helm;
