//! The stored files of a source.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::decode::null_as_default;
use crate::names::ORIGIN_REVISION_METADATA;

/// The stored files of a source: a gzip-compressed tar archive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Artifact {
    /// Digest of the archive, as `<algorithm>:<hex>`.
    #[schemars(regex(pattern = r"^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$"))]
    pub digest: String,
    /// When the archive was stored.
    pub last_update_time: Time,
    /// What else upstream says about it.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub metadata: BTreeMap<String, String>,
    /// Path of the archive below the storage root.
    pub path: String,
    /// Where it was read from, such as `main@sha1:<commit>`.
    pub revision: String,
    /// Size of the archive in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<i64>,
    /// Address of the archive.
    pub url: String,
}

impl Artifact {
    /// The revision that the artifact was built from, where another tool recorded it.
    pub fn origin_revision(&self) -> Option<&str> {
        self.metadata
            .get(ORIGIN_REVISION_METADATA)
            .map(String::as_str)
            .filter(|revision| !revision.is_empty())
    }
}
