//! OCIRepository: an artifact in a container registry as a source of files.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::decode::null_as_default;
use crate::source::{Artifact, is_false};
use crate::{Condition, Duration, LocalObjectReference};

/// An artifact in a container registry as a source of files.
#[expect(
    clippy::duplicated_attributes,
    reason = "printer columns of the same type are no duplicates"
)]
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "source.toolkit.fluxcd.io",
    version = "v1",
    kind = "OCIRepository",
    plural = "ocirepositories",
    shortname = "ocirepo",
    category = "all",
    category = "fluxcd",
    category = "fluxcd-sources",
    namespaced,
    status = "OCIRepositoryStatus",
    derive = "PartialEq",
    doc = "An artifact in a container registry as a source of files.",
    annotation("kustomize.toolkit.fluxcd.io/substitute", "disabled"),
    printcolumn(json_path = ".spec.url", name = "URL", type_ = "string"),
    printcolumn(
        json_path = ".status.conditions[?(@.type==\"Ready\")].status",
        name = "Ready",
        type_ = "string"
    ),
    printcolumn(
        json_path = ".status.conditions[?(@.type==\"Ready\")].message",
        name = "Status",
        type_ = "string"
    ),
    printcolumn(
        json_path = ".metadata.creationTimestamp",
        name = "Age",
        type_ = "date"
    )
)]
#[serde(rename_all = "camelCase")]
pub struct OCIRepositorySpec {
    /// Secret with certificates: `ca.crt` to trust, `tls.crt` and `tls.key` to present.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cert_secret_ref: Option<LocalObjectReference>,
    /// Files to leave out, in the grammar of `.gitignore`. Replaces the built-in list but for Git's own files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignore: Option<String>,
    /// Talk plain HTTP to registries, and do not check certificates unless `certSecretRef` is set.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub insecure: bool,
    /// How often the registry is asked.
    pub interval: Duration,
    /// Which layer, and what to do with it. Default: the first, unpacked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer_selector: Option<OCILayerSelector>,
    /// How to log in. Default: `generic`, with the Secrets.
    #[serde(default = "default_provider")]
    #[schemars(
        schema_with = "provider_schema",
        extend("default" = "generic")
    )]
    pub provider: Option<OCIProvider>,
    /// Secret with the address of a proxy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy_secret_ref: Option<LocalObjectReference>,
    /// Which revision. Default: the tag `latest`.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<OCIReference>,
    /// Secret of type `kubernetes.io/dockerconfigjson` with credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<LocalObjectReference>,
    /// Service account whose pull secrets, or whose cloud identity, log in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account_name: Option<String>,
    /// Do nothing until this is unset.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_false"
    )]
    pub suspend: bool,
    /// How long one exchange with the registry may take.
    #[serde(default = "default_timeout")]
    #[schemars(schema_with = "crate::duration::timeout_schema", extend("default" = "60s"))]
    pub timeout: Option<Duration>,
    /// Address of the artifact, as `oci://<host>/<repository>`, without tag and digest.
    #[schemars(regex(pattern = "^oci://.*$"))]
    pub url: String,
    /// Signatures that the artifact must have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify: Option<OCIVerification>,
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "the field is optional in objects that were written past validation"
)]
fn default_timeout() -> Option<Duration> {
    Some(OCIRepositorySpec::DEFAULT_TIMEOUT)
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "the field is optional in objects that were written past validation"
)]
pub(super) fn default_provider() -> Option<OCIProvider> {
    Some(OCIProvider::Generic)
}

pub(super) fn provider_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    OCIProvider::json_schema(generator)
}

impl OCIRepositorySpec {
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

    /// A spec with what is required and nothing else.
    pub fn new(url: impl Into<String>, interval: Duration) -> Self {
        Self {
            cert_secret_ref: None,
            ignore: None,
            insecure: false,
            interval,
            layer_selector: None,
            provider: default_provider(),
            proxy_secret_ref: None,
            reference: None,
            secret_ref: None,
            service_account_name: None,
            suspend: false,
            timeout: default_timeout(),
            url: url.into(),
            verify: None,
        }
    }

    pub fn timeout(&self) -> Duration {
        self.timeout.unwrap_or(Self::DEFAULT_TIMEOUT)
    }

    /// The media type that the layer must have; without one the first layer is taken.
    pub fn layer_media_type(&self) -> Option<&str> {
        let media_type = self.layer_selector.as_ref()?.media_type.as_deref()?;
        (!media_type.is_empty()).then_some(media_type)
    }

    pub fn layer_operation(&self) -> OCILayerOperation {
        self.layer_selector
            .as_ref()
            .and_then(|selector| selector.operation)
            .unwrap_or_default()
    }
}

/// A revision. Digest wins over semver, semver over tag.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OCIReference {
    /// Digest of the manifest, as `sha256:<hex>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Highest tag within this range of versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub semver: Option<String>,
    /// Regular expression for the tags that `semver` chooses from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub semver_filter: Option<String>,
    /// Tag to follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
}

/// Which layer of the artifact, and what to do with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OCILayerSelector {
    /// The first layer with this media type. Default: the first layer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// `extract` unpacks and packs anew without ignored files; `copy` keeps the layer as it is. Default: `extract`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<OCILayerOperation>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OCILayerOperation {
    #[default]
    Extract,
    Copy,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OCIProvider {
    #[default]
    Generic,
    Aws,
    Azure,
    Gcp,
}

impl OCIProvider {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Generic => "generic",
            Self::Aws => "aws",
            Self::Azure => "azure",
            Self::Gcp => "gcp",
        }
    }
}

/// Signatures that the artifact must have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("required" = ["provider"]))]
pub struct OCIVerification {
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
    /// Secret with a root of trust (`trusted_root.json`) in place of the public one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trusted_root_secret_ref: Option<LocalObjectReference>,
}

/// A signer, by regular expressions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OIDCIdentityMatch {
    /// Who vouched for the signer.
    pub issuer: String,
    /// The signer.
    pub subject: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OCIVerificationProvider {
    #[default]
    Cosign,
    Notation,
}

impl OCIVerificationProvider {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cosign => "cosign",
            Self::Notation => "notation",
        }
    }
}

/// What Rosin reports about an OCIRepository.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("default" = { "observedGeneration": -1 }))]
pub struct OCIRepositoryStatus {
    /// The stored files.
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
    /// `spec.ignore` as the artifact was made with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_ignore: Option<String>,
    /// `spec.layerSelector` as the artifact was made with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_layer_selector: Option<OCILayerSelector>,
    /// Address of the newest archive, whatever its revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}
