//! The part of a HelmRelease that says what follows a failure.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Duration;
use crate::decode::null_as_default;

/// How soon a failure is tried again under `RetryOnFailure` where nothing is said.
const RETRY_INTERVAL: Duration = Duration::from_secs(300);

/// What follows a failed install: it is uninstalled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InstallRemediation {
    /// Failed tests are no failure. Default: `spec.test.ignoreFailures`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignore_test_failures: Option<bool>,
    /// Uninstall the last failure too. Default: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remediate_last_failure: Option<bool>,
    /// How many more attempts there are; negative: without end.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_zero"
    )]
    #[schemars(schema_with = "crate::schema::integer")]
    pub retries: i64,
}

/// What follows a failed upgrade.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpgradeRemediation {
    /// Failed tests are no failure. Default: `spec.test.ignoreFailures`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignore_test_failures: Option<bool>,
    /// Repair the last failure too. Default: true where there are retries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remediate_last_failure: Option<bool>,
    /// How many more attempts there are; negative: without end.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_zero"
    )]
    #[schemars(schema_with = "crate::schema::integer")]
    pub retries: i64,
    /// How it is repaired. Default: `rollback`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<RemediationStrategy>,
}

/// How a failure is repaired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RemediationStrategy {
    /// The last good release is made again.
    #[default]
    Rollback,
    /// The release is removed.
    Uninstall,
}

/// Whether failures are repaired or tried again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ActionStrategy {
    #[default]
    RemediateOnFailure,
    RetryOnFailure,
}

/// What follows a failed install.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "!has(self.retryInterval) || self.name != 'RemediateOnFailure'",
    "message": ".retryInterval cannot be set when .name is 'RemediateOnFailure'",
}]))]
pub struct InstallStrategy {
    /// Which strategy.
    pub name: ActionStrategy,
    /// How soon it is tried again. Default: five minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_interval: Option<Duration>,
}

/// What follows a failed upgrade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "!has(self.retryInterval) || self.name == 'RetryOnFailure'",
    "message": ".retryInterval can only be set when .name is 'RetryOnFailure'",
}]))]
pub struct UpgradeStrategy {
    /// Which strategy.
    pub name: ActionStrategy,
    /// How soon it is tried again. Default: five minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_interval: Option<Duration>,
}

impl InstallStrategy {
    pub fn retry_interval(&self) -> Duration {
        self.retry_interval.unwrap_or(RETRY_INTERVAL)
    }
}

impl UpgradeStrategy {
    pub fn retry_interval(&self) -> Duration {
        self.retry_interval.unwrap_or(RETRY_INTERVAL)
    }
}

fn is_zero(value: &i64) -> bool {
    *value == 0
}
