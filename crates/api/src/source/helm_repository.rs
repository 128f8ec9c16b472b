//! HelmRepository: where charts come from: an index over HTTP, or a container registry.

use std::collections::BTreeMap;

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::decode::null_as_default;
use crate::source::{Artifact, OCIProvider, is_false};
use crate::{Condition, Duration, LocalObjectReference};

/// Where charts come from: an index over HTTP, or a container registry.
#[expect(
    clippy::duplicated_attributes,
    reason = "printer columns of the same type are no duplicates"
)]
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "source.toolkit.fluxcd.io",
    version = "v1",
    kind = "HelmRepository",
    plural = "helmrepositories",
    shortname = "helmrepo",
    category = "all",
    category = "fluxcd",
    category = "fluxcd-sources",
    namespaced,
    status = "HelmRepositoryStatus",
    derive = "PartialEq",
    doc = "Where charts come from: an index over HTTP, or a container registry.",
    annotation("kustomize.toolkit.fluxcd.io/substitute", "disabled"),
    printcolumn(json_path = ".spec.url", name = "URL", type_ = "string"),
    printcolumn(
        json_path = ".metadata.creationTimestamp",
        name = "Age",
        type_ = "date"
    ),
    printcolumn(
        json_path = ".status.conditions[?(@.type==\"Ready\")].status",
        name = "Ready",
        type_ = "string"
    ),
    printcolumn(
        json_path = ".status.conditions[?(@.type==\"Ready\")].message",
        name = "Status",
        type_ = "string"
    )
)]
#[serde(rename_all = "camelCase")]
pub struct HelmRepositorySpec {
    /// Who may refer to this from other namespaces. Not used, as in Flux.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_from: Option<AccessFrom>,
    /// Secret with certificates: `ca.crt` to trust, `tls.crt` and `tls.key` to present.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cert_secret_ref: Option<LocalObjectReference>,
    /// Talk plain HTTP to a registry.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub insecure: bool,
    /// How often the index is fetched. Default: a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Duration>,
    /// Send the credentials to hosts other than that of the index, where the index leads to such.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub pass_credentials: bool,
    /// How to log in to a registry. Default: `generic`, with the Secret.
    #[serde(default = "super::oci::default_provider")]
    #[schemars(
        schema_with = "super::oci::provider_schema",
        extend("default" = "generic")
    )]
    pub provider: Option<OCIProvider>,
    /// Secret with `username` and `password`, or for a registry of type `kubernetes.io/dockerconfigjson`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<LocalObjectReference>,
    /// Do nothing until this is unset.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub suspend: bool,
    /// How long one exchange with the server may take. Default: a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::duration::timeout_schema")]
    pub timeout: Option<Duration>,
    /// What the address leads to. Default: an index.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<HelmRepositoryType>,
    /// Address of the folder with `index.yaml`, or of the part of a registry that holds charts.
    #[schemars(regex(pattern = "^(http|https|oci)://.*$"))]
    pub url: String,
}

/// Who may refer to an object from other namespaces.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessFrom {
    /// The namespaces, by their labels.
    pub namespace_selectors: Vec<NamespaceSelector>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NamespaceSelector {
    /// Labels that a namespace must have.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub match_labels: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HelmRepositoryType {
    #[default]
    Default,
    Oci,
}

impl HelmRepositorySpec {
    pub const DEFAULT_INTERVAL: Duration = Duration::from_secs(60);
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

    /// A spec with what is required and nothing else.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            access_from: None,
            cert_secret_ref: None,
            insecure: false,
            interval: None,
            pass_credentials: false,
            provider: super::oci::default_provider(),
            secret_ref: None,
            suspend: false,
            timeout: None,
            type_: None,
            url: url.into(),
        }
    }

    /// Zero counts as not given.
    pub fn interval(&self) -> Duration {
        self.interval
            .filter(|interval| !interval.is_zero())
            .unwrap_or(Self::DEFAULT_INTERVAL)
    }

    pub fn timeout(&self) -> Duration {
        self.timeout.unwrap_or(Self::DEFAULT_TIMEOUT)
    }

    pub fn is_oci(&self) -> bool {
        self.type_ == Some(HelmRepositoryType::Oci)
    }
}

/// What Rosin reports about a HelmRepository. One in a registry has none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("default" = { "observedGeneration": -1 }))]
pub struct HelmRepositoryStatus {
    /// The stored index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<Artifact>,
    /// The state of the object, aspect by aspect.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub conditions: Vec<Condition>,
    /// The last request for a reconcile that was served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
    /// The generation of the last run that came to an end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Address of the newest index, whatever its revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}
