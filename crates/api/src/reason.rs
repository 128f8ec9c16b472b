//! Reasons of conditions and events: Flux's words, since people alert on them.

use std::fmt;

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident),* $(,)?) => {
        /// Why a condition is as it is. Metric labels are taken from here, never from messages.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Reason { $($(#[$doc])* $variant),* }

        impl Reason {
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word as it stands in conditions: the name of the variant.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant)),* }
            }
        }
    };
}

reasons! {
    // Shared
    Progressing,
    ProgressingWithRetry,
    Succeeded,
    Failed,
    Suspended,
    AccessDenied,
    FeatureGateDisabled,
    InvalidCELExpression,
    DependencyNotReady,
    // Kustomization
    ReconciliationSucceeded,
    ReconciliationFailed,
    ArtifactFailed,
    BuildFailed,
    /// Rosin's own: the renderer that the object names is missing, refused or no renderer.
    RendererFailed,
    PruneFailed,
    HealthCheckFailed,
    HealthCheckCanceled,
    // HelmRelease
    InstallSucceeded,
    InstallFailed,
    UpgradeSucceeded,
    UpgradeFailed,
    TestSucceeded,
    TestFailed,
    AwaitingTests,
    RollbackSucceeded,
    RollbackFailed,
    UninstallSucceeded,
    UninstallFailed,
    PendingRelease,
    DriftDetected,
    NoDriftDetected,
    DriftCorrected,
    DriftCorrectionFailed,
    SourceNotReady,
    ValuesError,
    ChartMutateError,
    StateError,
    ReconcileError,
    RESTClientError,
    RetriesExceeded,
    MissingRollbackTarget,
    HelmChartCreated,
    HelmChartConfigured,
    HelmChartDeleted,
    HelmChartSyncErr,
    InventoryBuildFailed,
    NamespaceCheckSkipped,
    // Sources
    NewArtifact,
    ArtifactUpToDate,
    ArtifactVerificationFailed,
    GitOperationFailed,
    GitOperationSucceeded,
    EmptyGitRepository,
    OCIArtifactPullFailed,
    OCIArtifactLayerOperationFailed,
    GarbageCollectionSucceeded,
    GarbageCollectionFailed,
    URLInvalid,
    AuthenticationFailed,
    VerificationError,
    InvalidVerificationMode,
    InvalidGitObject,
    InvalidTagSignature,
    InvalidCommitSignature,
    DirectoryCreationFailed,
    StatOperationFailed,
    ReadOperationFailed,
    AcquireLockFailed,
    InvalidPath,
    ArchiveOperationFailed,
    SymlinkUpdateFailed,
    CacheOperationFailed,
    PatchOperationFailed,
    InvalidSTSConfiguration,
    InvalidProviderConfiguration,
    SourceIgnoreError,
    IllegalPath,
    CopyFailure,
    NotFound,
    NoArtifact,
    NoSourceArtifact,
    NewRevision,
    IncludeChange,
    NewIncludes,
    NewSourceReference,
    IndexationFailed,
    BucketOperationFailed,
    ChartPullSucceeded,
    ChartPackageSucceeded,
    InvalidChartReference,
    ChartPullError,
    SourceUnavailable,
    UnsupportedSourceKind,
    MetadataPatchError,
    ValuesFilesError,
    DependencyBuildError,
    ChartPackageError,
    ChartVerificationError,
    ResolvedDependencies,
    NewChart,
    Unknown,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
