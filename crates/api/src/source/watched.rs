//! The part of any source that its readers need: is there an artifact, and which? The kind that ends this file is read, not served.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Deserialize, Serialize};

use crate::Condition;
use crate::decode::null_as_default;
use crate::kustomization::SourceKind;
use crate::source::{Artifact, Bucket, GitRepository, OCIRepository};

/// What every source reports.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceStatus {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<Artifact>,
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub conditions: Vec<Condition>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
}

/// Any kind that a Kustomization can take its files from.
pub trait Source {
    const KIND: SourceKind;
    fn metadata(&self) -> &ObjectMeta;
    fn artifact(&self) -> Option<&Artifact>;
}

macro_rules! source {
    ($($kind:ident),*) => {$(
        impl Source for $kind {
            const KIND: SourceKind = SourceKind::$kind;

            fn metadata(&self) -> &ObjectMeta {
                &self.metadata
            }

            fn artifact(&self) -> Option<&Artifact> {
                self.status.as_ref()?.artifact.as_ref()
            }
        }
    )*};
}

source!(Bucket, ExternalArtifact, GitRepository, OCIRepository);

/// A source that another controller serves: its status only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExternalArtifact {
    pub metadata: ObjectMeta,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<SourceStatus>,
}
