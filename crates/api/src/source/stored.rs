//! What the kinds that Rosin stores artifacts for have in common.

use super::{
    Artifact, Bucket, BucketStatus, GitRepository, GitRepositoryStatus, HelmChart, HelmChartStatus,
    HelmRepository, HelmRepositoryStatus, OCIRepository, OCIRepositoryStatus,
};
use crate::object::FluxStatus;

/// The status of a source.
pub trait StoredStatus: FluxStatus {
    fn artifact(&self) -> Option<&Artifact>;
    fn set_artifact(&mut self, artifact: Option<Artifact>);
    /// The address of the newest artifact, whatever its revision. Not every kind has one.
    fn set_url(&mut self, url: Option<String>);
}

macro_rules! stored {
    ($kind:ty, $status:ty, |$this:ident, $url:ident| $set_url:block) => {
        impl StoredStatus for $status {
            fn artifact(&self) -> Option<&Artifact> {
                self.artifact.as_ref()
            }

            fn set_artifact(&mut self, artifact: Option<Artifact>) {
                self.artifact = artifact;
            }

            fn set_url(&mut self, $url: Option<String>) {
                let $this = self;
                $set_url
            }
        }

        impl $kind {
            pub fn name(&self) -> &str {
                self.metadata.name.as_deref().unwrap_or_default()
            }

            pub fn namespace(&self) -> &str {
                self.metadata.namespace.as_deref().unwrap_or_default()
            }

            pub fn artifact(&self) -> Option<&Artifact> {
                self.status.as_ref()?.artifact.as_ref()
            }
        }
    };
    ($($kind:ty, $status:ty;)*) => {$(
        stored!($kind, $status, |this, url| {
            this.url = url;
        });
    )*};
}

stored!(GitRepository, GitRepositoryStatus, |_this, _url| {});
stored! {
    Bucket, BucketStatus;
    HelmChart, HelmChartStatus;
    HelmRepository, HelmRepositoryStatus;
    OCIRepository, OCIRepositoryStatus;
}
