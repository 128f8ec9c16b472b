//! Why a GitRepository has no new artifact: the condition that says so, its reason, and when it is tried again.

use rosin_api::{Reason, condition_type};

use crate::reconcile::source::{Failure, Retry, StorageFailed};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("failed to checkout and determine revision: {0}")]
    Fetch(String),
    #[error("{0}")]
    Sparse(String),
    #[error("git repository is empty")]
    Empty,
    #[error("{0}")]
    Authentication(String),
    #[error("{0}")]
    Url(String),
    #[error("{0}")]
    Provider(String),
    #[error("{message}")]
    Verification { reason: Reason, message: String },
    #[error("{message}")]
    Include { reason: Reason, message: String },
    #[error(transparent)]
    Storage(#[from] StorageFailed),
}

impl Failure for Error {
    fn reason(&self) -> Reason {
        match self {
            Self::Fetch(_) | Self::Sparse(_) => Reason::GitOperationFailed,
            Self::Empty => Reason::EmptyGitRepository,
            Self::Authentication(_) => Reason::AuthenticationFailed,
            Self::Url(_) => Reason::URLInvalid,
            Self::Provider(_) => Reason::InvalidProviderConfiguration,
            Self::Verification { reason, .. } | Self::Include { reason, .. } => *reason,
            Self::Storage(failed) => failed.reason,
        }
    }

    fn condition(&self) -> &'static str {
        match self {
            Self::Verification { .. } => condition_type::SOURCE_VERIFIED,
            Self::Include { .. } => condition_type::INCLUDE_UNAVAILABLE,
            Self::Storage(_) => StorageFailed::CONDITION,
            _ => condition_type::FETCH_FAILED,
        }
    }

    fn retry(&self) -> Retry {
        match self {
            Self::Url(_)
            | Self::Provider(_)
            | Self::Verification {
                reason: Reason::InvalidVerificationMode,
                ..
            } => Retry::OnChange,
            Self::Include { .. } => Retry::Dependency,
            _ => Retry::Backoff,
        }
    }
}
