//! Kustomization: what to take from a source, how to render it, and how to keep a cluster so.

mod build;
mod health;
mod reconcile;
mod renderer;
mod status;

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use build::{
    BuildMetadata, CommonMetadata, Decryption, DecryptionProvider, Image, Patch, PostBuild,
    Selector, SubstituteReference, SubstituteReferenceKind, SubstituteStrategy,
};
pub use health::{CustomHealthCheck, HealthCheckReference};
pub use reconcile::{
    DeletionPolicy, DependencyReference, IgnoreRule, KubeConfigReference, SourceKind,
    SourceReference,
};
pub use renderer::{
    Renderer, RendererLimits, RendererSourceKind, RendererSourceReference, RendererStatus,
};
pub use status::{History, Inventory, InventoryEntry, KustomizationStatus, Snapshot};

use crate::Duration;
use crate::decode::null_as_default;

/// Keeps the objects that a folder of a source renders to applied in a cluster.
#[expect(
    clippy::duplicated_attributes,
    reason = "printer columns of the same type are no duplicates"
)]
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "kustomize.toolkit.fluxcd.io",
    version = "v1",
    kind = "Kustomization",
    plural = "kustomizations",
    shortname = "ks",
    category = "all",
    category = "fluxcd",
    category = "fluxcd-appliers",
    namespaced,
    status = "KustomizationStatus",
    derive = "PartialEq",
    doc = "Keeps the objects that a folder of a source renders to applied in a cluster.",
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
pub struct KustomizationSpec {
    /// Annotations about the origin of objects that the renderer should add.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub build_metadata: Vec<BuildMetadata>,
    /// Labels and annotations for every object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub common_metadata: Option<CommonMetadata>,
    /// Kustomize components, as paths relative to `path`.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub components: Vec<String>,
    /// How encrypted files and objects are decrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decryption: Option<Decryption>,
    /// What happens to the applied objects when this object is deleted. Default: `MirrorPrune`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_policy: Option<DeletionPolicy>,
    /// Kustomizations that must be ready first.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub depends_on: Vec<DependencyReference>,
    /// Recreate objects whose immutable fields changed.
    #[serde(default, deserialize_with = "null_as_default")]
    pub force: bool,
    /// Expressions that tell the health of custom resources.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub health_check_exprs: Vec<CustomHealthCheck>,
    /// Objects that must be healthy before this object is ready. Without effect where `wait` is set.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub health_checks: Vec<HealthCheckReference>,
    /// Fields of applied objects that others may change.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub ignore: Vec<IgnoreRule>,
    /// Skip `components` whose folder does not exist.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub ignore_missing_components: bool,
    /// New names, tags and digests of container images.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub images: Vec<Image>,
    /// How often the cluster is compared with the source.
    pub interval: Duration,
    /// The cluster to apply to. Default: the one that this object lives in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kube_config: Option<KubeConfigReference>,
    /// Put before the names of all objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub name_prefix: Option<String>,
    /// Put after the names of all objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub name_suffix: Option<String>,
    /// Strategic merge and JSON 6902 patches.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub patches: Vec<Patch>,
    /// Folder of the source, relative to its root. Default: the root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Substitution of variables in the rendered objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_build: Option<PostBuild>,
    /// Delete applied objects that the source no longer has.
    pub prune: bool,
    /// The program that renders the folder. Default: kustomize. An addition of Rosin to Flux's fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renderer: Option<Renderer>,
    /// How soon a failure is tried again. Default: `interval`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_interval: Option<Duration>,
    /// Service account, in the namespace of this object, that applies and prunes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account_name: Option<String>,
    /// Where the files come from.
    pub source_ref: SourceReference,
    /// Do nothing until this is unset.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub suspend: bool,
    /// Namespace for all objects, whatever the files say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub target_namespace: Option<String>,
    /// How long applying and health checks may take. Default: `interval` less 30 seconds, at least 30 seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// Wait for all applied objects to become healthy.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub wait: bool,
}

impl KustomizationSpec {
    /// A spec with what is required and nothing else.
    pub fn new(source_ref: SourceReference, interval: Duration, prune: bool) -> Self {
        Self {
            build_metadata: Vec::new(),
            common_metadata: None,
            components: Vec::new(),
            decryption: None,
            deletion_policy: None,
            depends_on: Vec::new(),
            force: false,
            health_check_exprs: Vec::new(),
            health_checks: Vec::new(),
            ignore: Vec::new(),
            ignore_missing_components: false,
            images: Vec::new(),
            interval,
            kube_config: None,
            name_prefix: None,
            name_suffix: None,
            patches: Vec::new(),
            path: None,
            post_build: None,
            prune,
            renderer: None,
            retry_interval: None,
            service_account_name: None,
            source_ref,
            suspend: false,
            target_namespace: None,
            timeout: None,
            wait: false,
        }
    }

    pub fn deletion_policy(&self) -> DeletionPolicy {
        self.deletion_policy.unwrap_or_default()
    }
}

impl Kustomization {
    pub fn name(&self) -> &str {
        self.metadata.name.as_deref().unwrap_or_default()
    }

    pub fn namespace(&self) -> &str {
        self.metadata.namespace.as_deref().unwrap_or_default()
    }

    /// What the last run claimed or applied; empty for a new object.
    pub fn inventory(&self) -> Inventory {
        self.status
            .as_ref()
            .and_then(|status| status.inventory.clone())
            .unwrap_or_default()
    }
}

fn is_false(value: &bool) -> bool {
    !value
}
