//! `spec.renderer`: which program turns files into objects. An addition of Rosin to Flux's fields.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Duration;
use crate::decode::null_as_default;

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
    /// Time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
}

impl RendererLimits {
    /// The memory limit in bytes; none where it is absent, not a quantity, or too large for a number.
    pub fn memory_bytes(&self) -> Option<u64> {
        let text = self.memory.as_deref()?;
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
                timeout: None,
            };
            assert_eq!(limits.memory_bytes(), bytes, "{text}");
        }
    }
}
