//! JSON to records. What a program of another version wrote is kept as it is; what cannot be a record is refused with the name
//! of the field.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use super::chart::{Chart, File, Lock};
use super::codec::RecordError;
use super::{ApplyMethod, Hook, HookExecution, Info, Release, Status, Unknown};
use crate::values::parse;
use crate::{Time, Values};

/// An object whose fields are taken out one by one; null is the same as nothing, as in Go.
struct Fields<'t> {
    at: &'static str,
    fields: BTreeMap<String, &'t RawValue>,
}

impl<'t> Fields<'t> {
    fn read(at: &'static str, text: &'t str) -> Result<Self, RecordError> {
        let fields =
            serde_json::from_str(text).map_err(|source| RecordError::Json { at, source })?;
        Ok(Self { at, fields })
    }

    fn raw(&mut self, name: &str) -> Option<&'t str> {
        let raw = self.fields.remove(name)?.get();
        (raw != "null").then_some(raw)
    }

    fn take<T: DeserializeOwned + Default>(&mut self, name: &str) -> Result<T, RecordError> {
        match self.raw(name) {
            Some(raw) => serde_json::from_str(raw).map_err(|source| RecordError::Json {
                at: self.at,
                source,
            }),
            None => Ok(T::default()),
        }
    }

    /// Empty texts are no times, in records of Helm 3.
    fn time(&mut self, name: &'static str) -> Result<Time, RecordError> {
        let text: String = self.take(name)?;
        if text.is_empty() {
            return Ok(Time::default());
        }
        Time::parse(&text).ok_or(RecordError::Time { at: self.at, name })
    }

    fn objects<T>(
        &mut self,
        name: &str,
        read: impl Fn(&str) -> Result<T, RecordError>,
    ) -> Result<Option<Vec<T>>, RecordError> {
        let Some(raw) = self.raw(name) else {
            return Ok(None);
        };
        let items: Vec<&RawValue> =
            serde_json::from_str(raw).map_err(|source| RecordError::Json {
                at: self.at,
                source,
            })?;
        items
            .into_iter()
            .map(|item| read(item.get()))
            .collect::<Result<_, _>>()
            .map(Some)
    }

    fn values(&mut self, name: &'static str) -> Result<Option<Values>, RecordError> {
        let Some(raw) = self.raw(name) else {
            return Ok(None);
        };
        match parse(raw) {
            Ok(Value::Object(values)) => Ok(Some(values)),
            Ok(_) => Err(RecordError::Values { at: self.at, name }),
            Err(_) => Err(RecordError::Values { at: self.at, name }),
        }
    }

    /// What nobody took.
    fn rest(self) -> Unknown {
        self.fields
            .into_iter()
            .map(|(name, raw)| (name, raw.get().to_owned()))
            .collect()
    }
}

pub(super) fn release(text: &str) -> Result<Release, RecordError> {
    let mut fields = Fields::read("release", text)?;
    let method: String = fields.take("apply_method")?;
    Ok(Release {
        name: fields.take("name")?,
        info: info(fields.raw("info").ok_or(RecordError::Missing("info"))?)?,
        chart: chart(fields.raw("chart").ok_or(RecordError::Missing("chart"))?)?,
        config: fields.values("config")?.unwrap_or_default(),
        manifest: fields.take("manifest")?,
        hooks: fields.objects("hooks", hook)?.unwrap_or_default(),
        version: fields.take("version")?,
        namespace: fields.take("namespace")?,
        apply_method: Some(method)
            .filter(|text| !text.is_empty())
            .map(|text| ApplyMethod::from(text.as_str())),
        labels: BTreeMap::new(),
        unknown: fields.rest(),
    })
}

fn info(text: &str) -> Result<Info, RecordError> {
    let mut fields = Fields::read("info", text)?;
    let status: String = fields.take("status")?;
    Ok(Info {
        first_deployed: fields.time("first_deployed")?,
        last_deployed: fields.time("last_deployed")?,
        deleted: fields.time("deleted")?,
        description: fields.take("description")?,
        status: Status::from(status.as_str()),
        notes: fields.take("notes")?,
        resources: fields
            .raw("resources")
            .filter(|raw| *raw != "{}")
            .map(str::to_owned),
        unknown: fields.rest(),
    })
}

fn chart(text: &str) -> Result<Chart, RecordError> {
    let mut fields = Fields::read("chart", text)?;
    let lock = fields.raw("lock").map(lock).transpose()?;
    let schema: Option<String> = fields.take("schema")?;
    // What is imported may have numbers in it, which serde_json reads less exactly.
    let metadata = match fields.raw("metadata").map(parse) {
        None => rosin_chart::Metadata::default(),
        Some(read) => {
            let read = read.map_err(|_| RecordError::Metadata)?;
            serde_json::from_value(read).map_err(|_| RecordError::Metadata)?
        }
    };
    Ok(Chart {
        metadata,
        lock,
        templates: fields.objects("templates", file)?,
        values: fields.values("values")?,
        schema: schema.map(base64).transpose()?,
        schema_modified: fields.time("schemamodtime")?,
        files: fields.objects("files", file)?,
        modified: fields.time("modtime")?,
        unknown: fields.rest(),
    })
}

fn lock(text: &str) -> Result<Lock, RecordError> {
    let mut fields = Fields::read("lock", text)?;
    Ok(Lock {
        generated: fields.time("generated")?,
        digest: fields.take("digest")?,
        dependencies: fields.take("dependencies")?,
    })
}

fn file(text: &str) -> Result<File, RecordError> {
    let mut fields = Fields::read("file", text)?;
    let data: Option<String> = fields.take("data")?;
    Ok(File {
        name: fields.take("name")?,
        data: data.map(base64).transpose()?,
        modified: fields.time("modtime")?,
    })
}

/// Checked, but not decoded.
fn base64(text: String) -> Result<String, RecordError> {
    let end = text.trim_end_matches('=').len();
    let padding = text.len() - end;
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    if !text.len().is_multiple_of(4)
        || padding > 2
        || !text.as_bytes()[..end].iter().all(|byte| letter(*byte))
    {
        return Err(RecordError::File);
    }
    Ok(text)
}

fn hook(text: &str) -> Result<Hook, RecordError> {
    let mut fields = Fields::read("hook", text)?;
    let last_run = fields.raw("last_run").map(execution).transpose()?;
    let list = |list: Option<Vec<String>>| list.unwrap_or_default();
    Ok(Hook {
        name: fields.take("name")?,
        kind: fields.take("kind")?,
        path: fields.take("path")?,
        manifest: fields.take("manifest")?,
        events: list(fields.take("events")?),
        last_run: last_run.unwrap_or_default(),
        weight: fields.take("weight")?,
        delete_policies: list(fields.take("delete_policies")?),
        output_log_policies: list(fields.take("output_log_policies")?),
        unknown: fields.rest(),
    })
}

fn execution(text: &str) -> Result<HookExecution, RecordError> {
    let mut fields = Fields::read("last_run", text)?;
    Ok(HookExecution {
        started_at: fields.time("started_at")?,
        completed_at: fields.time("completed_at")?,
        phase: fields.take("phase")?,
    })
}
