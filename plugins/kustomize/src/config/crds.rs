//! `crds`: OpenAPI definitions with kustomize's extensions, which say where a custom kind holds labels, annotations, and names of
//! other objects.

use serde_json::{Map, Value};

use super::{BackReferences, Config, merge_references, merge_specs};
use crate::error::{Error, Result, Wrap, bail};
use crate::id::Gvk;
use crate::kustomization::FieldSpec;
use crate::loader::Loader;

/// Definitions may refer to each other in circles, which the original follows until it crashes.
const MAX_DEPTH: usize = 50;

pub(crate) fn from_crds(loader: &Loader<'_>, paths: &[String]) -> Result<Config> {
    let mut config = Config::default();
    for path in paths {
        let content = loader.load(path)?;
        let read = match content.first() {
            Some(b'{') => crate::yaml::to_json(&content),
            _ => crate::yaml::unmarshal(&content),
        };
        let json = read
            .wrap(format!("unable to parse open API definition from '{path}'"))
            .in_file(path)?;
        check(&json)
            .map_err(|error| match content.first() {
                Some(b'{') => error,
                _ => error.wrap("error unmarshaling JSON: while decoding JSON"),
            })
            .wrap(format!("unable to parse open API definition from '{path}'"))
            .in_file(path)?;
        let Value::Object(definitions) = json else {
            continue;
        };
        for (name, definition) in &definitions {
            let is_a_kind = properties(definition).is_some_and(|fields| {
                ["kind", "apiVersion", "metadata"]
                    .iter()
                    .all(|field| fields.contains_key(*field))
            });
            if is_a_kind {
                let kind = name.rsplit('.').next().unwrap_or_default();
                let gvk = Gvk {
                    kind: kind.to_owned(),
                    ..Gvk::default()
                };
                let mut own = Config::default();
                Walk {
                    definitions: &definitions,
                    gvk: &gvk,
                    config: &mut own,
                }
                .fields_of(name, &mut Vec::new())?;
                config = config.merged(&own)?;
            }
        }
    }
    Ok(config)
}

/// That there is a definition under each name.
fn check(json: &Value) -> Result<()> {
    let definition = "accumulator.OpenAPIDefinition";
    let (wrong, into) = match json {
        Value::Null => return Ok(()),
        Value::Object(definitions) => {
            let wrong = definitions
                .values()
                .find(|value| !value.is_object() && !value.is_null());
            match wrong {
                Some(wrong) => (wrong, definition),
                None => return Ok(()),
            }
        }
        wrong => (wrong, "accumulator.nameToApiMap"),
    };
    let kind = match wrong {
        Value::Null | Value::Object(_) => "object",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
    };
    bail!("json: cannot unmarshal {kind} into Go value of type {into}")
}

fn properties(definition: &Value) -> Option<&Map<String, Value>> {
    let definition = definition.as_object()?;
    let schema = definition
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case("schema"))?
        .1;
    schema.get("properties")?.as_object()
}

struct Walk<'a> {
    definitions: &'a Map<String, Value>,
    gvk: &'a Gvk,
    config: &'a mut Config,
}

impl Walk<'_> {
    fn fields_of(&mut self, name: &str, path: &mut Vec<String>) -> Result<()> {
        if path.len() > MAX_DEPTH {
            return Err(Error::new(format!("definition {name} refers to itself")).at_field(name));
        }
        let Some(fields) = self.definitions.get(name).and_then(properties) else {
            return Ok(());
        };
        for (name, property) in fields {
            path.push(name.clone());
            self.field(property, path)?;
            path.pop();
        }
        Ok(())
    }

    fn field(&mut self, property: &Value, path: &mut Vec<String>) -> Result<()> {
        let extension = |name: &str| {
            let (_, value) = property
                .as_object()?
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))?;
            value.as_str()
        };
        let spec = |path: &[String]| FieldSpec {
            gvk: self.gvk.clone(),
            path: path.join("/"),
            create: false,
        };
        if extension("x-kubernetes-annotation").is_some() {
            merge_specs(&mut self.config.common_annotations, &[spec(path)])?;
        }
        if extension("x-kubernetes-label-selector").is_some() {
            merge_specs(&mut self.config.common_labels, &[spec(path)])?;
        }
        if extension("x-kubernetes-identity").is_some() {
            merge_specs(&mut self.config.name_prefix, &[spec(path)])?;
        }
        if let (Some(version), Some(kind)) = (
            extension("x-kubernetes-object-ref-api-version"),
            extension("x-kubernetes-object-ref-kind"),
        ) {
            let mut referrer = spec(path);
            referrer.path = format!(
                "{}/{}",
                referrer.path,
                extension("x-kubernetes-object-ref-name-key").unwrap_or("name")
            );
            let gvk = Gvk {
                group: String::new(),
                version: version.to_owned(),
                kind: kind.to_owned(),
            };
            merge_references(
                &mut self.config.name_reference,
                &[BackReferences {
                    gvk,
                    referrers: vec![referrer],
                }],
            )?;
        }
        match property.get("$ref").and_then(Value::as_str) {
            Some(name) => self.fields_of(name, path),
            None => Ok(()),
        }
    }
}
