//! What charts consist of.

use rosin_template::{Map, Str};

use serde::Deserialize;

use crate::metadata::text;
use crate::{Dependency, Metadata};

/// A file of a chart, by its path inside it.
#[derive(Clone, Debug)]
pub struct File {
    pub name: String,
    pub data: Str,
    /// When it was last changed, in seconds since 1970, where an archive says so.
    pub modified: Option<i64>,
}

impl File {
    pub fn new(name: impl Into<String>, data: impl Into<Str>) -> Self {
        Self {
            name: name.into(),
            data: data.into(),
            modified: None,
        }
    }
}

/// `Chart.lock`: the subcharts that a range of versions came to.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Lock {
    /// A time, as it is written there.
    #[serde(deserialize_with = "text")]
    pub generated: String,
    #[serde(deserialize_with = "text")]
    pub digest: String,
    pub dependencies: Option<Vec<Dependency>>,
}

/// A chart with its subcharts.
#[derive(Clone, Debug, Default)]
pub struct Chart {
    pub metadata: Metadata,
    /// `Chart.yaml`'s time.
    pub modified: Option<i64>,
    pub lock: Option<Lock>,
    pub values: Map,
    /// Whether there is a `values.yaml`, or subcharts handed something up.
    pub has_values: bool,
    /// `values.schema.json`
    pub schema: Option<File>,
    pub templates: Vec<File>,
    pub files: Vec<File>,
    pub dependencies: Vec<Self>,
}

impl Chart {
    #[must_use]
    pub fn name(&self) -> &str {
        &self.metadata.name
    }

    #[must_use]
    pub fn is_library(&self) -> bool {
        self.metadata.kind.eq_ignore_ascii_case("library")
    }

    /// The definitions in `crds/`, this chart's before its subcharts', each with its path from the root chart.
    #[must_use]
    pub fn definitions(&self, path: &str) -> Vec<(String, Str)> {
        let manifest = |name: &str| {
            let extension = name
                .rsplit('/')
                .next()
                .and_then(|base| base.rsplit_once('.'))
                .map_or("", |(_, ext)| ext);
            ["yaml", "yml", "json"]
                .iter()
                .any(|known| extension.eq_ignore_ascii_case(known))
        };
        let own = self
            .files
            .iter()
            .filter(|file| file.name.starts_with("crds/") && manifest(&file.name));
        let mut found: Vec<_> = own
            .map(|file| (format!("{path}/{}", file.name), file.data.clone()))
            .collect();
        for chart in &self.dependencies {
            found.extend(chart.definitions(&format!("{path}/charts/{}", chart.name())));
        }
        found
    }
}
