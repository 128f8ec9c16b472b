//! Sources: where files come from.

mod artifact;
mod bucket;
mod git;
mod helm_chart;
mod helm_repository;
mod oci;
mod stored;
mod watched;

pub use artifact::Artifact;
pub use bucket::{Bucket, BucketProvider, BucketSpec, BucketStatus, BucketSts, BucketStsProvider};
pub use git::{
    GitInclude, GitProvider, GitReference, GitRepository, GitRepositorySpec, GitRepositoryStatus,
    GitVerification, GitVerifyMode,
};
pub use helm_chart::{
    HelmChart, HelmChartSourceKind, HelmChartSpec, HelmChartStatus, HelmChartVerification,
    LocalHelmChartSourceReference, ReconcileStrategy,
};
pub use helm_repository::{
    AccessFrom, HelmRepository, HelmRepositorySpec, HelmRepositoryStatus, HelmRepositoryType,
    NamespaceSelector,
};
pub use oci::{
    OCILayerOperation, OCILayerSelector, OCIProvider, OCIReference, OCIRepository,
    OCIRepositorySpec, OCIRepositoryStatus, OCIVerification, OCIVerificationProvider,
    OIDCIdentityMatch,
};
pub use stored::StoredStatus;
pub use watched::{ExternalArtifact, Source, SourceStatus};

fn is_false(value: &bool) -> bool {
    !value
}
