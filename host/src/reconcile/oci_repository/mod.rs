//! OCIRepository: from a reference in a registry to an artifact in the store.

mod connect;
mod error;
mod fetch;

use std::sync::Arc;

pub use self::connect::Registries;
use super::source::Shared;

/// What reconciles of OCIRepositories need.
pub struct OciRepositories {
    pub shared: Arc<Shared>,
}
