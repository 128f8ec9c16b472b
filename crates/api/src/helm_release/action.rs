//! The part of a HelmRelease that says how each of Helm's actions is done.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::is_false;
use super::remediation::{
    InstallRemediation, InstallStrategy, UpgradeRemediation, UpgradeStrategy,
};
use crate::Duration;
use crate::decode::null_as_default;

/// How the release is installed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Install {
    /// What is done with the definitions in `crds/`. Default: `Create`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crds: Option<CrdsPolicy>,
    /// Create `spec.targetNamespace`.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub create_namespace: bool,
    /// Do not run hooks.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub disable_hooks: bool,
    /// Let the API server not check the fields of objects.
    #[serde(
        default,
        rename = "disableOpenAPIValidation",
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub disable_open_api_validation: bool,
    /// Do not check values against `values.schema.json`.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub disable_schema_validation: bool,
    /// Fail where an object exists that is not of this release.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub disable_take_ownership: bool,
    /// Do not wait for objects to be ready.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub disable_wait: bool,
    /// Do not wait for Jobs to be complete.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub disable_wait_for_jobs: bool,
    /// What is done when it fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remediation: Option<InstallRemediation>,
    /// Use the name of a release that was uninstalled and is still recorded.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub replace: bool,
    /// Let the API server merge. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_side_apply: Option<bool>,
    /// Without effect; see `crds`.
    #[serde(
        default,
        rename = "skipCRDs",
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub skip_crds: bool,
    /// Whether failures are repaired or tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<InstallStrategy>,
    /// How long it may take. Default: `spec.timeout`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
}

/// How the release is upgraded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Upgrade {
    /// What is done when the chart has another name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chart_name_change_strategy: Option<ChartNameChange>,
    /// Delete what a failed upgrade created.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub cleanup_on_fail: bool,
    /// What is done with the definitions in `crds/`. Default: `Create`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crds: Option<CrdsPolicy>,
    /// Do not run hooks.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub disable_hooks: bool,
    /// Let the API server not check the fields of objects.
    #[serde(
        default,
        rename = "disableOpenAPIValidation",
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub disable_open_api_validation: bool,
    /// Do not check values against `values.schema.json`.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub disable_schema_validation: bool,
    /// Fail where an object exists that is not of this release.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub disable_take_ownership: bool,
    /// Do not wait for objects to be ready.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub disable_wait: bool,
    /// Do not wait for Jobs to be complete.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub disable_wait_for_jobs: bool,
    /// Replace objects instead of patching them; not with server-side apply.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub force: bool,
    /// Put the values over those of the last release.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub preserve_values: bool,
    /// What is done when it fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remediation: Option<UpgradeRemediation>,
    /// Whether the API server merges. Default: `auto`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_side_apply: Option<ApplyChoice>,
    /// Whether failures are repaired or tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<UpgradeStrategy>,
    /// How long it may take. Default: `spec.timeout`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
}

/// How a failed upgrade is rolled back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rollback {
    /// Delete what a failed rollback created.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub cleanup_on_fail: bool,
    /// Do not run hooks.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub disable_hooks: bool,
    /// Do not wait for objects to be ready.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub disable_wait: bool,
    /// Do not wait for Jobs to be complete.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub disable_wait_for_jobs: bool,
    /// Replace objects instead of patching them; not with server-side apply.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub force: bool,
    /// Without effect.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub recreate: bool,
    /// Whether the API server merges. Default: `auto`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_side_apply: Option<ApplyChoice>,
    /// How long it may take. Default: `spec.timeout`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
}

/// How the release is removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Uninstall {
    /// What becomes of the objects that the deleted ones own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "background"))]
    pub deletion_propagation: Option<DeletionPropagation>,
    /// Do not run hooks.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub disable_hooks: bool,
    /// Do not wait until the objects are gone.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub disable_wait: bool,
    /// Keep the records.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub keep_history: bool,
    /// How long it may take. Default: `spec.timeout`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
}

/// Whether and how the chart's tests are run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Test {
    /// Run them after an install and an upgrade.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub enable: bool,
    /// Which ones. Default: all.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub filters: Vec<TestFilter>,
    /// Failed tests do not make the release fail.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub ignore_failures: bool,
    /// How long they may take. Default: `spec.timeout`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
}

/// A test that is run, or is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TestFilter {
    /// Leave it out.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub exclude: bool,
    /// Name of the hook.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// What is done with definitions in `crds/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum CrdsPolicy {
    /// Nothing.
    Skip,
    /// Missing ones are created.
    Create,
    /// Missing ones are created, others are replaced.
    CreateReplace,
}

/// Whether the API server merges what is applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ApplyChoice {
    Enabled,
    Disabled,
    /// As in the release before.
    #[default]
    Auto,
}

/// What is done when the chart has another name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ChartNameChange {
    /// A plain upgrade.
    InPlaceUpdate,
    /// Uninstall, then install.
    #[default]
    Reinstall,
}

/// What becomes of the objects that deleted ones own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DeletionPropagation {
    #[default]
    Background,
    Foreground,
    Orphan,
}
