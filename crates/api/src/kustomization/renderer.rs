//! `spec.renderer`: which program turns files into objects. An addition of Rosin to Flux's fields.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::decode::null_as_default;
use crate::names::RENDERER_ANNOTATION;
use crate::{DecodeError, Duration, Kustomization};

/// A WebAssembly component that renders the files: one that comes with Rosin, by name, or one that a source delivers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "has(self.name) != has(self.sourceRef)",
    "message": "exactly one of spec.renderer.name or spec.renderer.sourceRef must be specified",
}]))]
pub struct Renderer {
    /// Name of a renderer that the controller has, such as `kustomize` or `helm`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub name: Option<String>,
    /// Source whose artifact is the component.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_ref: Option<RendererSourceReference>,
    /// Parameters; the renderer documents and checks them.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Map::is_empty"
    )]
    #[schemars(schema_with = "any_object")]
    pub options: Map<String, Value>,
    /// What one render may use, within what the controller allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<RendererLimits>,
}

/// The source of a component.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct RendererSourceReference {
    /// Kind of the source.
    pub kind: RendererSourceKind,
    /// Name of the source.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Namespace of the source. Default: that of this object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub namespace: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum RendererSourceKind {
    OCIRepository,
}

/// What one render may use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RendererLimits {
    /// Memory in bytes, with suffix `Ki`, `Mi` or `Gi`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[1-9][0-9]{0,15}(Ki|Mi|Gi)?$"))]
    pub memory: Option<String>,
    /// Bytes of output, with suffix `Ki`, `Mi` or `Gi`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[1-9][0-9]{0,15}(Ki|Mi|Gi)?$"))]
    pub output: Option<String>,
    /// Time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
}

/// The component that rendered last, where it came from a source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RendererStatus {
    /// Where it came from, as `OCIRepository/<namespace>/<name>`.
    pub source: String,
    /// The revision of the source, with the digest of the artifact's manifest.
    pub revision: String,
    /// Digest of the component.
    pub digest: String,
    /// What the component calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The version that the component gives itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What it may ask the host for, by the names of the contract's interfaces: what it imports, as far as it was granted.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub capabilities: Vec<String>,
}

impl RendererLimits {
    /// The memory limit in bytes; none where it is absent, not a quantity, or too large for a number.
    pub fn memory_bytes(&self) -> Option<u64> {
        bytes(self.memory.as_deref()?)
    }

    /// The limit of the output in bytes; none as for memory.
    pub fn output_bytes(&self) -> Option<u64> {
        bytes(self.output.as_deref()?)
    }
}

fn bytes(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let shift = match &text[digits.len()..] {
        "" => 0,
        "Ki" => 10,
        "Mi" => 20,
        "Gi" => 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(1 << shift)
}

impl Kustomization {
    /// The renderer that the object asks for: `spec.renderer`, or else the annotation that stands in for it where a definition or a
    /// tool drops the field. Its value is the name of a renderer, or what the field would hold, as JSON.
    pub fn renderer(&self) -> Result<Option<Renderer>, DecodeError> {
        if let Some(renderer) = &self.spec.renderer {
            return Ok(Some(renderer.clone()));
        }
        let annotations = self.metadata.annotations.as_ref();
        let Some(text) = annotations.and_then(|annotations| annotations.get(RENDERER_ANNOTATION))
        else {
            return Ok(None);
        };
        if !text.trim_start().starts_with('{') {
            let name = Some(text.trim().to_owned()).filter(|name| !name.is_empty());
            return Ok(name.map(|name| Renderer {
                name: Some(name),
                ..Renderer::default()
            }));
        }
        let wrong = |message: String| DecodeError {
            path: format!("metadata.annotations[{RENDERER_ANNOTATION}]"),
            message,
        };
        let renderer: Renderer =
            serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
        if renderer.name.is_some() == renderer.source_ref.is_some() {
            return Err(wrong(
                "exactly one of name or sourceRef must be specified".to_owned(),
            ));
        }
        Ok(Some(renderer))
    }
}

fn any_object(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_limits_are_binary_quantities() {
        for (text, bytes) in [
            ("64Mi", Some(64 << 20)),
            ("1Gi", Some(1 << 30)),
            ("4096", Some(4096)),
            ("5Ki", Some(5 << 10)),
            ("5M", None),
            ("Mi", None),
            ("9999999999999999Gi", None),
        ] {
            let limits = RendererLimits {
                memory: Some(text.to_owned()),
                ..RendererLimits::default()
            };
            assert_eq!(limits.memory_bytes(), bytes, "{text}");
        }
    }

    fn annotated(value: &str) -> Result<Option<Renderer>, DecodeError> {
        let mut object = Kustomization::test("app");
        object.metadata.annotations =
            Some([(RENDERER_ANNOTATION.to_owned(), value.to_owned())].into());
        object.renderer()
    }

    #[test]
    fn the_annotation_stands_in_for_the_field() {
        let named = |name: &str| Renderer {
            name: Some(name.into()),
            ..Renderer::default()
        };
        assert_eq!(Kustomization::test("app").renderer(), Ok(None));
        assert_eq!(annotated("helm"), Ok(Some(named("helm"))));
        assert_eq!(
            annotated(r#"{"name":"helm","options":{"a":1}}"#)
                .unwrap()
                .unwrap()
                .options["a"],
            1
        );
        assert_eq!(
            annotated("{}").unwrap_err().to_string(),
            "metadata.annotations[rosin.dev/renderer]: exactly one of name or sourceRef must be specified"
        );
        assert!(annotated("{").is_err());

        let mut object = Kustomization::test("app");
        object.metadata.annotations =
            Some([(RENDERER_ANNOTATION.to_owned(), "helm".to_owned())].into());
        object.spec.renderer = Some(named("own"));
        assert_eq!(object.renderer(), Ok(Some(named("own"))), "the field wins");
    }
}
