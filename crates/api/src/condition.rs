//! Conditions as every Kubernetes status has them (`meta/v1`).

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One aspect of the state of an object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// When `status` last changed.
    pub last_transition_time: Time,
    /// What a person should know about it; may be empty.
    #[schemars(length(max = 32768))]
    pub message: String,
    /// The generation of the object that this condition was derived from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub observed_generation: Option<i64>,
    /// Why, as one word for programs.
    #[schemars(
        length(min = 1, max = 1024),
        regex(pattern = r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$")
    )]
    pub reason: String,
    /// Whether the condition holds.
    pub status: ConditionStatus,
    /// Which aspect, in CamelCase.
    #[serde(rename = "type")]
    #[schemars(
        length(max = 316),
        regex(
            pattern = r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$"
        )
    )]
    pub type_: String,
}

/// Whether a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ConditionStatus {
    True,
    False,
    Unknown,
}

impl ConditionStatus {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }
}

/// The condition types that Flux's kinds use.
pub mod condition_type {
    /// The one that everybody waits for.
    pub const READY: &str = "Ready";
    /// Work is under way; absent when it is not.
    pub const RECONCILING: &str = "Reconciling";
    /// Only a change of the spec can help; absent otherwise.
    pub const STALLED: &str = "Stalled";
    /// The applied objects passed their health checks; absent when none are asked for.
    pub const HEALTHY: &str = "Healthy";

    /// The last install or upgrade of a release.
    pub const RELEASED: &str = "Released";
    /// The tests of the last release.
    pub const TEST_SUCCESS: &str = "TestSuccess";
    /// What was done about the last failure.
    pub const REMEDIATED: &str = "Remediated";
    /// The objects of a release are not as they were applied.
    pub const DRIFTED: &str = "Drifted";

    /// A source's artifact is stored and is the newest.
    pub const ARTIFACT_IN_STORAGE: &str = "ArtifactInStorage";
    /// A source's signature was checked.
    pub const SOURCE_VERIFIED: &str = "SourceVerified";
    /// Upstream could not be read.
    pub const FETCH_FAILED: &str = "FetchFailed";
    /// The artifact could not be stored.
    pub const STORAGE_OPERATION_FAILED: &str = "StorageOperationFailed";
    /// The stored artifact is not what the spec or upstream now asks for.
    pub const ARTIFACT_OUTDATED: &str = "ArtifactOutdated";
    /// Another repository that is to be included is not available.
    pub const INCLUDE_UNAVAILABLE: &str = "IncludeUnavailable";
    /// A chart could not be built.
    pub const BUILD_FAILED: &str = "BuildFailed";
}
