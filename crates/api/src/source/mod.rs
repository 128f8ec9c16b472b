//! Sources: where files come from.

mod artifact;
mod git;
mod watched;

pub use artifact::Artifact;
pub use git::{
    GitInclude, GitProvider, GitReference, GitRepository, GitRepositorySpec, GitRepositoryStatus,
    GitVerification, GitVerifyMode,
};
pub use watched::{Bucket, ExternalArtifact, OCIRepository, Source, SourceStatus};
