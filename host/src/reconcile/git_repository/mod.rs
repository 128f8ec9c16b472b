//! GitRepository: from a reference in a repository to an artifact in the store.

mod error;
mod fetch;
mod verify;

use std::sync::Arc;

use rosin_api::GitRepository;
use rosin_source::git::Git;

use super::source::Shared;
use crate::controller::Watched;

/// What reconciles of GitRepositories need.
pub struct GitRepositories {
    pub shared: Arc<Shared>,
    pub git: Git,
    /// For those that include others.
    pub watched: Watched<GitRepository>,
}
