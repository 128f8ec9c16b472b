//! Sources: where files come from.

mod artifact;
mod git;
mod oci;
mod watched;

pub use artifact::Artifact;
pub use git::{
    GitInclude, GitProvider, GitReference, GitRepository, GitRepositorySpec, GitRepositoryStatus,
    GitVerification, GitVerifyMode,
};
pub use oci::{
    OCILayerOperation, OCILayerSelector, OCIProvider, OCIReference, OCIRepository,
    OCIRepositorySpec, OCIRepositoryStatus, OCIVerification, OCIVerificationProvider,
    OIDCIdentityMatch,
};
pub use watched::{Bucket, ExternalArtifact, Source, SourceStatus};
