//! What a rendering may be asked for: the request's options, their JSON schema, and their checked form.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The request's options.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Options {
    pub release: Release,
    /// User's values, over the chart's defaults.
    pub values: serde_json::Map<String, serde_json::Value>,
    /// Files of values, over `values`; later ones win.
    pub value_files: Vec<ValueFile>,
    /// Set flags, over all of these, in this order.
    pub set: Vec<Set>,
    /// What the files hold that set flags name, by their paths.
    pub files: BTreeMap<String, String>,
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
    /// Instead of objects give the text that `helm template` prints, as notes.
    pub print: bool,
    /// Instead of a chart render this text, and give the result as notes.
    pub text: Option<TextOptions>,
}

/// A file of values, as YAML.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueFile {
    /// For messages.
    pub name: String,
    pub text: String,
}

/// A set flag.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Set {
    pub mode: SetMode,
    /// In the grammar of the flag: `a.b=1,c={x,y}`.
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SetMode {
    /// `--set-json`
    Json,
    /// `--set`
    Typed,
    /// `--set-string`
    String,
    /// `--set-file`
    File,
    /// `--set-literal`
    Literal,
}

/// A text to render without a chart.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TextOptions {
    #[serde(default = "unnamed")]
    pub name: String,
    pub template: String,
    /// The dot.
    #[serde(default)]
    pub data: serde_json::Value,
    /// Are whole numbers in the data int64? They are float64 otherwise.
    #[serde(default)]
    pub integers: bool,
    #[serde(default)]
    pub missing_key: MissingKeys,
    #[serde(default)]
    pub functions: FunctionSet,
}

fn unnamed() -> String {
    "text".to_owned()
}

/// The `missingkey` option of Go's template package.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MissingKeys {
    #[default]
    Default,
    Zero,
    Error,
}

/// Which functions a text may call: Go's alone, or sprig's as well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FunctionSet {
    Go,
    #[default]
    Sprig,
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
    "values": {"type": "object", "description": "Values over the chart's defaults."},
    "valueFiles": {
      "description": "Files of values (YAML), over `values`; later ones win.",
      "type": "array",
      "items": {
        "type": "object",
        "additionalProperties": false,
        "required": ["name", "text"],
        "properties": {"name": {"type": "string"}, "text": {"type": "string"}}
      }
    },
    "set": {
      "description": "Set flags, over all other values, in this order.",
      "type": "array",
      "items": {
        "type": "object",
        "additionalProperties": false,
        "required": ["mode", "text"],
        "properties": {"mode": {"enum": ["json", "typed", "string", "file", "literal"]}, "text": {"type": "string"}}
      }
    },
    "files": {
      "description": "What the files hold that set flags name, by their paths.",
      "type": "object",
      "additionalProperties": {"type": "string"}
    },
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
    "skipSchemaValidation": {"type": "boolean", "default": false},
    "print": {"type": "boolean", "default": false, "description": "Give the text that `helm template` prints, as notes, instead of objects."},
    "text": {
      "description": "Render this text instead of a chart, and give the result as notes.",
      "type": ["object", "null"],
      "additionalProperties": false,
      "required": ["template"],
      "properties": {
        "name": {"type": "string", "default": "text"},
        "template": {"type": "string"},
        "data": {},
        "integers": {"type": "boolean", "default": false, "description": "Whole numbers are int64, not float64."},
        "missingKey": {"enum": ["default", "zero", "error"], "default": "default"},
        "functions": {"enum": ["go", "sprig"], "default": "sprig"}
      }
    }
  }
}"#;
