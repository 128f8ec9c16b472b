//! What a rendering may be asked for: the request's options, their JSON schema, and their checked form.

use serde::Deserialize;

/// The request's options. `values` are merged already: the host reads values files and references.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Options {
    pub release: Release,
    /// User's values, over the chart's defaults.
    pub values: serde_json::Map<String, serde_json::Value>,
    /// What the cluster can do. Without it, what Helm assumes without a cluster.
    pub capabilities: Option<CapabilityOptions>,
    /// Give the definitions of `crds/` as well.
    pub include_crds: bool,
    /// Leave out hooks.
    pub no_hooks: bool,
    /// Leave out hooks that are tests.
    pub skip_tests: bool,
    /// Only the documents of these templates (paths inside the chart; `*` and `?` match).
    pub show_only: Vec<String>,
    /// Notes of subcharts too.
    pub sub_notes: bool,
    /// Do not check values against `values.schema.json`.
    pub skip_schema_validation: bool,
}

/// `.Release`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Release {
    pub name: String,
    pub namespace: String,
    pub revision: i64,
    pub is_upgrade: bool,
    pub service: String,
}

impl Default for Release {
    fn default() -> Self {
        Self {
            name: "release-name".into(),
            namespace: "default".into(),
            revision: 1,
            is_upgrade: false,
            service: "Helm".into(),
        }
    }
}

/// `.Capabilities`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct CapabilityOptions {
    /// As the API server says it: `v1.34.1`.
    pub kube_version: Option<String>,
    /// All API versions of the cluster; without them the default set.
    pub api_versions: Option<Vec<String>>,
    /// API versions besides.
    pub extra_api_versions: Vec<String>,
}

/// The JSON schema of [`Options`].
pub const SCHEMA: &str = r#"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "release": {
      "type": "object",
      "additionalProperties": false,
      "properties": {
        "name": {"type": "string", "default": "release-name"},
        "namespace": {"type": "string", "default": "default"},
        "revision": {"type": "integer", "minimum": 1, "default": 1},
        "isUpgrade": {"type": "boolean", "default": false},
        "service": {"type": "string", "default": "Helm"}
      }
    },
    "values": {"type": "object", "description": "Values over the chart's defaults, merged already."},
    "capabilities": {
      "type": ["object", "null"],
      "additionalProperties": false,
      "properties": {
        "kubeVersion": {"type": ["string", "null"]},
        "apiVersions": {"type": ["array", "null"], "items": {"type": "string"}},
        "extraApiVersions": {"type": "array", "items": {"type": "string"}}
      }
    },
    "includeCrds": {"type": "boolean", "default": false},
    "noHooks": {"type": "boolean", "default": false},
    "skipTests": {"type": "boolean", "default": false},
    "showOnly": {"type": "array", "items": {"type": "string"}},
    "subNotes": {"type": "boolean", "default": false},
    "skipSchemaValidation": {"type": "boolean", "default": false}
  }
}"#;
