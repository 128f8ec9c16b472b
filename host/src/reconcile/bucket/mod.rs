//! Bucket: from the objects of a bucket to an artifact in the store.

mod error;
mod fetch;
mod files;

use std::sync::Arc;

use super::source::Shared;

/// What reconciles of Buckets need.
pub struct Buckets {
    pub shared: Arc<Shared>,
}
