//! Why a run of a HelmRelease ends without the release being as it should: what its conditions say, and when it is tried again.

use std::time::Duration;

use rosin_api::Reason;

use crate::cluster::ApiError;

/// When to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Retry {
    /// After this long, or sooner when what is waited for changes.
    After(Duration),
    /// With growing delays.
    Backoff,
    /// Only when something changes: Stalled.
    OnChange,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// Neither or both of `chart` and `chartRef`. Said in the log only, since the definition refuses it.
    #[error("invalid Chart reference")]
    NoChart,
    #[error("cross-namespace references are not allowed: cannot access {0}")]
    AccessDenied(String),
    #[error("{0}")]
    InvalidExpression(String),
    #[error("{message}")]
    Dependency { message: String, retry: Duration },
    #[error("failed to run server-side apply: {0}")]
    ChartTemplate(ApiError),
    #[error("could not get Source object: {0}")]
    SourceMissing(String),
    #[error("{message}")]
    SourceNotReady { message: String, retry: Duration },
    #[error("{0}")]
    Values(String),
    /// The artifact is announced, but its server does not have it (yet).
    #[error("Source not ready: artifact not found. Retrying in {}", rosin_api::Duration::from(*.0))]
    ArtifactGone(Duration),
    #[error("Could not load chart: {0}")]
    Chart(String),
    #[error("{0}")]
    ChartVersion(String),
    /// No client for the account or cluster that the object names.
    #[error("{0}")]
    Client(String),
    #[error("Could not determine release state: {0}")]
    State(String),
    /// An action failed and left no record; its condition says so already.
    #[error("{0}")]
    Action(String),
    /// No attempt is left, or nothing to go back to; the conditions say so already.
    #[error("{0}")]
    Exhausted(String),
    /// The API server did not do its part; nothing is said about the object.
    #[error("{0}")]
    Api(#[from] ApiError),
}

impl Error {
    /// What `Ready` says, where the conditions do not say it already.
    pub(super) fn reason(&self) -> Option<Reason> {
        Some(match self {
            Self::AccessDenied(_) => Reason::AccessDenied,
            Self::InvalidExpression(_) => Reason::InvalidCELExpression,
            Self::Dependency { .. } => Reason::DependencyNotReady,
            Self::SourceMissing(_) | Self::ArtifactGone(_) | Self::Chart(_) => {
                Reason::ArtifactFailed
            }
            Self::SourceNotReady { .. } => Reason::SourceNotReady,
            Self::Values(_) => Reason::ValuesError,
            Self::ChartVersion(_) => Reason::ChartMutateError,
            Self::Client(_) => Reason::RESTClientError,
            Self::State(_) => Reason::StateError,
            Self::NoChart
            | Self::ChartTemplate(_)
            | Self::Action(_)
            | Self::Exhausted(_)
            | Self::Api(_) => return None,
        })
    }

    pub(super) fn retry(&self) -> Retry {
        match self {
            Self::NoChart
            | Self::AccessDenied(_)
            | Self::InvalidExpression(_)
            | Self::Exhausted(_) => Retry::OnChange,
            Self::Dependency { retry, .. }
            | Self::SourceNotReady { retry, .. }
            | Self::ArtifactGone(retry) => Retry::After(*retry),
            Self::ChartTemplate(_)
            | Self::SourceMissing(_)
            | Self::Values(_)
            | Self::Chart(_)
            | Self::ChartVersion(_)
            | Self::Client(_)
            | Self::State(_)
            | Self::Action(_)
            | Self::Api(_) => Retry::Backoff,
        }
    }

    /// What others have yet to do may be done in the next moment.
    pub(super) fn may_settle(&self) -> bool {
        matches!(
            self,
            Self::Dependency { .. } | Self::SourceMissing(_) | Self::SourceNotReady { .. }
        )
    }

    /// Can only a change of the object help? Then it is Stalled, but for what the definition refuses anyway.
    pub(super) fn stalls(&self) -> bool {
        matches!(self, Self::AccessDenied(_) | Self::InvalidExpression(_))
    }
}
