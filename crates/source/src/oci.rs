//! Artifacts in container registries: which revision a reference means, its manifest, and its layers.
//!
//! A client of our own over the HTTP clients of this crate: it reads and never writes, every answer has a limit, nothing is followed
//! to another server with the credentials of this one, and what has a digest is believed only after it was checked.

mod auth;
mod error;
mod layer;
mod manifest;
mod reference;
mod registry;
mod repository;
pub mod signature;

pub use auth::{Credentials, InvalidDockerConfig};
pub use error::OciError;
pub use layer::LayerError;
pub use manifest::{Descriptor, Manifest};
pub use reference::{Reference, Resolved};
pub use registry::{Registry, RegistryOptions};
pub use repository::{InvalidRepository, Repository};
