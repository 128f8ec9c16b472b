//! Packs charts as Helm does: its order of files, its spelling of `Chart.yaml`. Times are left out, so that the same chart is the same file.

use std::{collections::BTreeMap, io::Write};

use flate2::{Compression, GzBuilder};
use rosin_chart::{Chart, File, Metadata, archive_files, load_files, yaml};
use rosin_release::record::{write_lock, write_metadata};

/// What marks Helm's archives in their header.
const MARK: &[u8] = b"+aHR0cHM6Ly95b3V0dS5iZS96OVV6MWljandyTQo=";
const FOLDER: &str = "charts/";

/// A chart as files, with what is to be changed in it.
pub(super) struct Package {
    pub files: Vec<File>,
    pub name: Option<String>,
    pub version: Option<String>,
    /// Charts that it needs and does not have.
    pub dependencies: Vec<Self>,
}

impl Package {
    pub(super) fn of(files: Vec<File>) -> Self {
        Self {
            files,
            name: None,
            version: None,
            dependencies: Vec::new(),
        }
    }

    pub(super) fn pack(self) -> Result<Vec<u8>, String> {
        let gzip = GzBuilder::new().extra(MARK).comment("Helm");
        let mut archive = tar::Builder::new(gzip.write(Vec::new(), Compression::default()));
        self.write(&mut archive, "")?;
        let failed = |error: std::io::Error| error.to_string();
        let gzip = archive.into_inner().map_err(failed)?;
        gzip.finish().map_err(failed)
    }

    fn write(self, archive: &mut tar::Builder<impl Write>, under: &str) -> Result<(), String> {
        let Chart {
            mut metadata,
            lock,
            schema,
            templates,
            files,
            ..
        } = load_files(self.files.clone()).map_err(|error| error.to_string())?;
        if let Some(name) = self.name {
            metadata.name = name;
        }
        if let Some(version) = self.version {
            metadata.version = version;
        }
        if metadata.name.contains('/') || matches!(metadata.name.as_str(), "." | "..") {
            return Err(format!("{:?} is no name of a chart", metadata.name));
        }
        let base = format!("{under}{}/", metadata.name);
        let is_v1 = metadata.api_version == "v1";
        if is_v1 {
            // They are in requirements.yaml.
            metadata.dependencies = None;
        }
        let mut add = |name: &str, data: &[u8]| entry(archive, &format!("{base}{name}"), data);
        add("Chart.yaml", chart_yaml(&metadata)?.as_bytes())?;
        if let Some(lock) = lock.filter(|_| !is_v1) {
            // Of the record's type: a time is a value there.
            let lock = rosin_release::record::Lock::from(&lock);
            let mut json = String::new();
            write_lock(&mut json, &lock);
            add("Chart.lock", as_yaml(&json)?.as_bytes())?;
        }
        if let Some(values) = self.files.iter().find(|file| file.name == "values.yaml") {
            add("values.yaml", &values.data)?;
        }
        if let Some(schema) = schema {
            add(&schema.name, &schema.data)?;
        }
        for file in templates.iter().chain(&files) {
            add(&file.name, &file.data)?;
        }
        let folder = format!("{base}{FOLDER}");
        for subchart in subcharts(&self.files)? {
            Self::of(subchart).write(archive, &folder)?;
        }
        for dependency in self.dependencies {
            dependency.write(archive, &folder)?;
        }
        Ok(())
    }
}

fn chart_yaml(metadata: &Metadata) -> Result<String, String> {
    let mut json = String::new();
    write_metadata(&mut json, metadata);
    as_yaml(&json)
}

fn as_yaml(json: &str) -> Result<String, String> {
    let value = serde_json::from_str(json).map_err(|error| error.to_string())?;
    Ok(yaml::write(&yaml::from_json(value))? + "\n")
}

fn entry(archive: &mut tar::Builder<impl Write>, path: &str, data: &[u8]) -> Result<(), String> {
    let mut header = tar::Header::new_ustar();
    header.set_mode(0o644);
    header.set_size(data.len() as u64);
    archive
        .append_data(&mut header, path, data)
        .map_err(|error| error.to_string())
}

/// The files of each chart in `charts/`, packed or not.
fn subcharts(files: &[File]) -> Result<Vec<Vec<File>>, String> {
    let mut folders: BTreeMap<&str, Vec<File>> = BTreeMap::new();
    for file in files {
        let Some(inner) = file.name.strip_prefix(FOLDER) else {
            continue;
        };
        let folder = inner.split('/').next().unwrap_or(inner);
        if folder.starts_with(['_', '.']) || inner.ends_with(".prov") {
            continue;
        }
        let name = inner.split_once('/').map_or(inner, |(_, rest)| rest);
        folders.entry(folder).or_default().push(File {
            name: name.to_owned(),
            ..file.clone()
        });
    }
    let charts = folders.into_iter().map(|(folder, files)| match &*files {
        [packed] if folder.ends_with(".tgz") => {
            archive_files(&packed.data).map_err(|error| error.to_string())
        }
        _ => Ok(files),
    });
    charts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(all: &[(&str, &str)]) -> Vec<File> {
        all.iter()
            .map(|(name, data)| File::new(*name, *data))
            .collect()
    }

    // parity: SRC-HC-007, SRC-HC-008, SRC-HC-017
    #[test]
    fn charts_are_packed_in_helms_order_and_the_same_each_time() {
        let package = || Package {
            version: Some("1.0.0+3".into()),
            dependencies: vec![Package {
                name: Some("alias".into()),
                ..Package::of(files(&[(
                    "Chart.yaml",
                    "apiVersion: v2\nname: dep\nversion: 1.0.0\n",
                )]))
            }],
            ..Package::of(files(&[
                (".helmignore", "x"),
                (
                    "Chart.yaml",
                    "version: 1.0.0\nname: app\napiVersion: v2\nappVersion: 1.10\n",
                ),
                ("README.md", "read"),
                (
                    "charts/sub/Chart.yaml",
                    "apiVersion: v2\nname: sub\nversion: 0.1.0\n",
                ),
                ("templates/a.yaml", "a: 1\n"),
                ("values.yaml", "# kept\nb: 1\n"),
            ]))
        };
        let packed = package().pack().unwrap();
        assert_eq!(packed, package().pack().unwrap());
        let unpacked = archive_files(&packed).unwrap();
        let names: Vec<_> = unpacked.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "Chart.yaml",
                "values.yaml",
                "templates/a.yaml",
                ".helmignore",
                "README.md",
                "charts/sub/Chart.yaml",
                "charts/alias/Chart.yaml"
            ]
        );
        assert_eq!(
            unpacked[0].data.to_text(),
            "apiVersion: v2\nappVersion: \"1.1\"\nname: app\nversion: 1.0.0+3\n"
        );
        assert_eq!(unpacked[1].data.to_text(), "# kept\nb: 1\n");
    }

    // parity: SEC-OCI-10
    #[test]
    fn names_that_lead_elsewhere_are_not_packed() {
        for name in ["..", ".", "a/b"] {
            let chart = format!("apiVersion: v2\nname: {name:?}\nversion: 1.0.0\n");
            assert!(
                Package::of(files(&[("Chart.yaml", &chart)]))
                    .pack()
                    .is_err(),
                "{name}"
            );
            let renamed = Package {
                name: Some(name.into()),
                ..Package::of(files(&[(
                    "Chart.yaml",
                    "apiVersion: v2\nname: a\nversion: 1.0.0\n",
                )]))
            };
            assert!(renamed.pack().is_err(), "{name}");
        }
    }
}
