//! Manifests, as far as a source needs them.

use std::collections::BTreeMap;

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::{LayerError, OciError};

/// Media types that we can read, for the header `Accept`.
pub(super) const ACCEPT: &str = "application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json";

/// What an artifact consists of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    #[serde(default)]
    pub layers: Vec<Descriptor>,
    #[serde(default, deserialize_with = "crate::null::as_default")]
    pub annotations: BTreeMap<String, String>,
}

/// A list of manifests: one of them for each platform, or those that refer to another.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Index {
    #[serde(default)]
    pub(super) manifests: Vec<Descriptor>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    #[serde(default)]
    pub media_type: String,
    pub digest: String,
    #[serde(default)]
    pub size: u64,
    #[serde(default, deserialize_with = "crate::null::as_default")]
    pub annotations: BTreeMap<String, String>,
    #[serde(default)]
    pub artifact_type: Option<String>,
    #[serde(default)]
    platform: Option<Platform>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Platform {
    architecture: String,
    os: String,
}

/// A manifest, or an index of them.
pub(super) enum Document {
    Manifest(Manifest),
    Index(Index),
}

impl Document {
    pub(super) fn parse(content: &[u8], url: &str) -> Result<Self, OciError> {
        let answer = |reason| OciError::Answer {
            url: url.to_owned(),
            reason,
        };
        let value: serde_json::Value =
            serde_json::from_slice(content).map_err(|_| answer("the manifest is not JSON"))?;
        if value
            .get("schemaVersion")
            .and_then(serde_json::Value::as_u64)
            != Some(2)
        {
            return Err(answer("the manifest is not of schema version 2"));
        }
        let malformed = |_| answer("the manifest is malformed");
        // One that could be read both ways means different things to different readers (CVE-2021-41190).
        match (
            value.get("manifests").is_some(),
            value.get("layers").is_some(),
        ) {
            (true, true) => Err(answer("the manifest is both a manifest and an index")),
            (true, false) => Ok(Self::Index(
                serde_json::from_value(value).map_err(malformed)?,
            )),
            _ => Ok(Self::Manifest(
                serde_json::from_value(value).map_err(malformed)?,
            )),
        }
    }
}

impl Index {
    pub(super) fn for_platform(&self) -> Result<&Descriptor, OciError> {
        let fits = |descriptor: &&Descriptor| {
            descriptor
                .platform
                .as_ref()
                .is_some_and(|platform| platform.os == "linux" && platform.architecture == "amd64")
        };
        self.manifests.iter().find(fits).ok_or(OciError::Platform)
    }
}

impl Manifest {
    /// The first layer of the media type, or the first of all.
    ///
    /// # Errors
    /// When there is none.
    pub fn layer(&self, media_type: Option<&str>) -> Result<&Descriptor, LayerError> {
        let Some(media_type) = media_type else {
            return self.layers.first().ok_or(LayerError::None);
        };
        if self.layers.is_empty() {
            return Err(LayerError::None);
        }
        self.layers
            .iter()
            .find(|layer| layer.media_type == media_type)
            .ok_or_else(|| LayerError::MediaType(media_type.to_owned()))
    }
}

pub(super) fn digest_of(content: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(content)))
}

/// `sha256:` and 64 hexadecimal digits.
pub(super) fn is_digest(text: &str) -> bool {
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.strip_prefix("sha256:")
        .is_some_and(|digits| digits.len() == 64 && digits.bytes().all(hex))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(text: &str) -> Result<Manifest, OciError> {
        match Document::parse(text.as_bytes(), "url")? {
            Document::Manifest(manifest) => Ok(manifest),
            Document::Index(_) => panic!("an index"),
        }
    }

    #[test]
    fn a_layer_is_the_first_or_the_first_of_its_type() {
        // parity: SRC-OCI-006
        let found = manifest(
            r#"{"schemaVersion": 2, "annotations": null, "layers": [
                {"mediaType": "a", "digest": "sha256:1", "size": 1},
                {"mediaType": "b", "digest": "sha256:2", "size": 2},
                {"mediaType": "b", "digest": "sha256:3", "size": 3}]}"#,
        )
        .expect("valid");
        assert_eq!(found.layer(None).map(|l| &*l.digest).ok(), Some("sha256:1"));
        assert_eq!(
            found.layer(Some("b")).map(|l| &*l.digest).ok(),
            Some("sha256:2")
        );
        assert_eq!(
            found.layer(Some("c")).expect_err("none").to_string(),
            "failed to find layer with media type 'c' in artifact"
        );
        let empty = manifest(r#"{"schemaVersion": 2}"#).expect("valid");
        assert_eq!(
            empty.layer(None).expect_err("none").to_string(),
            "no layers found in artifact"
        );
    }

    #[test]
    fn what_could_be_read_both_ways_is_refused() {
        assert!(manifest(r#"{"schemaVersion": 2, "layers": [], "manifests": []}"#).is_err());
        assert!(manifest(r#"{"schemaVersion": 1, "layers": []}"#).is_err());
        assert!(manifest("[]").is_err());
    }
}
