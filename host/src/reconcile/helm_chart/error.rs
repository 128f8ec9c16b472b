//! Why there is no new chart: the condition that says so, its reason, and when it is tried again.

use rosin_api::{Reason, condition_type};

use crate::reconcile::source::{Failure, Retry, StorageFailed, verify::Unverified};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("failed to get source: {0}")]
    Source(String),
    #[error("no artifact available for {kind} source '{name}'")]
    NoArtifact { kind: &'static str, name: String },
    #[error("{0}")]
    Authentication(String),
    #[error("invalid Helm repository URL: {0}")]
    Url(String),
    #[error("invalid chart reference: {0}")]
    Reference(String),
    #[error("chart pull error: {0}")]
    Pull(String),
    #[error("chart metadata patch error: {0}")]
    Metadata(String),
    #[error("values files merge error: {0}")]
    Values(String),
    #[error("dependency build error: {0}")]
    Dependencies(String),
    #[error("chart package error: {0}")]
    Package(String),
    #[error("chart verification error: {0}")]
    Verification(#[source] Unverified),
    #[error(transparent)]
    Storage(#[from] StorageFailed),
}

impl Error {
    /// A refused login, in whatever step it showed, is told as such.
    pub(super) fn recognized(self) -> Self {
        const SIGNS: [&str; 5] = [
            "401",
            "unauthorized",
            "authentication required",
            "tls",
            "unknown certificate authority",
        ];
        let message = self.to_string();
        match self {
            Self::Pull(_) | Self::Verification(_)
                if SIGNS.iter().any(|sign| message.contains(sign)) =>
            {
                Self::Authentication(format!(
                    "failed to authenticate with the Helm repository: {message}"
                ))
            }
            other => other,
        }
    }
}

impl Failure for Error {
    fn reason(&self) -> Reason {
        match self {
            Self::Source(_) => Reason::SourceUnavailable,
            Self::NoArtifact { .. } => Reason::NoSourceArtifact,
            Self::Authentication(_) => Reason::AuthenticationFailed,
            Self::Url(_) => Reason::URLInvalid,
            Self::Reference(_) => Reason::InvalidChartReference,
            Self::Pull(_) => Reason::ChartPullError,
            Self::Metadata(_) => Reason::MetadataPatchError,
            Self::Values(_) => Reason::ValuesFilesError,
            Self::Dependencies(_) => Reason::DependencyBuildError,
            Self::Package(_) => Reason::ChartPackageError,
            Self::Verification(_) => Reason::ChartVerificationError,
            Self::Storage(failed) => failed.reason,
        }
    }

    fn condition(&self) -> &'static str {
        match self {
            Self::Metadata(_)
            | Self::Values(_)
            | Self::Dependencies(_)
            | Self::Package(_)
            | Self::Verification(_) => condition_type::BUILD_FAILED,
            Self::Storage(_) => StorageFailed::CONDITION,
            _ => condition_type::FETCH_FAILED,
        }
    }

    fn retry(&self) -> Retry {
        match self {
            Self::Url(_)
            | Self::Reference(_)
            | Self::Metadata(_)
            | Self::Values(_)
            | Self::Verification(Unverified::Unsupported { .. }) => Retry::OnChange,
            Self::NoArtifact { .. } => Retry::Dependency,
            _ => Retry::Backoff,
        }
    }
}
