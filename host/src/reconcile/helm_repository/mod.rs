//! HelmRepository: the index of a server with charts, as an artifact. One in a registry has no index, and nothing to be reconciled.

mod access;
mod error;
mod fetch;

use std::sync::Arc;

pub(super) use self::access::{Access, server};
use super::source::Shared;

/// What reconciles of HelmRepositories need.
pub struct HelmRepositories {
    pub shared: Arc<Shared>,
}
