//! Schemas that a build brings along (kustomize's `openapi.path`): a Swagger document as JSON.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{Place, Schema, Type, builtin_definition};

/// References that lead to references that lead … end here.
const MAX_REFERENCES: usize = 100;
/// Schemas written inside of schemas.
const MAX_DEPTH: usize = 200;

#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum SchemaError {
    #[error("the OpenAPI document is not an object")]
    NotAnObject,
    #[error("the OpenAPI document nests schemas deeper than {MAX_DEPTH} levels")]
    Depth,
}

#[derive(Debug, Clone, Default)]
pub(super) struct CustomType {
    /// None for scalars.
    pub(super) fields: HashMap<String, Option<Type>>,
    pub(super) other: Option<Type>,
    pub(super) items: Option<Type>,
    pub(super) merges: bool,
    pub(super) keys: Vec<String>,
}

impl Schema {
    /// A schema written in a comment (`# {"type": "array", …}`), and this schema with its types added. None if it is none.
    #[must_use]
    pub fn inline(&self, text: &str) -> Option<(Self, Option<Type>)> {
        let value: Value = serde_json::from_str(text.trim_start_matches('#')).ok()?;
        if value.as_object()?.is_empty() {
            return None;
        }
        let nothing = Map::new();
        let types = self.types.clone();
        let mut reader = Reader {
            definitions: &nothing,
            types,
            named: HashMap::new(),
            with_builtin: true,
        };
        let found = reader.shape(&value, 0).ok()?;
        Some((
            Self {
                types: reader.types,
                ..self.clone()
            },
            found,
        ))
    }

    /// The schema of a Swagger document, alone or before the built-in one. The built-in scopes hold in any case.
    pub fn custom(swagger: &Value, with_builtin: bool) -> Result<Self, SchemaError> {
        let swagger = swagger.as_object().ok_or(SchemaError::NotAnObject)?;
        let nothing = Map::new();
        let definitions = swagger
            .get("definitions")
            .and_then(Value::as_object)
            .unwrap_or(&nothing);
        let mut reader = Reader {
            definitions,
            types: Vec::new(),
            named: HashMap::new(),
            with_builtin,
        };
        let mut schema = Self {
            uses_builtin: with_builtin,
            ..Self::builtin()
        };
        for (name, definition) in definitions {
            let at = reader.definition(name, 0)?;
            for kind in definition
                .get("x-kubernetes-group-version-kind")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                if let (Some(kind), Some(at)) = (type_meta(kind), at) {
                    schema.kinds.insert(kind, at);
                }
            }
        }
        schema.types = reader.types;
        for (path, item) in swagger
            .get("paths")
            .and_then(Value::as_object)
            .unwrap_or(&nothing)
        {
            let Some(kind) = item
                .pointer("/get/x-kubernetes-group-version-kind")
                .and_then(type_meta)
            else {
                continue;
            };
            let namespaced = path.contains("namespaces/{namespace}");
            let known = schema.namespaced.entry(kind).or_insert(namespaced);
            *known |= namespaced;
        }
        Ok(schema)
    }
}

fn type_meta(value: &Value) -> Option<(String, String)> {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let (version, kind) = (text("version")?, text("kind")?);
    let api_version = match text("group") {
        Some(group) if !group.is_empty() => format!("{group}/{version}"),
        _ => version.to_owned(),
    };
    Some((api_version, kind.to_owned()))
}

struct Reader<'a> {
    definitions: &'a Map<String, Value>,
    types: Vec<CustomType>,
    named: HashMap<&'a str, Option<Type>>,
    with_builtin: bool,
}

impl<'a> Reader<'a> {
    fn definition(&mut self, name: &'a str, depth: usize) -> Result<Option<Type>, SchemaError> {
        if let Some(known) = self.named.get(name) {
            return Ok(*known);
        }
        let Some(schema) = self.definitions.get(name) else {
            return Ok(self
                .with_builtin
                .then(|| builtin_definition(name))
                .flatten());
        };
        if is_scalar(schema) {
            self.named.insert(name, None);
            return Ok(None);
        }
        if let Some(reference) = reference(schema) {
            // Not named before it is known: a circle of references ends by its depth.
            if depth > MAX_REFERENCES {
                return Ok(None);
            }
            let at = self.definition(reference, depth + 1)?;
            self.named.insert(name, at);
            return Ok(at);
        }
        let at = self.types.len();
        let named = Some(Type(Place::Custom(at)));
        self.types.push(CustomType::default());
        self.named.insert(name, named);
        self.types[at] = self.read(schema, depth + 1)?;
        Ok(named)
    }

    fn shape(&mut self, schema: &'a Value, depth: usize) -> Result<Option<Type>, SchemaError> {
        if depth > MAX_DEPTH {
            return Err(SchemaError::Depth);
        }
        if let Some(name) = reference(schema) {
            return self.definition(name, depth);
        }
        if is_scalar(schema) {
            return Ok(None);
        }
        let read = self.read(schema, depth + 1)?;
        self.types.push(read);
        Ok(Some(Type(Place::Custom(self.types.len() - 1))))
    }

    fn read(&mut self, schema: &'a Value, depth: usize) -> Result<CustomType, SchemaError> {
        let mut read = CustomType::default();
        for (name, property) in schema
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            read.fields
                .insert(name.clone(), self.shape(property, depth)?);
        }
        if let Some(other) = schema
            .get("additionalProperties")
            .filter(|other| other.is_object())
        {
            read.other = self.shape(other, depth)?;
        }
        if let (Some("array"), Some(items)) = (schema_type(schema), schema.get("items")) {
            read.items = self.shape(items, depth)?;
        }
        let strategy = schema
            .get("x-kubernetes-patch-strategy")
            .and_then(Value::as_str)
            .unwrap_or_default();
        read.merges = strategy.split(',').any(|part| part == "merge");
        if read.merges {
            let several = schema
                .get("x-kubernetes-list-map-keys")
                .and_then(Value::as_array);
            let one = schema.get("x-kubernetes-patch-merge-key");
            let keys = several.map_or_else(
                || one.into_iter().collect(),
                |keys| keys.iter().collect::<Vec<_>>(),
            );
            read.keys = keys
                .into_iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect();
        }
        Ok(read)
    }
}

fn reference(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.strip_prefix("#/definitions/")
}

fn schema_type(schema: &Value) -> Option<&str> {
    schema.get("type")?.as_str()
}

fn is_scalar(schema: &Value) -> bool {
    schema_type(schema).is_some_and(|name| !matches!(name, "object" | "array"))
}
