//! HelmChart: a chart of a repository as it is, or made from files, as an artifact.
//!
//! `fetch` is the reconcile; `remote` gets charts of repositories, `local` makes them from the files of other sources, with what
//! `dependencies` finds; `package` packs.

mod build;
mod dependencies;
mod error;
mod fetch;
mod local;
mod package;
mod remote;

use std::sync::Arc;

use rosin_api::{Bucket, GitRepository, HelmRepository};

use super::source::Shared;
use crate::controller::Watched;

/// What reconciles of HelmCharts need.
pub struct HelmCharts {
    pub shared: Arc<Shared>,
    pub repositories: Watched<HelmRepository>,
    pub git: Watched<GitRepository>,
    pub buckets: Watched<Bucket>,
}
