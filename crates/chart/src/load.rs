//! Files to charts.

use std::collections::BTreeMap;

use rosin_template::{Map, Value};
use serde::Deserialize;

use crate::ignore::Rules;
use crate::{Chart, Error, File, Lock, Metadata, archive, yaml};

/// Subcharts in subcharts in archives … must end somewhere.
const MAX_NESTING: usize = 64;

/// Where charts lie as files, by paths with `/` between folders. Errors are texts for people.
pub trait Folder {
    fn is_file(&self, path: &str) -> bool;

    /// All files below a folder, at any depth, as full paths, sorted.
    fn files(&self, under: &str) -> Result<Vec<String>, String>;

    fn read(&self, path: &str) -> Result<Vec<u8>, String>;
}

/// Loads the chart at a path: a folder, or an archive.
pub fn load(files: &dyn Folder, path: &str) -> Result<Chart, Error> {
    if files.is_file(path) {
        return load_archive(&files.read(path).map_err(Error::Read)?);
    }
    load_files(folder_files(files, path)?)
}

/// The files of the chart folder at a path, without those that its `.helmignore` leaves out.
pub fn folder_files(files: &dyn Folder, path: &str) -> Result<Vec<File>, Error> {
    let read = |path: &str| files.read(path).map_err(Error::Read);
    let prefix = if path.is_empty() {
        String::new()
    } else {
        format!("{path}/")
    };
    let all = files.files(path).map_err(Error::Read)?;
    // Helm looks here first, to see what version of charts it is, whatever else is wrong or ignored.
    let about = format!("{prefix}Chart.yaml");
    if files.is_file(&about) {
        yaml::read(&read(&about)?).map_err(failed("Chart.yaml"))?;
    }
    let ignore = format!("{prefix}.helmignore");
    let rules = if all.contains(&ignore) {
        String::from_utf8_lossy(&read(&ignore)?).into_owned()
    } else {
        String::new()
    };
    let rules = Rules::parse(&rules)?;
    let mut loaded = Vec::new();
    for path in all {
        let name = path[prefix.len()..].to_owned();
        if rules.ignores(&name) {
            continue;
        }
        let data = read(&path)?;
        let data = data.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&data);
        loaded.push(File::new(name, data));
    }
    Ok(loaded)
}

/// Loads a packed chart: gzipped tar, within Helm's limits.
pub fn load_archive(data: &[u8]) -> Result<Chart, Error> {
    load_files(archive::unpack(data)?)
}

/// The files of a packed chart.
pub fn archive_files(data: &[u8]) -> Result<Vec<File>, Error> {
    archive::unpack(data)
}

/// Makes a chart of files whose names are paths inside it.
pub fn load_files(files: Vec<File>) -> Result<Chart, Error> {
    build(files, 0)
}

fn failed(file: &str) -> impl Fn(String) -> Error {
    move |cause| Error::Load {
        file: file.to_owned(),
        cause,
    }
}

/// Go's complaint about a field of the wrong type names both types.
fn metadata(file: &str, value: &Value) -> Result<Metadata, Error> {
    let json = yaml::to_json(value).map_err(failed(file))?;
    if !json.is_object() && !json.is_null() {
        return Err(failed(file)("error unmarshaling JSON: while decoding JSON: json: cannot unmarshal into Go value of type chart.Metadata".into()));
    }
    if json.is_null() {
        return Ok(Metadata::default());
    }
    serde_json::from_value(json).map_err(|error| {
        failed(file)(format!(
            "error unmarshaling JSON: while decoding JSON: {error}"
        ))
    })
}

fn lock(file: &File) -> Result<Lock, Error> {
    let failed = failed(&file.name);
    let json = yaml::read(&file.data)
        .and_then(|value| yaml::to_json(&value))
        .map_err(&failed)?;
    Option::<Lock>::deserialize(json)
        .map(Option::unwrap_or_default)
        .map_err(|error| {
            failed(format!(
                "error unmarshaling JSON: while decoding JSON: {error}"
            ))
        })
}

fn build(files: Vec<File>, depth: usize) -> Result<Chart, Error> {
    if depth > MAX_NESTING {
        return Err(Error::Archive("subcharts are nested too deeply".into()));
    }
    let mut chart = Chart::default();
    let mut found = false;
    if let Some(file) = files.iter().find(|file| file.name == "Chart.yaml") {
        let value = yaml::read(&file.data).map_err(failed("Chart.yaml"))?;
        chart.metadata = metadata("Chart.yaml", &value)?;
        chart.modified = file.modified;
        found = true;
        if chart.metadata.api_version.is_empty() {
            chart.metadata.api_version = "v1".into();
        }
    }
    let mut subcharts: BTreeMap<String, Vec<File>> = BTreeMap::new();
    for file in files {
        match file.name.as_str() {
            "Chart.yaml" => {}
            "Chart.lock" => chart.lock = Some(lock(&file)?),
            "values.yaml" => {
                chart.values = values(&file.data).map_err(failed("values.yaml"))?;
                chart.has_values = true;
            }
            "values.schema.json" => chart.schema = Some(file),
            "requirements.yaml" => {
                let value = yaml::read(&file.data).map_err(failed("requirements.yaml"))?;
                let more = metadata("requirements.yaml", &value)?;
                found = true;
                if more.dependencies.is_some() {
                    chart.metadata.dependencies = more.dependencies;
                }
                if chart.metadata.api_version == "v1" {
                    chart.files.push(file);
                }
            }
            "requirements.lock" => {
                chart.lock = Some(lock(&file)?);
                if chart.metadata.api_version == "v1" {
                    chart.files.push(file);
                }
            }
            name if name.starts_with("templates/") => chart.templates.push(file),
            name if name.starts_with("charts/") => {
                if name.ends_with(".prov") {
                    chart.files.push(file);
                    continue;
                }
                let inner = &name["charts/".len()..];
                let folder = inner.split('/').next().unwrap_or(inner).to_owned();
                let name = inner.to_owned();
                subcharts
                    .entry(folder)
                    .or_default()
                    .push(File { name, ..file });
            }
            _ => chart.files.push(file),
        }
    }
    if !found {
        return Err(Error::NoChart);
    }
    if depth == 0 && !matches!(chart.metadata.api_version.as_str(), "v1" | "v2") {
        // Helm 4 knows of version 3, and does not install it yet.
        let known = chart.metadata.api_version == "v3";
        if known {
            // Helm loads such a chart, and refuses to install it.
            chart.metadata.validate()?;
        }
        let why = if known {
            "invalid chart apiVersion"
        } else {
            "unsupported chart version"
        };
        return Err(Error::ApiVersion(why));
    }
    chart.metadata.validate()?;
    for (name, files) in subcharts {
        if name.starts_with(['_', '.']) {
            continue;
        }
        let subchart =
            subchart(&name, files, chart.name(), depth).map_err(|source| match source {
                Error::Archive(text) if text.starts_with("error unpacking subchart tar") => {
                    Error::Archive(text)
                }
                source => Error::Subchart {
                    subchart: name.clone(),
                    chart: chart.name().into(),
                    source: Box::new(source),
                },
            })?;
        chart.dependencies.push(subchart);
    }
    Ok(chart)
}

fn subchart(name: &str, files: Vec<File>, chart: &str, depth: usize) -> Result<Chart, Error> {
    if name.ends_with(".tgz") {
        let [file] = files.as_slice() else {
            return Err(Error::Archive(format!(
                "error unpacking subchart tar in {chart}: {name} is a folder"
            )));
        };
        if file.name != name {
            let got = &file.name;
            return Err(Error::Archive(format!(
                "error unpacking subchart tar in {chart}: expected {name}, got {got}"
            )));
        }
        return build(archive::unpack(&file.data)?, depth + 1);
    }
    // A plain file in charts/ is no chart, and says so by lacking a Chart.yaml.
    let inner = files.into_iter().filter_map(|file| {
        let (_, inner) = file.name.split_once('/')?;
        Some(File {
            name: inner.to_owned(),
            data: file.data.clone(),
            modified: file.modified,
        })
    });
    build(inner.collect(), depth + 1)
}

/// `values.yaml`, which may have several documents: later ones win, key by key.
pub(crate) fn values(text: &[u8]) -> Result<Map, String> {
    let mut merged = Map::default();
    for document in documents(text) {
        let value = yaml::read(document)
            .map_err(|error| format!("cannot unmarshal yaml document: {error}"))?;
        match value {
            Value::Map(map) => merged = merge(&merged, &map),
            Value::Nil => {}
            other => {
                let what = match other {
                    Value::Str(_) => "string",
                    Value::List(_) => "array",
                    Value::Bool(_) => "bool",
                    _ => "number",
                };
                return Err(format!(
                    "cannot unmarshal yaml document: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {what} into Go value of type map[string]interface {{}}"
                ));
            }
        }
    }
    Ok(merged)
}

/// Cuts at lines that begin with `---`, as Kubernetes' reader does.
fn documents(text: &[u8]) -> Vec<&[u8]> {
    let mut documents = Vec::new();
    let mut start = 0;
    let mut at = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b"---") && line[3..].trim_ascii_end().is_empty() {
            if at > start {
                documents.push(&text[start..at]);
            }
            start = at + line.len();
        }
        at += line.len();
    }
    if start < text.len() || documents.is_empty() {
        documents.push(&text[start..]);
    }
    documents
}

/// `b` over `a`, maps merged, nothing shared with `a`'s own level.
pub fn merge(a: &Map, b: &Map) -> Map {
    let merged: Map = a.snapshot().into_iter().collect();
    for (key, value) in b.snapshot() {
        let value = match (&value, merged.get(&key)) {
            (Value::Map(over), Some(Value::Map(under))) => Value::Map(merge(&under, over)),
            _ => value,
        };
        merged.insert(key, value);
    }
    merged
}

/// Values that say nothing, to merge others over.
#[must_use]
pub fn empty_values() -> Map {
    Map::default()
}

/// A values file of the user's: one document.
pub fn read_values(text: &[u8]) -> Result<Map, String> {
    values(text)
}
