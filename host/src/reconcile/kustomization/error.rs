//! Why a reconcile of a Kustomization ends without success: the reason that its conditions show, and when it is tried again.

use rosin_api::Reason;

use crate::cluster::ApiError;

/// When to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// After `spec.retryInterval`.
    Interval,
    /// After `--requeue-dependency`, or sooner when what is waited for changes.
    Dependency,
    /// With growing delays: the fault is not in the object.
    Backoff,
    /// Only when the spec changes: Stalled.
    OnChange,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    AccessDenied(String),
    #[error("Source artifact not found, retrying in {}", rosin_api::Duration::from(*.0))]
    NoArtifact(std::time::Duration),
    #[error("{0}")]
    SourceMissing(String),
    #[error("{message}")]
    Dependency {
        message: String,
        retry: std::time::Duration,
    },
    #[error("{0}")]
    InvalidExpression(String),
    /// The object asks for what the operator has not switched on.
    #[error("{0}")]
    FeatureGate(String),
    #[error("{0}")]
    Artifact(String),
    /// The artifact is announced, but its server does not have it (yet).
    #[error("Source is not ready, artifact not found, retrying in {}", rosin_api::Duration::from(*.0))]
    ArtifactGone(std::time::Duration),
    #[error("{0}")]
    Build(String),
    /// The renderer that the object names is missing, refused or none. Nothing was rendered, so nothing is pruned.
    #[error("{0}")]
    Renderer(String),
    #[error("{0}")]
    Apply(String),
    /// No client for the account or cluster that the object names.
    #[error("{0}")]
    Client(String),
    #[error("{0}")]
    Prune(String),
    #[error("{0}")]
    Health(String),
    /// The API server did not do its part; nothing is said about the object.
    #[error("{0}")]
    Api(#[from] ApiError),
}

impl Error {
    pub fn reason(&self) -> Reason {
        match self {
            Self::AccessDenied(_) => Reason::AccessDenied,
            Self::NoArtifact(_)
            | Self::SourceMissing(_)
            | Self::Artifact(_)
            | Self::ArtifactGone(_) => Reason::ArtifactFailed,
            Self::Dependency { .. } => Reason::DependencyNotReady,
            Self::InvalidExpression(_) => Reason::InvalidCELExpression,
            Self::FeatureGate(_) => Reason::FeatureGateDisabled,
            Self::Build(_) => Reason::BuildFailed,
            Self::Renderer(_) => Reason::RendererFailed,
            Self::Apply(_) | Self::Client(_) | Self::Api(_) => Reason::ReconciliationFailed,
            Self::Prune(_) => Reason::PruneFailed,
            Self::Health(_) => Reason::HealthCheckFailed,
        }
    }

    pub fn retry(&self) -> Retry {
        match self {
            Self::AccessDenied(_) | Self::InvalidExpression(_) | Self::FeatureGate(_) => {
                Retry::OnChange
            }
            Self::NoArtifact(_) | Self::ArtifactGone(_) | Self::Dependency { .. } => {
                Retry::Dependency
            }
            Self::SourceMissing(_)
            | Self::Artifact(_)
            | Self::Build(_)
            | Self::Renderer(_)
            | Self::Apply(_)
            | Self::Client(_)
            | Self::Prune(_)
            | Self::Health(_) => Retry::Interval,
            Self::Api(_) => Retry::Backoff,
        }
    }

    /// The words of the Warning event, which differ from the condition's in one case of Flux's.
    pub fn event_text(&self) -> String {
        match self {
            Self::Client(message) => format!("failed to build kube client: {message}"),
            other => other.to_string(),
        }
    }
}
