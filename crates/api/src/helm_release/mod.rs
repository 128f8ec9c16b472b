//! HelmRelease: a chart, its values, and how its release is made, tested, repaired and removed.

mod action;
mod chart;
mod remediation;
mod settings;
mod status;

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use action::{
    ApplyChoice, ChartNameChange, CrdsPolicy, DeletionPropagation, Install, Rollback, Test,
    TestFilter, Uninstall, Upgrade,
};
pub use chart::{
    ChartReference, ChartReferenceKind, ChartSourceKind, ChartSourceReference, ChartTemplate,
    ChartTemplateMetadata, ChartTemplateSpec, ChartVerification, ReconcileStrategy,
    VerificationProvider,
};
pub use remediation::{
    ActionStrategy, InstallRemediation, InstallStrategy, RemediationStrategy, UpgradeRemediation,
    UpgradeStrategy,
};
pub use settings::{
    DriftDetection, DriftMode, KustomizePostRenderer, PostRenderStrategy, PostRenderer, ValuesKind,
    ValuesReference, WaitStrategy, WaitStrategyName,
};
pub use status::{HelmReleaseStatus, ReleaseAction, Snapshot as ReleaseSnapshot, TestHookStatus};

use crate::decode::null_as_default;
use crate::kustomization::{
    CommonMetadata, CustomHealthCheck, DependencyReference, KubeConfigReference,
};
use crate::{Duration, NamespacedName};

/// How long a Helm action may take where nothing else is said.
const TIMEOUT: Duration = Duration::from_secs(300);
/// Records of a release that are kept where nothing else is said.
const MAX_HISTORY: i64 = 5;

/// Keeps a release of a chart installed in a cluster.
#[expect(
    clippy::duplicated_attributes,
    reason = "printer columns of the same type are no duplicates"
)]
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "helm.toolkit.fluxcd.io",
    version = "v2",
    kind = "HelmRelease",
    plural = "helmreleases",
    shortname = "hr",
    category = "all",
    category = "fluxcd",
    category = "fluxcd-appliers",
    namespaced,
    status = "HelmReleaseStatus",
    derive = "PartialEq",
    doc = "Keeps a release of a chart installed in a cluster.",
    annotation("kustomize.toolkit.fluxcd.io/substitute", "disabled"),
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
    "rule": "(has(self.chart) && !has(self.chartRef)) || (!has(self.chart) && has(self.chartRef))",
    "message": "either chart or chartRef must be set",
}]))]
pub struct HelmReleaseSpec {
    /// The chart, as a HelmChart object that is made from this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chart: Option<ChartTemplate>,
    /// The chart, as an object that holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chart_ref: Option<ChartReference>,
    /// Labels and annotations for every object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub common_metadata: Option<CommonMetadata>,
    /// HelmReleases that must be ready first.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub depends_on: Vec<DependencyReference>,
    /// Whether changes in the cluster are looked for and corrected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift_detection: Option<DriftDetection>,
    /// Expressions that tell the health of custom resources.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub health_check_exprs: Vec<CustomHealthCheck>,
    /// How the release is installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub install: Option<Install>,
    /// How often the release is looked at.
    pub interval: Duration,
    /// The cluster to release to. Default: the one that this object lives in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kube_config: Option<KubeConfigReference>,
    /// How many records of the release are kept; 0 for all. Default: 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::schema::integer")]
    pub max_history: Option<i64>,
    /// Whether one client serves a whole run. Default: true. Without effect: clients are always shared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persistent_client: Option<bool>,
    /// Which documents are given to the post renderers together. Default: `combined`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_render_strategy: Option<PostRenderStrategy>,
    /// What changes the rendered objects, in this order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_renderers: Option<Vec<PostRenderer>>,
    /// Name of the release. Default: the name of this object, after that of `targetNamespace` where that is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 53))]
    pub release_name: Option<String>,
    /// How a failed upgrade is rolled back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback: Option<Rollback>,
    /// Service account, in the namespace of this object, that does the work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub service_account_name: Option<String>,
    /// Namespace of the release's records. Default: that of this object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub storage_namespace: Option<String>,
    /// Do nothing until this is unset.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub suspend: bool,
    /// Namespace of the release. Default: that of this object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub target_namespace: Option<String>,
    /// Whether and how the chart's tests are run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<Test>,
    /// How long each action may take where it says nothing itself. Default: five minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// How the release is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uninstall: Option<Uninstall>,
    /// How the release is upgraded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upgrade: Option<Upgrade>,
    /// Values for the chart; they win over those of `valuesFrom` that have no `targetPath`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::schema::anything")]
    pub values: Option<Value>,
    /// ConfigMaps and Secrets with values; later ones win.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub values_from: Vec<ValuesReference>,
    /// How it is told that objects are ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_strategy: Option<WaitStrategy>,
}

impl HelmReleaseSpec {
    /// A spec with what is required and nothing else.
    pub fn new(interval: Duration) -> Self {
        Self {
            chart: None,
            chart_ref: None,
            common_metadata: None,
            depends_on: Vec::new(),
            drift_detection: None,
            health_check_exprs: Vec::new(),
            install: None,
            interval,
            kube_config: None,
            max_history: None,
            persistent_client: None,
            post_render_strategy: None,
            post_renderers: None,
            release_name: None,
            rollback: None,
            service_account_name: None,
            storage_namespace: None,
            suspend: false,
            target_namespace: None,
            test: None,
            timeout: None,
            uninstall: None,
            upgrade: None,
            values: None,
            values_from: Vec::new(),
            wait_strategy: None,
        }
    }

    pub fn timeout(&self) -> Duration {
        self.timeout.unwrap_or(TIMEOUT)
    }

    /// 0: no limit.
    pub fn max_history(&self) -> i64 {
        self.max_history.unwrap_or(MAX_HISTORY)
    }

    /// Inline values; anything but a map counts as none.
    pub fn values(&self) -> Map<String, Value> {
        match &self.values {
            Some(Value::Object(values)) => values.clone(),
            _ => Map::new(),
        }
    }

    pub fn drift_mode(&self) -> DriftMode {
        self.drift_detection
            .as_ref()
            .and_then(|detection| detection.mode)
            .unwrap_or_default()
    }

    pub fn tests_enabled(&self) -> bool {
        self.test.as_ref().is_some_and(|test| test.enable)
    }

    pub fn ignores_test_failures(&self) -> bool {
        self.test.as_ref().is_some_and(|test| test.ignore_failures)
    }
}

impl HelmRelease {
    pub fn name(&self) -> &str {
        self.metadata.name.as_deref().unwrap_or_default()
    }

    pub fn namespace(&self) -> &str {
        self.metadata.namespace.as_deref().unwrap_or_default()
    }

    /// Namespace that the objects of the release go to.
    pub fn release_namespace(&self) -> &str {
        filled(self.spec.target_namespace.as_deref()).unwrap_or(self.namespace())
    }

    /// Namespace of the records.
    pub fn storage_namespace(&self) -> &str {
        filled(self.spec.storage_namespace.as_deref()).unwrap_or(self.namespace())
    }

    /// The HelmChart that the template makes.
    pub fn chart_object(&self) -> Option<NamespacedName> {
        let template = self.spec.chart.as_ref()?;
        let namespace =
            filled(template.spec.source_ref.namespace.as_deref()).unwrap_or(self.namespace());
        Some(NamespacedName::new(
            namespace,
            format!("{}-{}", self.namespace(), self.name()),
        ))
    }
}

fn filled(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

fn is_false(value: &bool) -> bool {
    !value
}
