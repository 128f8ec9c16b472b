//! HelmChart: one chart of a HelmRepository, or a folder of another source, packed as a chart.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::decode::null_as_default;
use crate::source::{Artifact, OCIVerificationProvider, OIDCIdentityMatch, is_false};
use crate::{Condition, Duration, LocalObjectReference};

/// One chart of a HelmRepository, or a folder of another source, packed as a chart.
#[expect(
    clippy::duplicated_attributes,
    reason = "printer columns of the same type are no duplicates"
)]
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "source.toolkit.fluxcd.io",
    version = "v1",
    kind = "HelmChart",
    plural = "helmcharts",
    shortname = "hc",
    category = "all",
    category = "fluxcd",
    category = "fluxcd-sources",
    namespaced,
    status = "HelmChartStatus",
    derive = "PartialEq",
    doc = "One chart of a HelmRepository, or a folder of another source, packed as a chart.",
    annotation("kustomize.toolkit.fluxcd.io/substitute", "disabled"),
    printcolumn(json_path = ".spec.chart", name = "Chart", type_ = "string"),
    printcolumn(json_path = ".spec.version", name = "Version", type_ = "string"),
    printcolumn(
        json_path = ".spec.sourceRef.kind",
        name = "Source Kind",
        type_ = "string"
    ),
    printcolumn(
        json_path = ".spec.sourceRef.name",
        name = "Source Name",
        type_ = "string"
    ),
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
#[schemars(extend("x-kubernetes-validations" = [{
    "message": "spec.verify is only supported when spec.sourceRef.kind is 'HelmRepository'",
    "rule": "!has(self.verify) || self.sourceRef.kind == 'HelmRepository'"
}]))]
pub struct HelmChartSpec {
    /// Name of the chart in a repository, or path of its folder in another source.
    pub chart: String,
    /// Go on without values files that are not there.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub ignore_missing_values_files: bool,
    /// How often the source is asked.
    pub interval: Duration,
    /// What makes a new artifact: another version of the chart, or another revision of its source. Default: the version.
    #[serde(default)]
    #[schemars(extend("default" = "ChartVersion"))]
    pub reconcile_strategy: ReconcileStrategy,
    /// The source, in the same namespace.
    pub source_ref: LocalHelmChartSourceReference,
    /// Do nothing until this is unset.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub suspend: bool,
    /// Files that are merged, the last one winning, and take the place of the chart's `values.yaml`. Paths are relative to the chart in
    /// a repository, and to the source otherwise.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub values_files: Vec<String>,
    /// Signatures that the chart must have; for charts of a registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify: Option<HelmChartVerification>,
    /// Version, or range of versions, of a chart in a repository. Default: the newest stable one.
    #[serde(default = "any_version", deserialize_with = "version_or_any")]
    #[schemars(extend("default" = "*"))]
    pub version: String,
}

fn any_version() -> String {
    "*".to_owned()
}

fn version_or_any<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_else(any_version))
}

impl HelmChartSpec {
    /// A spec with what is required and nothing else.
    pub fn new(
        chart: impl Into<String>,
        source_ref: LocalHelmChartSourceReference,
        interval: Duration,
    ) -> Self {
        Self {
            chart: chart.into(),
            ignore_missing_values_files: false,
            interval,
            reconcile_strategy: ReconcileStrategy::default(),
            source_ref,
            suspend: false,
            values_files: Vec::new(),
            verify: None,
            version: any_version(),
        }
    }
}

/// A source in the namespace of the chart.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LocalHelmChartSourceReference {
    /// API version of the source; not used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// Kind of the source.
    pub kind: HelmChartSourceKind,
    /// Name of the source.
    pub name: String,
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum HelmChartSourceKind {
    HelmRepository,
    GitRepository,
    Bucket,
}

impl HelmChartSourceKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HelmRepository => "HelmRepository",
            Self::GitRepository => "GitRepository",
            Self::Bucket => "Bucket",
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ReconcileStrategy {
    #[default]
    ChartVersion,
    Revision,
}

/// Signatures that the chart must have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("required" = ["provider"]))]
pub struct HelmChartVerification {
    /// Who may have signed without a key. Any match will do.
    #[serde(
        default,
        rename = "matchOIDCIdentity",
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub match_oidc_identity: Vec<OIDCIdentityMatch>,
    /// The tool that signed.
    #[serde(default)]
    pub provider: OCIVerificationProvider,
    /// Secret with public keys; without it the signature must be one without keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<LocalObjectReference>,
}

/// What Rosin reports about a HelmChart.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("default" = { "observedGeneration": -1 }))]
pub struct HelmChartStatus {
    /// The stored chart.
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
    /// Name of the stored chart, as its own metadata say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_chart_name: Option<String>,
    /// The generation of the last run that came to an end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Revision of the source that the chart was made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_source_artifact_revision: Option<String>,
    /// The values files that were there and merged, where missing ones are passed over.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub observed_values_files: Vec<String>,
    /// Address of the newest archive, whatever its revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}
