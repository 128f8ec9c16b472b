//! Substitution of `${variables}` in rendered objects, in the dialect that Flux uses: that of drone's envsubst, with its odd corners.
//!
//! Each object is written as YAML text, substituted as text and read again. So a value may change its type or bring structure with it,
//! and where quotes stand depends on the writer, which must be the original's (rosin-manifest).

mod evaluate;
mod functions;
mod glob;
mod parse;

use std::collections::BTreeMap;

use rosin_api::kustomization::{PostBuild, SubstituteStrategy};
use rosin_api::names::SUBSTITUTE_KEY;
use rosin_manifest::yaml;
use serde_json::Value;

use crate::object::{Object, ObjectError};
use crate::visible::visible;

/// The rule for names of variables, as messages quote it.
const NAME_RULE: &str = "^[_[:alpha:]][_[:alpha:][:digit:]]*$";

/// The text of one object may not become larger: etcd takes a tenth of it.
const LARGEST: usize = 16 << 20;

/// Whether a reference to a variable that does not exist is an error or an empty text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strictness {
    #[default]
    Strict,
    Lenient,
}

/// The substitution in one object failed.
#[derive(Debug, thiserror::Error)]
#[error("post build failed for '{object}': envsubst error: {cause}")]
pub struct PostBuildError {
    pub object: String,
    #[source]
    pub cause: SubstitutionError,
}

/// Why a text could not be substituted.
#[derive(Debug, thiserror::Error)]
pub enum SubstitutionError {
    #[error("'{0}' var name is invalid, must match '{NAME_RULE}'")]
    Name(String),
    #[error("variable substitution failed: {0}")]
    Parse(#[from] ParseError),
    #[error("variable substitution failed: variable not set (strict mode): {}", list(.0))]
    NotSet(Vec<Missing>),
    #[error("variable substitution failed: {0}")]
    Limit(&'static str),
    #[error("YAMLToJSON: {0}")]
    Yaml(String),
    #[error(transparent)]
    Object(#[from] ObjectError),
}

/// A variable that does not exist, and the field that refers to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    pub name: String,
    pub field: Option<String>,
}

/// An expression cannot be read. The words are the original's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    #[error("bad substitution")]
    BadSubstitution,
    #[error("missing closing brace")]
    MissingClosingBrace,
    #[error("unable to parse variable name")]
    VariableName,
    #[error("unable to parse substitution within function")]
    FunctionSubstitution,
    #[error("unable to parse default function")]
    DefaultFunction,
    #[error("substitutions are nested too deeply")]
    TooDeep,
}

fn list(missing: &[Missing]) -> String {
    let shown = missing.iter().map(|missing| match &missing.field {
        Some(field) => format!("{:?} (in {field})", missing.name),
        None => format!("{:?}", missing.name),
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// Group, version, kind and name as kustomize's messages have them: `ConfigMap.v1.[noGrp]/vars`.
pub fn described(object: &Object) -> String {
    let group = Some(object.group())
        .filter(|group| !group.is_empty())
        .unwrap_or("[noGrp]");
    let (kind, version, name) = (object.kind(), object.version(), object.name());
    visible(&format!("{kind}.{version}.{group}/{name}")).into_owned()
}

/// Substitutes variables in all objects; a variable that does not exist is an error.
pub fn post_build(
    objects: Vec<Object>,
    post_build: &PostBuild,
    variables: &BTreeMap<String, String>,
) -> Result<Vec<Object>, PostBuildError> {
    post_build_with(objects, post_build, variables, Strictness::Strict)
}

/// As [`post_build`], with a choice.
pub fn post_build_with(
    objects: Vec<Object>,
    post_build: &PostBuild,
    variables: &BTreeMap<String, String>,
    strictness: Strictness,
) -> Result<Vec<Object>, PostBuildError> {
    let always = post_build.substitute_strategy == Some(SubstituteStrategy::Always);
    if variables.is_empty() && !always {
        return Ok(objects);
    }
    let invalid = variables.keys().find(|name| !is_name(name));
    let one = |object: Object| {
        if opted_out(&object) {
            return Ok(object);
        }
        let described = described(&object);
        let result = match invalid {
            Some(name) => Err(SubstitutionError::Name(name.clone())),
            None => substitute_object(object, variables, strictness),
        };
        result.map_err(|cause| PostBuildError {
            object: described,
            cause,
        })
    };
    objects.into_iter().map(one).collect()
}

/// Said exactly so, or not said.
fn opted_out(object: &Object) -> bool {
    object.label(SUBSTITUTE_KEY) == Some("disabled")
        || object.annotation(SUBSTITUTE_KEY) == Some("disabled")
}

fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes
        .next()
        .is_some_and(|first| first == b'_' || first.is_ascii_alphabetic())
        && bytes.all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
}

fn substitute_object(
    object: Object,
    variables: &BTreeMap<String, String>,
    strictness: Strictness,
) -> Result<Object, SubstitutionError> {
    let value = object.to_value();
    let text = yaml::to_string_sigs(&value);
    if !text.contains('$') {
        return Ok(object);
    }
    let substituted = substitute(&text, variables, strictness).map_err(|error| match error {
        SubstitutionError::NotSet(missing) => {
            SubstitutionError::NotSet(missing.into_iter().map(|m| located(m, &value)).collect())
        }
        other => other,
    })?;
    let node = yaml::read_one(substituted.as_bytes(), yaml::Dialect::Sigs)
        .map_err(|error| SubstitutionError::Yaml(error.to_string()))?;
    let value = node
        .to_json()
        .map_err(|error| SubstitutionError::Yaml(error.to_string()))?;
    Ok(Object::new(value)?)
}

/// Substitutes variables in a text. A strict substitution names all variables that do not exist, not only the first.
pub fn substitute(
    text: &str,
    variables: &BTreeMap<String, String>,
    strictness: Strictness,
) -> Result<String, SubstitutionError> {
    let template = parse::parse(text)?;
    evaluate::evaluate(&template, variables, strictness)
}

fn located(missing: Missing, object: &Value) -> Missing {
    let field = field_with(
        object,
        &format!("${{{}", missing.name),
        &missing.name,
        &mut Vec::new(),
    );
    Missing { field, ..missing }
}

/// The first field whose key or text refers to a variable.
fn field_with(
    value: &Value,
    reference: &str,
    name: &str,
    path: &mut Vec<String>,
) -> Option<String> {
    let refers = |text: &str| {
        text.match_indices(reference).any(|(at, _)| {
            let next = text[at + reference.len()..].chars().next();
            !next.is_some_and(|c| c == '_' || c.is_alphanumeric())
        }) || text.contains(&format!("${{#{name}}}"))
    };
    match value {
        Value::String(text) => refers(text).then(|| path.join(".")),
        Value::Array(items) => items.iter().enumerate().find_map(|(index, item)| {
            path.push(index.to_string());
            let found = field_with(item, reference, name, path);
            path.pop();
            found
        }),
        Value::Object(fields) => fields.iter().find_map(|(key, item)| {
            path.push(key.clone());
            let found = if refers(key) {
                Some(path.join("."))
            } else {
                field_with(item, reference, name, path)
            };
            path.pop();
            found
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
