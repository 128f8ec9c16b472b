//! The index of a repository: read chart by chart, so that memory is needed for the largest chart and not for the index, and kept as JSON
//! in which a chart is found by its line.

use std::io::{self, BufRead, BufReader, Read, Write};

use rosin_manifest::yaml::{self, Dialect};
use serde_json::{Map, Value};

use super::layout::{self, LayoutError, Part};
use super::versions::{ChartVersion, Versions};
use crate::artifact::{Blob, ObjectKey, Store, StoreError, StoredFile};
use crate::semver::Version;

/// An index that is laid out otherwise than tools lay it out is read whole, up to this size.
const MAX_WHOLE: u64 = 64 << 20;
/// YAML's aliases can make much of little.
const MAX_GROWTH: u64 = 1 << 30;

#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    #[error("empty index.yaml file")]
    Empty,
    #[error("no API version specified")]
    ApiVersion,
    #[error("{0}")]
    Yaml(String),
    #[error("{0}")]
    Json(#[source] serde_json::Error),
    #[error("the index is no mapping")]
    Shape,
    #[error("chart {0:?} is listed twice")]
    Twice(String),
    #[error("the index is too large to be read in this layout")]
    TooLarge,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Layout(#[from] Cut),
}

/// Stops at a layout that only the whole text tells more of.
#[derive(Debug, thiserror::Error)]
#[error("the index is not laid out as a block mapping")]
pub struct Cut(());

impl From<LayoutError> for IndexError {
    fn from(error: LayoutError) -> Self {
        match error {
            LayoutError::Layout => Self::Layout(Cut(())),
            LayoutError::Io(error) => Self::Io(error),
        }
    }
}

/// Stores an index, and says whether it can be read at all. Charts without a usable version are left out.
///
/// # Errors
/// When the text is no index, or the disk fails.
pub fn store(
    store: &Store,
    key: &ObjectKey,
    file: &str,
    index: &Blob,
) -> Result<StoredFile, IndexError> {
    Ok(store.copy(key, file, &converted(store, index)?)?)
}

fn converted(store: &Store, index: &Blob) -> Result<Blob, IndexError> {
    let mut converted = store.blob()?;
    match convert(&mut index.read()?, &mut converted) {
        Err(IndexError::Layout(_) | IndexError::Yaml(_)) => {
            if index.size()? > MAX_WHOLE {
                return Err(IndexError::TooLarge);
            }
            converted = store.blob()?;
            let mut text = Vec::new();
            index.read()?.read_to_end(&mut text)?;
            convert_whole(&text, &mut converted)?;
        }
        other => other?,
    }
    converted.finish()?;
    Ok(converted)
}

/// The versions of one chart in a stored index, newest first; `None`: it is not there.
///
/// # Errors
/// When the file is gone or damaged.
pub fn find(store: &Store, path: &str, chart: &str) -> Result<Option<Versions>, IndexError> {
    find_in(BufReader::with_capacity(1 << 20, store.open(path)?), chart)
}

/// As [`find`], in an index that has just been fetched.
///
/// # Errors
/// When the text is no index, or the disk fails.
pub fn find_fetched(
    store: &Store,
    index: &Blob,
    chart: &str,
) -> Result<Option<Versions>, IndexError> {
    let converted = converted(store, index)?;
    find_in(BufReader::with_capacity(1 << 20, converted.read()?), chart)
}

fn find_in(mut index: impl BufRead, chart: &str) -> Result<Option<Versions>, IndexError> {
    let name = pretty(&Value::from(chart), 4)?;
    let wanted = format!("{CHART}{name}: [");
    let mut line = Vec::new();
    let mut entries = false;
    let mut found: Option<Vec<u8>> = None;
    loop {
        line.clear();
        if index.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        let text = line.trim_ascii_end();
        if let Some(versions) = &mut found {
            if text.starts_with(CHARTS_END) {
                versions.push(b']');
                let versions: Vec<ChartVersion> =
                    serde_json::from_slice(versions).map_err(IndexError::Json)?;
                return Ok(Some(Versions(versions)));
            }
            versions.extend_from_slice(text);
        } else if text == ENTRIES {
            entries = true;
        } else if entries && text.starts_with(wanted.as_bytes()) {
            if text.ends_with(b"[]") || text.ends_with(b"[],") {
                return Ok(Some(Versions::default()));
            }
            found = Some(vec![b'[']);
        }
    }
}

/// The fields of an entry that are kept, in the order of Helm's types.
const FIELDS: [&str; 24] = [
    "name",
    "home",
    "sources",
    "version",
    "description",
    "keywords",
    "maintainers",
    "icon",
    "apiVersion",
    "condition",
    "tags",
    "appVersion",
    "deprecated",
    "annotations",
    "kubeVersion",
    "dependencies",
    "type",
    "urls",
    "created",
    "removed",
    "digest",
    "checksum",
    "engine",
    "url",
];
/// What Go writes for no time at all.
const NO_TIME: &str = "0001-01-01T00:00:00Z";

/// How lines of a stored index begin. Nothing else can: line ends inside of texts are written as `\n`.
const ENTRIES: &[u8] = b"  \"entries\": {";
const CHART: &str = "    ";
const CHARTS_END: &[u8] = b"    ]";

/// Writes the JSON.
struct Writer<'a, W> {
    out: &'a mut W,
    fields: Map<String, Value>,
    names: std::collections::HashSet<String>,
    written: u64,
}

fn convert(index: &mut impl Read, out: &mut impl Write) -> Result<(), IndexError> {
    let mut text = BufReader::with_capacity(1 << 20, index);
    if text.fill_buf()?.is_empty() {
        return Err(IndexError::Empty);
    }
    let mut writer = Writer::new(out)?;
    layout::cut(&mut text, |part| match part {
        Part::Field(text) => {
            writer.fields.extend(mapping(&text)?);
            Ok(())
        }
        Part::Chart(text) => {
            let charts = mapping(&text)?;
            charts
                .into_iter()
                .try_for_each(|(name, versions)| writer.chart(&name, versions))
        }
    })?;
    writer.finish()
}

fn convert_whole(text: &[u8], out: &mut impl Write) -> Result<(), IndexError> {
    let mut fields = match serde_json::from_slice(text) {
        Ok(Value::Object(fields)) => fields,
        _ => mapping(text)?,
    };
    let mut writer = Writer::new(out)?;
    if let Some(Value::Object(entries)) = fields.remove("entries") {
        for (name, versions) in entries {
            writer.chart(&name, versions)?;
        }
    }
    writer.fields = fields;
    writer.finish()
}

fn mapping(text: &[u8]) -> Result<Map<String, Value>, IndexError> {
    let node = yaml::read_one(text, Dialect::Sigs);
    let node = node.map_err(|error| IndexError::Yaml(error.to_string()))?;
    match node.to_json() {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(IndexError::Shape),
        Err(error) => Err(IndexError::Yaml(error.to_string())),
    }
}

impl<'a, W: Write> Writer<'a, W> {
    fn new(out: &'a mut W) -> Result<Self, IndexError> {
        out.write_all(b"{\n")?;
        out.write_all(ENTRIES)?;
        Ok(Self {
            out,
            fields: Map::new(),
            names: std::collections::HashSet::new(),
            written: 0,
        })
    }

    fn chart(&mut self, name: &str, versions: Value) -> Result<(), IndexError> {
        if !self.names.insert(name.to_owned()) {
            return Err(IndexError::Twice(name.to_owned()));
        }
        let versions = match versions {
            Value::Array(versions) => versions,
            Value::Null => Vec::new(),
            _ => return Err(IndexError::Shape),
        };
        let mut versions: Vec<(Version, Value)> = versions
            .into_iter()
            .filter_map(|version| Some((usable(&version)?, version)))
            .collect();
        versions.sort_by(|(left, _), (right, _)| right.cmp(left));
        let mut text = String::new();
        if self.names.len() > 1 {
            text.push(',');
        }
        text.push('\n');
        text.push_str(CHART);
        text.push_str(&pretty(&Value::from(name), 4)?);
        text.push_str(": [");
        for (position, (_, version)) in versions.into_iter().enumerate() {
            text.push_str(if position == 0 {
                "\n      "
            } else {
                ",\n      "
            });
            entry(&mut text, version)?;
        }
        if !text.ends_with('[') {
            text.push('\n');
            text.push_str(CHART);
        }
        text.push(']');
        self.written += text.len() as u64;
        if self.written > MAX_GROWTH {
            return Err(IndexError::TooLarge);
        }
        Ok(self.out.write_all(text.as_bytes())?)
    }

    fn finish(mut self) -> Result<(), IndexError> {
        let version = self.fields.get("apiVersion").and_then(Value::as_str);
        if version.is_none_or(str::is_empty) {
            return Err(IndexError::ApiVersion);
        }
        if !self.fields.get("generated").is_some_and(Value::is_string) {
            self.fields.insert("generated".into(), NO_TIME.into());
        }
        self.out.write_all(if self.names.is_empty() {
            b"}"
        } else {
            b"\n  }"
        })?;
        for field in [
            "serverInfo",
            "apiVersion",
            "generated",
            "publicKeys",
            "annotations",
        ] {
            if let Some(value) = self.fields.get(field).filter(|value| !is_empty(value)) {
                let value = pretty(value, 2)?;
                write!(self.out, ",\n  \"{field}\": {value}")?;
            }
        }
        self.out.write_all(b"\n}")?;
        Ok(())
    }
}

fn entry(text: &mut String, version: Value) -> Result<(), IndexError> {
    let Value::Object(mut version) = version else {
        return Err(IndexError::Shape);
    };
    if version.get("apiVersion").is_none_or(is_empty) {
        version.insert("apiVersion".into(), "v1".into());
    }
    if version.get("created").is_none_or(is_empty) {
        version.insert("created".into(), NO_TIME.into());
    }
    version.entry("urls").or_insert(Value::Null);
    text.push('{');
    let mut first = true;
    for field in FIELDS {
        let Some(value) = version.get(field) else {
            continue;
        };
        if is_empty(value) && field != "urls" {
            continue;
        }
        text.push_str(if first { "\n        " } else { ",\n        " });
        first = false;
        text.push_str(&format!("\"{field}\": {}", pretty(value, 8)?));
    }
    text.push_str("\n      }");
    Ok(())
}

/// What Go's encoder leaves out of a struct.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// As Go's encoder indents and escapes.
fn pretty(value: &Value, indent: usize) -> Result<String, IndexError> {
    let text = serde_json::to_string_pretty(value).map_err(IndexError::Json)?;
    if !text.contains(['\n', '<', '>', '&']) {
        return Ok(text);
    }
    let text = text.replace('\n', &format!("\n{:indent$}", ""));
    // Nothing but texts can hold these.
    let text = text.replace('<', "\\u003c").replace('>', "\\u003e");
    Ok(text.replace('&', "\\u0026"))
}

/// The version of an entry that can be installed: it has a name that leads nowhere, and a version.
fn usable(version: &Value) -> Option<Version> {
    let name = version.get("name")?.as_str()?;
    let sound = !name.is_empty() && !matches!(name, "." | "..") && !name.contains('/');
    if !sound {
        return None;
    }
    Version::parse(version.get("version")?.as_str()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INDEX: &str = "apiVersion: v1
entries:
  app:
  - name: app
    version: 1.0.0
    created: '2024-01-01T00:00:00Z'
    urls: [app-1.0.0.tgz]
  - name: app
    version: 1.1.0
    urls:
    - https://elsewhere.example.com/app-1.1.0.tgz
  - name: ../app
    version: 9.0.0
  - null
  - name: app
    version: what
  none: []
  \"quoted \\\" name\":
  - {name: q, version: v1.0.0}
generated: '2024-01-01T00:00:00Z'
";

    fn converted(text: &str) -> Result<Vec<u8>, IndexError> {
        let mut out = Vec::new();
        match convert(&mut text.as_bytes(), &mut out) {
            Err(IndexError::Layout(_) | IndexError::Yaml(_)) => {
                out.clear();
                convert_whole(text.as_bytes(), &mut out)?;
            }
            other => other?,
        }
        Ok(out)
    }

    // parity: SRC-HREPO-002, SRC-HREPO-003
    #[test]
    fn an_index_is_kept_as_json_without_what_cannot_be_used() {
        let stored = converted(INDEX).unwrap();
        let value: Value = serde_json::from_slice(&stored).unwrap();
        assert_eq!(value["apiVersion"], "v1");
        assert_eq!(value["generated"], "2024-01-01T00:00:00Z");
        let versions = |name: &str| find_in(stored.as_slice(), name).unwrap();
        let app = versions("app").unwrap().0;
        let found: Vec<_> = app.iter().map(|chart| chart.version.as_str()).collect();
        assert_eq!(found, ["1.1.0", "1.0.0"]);
        assert_eq!(app[1].urls, ["app-1.0.0.tgz"]);
        assert_eq!(versions("none"), Some(Versions::default()));
        assert_eq!(versions("quoted \" name").unwrap().0[0].version, "v1.0.0");
        assert_eq!(versions("ap"), None);
        assert_eq!(versions("generated"), None);
    }

    // parity: SRC-HREPO-002
    #[test]
    fn json_and_flow_style_are_read_too() {
        let value: Value = serde_json::from_slice(&converted(INDEX).unwrap()).unwrap();
        let stored = converted(&value.to_string()).unwrap();
        assert_eq!(
            find_in(stored.as_slice(), "app").unwrap().unwrap().0.len(),
            2
        );
        let stored = converted("{apiVersion: v1, entries: {a: [{name: a, version: 1.0.0}]}}");
        let stored = stored.unwrap();
        assert_eq!(find_in(stored.as_slice(), "a").unwrap().unwrap().0.len(), 1);
    }

    // parity: SRC-HREPO-002
    #[test]
    fn what_is_no_index_is_refused() {
        let error = |text: &str| converted(text).unwrap_err().to_string();
        assert_eq!(error(""), "empty index.yaml file");
        assert_eq!(error("entries: {}\n"), "no API version specified");
        assert_eq!(
            error("entries:\n  a: 1\napiVersion: v1\n"),
            "the index is no mapping"
        );
        assert!(error("apiVersion: v1\nentries:\n  a: [\n").contains("line"));
        assert_eq!(
            error("apiVersion: v1\nentries:\n  a: []\n  a: []\n"),
            "chart \"a\" is listed twice"
        );
    }
}
