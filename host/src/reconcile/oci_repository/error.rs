//! Why an OCIRepository has no new artifact: the condition that says so, its reason, and when it is tried again.

use rosin_api::{Reason, condition_type};

use crate::reconcile::source::{Failure, Retry, StorageFailed, verify::Unverified};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("URL validation failed for '{url}': {message}")]
    Url { url: String, message: String },
    #[error("{0}")]
    Authentication(String),
    #[error("{0}")]
    Provider(String),
    #[error("failed to determine the artifact tag for '{url}': {message}")]
    Tag { url: String, message: String },
    #[error("failed to determine artifact digest: {0}")]
    Digest(String),
    #[error("failed to pull artifact from '{url}': {message}")]
    Pull { url: String, message: String },
    #[error("{0}")]
    Layer(String),
    #[error(transparent)]
    Verification(#[from] Unverified),
    #[error(transparent)]
    Storage(#[from] StorageFailed),
}

impl Failure for Error {
    fn reason(&self) -> Reason {
        match self {
            Self::Url { .. } => Reason::URLInvalid,
            Self::Authentication(_) => Reason::AuthenticationFailed,
            Self::Provider(_) => Reason::InvalidProviderConfiguration,
            Self::Tag { .. } => Reason::ReadOperationFailed,
            Self::Digest(_) | Self::Pull { .. } => Reason::OCIArtifactPullFailed,
            Self::Layer(_) => Reason::OCIArtifactLayerOperationFailed,
            Self::Verification(_) => Reason::VerificationError,
            Self::Storage(failed) => failed.reason,
        }
    }

    fn condition(&self) -> &'static str {
        match self {
            Self::Verification(_) => condition_type::SOURCE_VERIFIED,
            Self::Storage(_) => StorageFailed::CONDITION,
            _ => condition_type::FETCH_FAILED,
        }
    }

    fn retry(&self) -> Retry {
        match self {
            Self::Url { .. }
            | Self::Provider(_)
            | Self::Verification(Unverified::Unsupported { .. }) => Retry::OnChange,
            _ => Retry::Backoff,
        }
    }
}
