//! Why a Bucket has no new artifact: the condition that says so, its reason, and when it is tried again.

use rosin_api::{Reason, condition_type};

use crate::reconcile::source::{Failure, Retry, StorageFailed};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Authentication(String),
    /// A way of reaching storage that this version does not have.
    #[error("{0}")]
    Unsupported(String),
    #[error("{0}")]
    Operation(String),
    #[error(transparent)]
    Storage(#[from] StorageFailed),
}

impl Failure for Error {
    fn reason(&self) -> Reason {
        match self {
            Self::Authentication(_) => Reason::AuthenticationFailed,
            Self::Unsupported(_) => Reason::InvalidProviderConfiguration,
            Self::Operation(_) => Reason::BucketOperationFailed,
            Self::Storage(failed) => failed.reason,
        }
    }

    fn condition(&self) -> &'static str {
        match self {
            Self::Storage(_) => StorageFailed::CONDITION,
            _ => condition_type::FETCH_FAILED,
        }
    }

    fn retry(&self) -> Retry {
        match self {
            Self::Unsupported(_) => Retry::OnChange,
            _ => Retry::Backoff,
        }
    }
}
