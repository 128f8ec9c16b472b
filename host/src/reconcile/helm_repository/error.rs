//! Why a HelmRepository has no new index: the condition that says so, its reason, and when it is tried again.

use rosin_api::{Reason, condition_type};

use crate::reconcile::source::{Failure, Retry, StorageFailed};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("invalid Helm repository URL: {0}")]
    Url(String),
    #[error("{0}")]
    Authentication(String),
    #[error("failed to construct Helm client: {0}")]
    Client(String),
    #[error("failed to fetch Helm repository index: {0}")]
    Fetch(String),
    #[error("failed to load Helm repository from index YAML: {0}")]
    Index(String),
    #[error(transparent)]
    Storage(#[from] StorageFailed),
}

impl Failure for Error {
    fn reason(&self) -> Reason {
        match self {
            Self::Url(_) => Reason::URLInvalid,
            Self::Authentication(_) => Reason::AuthenticationFailed,
            Self::Client(_) | Self::Fetch(_) => Reason::Failed,
            Self::Index(_) => Reason::IndexationFailed,
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
            Self::Url(_) | Self::Client(_) => Retry::OnChange,
            _ => Retry::Backoff,
        }
    }
}
