//! Values of references and inline ones, in the order in which Flux puts them together.

use rosin_chart::merge_maps;
use rosin_chart::values::strvals::{self, Mode};
use rosin_template::{Map, Value as Template};
use serde_json::Value;

use super::{Values, from_template, read, to_template};

/// A reference of `spec.valuesFrom`, with what was found where it points to.
#[derive(Clone, Debug)]
pub struct Reference<'r> {
    /// `ConfigMap` or `Secret`.
    pub kind: &'r str,
    pub namespace: &'r str,
    pub name: &'r str,
    pub key: &'r str,
    /// Empty for none.
    pub target_path: &'r str,
    pub optional: bool,
    pub literal: bool,
    pub data: Data<'r>,
}

/// What is where a reference points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data<'r> {
    /// There is no such object.
    NoObject,
    /// The object has no such key.
    NoKey,
    Found(&'r [u8]),
}

/// A reference that is of no use. Says which, and why, as Flux does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("could not resolve{} {kind} chart values reference '{namespace}/{name}' with key '{key}': {reason}", if *.optional { " optional" } else { "" })]
pub struct ValuesError {
    pub kind: String,
    pub namespace: String,
    pub name: String,
    pub key: String,
    pub optional: bool,
    pub reason: Reason,
}

/// Why it is of no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The API server's words.
    #[error("{}", if .plural.is_empty() { "resource not found".to_owned() } else { format!("{plural} {name:?} not found") })]
    NoObject { plural: &'static str, name: String },
    #[error("key not found")]
    NoKey,
    #[error("unsupported values reference kind")]
    Kind,
    #[error("{0}")]
    Data(String),
    #[error("{0}")]
    Merge(String),
}

/// The values of a release: references in their order, inline values over those without a target path, and target paths over
/// all that comes before them.
///
/// Maps are shared here as they are in Flux's program, since its results depend on that: a target path inside of an inline map
/// changes the inline map, and so wins over it in the end, while one of a single name loses.
pub fn compose(inline: &Values, references: &[Reference<'_>]) -> Result<Values, Box<ValuesError>> {
    let inline = map(inline);
    let mut values = Map::default();
    for reference in references {
        let failed = |reason| {
            Box::new(ValuesError {
                kind: reference.kind.to_owned(),
                namespace: reference.namespace.to_owned(),
                name: reference.name.to_owned(),
                key: reference.key.to_owned(),
                optional: reference.optional,
                reason,
            })
        };
        let plural = match reference.kind {
            "ConfigMap" => "configmaps",
            "Secret" => "secrets",
            _ => return Err(failed(Reason::Kind)),
        };
        let data = match reference.data {
            Data::Found(data) => data,
            Data::NoObject | Data::NoKey if reference.optional => continue,
            Data::NoObject => {
                let name = reference.name.to_owned();
                return Err(failed(Reason::NoObject { plural, name }));
            }
            Data::NoKey => return Err(failed(Reason::NoKey)),
        };
        if reference.target_path.is_empty() {
            let more = read(data).map_err(|error| failed(Reason::Data(error)))?;
            values = merge_maps(&values, &map(&more));
        } else {
            values = merge_maps(&values, &inline);
            let text = String::from_utf8_lossy(data);
            set(&values, reference.target_path, &text, reference.literal)
                .map_err(|error| failed(Reason::Merge(error)))?;
        }
    }
    let values = merge_maps(&values, &inline);
    match from_template(&Template::Map(values)) {
        Value::Object(values) => Ok(values),
        _ => Ok(Values::new()),
    }
}

fn map(values: &Values) -> Map {
    match to_template(&Value::Object(values.clone())) {
        Template::Map(map) => map,
        _ => Map::default(),
    }
}

/// Sets a value as `--set` does; in quotes or literally, as `--set-string` does.
fn set(values: &Map, path: &str, value: &str, literal: bool) -> Result<(), String> {
    let (text, mode) = if literal {
        (format!("{path}={}", escaped(value)), Mode::Text)
    } else if quoted(value) {
        let value = value.trim_matches(['\'', '"']);
        (format!("{path}={value}"), Mode::Text)
    } else {
        (format!("{path}={value}"), Mode::Typed)
    };
    strvals::set(&text, values, mode)
}

fn quoted(value: &str) -> bool {
    ['\'', '"']
        .iter()
        .any(|quote| value.starts_with(*quote) && value.ends_with(*quote))
}

/// A value that means itself to the grammar of `--set`.
fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        if matches!(c, '\\' | ',' | '[' | ']' | '{' | '}') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
