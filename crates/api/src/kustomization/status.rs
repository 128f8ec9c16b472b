//! What Rosin reports about a Kustomization.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::RendererStatus;
use crate::decode::null_as_default;
use crate::{Condition, Duration};

/// What Rosin reports about a Kustomization.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("default" = { "observedGeneration": -1 }))]
pub struct KustomizationStatus {
    /// The state of the object, aspect by aspect.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub conditions: Vec<Condition>,
    /// The last sets of objects that were applied, newest first.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub history: History,
    /// The objects that were applied, or were about to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inventory: Option<Inventory>,
    /// What the applied revision says it was built from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_applied_origin_revision: Option<String>,
    /// The last revision that was applied, pruned and found healthy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_applied_revision: Option<String>,
    /// The last revision that was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_attempted_revision: Option<String>,
    /// The last request for a reconcile that was served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
    /// The generation of the last run that came to an end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The component that rendered last, where it came from a source. An addition of Rosin to Flux's fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renderer: Option<RendererStatus>,
}

/// Objects in the cluster that belong to a Kustomization.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Inventory {
    /// The objects, in the order of their application.
    pub entries: Vec<InventoryEntry>,
}

/// One object.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct InventoryEntry {
    /// Its identity: `<namespace>_<name>_<group>_<kind>`.
    pub id: String,
    /// The API version that it was applied with.
    pub v: String,
}

/// At most five snapshots, newest first.
pub type History = Vec<Snapshot>;

/// A set of objects and how its runs ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// Digest of the objects.
    pub digest: String,
    /// When the set was first applied.
    pub first_reconciled: Time,
    /// When it was last applied.
    pub last_reconciled: Time,
    /// How long that took.
    #[schemars(schema_with = "crate::duration::plain_schema")]
    pub last_reconciled_duration: Duration,
    /// Reason of the condition that the run ended with.
    pub last_reconciled_status: String,
    /// Where the set came from.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub metadata: BTreeMap<String, String>,
    /// How many runs ended so.
    pub total_reconciliations: i64,
}
