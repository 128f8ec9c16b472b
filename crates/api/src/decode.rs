//! Decoding of one object, with the field that is wrong in the error.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// An object does not have the shape of its kind. Says which field, never what the field holds beyond the part that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct DecodeError {
    /// The field, as in `spec.dependsOn[2].name`.
    pub path: String,
    pub message: String,
}

/// Typed decoding of what a watch delivered.
///
/// Validation by the API server is no promise: definitions are exchanged, objects are older than a rule, a pattern accepts what
/// overflows. So a watch carries untyped objects, and each is decoded alone (CVE-2022-39272: one bad interval stopped a kind).
pub trait Decode: DeserializeOwned {
    fn from_value(object: Value) -> Result<Self, DecodeError> {
        serde_path_to_error::deserialize(object).map_err(|error| DecodeError {
            path: error.path().to_string(),
            message: error.inner().to_string(),
        })
    }
}

impl Decode for crate::Kustomization {}
impl Decode for crate::GitRepository {}
impl Decode for crate::HelmRelease {}
impl Decode for crate::source::OCIRepository {}
impl Decode for crate::Bucket {}
impl Decode for crate::HelmChart {}
impl Decode for crate::HelmRepository {}
impl Decode for crate::source::ExternalArtifact {}

/// Reads an explicit `null` as the type's default, for optional lists and maps that objects written past validation may hold.
pub(crate) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + serde::Deserialize<'de>,
{
    Ok(<Option<T> as serde::Deserialize>::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Kustomization;

    fn kustomization(spec: Value) -> Result<Kustomization, DecodeError> {
        Kustomization::from_value(json!({
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
            "kind": "Kustomization",
            "metadata": { "name": "app", "namespace": "flux-system" },
            "spec": spec,
        }))
    }

    #[test]
    fn an_error_names_the_field() {
        let source = json!({ "kind": "GitRepository", "name": "fleet" });
        for (spec, expected) in [
            (
                json!({ "interval": "1000000000h", "prune": true, "sourceRef": source }),
                r#"spec.interval: time: invalid duration "1000000000h""#,
            ),
            (
                json!({ "interval": "", "prune": true, "sourceRef": source }),
                r#"spec.interval: time: invalid duration """#,
            ),
            (
                json!({ "interval": "1m", "prune": true, "sourceRef": source, "dependsOn": [{ "name": "a" }, {}] }),
                "spec.dependsOn[1]: missing field `name`",
            ),
            (
                json!({ "prune": true, "sourceRef": source }),
                "spec: missing field `interval`",
            ),
        ] {
            assert_eq!(
                kustomization(spec).map(|_| ()).unwrap_err().to_string(),
                expected
            );
        }
    }

    #[test]
    fn nulls_count_as_absent_and_unknown_fields_are_dropped() {
        let source = json!({ "kind": "GitRepository", "name": "fleet" });
        let decoded = kustomization(json!({
            "interval": "1m", "prune": false, "sourceRef": source, "dependsOn": null, "force": null, "postBuild": null,
            "validation": "client",
        }))
        .unwrap();
        assert!(
            decoded.spec.depends_on.is_empty()
                && !decoded.spec.force
                && decoded.spec.post_build.is_none()
        );
    }
}
