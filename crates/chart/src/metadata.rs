//! `Chart.yaml`.

use std::collections::BTreeMap;

use rosin_template::sprig::Version;
use rosin_template::{List, ListType, Map, MapType, Str, Value};
use serde::Deserialize;

use crate::Error;

/// A text. Numbers and booleans of YAML are taken for the text that Go prints them as, null for none.
pub(crate) fn text<'de, D: serde::Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    as_text(serde_json::Value::deserialize(input)?).map_err(serde::de::Error::custom)
}

fn texts<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Vec<String>, D::Error> {
    let items: Vec<serde_json::Value> = or_default(input)?;
    items
        .into_iter()
        .map(as_text)
        .collect::<Result<_, _>>()
        .map_err(serde::de::Error::custom)
}

fn text_map<'de, D: serde::Deserializer<'de>>(
    input: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    let entries: BTreeMap<String, serde_json::Value> = or_default(input)?;
    let entries = entries
        .into_iter()
        .map(|(key, value)| Ok((key, as_text(value)?)));
    entries
        .collect::<Result<_, String>>()
        .map_err(serde::de::Error::custom)
}

fn as_text(value: serde_json::Value) -> Result<String, String> {
    let wrong = |what: &str| {
        Err(format!(
            "json: cannot unmarshal {what} into Go struct field of type string"
        ))
    };
    match value {
        serde_json::Value::Null => Ok(String::new()),
        serde_json::Value::String(text) => Ok(text),
        serde_json::Value::Bool(value) => Ok(value.to_string()),
        serde_json::Value::Number(number) => Ok(match number.as_i64() {
            Some(int) => int.to_string(),
            None => {
                rosin_template::strconv::format_float(number.as_f64().unwrap_or_default(), b'g', -1)
            }
        }),
        serde_json::Value::Array(_) => wrong("array"),
        serde_json::Value::Object(_) => wrong("object"),
    }
}

/// Missing and null are the same to Go's decoder.
fn or_default<'de, D: serde::Deserializer<'de>, T: Default + Deserialize<'de>>(
    input: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(input)?.unwrap_or_default())
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Metadata {
    #[serde(deserialize_with = "text")]
    pub name: String,
    #[serde(deserialize_with = "text")]
    pub home: String,
    #[serde(deserialize_with = "texts")]
    pub sources: Vec<String>,
    #[serde(deserialize_with = "text")]
    pub version: String,
    #[serde(deserialize_with = "text")]
    pub description: String,
    #[serde(deserialize_with = "texts")]
    pub keywords: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub maintainers: Vec<Option<Maintainer>>,
    #[serde(deserialize_with = "text")]
    pub icon: String,
    #[serde(deserialize_with = "text")]
    pub api_version: String,
    #[serde(deserialize_with = "text")]
    pub condition: String,
    #[serde(deserialize_with = "text")]
    pub tags: String,
    #[serde(deserialize_with = "text")]
    pub app_version: String,
    #[serde(deserialize_with = "or_default")]
    pub deprecated: bool,
    #[serde(deserialize_with = "text_map")]
    pub annotations: BTreeMap<String, String>,
    #[serde(deserialize_with = "text")]
    pub kube_version: String,
    /// Absent is not the same as none: without a list, every subchart takes part as it is.
    pub dependencies: Option<Vec<Dependency>>,
    #[serde(rename = "type", deserialize_with = "text")]
    pub kind: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Maintainer {
    #[serde(deserialize_with = "text")]
    pub name: String,
    #[serde(deserialize_with = "text")]
    pub email: String,
    #[serde(deserialize_with = "text")]
    pub url: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Dependency {
    #[serde(deserialize_with = "text")]
    pub name: String,
    #[serde(deserialize_with = "text")]
    pub version: String,
    #[serde(deserialize_with = "text")]
    pub repository: String,
    #[serde(deserialize_with = "text")]
    pub condition: String,
    #[serde(deserialize_with = "texts")]
    pub tags: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub enabled: bool,
    #[serde(deserialize_with = "or_default")]
    pub import_values: Vec<serde_json::Value>,
    #[serde(deserialize_with = "text")]
    pub alias: String,
}

fn invalid<T>(why: impl Into<String>) -> Result<T, Error> {
    Err(Error::Invalid(why.into()))
}

/// Spaces of all sorts become blanks, what cannot be printed goes.
fn sanitize(text: &mut String) {
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return;
    }
    *text = text
        .chars()
        .filter_map(|c| {
            if c.is_whitespace() {
                Some(' ')
            } else {
                (!c.is_control()).then_some(c)
            }
        })
        .collect();
}

impl Metadata {
    /// Helm's checks, in Helm's order.
    pub(super) fn validate(&mut self) -> Result<(), Error> {
        for text in [
            &mut self.name,
            &mut self.description,
            &mut self.home,
            &mut self.icon,
            &mut self.condition,
            &mut self.tags,
            &mut self.app_version,
            &mut self.kube_version,
        ] {
            sanitize(text);
        }
        self.sources
            .iter_mut()
            .chain(&mut self.keywords)
            .for_each(sanitize);
        if self.api_version.is_empty() {
            return invalid("chart.metadata.apiVersion is required");
        }
        if self.name.is_empty() {
            return invalid("chart.metadata.name is required");
        }
        let quoted = |text: &str| rosin_template::strconv::quote(text.as_bytes());
        if matches!(self.name.as_str(), "." | "..") {
            return invalid(format!(
                "chart.metadata.name {} is not allowed",
                quoted(&self.name)
            ));
        }
        if self.name.contains('/') {
            return invalid(format!(
                "chart.metadata.name {} is invalid",
                quoted(&self.name)
            ));
        }
        if self.version.is_empty() {
            return invalid("chart.metadata.version is required");
        }
        if Version::parse(&self.version).is_err() {
            return invalid(format!(
                "chart.metadata.version {} is invalid",
                quoted(&self.version)
            ));
        }
        if !matches!(self.kind.as_str(), "" | "application" | "library") {
            return invalid("chart.metadata.type must be application or library");
        }
        for maintainer in &mut self.maintainers {
            let Some(maintainer) = maintainer else {
                return invalid("maintainers must not contain empty or null nodes");
            };
            for text in [
                &mut maintainer.name,
                &mut maintainer.email,
                &mut maintainer.url,
            ] {
                sanitize(text);
            }
        }
        let mut names = Vec::new();
        for dependency in self.dependencies.iter_mut().flatten() {
            dependency.validate()?;
            let key = if dependency.alias.is_empty() {
                &dependency.name
            } else {
                &dependency.alias
            };
            if names.contains(key) {
                return invalid(format!(
                    "more than one dependency with name or alias {}",
                    quoted(key)
                ));
            }
            names.push(key.clone());
        }
        Ok(())
    }

    /// `.Chart`: the fields under the names that Go's struct has for them.
    #[must_use]
    pub fn to_map(&self) -> Map {
        let text = |text: &String| Value::from(text.as_str());
        let texts = |texts: &Vec<String>| match texts.is_empty() {
            true => Value::List(List::new(Vec::new())),
            false => Value::List(List::new(texts.iter().map(text).collect())),
        };
        let annotations = self
            .annotations
            .iter()
            .map(|(key, value)| (Str::from(key.as_str()), Value::from(value.as_str())));
        let annotations = match self.annotations.is_empty() {
            true => Map::nil(MapType::String),
            false => Map::typed(MapType::String, annotations.collect()),
        };
        let maintainers = self.maintainers.iter().flatten().map(|maintainer| {
            Value::Map(Map::from_iter([
                ("Name", text(&maintainer.name)),
                ("Email", text(&maintainer.email)),
                ("URL", text(&maintainer.url)),
            ]))
        });
        Map::from_iter([
            ("Name", text(&self.name)),
            ("Home", text(&self.home)),
            ("Sources", texts(&self.sources)),
            ("Version", text(&self.version)),
            ("Description", text(&self.description)),
            ("Keywords", texts(&self.keywords)),
            ("Maintainers", Value::from(maintainers.collect::<Vec<_>>())),
            ("Icon", text(&self.icon)),
            ("APIVersion", text(&self.api_version)),
            ("Condition", text(&self.condition)),
            ("Tags", text(&self.tags)),
            ("AppVersion", text(&self.app_version)),
            ("Deprecated", Value::Bool(self.deprecated)),
            ("Annotations", Value::Map(annotations)),
            ("KubeVersion", text(&self.kube_version)),
            (
                "Dependencies",
                Value::from(
                    self.dependencies
                        .iter()
                        .flatten()
                        .map(Dependency::to_value)
                        .collect::<Vec<_>>(),
                ),
            ),
            ("Type", text(&self.kind)),
        ])
    }
}

impl Dependency {
    fn validate(&mut self) -> Result<(), Error> {
        for text in [
            &mut self.name,
            &mut self.version,
            &mut self.repository,
            &mut self.condition,
        ] {
            sanitize(text);
        }
        self.tags.iter_mut().for_each(sanitize);
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if !self.alias.chars().all(allowed) {
            let name = rosin_template::strconv::quote(self.name.as_bytes());
            return invalid(format!(
                "dependency {name} has disallowed characters in the alias"
            ));
        }
        Ok(())
    }

    fn to_value(&self) -> Value {
        let imports = self
            .import_values
            .iter()
            .cloned()
            .map(crate::yaml::from_json)
            .collect();
        Value::Map(Map::from_iter([
            ("Name", Value::from(self.name.as_str())),
            ("Version", Value::from(self.version.as_str())),
            ("Repository", Value::from(self.repository.as_str())),
            ("Condition", Value::from(self.condition.as_str())),
            (
                "Tags",
                Value::List(List::typed(
                    ListType::Any,
                    self.tags
                        .iter()
                        .map(|tag| Value::from(tag.as_str()))
                        .collect(),
                )),
            ),
            ("Enabled", Value::Bool(self.enabled)),
            ("ImportValues", Value::List(List::new(imports))),
            ("Alias", Value::from(self.alias.as_str())),
        ]))
    }
}
