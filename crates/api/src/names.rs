//! Names that objects, tools and people share: groups, labels, annotations, finalizers and field managers.

/// API group of Kustomization, and prefix of its labels and annotations.
pub const KUSTOMIZE_GROUP: &str = "kustomize.toolkit.fluxcd.io";
/// API group of HelmRelease, and prefix of its labels and annotations.
pub const HELM_GROUP: &str = "helm.toolkit.fluxcd.io";
/// API group of the sources.
pub const SOURCE_GROUP: &str = "source.toolkit.fluxcd.io";

/// Removed from an object only when what it stands for is cleaned up.
pub const FINALIZER: &str = "finalizers.fluxcd.io";

/// Any new value asks for a reconcile; it is copied to `status.lastHandledReconcileAt`.
pub const RECONCILE_REQUEST: &str = "reconcile.fluxcd.io/requestedAt";
/// With the same new value as [`RECONCILE_REQUEST`]: release even without need, or when no attempt is left.
pub const FORCE_REQUEST: &str = "reconcile.fluxcd.io/forceAt";
/// With the same new value as [`RECONCILE_REQUEST`]: forget failures.
pub const RESET_REQUEST: &str = "reconcile.fluxcd.io/resetAt";
/// Label of Secrets and ConfigMaps whose change reconciles the objects that name them.
pub const CONFIG_WATCH_LABEL: &str = "reconcile.fluxcd.io/watch";
/// Value of [`CONFIG_WATCH_LABEL`] that the default selector takes.
pub const CONFIG_WATCH_ENABLED: &str = "Enabled";
/// Annotations with this prefix are copied to an object's events.
pub const EVENT_METADATA_PREFIX: &str = "event.toolkit.fluxcd.io/";

/// Owner labels of applied objects.
pub const OWNER_NAME: &str = "kustomize.toolkit.fluxcd.io/name";
pub const OWNER_NAMESPACE: &str = "kustomize.toolkit.fluxcd.io/namespace";

/// Labels of the objects of a release, and of HelmCharts made from templates: the HelmRelease.
pub const HELM_OWNER_NAME: &str = "helm.toolkit.fluxcd.io/name";
pub const HELM_OWNER_NAMESPACE: &str = "helm.toolkit.fluxcd.io/namespace";
/// `disabled`, as label or annotation, keeps an object out of drift detection.
pub const HELM_DRIFT_KEY: &str = "helm.toolkit.fluxcd.io/driftDetection";

/// Control keys: honoured as label or annotation.
pub const RECONCILE_KEY: &str = "kustomize.toolkit.fluxcd.io/reconcile";
pub const PRUNE_KEY: &str = "kustomize.toolkit.fluxcd.io/prune";
pub const SSA_KEY: &str = "kustomize.toolkit.fluxcd.io/ssa";
pub const FORCE_KEY: &str = "kustomize.toolkit.fluxcd.io/force";
pub const SUBSTITUTE_KEY: &str = "kustomize.toolkit.fluxcd.io/substitute";
pub const DECRYPT_KEY: &str = "kustomize.toolkit.fluxcd.io/decrypt";

/// What older tools left on live objects and an apply removes.
pub const LEGACY_ANNOTATIONS: [&str; 3] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    "kustomize.toolkit.fluxcd.io/checksum",
    "fluxcd.io/sync-checksum",
];
pub const LEGACY_LABELS: [&str; 1] = ["fluxcd.io/sync-gc-mark"];

/// Metadata of a Kustomization's events.
pub const EVENT_REVISION: &str = "kustomize.toolkit.fluxcd.io/revision";
pub const EVENT_ORIGIN_REVISION: &str = "kustomize.toolkit.fluxcd.io/originRevision";
pub const EVENT_COMMIT_STATUS: &str = "kustomize.toolkit.fluxcd.io/commit_status";
/// Metadata of a HelmRelease's events.
pub const EVENT_CHART_VERSION: &str = "helm.toolkit.fluxcd.io/revision";
pub const EVENT_CONFIG_DIGEST: &str = "helm.toolkit.fluxcd.io/token";
pub const EVENT_OCI_DIGEST: &str = "helm.toolkit.fluxcd.io/oci-digest";
pub const EVENT_APP_VERSION: &str = "helm.toolkit.fluxcd.io/app-version";
/// Metadata of a source's events.
pub const EVENT_SOURCE_REVISION: &str = "source.toolkit.fluxcd.io/revision";
pub const EVENT_SOURCE_DIGEST: &str = "source.toolkit.fluxcd.io/digest";

/// Key in an artifact's metadata that names the revision it was built from.
pub const ORIGIN_REVISION_METADATA: &str = "org.opencontainers.image.revision";

/// Component names: event source, `reportingController`, and the field manager of applied objects.
pub const KUSTOMIZE_CONTROLLER: &str = "kustomize-controller";
pub const HELM_CONTROLLER: &str = "helm-controller";
pub const SOURCE_CONTROLLER: &str = "source-controller";
/// Field managers of status patches.
pub const HELM_STATUS_MANAGER: &str = "helm-controller";
pub const KUSTOMIZE_STATUS_MANAGER: &str = "gotk-kustomize-controller";
pub const SOURCE_STATUS_MANAGER: &str = "source-controller";

/// Rosin's own annotation: the name of a renderer, or `spec.renderer` as JSON, where a definition or a tool drops the field. The field
/// wins.
pub const RENDERER_ANNOTATION: &str = "rosin.dev/renderer";
/// Rosin's own annotation: `"true"` confirms that a Kustomization whose source renders to nothing prunes everything.
pub const CONFIRM_EMPTY_ANNOTATION: &str = "rosin.dev/confirm-empty";
