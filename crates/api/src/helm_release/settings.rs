//! The part of a HelmRelease that says where values come from, what changes the rendered objects, and what is watched afterwards.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::is_false;
use crate::decode::null_as_default;
use crate::kustomization::{IgnoreRule, Image, Patch};

/// A ConfigMap or Secret with values.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ValuesReference {
    /// Kind of the object.
    pub kind: ValuesKind,
    /// With `targetPath`: take the value as it is written.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub literal: bool,
    /// Name of the object.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Go on where the object or the key is missing.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub optional: bool,
    /// The one value that is set, as in `helm --set`. Default: the key holds a file of values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(max = 250),
        regex(pattern = r"^([a-zA-Z0-9_\-.\\\/]|\[[0-9]{1,5}\])+$")
    )]
    pub target_path: Option<String>,
    /// Key of the object. Default: `values.yaml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253), regex(pattern = r"^[\-._a-zA-Z0-9]+$"))]
    pub values_key: Option<String>,
}

impl ValuesReference {
    pub fn key(&self) -> &str {
        self.values_key
            .as_deref()
            .filter(|key| !key.is_empty())
            .unwrap_or("values.yaml")
    }
}

/// The kinds that hold values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ValuesKind {
    Secret,
    ConfigMap,
}

impl ValuesKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Secret => "Secret",
            Self::ConfigMap => "ConfigMap",
        }
    }
}

/// What changes the rendered objects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PostRenderer {
    /// With kustomize.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kustomize: Option<KustomizePostRenderer>,
}

/// The parts of a kustomization that a post renderer may have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KustomizePostRenderer {
    /// New names, tags and digests of container images.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub images: Vec<Image>,
    /// Strategic merge and JSON 6902 patches.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub patches: Vec<Patch>,
}

/// Which documents are given to the post renderers together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PostRenderStrategy {
    /// Objects only; hooks stay as they are.
    NoHooks,
    /// Objects and hooks in one stream.
    #[default]
    Combined,
    /// Objects, then hooks.
    Separate,
}

/// Whether changes in the cluster are looked for and corrected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DriftDetection {
    /// Changes that do not count.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub ignore: Vec<IgnoreRule>,
    /// What is done. Default: `disabled`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<DriftMode>,
}

/// What is done with changes in the cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DriftMode {
    /// They are told and corrected.
    Enabled,
    /// They are told.
    Warn,
    /// Nobody looks.
    #[default]
    Disabled,
}

/// How it is told that objects are ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WaitStrategy {
    /// Which rules.
    pub name: WaitStrategyName,
}

/// The rules by which objects are ready.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WaitStrategyName {
    /// Those of kstatus.
    #[default]
    Poller,
    /// Those of Helm 3.
    Legacy,
}
