//! The chart in a record: what templates and values came from. Subcharts are not in it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rosin_chart::{Dependency, Metadata};
use serde_json::Value;

use super::Unknown;
use crate::values::from_template;
use crate::{Time, Values};

/// A chart as a record keeps it. Contents of files stay in base 64: a record is read far more often than a file in it.
#[derive(Clone, Debug, Default)]
pub struct Chart {
    pub metadata: Metadata,
    pub lock: Option<Lock>,
    pub templates: Option<Vec<File>>,
    /// The defaults.
    pub values: Option<Values>,
    /// `values.schema.json`, in base 64.
    pub schema: Option<String>,
    pub schema_modified: Time,
    pub files: Option<Vec<File>>,
    pub modified: Time,
    pub unknown: Unknown,
}

/// Two charts are equal if they are written equally.
impl PartialEq for Chart {
    fn eq(&self, other: &Self) -> bool {
        let text = |chart: &Self| {
            let mut out = String::new();
            super::encode::write_chart(&mut out, chart);
            out
        };
        text(self) == text(other)
    }
}

/// A file of a chart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct File {
    pub name: String,
    /// In base 64; none is null.
    pub data: Option<String>,
    pub modified: Time,
}

/// `Chart.lock`
#[derive(Clone, Debug, Default)]
pub struct Lock {
    pub generated: Time,
    pub digest: String,
    pub dependencies: Option<Vec<Dependency>>,
}

impl Chart {
    /// As in events and conditions: `name@version`.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}@{}", self.metadata.name, self.metadata.version)
    }
}

/// The chart to keep of one that was loaded and whose dependencies are settled for the release's values.
impl From<&rosin_chart::Chart> for Chart {
    fn from(chart: &rosin_chart::Chart) -> Self {
        let values = match from_template(&rosin_template::Value::Map(chart.values.clone())) {
            Value::Object(values) => values,
            _ => Values::new(),
        };
        let schema = chart.schema.as_ref();
        Self {
            metadata: chart.metadata.clone(),
            lock: chart.lock.as_ref().map(Lock::from),
            templates: files(&chart.templates),
            values: chart.has_values.then_some(values),
            schema: schema.map(|file| STANDARD.encode(&*file.data)),
            schema_modified: time(schema.and_then(|file| file.modified)),
            files: files(&chart.files),
            modified: time(chart.modified),
            unknown: Unknown::new(),
        }
    }
}

impl From<&rosin_chart::Lock> for Lock {
    fn from(lock: &rosin_chart::Lock) -> Self {
        Self {
            generated: Time::parse(&lock.generated).unwrap_or_default(),
            digest: lock.digest.clone(),
            dependencies: lock.dependencies.clone(),
        }
    }
}

fn files(files: &[rosin_chart::File]) -> Option<Vec<File>> {
    let stored = files.iter().map(|file| File {
        name: file.name.clone(),
        data: Some(STANDARD.encode(&*file.data)),
        modified: time(file.modified),
    });
    Some(stored.collect()).filter(|files: &Vec<_>| !files.is_empty())
}

fn time(seconds: Option<i64>) -> Time {
    seconds.map(Time::from_seconds).unwrap_or_default()
}
