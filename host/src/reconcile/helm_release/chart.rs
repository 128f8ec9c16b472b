//! The chart in an artifact: who it is, and what a release's record and the renderer need of it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use rosin_api::Artifact;
use rosin_chart::{Chart, Metadata};
use rosin_release::{Values, values::to_template};
use rosin_template::{Value as Template, sprig::Version};
use rosin_tree::Tree;
use serde_json::Value;

use super::{
    HelmReleases,
    error::Error,
    objects::{Failure, documents},
    source::ChartKey,
};
use crate::reconcile::source::Files;
use rosin_api::helm_release::ChartReferenceKind;

/// As much of a digest as goes into a chart's version.
const DIGEST: usize = 12;
/// Charts whose metadata is remembered.
const KNOWN: usize = 4096;

/// A chart that can be released.
pub(super) struct LoadedChart {
    /// With the version in Chart.yaml that the release has.
    pub tree: Tree,
    /// The folder of the chart in the tree.
    pub folder: String,
    pub metadata: Metadata,
    /// The digest of the artifact in its registry; empty where it has none.
    pub oci_digest: String,
}

/// Metadata of charts by the digest of their artifact: what an in-sync release needs and nothing more.
#[derive(Default)]
pub struct Known(Mutex<HashMap<String, Arc<Identified>>>);

struct Identified {
    folder: String,
    metadata: Metadata,
}

impl HelmReleases {
    /// Reads the chart of an artifact.
    pub(super) async fn load_chart(
        &self,
        source: &ChartKey,
        artifact: &Artifact,
    ) -> Result<LoadedChart, Error> {
        let tree = self.artifacts.open(artifact).await.map_err(|error| {
            use crate::reconcile::kustomization::ArtifactError;
            match ArtifactError::of(error) {
                ArtifactError::Gone(retry) => Error::ArtifactGone(retry),
                ArtifactError::Other(text) => Error::Chart(text),
            }
        })?;
        let known = self.known.get(&artifact.digest);
        let identified = match known {
            Some(known) => known,
            None => {
                let (folder, chart) = load(&tree).map_err(Error::Chart)?;
                let identified = Arc::new(Identified {
                    folder,
                    metadata: chart.metadata,
                });
                self.known.put(&artifact.digest, identified.clone());
                identified
            }
        };
        let mut loaded = LoadedChart {
            tree,
            folder: identified.folder.clone(),
            metadata: identified.metadata.clone(),
            oci_digest: String::new(),
        };
        let digested = match source.kind {
            ChartReferenceKind::HelmChart => false,
            ChartReferenceKind::OCIRepository => true,
            ChartReferenceKind::ExternalArtifact => artifact.revision.contains(':'),
        };
        if digested {
            let (version, digest) = version_of(&loaded.metadata.version, &artifact.revision)
                .map_err(Error::ChartVersion)?;
            loaded.rename(version).map_err(Error::Chart)?;
            loaded.oci_digest = digest;
        }
        Ok(loaded)
    }
}

impl Known {
    fn get(&self, digest: &str) -> Option<Arc<Identified>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(digest).cloned()
    }

    fn put(&self, digest: &str, identified: Arc<Identified>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN {
            known.clear();
        }
        known.insert(digest.to_owned(), identified);
    }
}

/// Archives of charts hold one folder.
fn load(tree: &Tree) -> Result<(String, Chart), String> {
    let files = tree.files("").map_err(|error| error.to_string())?;
    let mut folders: Vec<&str> = files
        .iter()
        .filter_map(|path| match path.as_str() {
            "Chart.yaml" => Some(""),
            path => path.strip_suffix("/Chart.yaml"),
        })
        .collect();
    folders.sort_by_key(|folder| folder.matches('/').count());
    let folder = folders
        .first()
        .ok_or("Chart.yaml file is missing")?
        .to_string();
    let chart = rosin_chart::load(&Files(tree), &folder).map_err(|error| described(&error))?;
    Ok((folder, chart))
}

fn described(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// The version with the digest of a revision in its build metadata, and the whole digest. A tag that is a version must be the chart's.
fn version_of(version: &str, revision: &str) -> Result<(String, String), String> {
    let mut parsed =
        Version::parse(version).map_err(|_| format!("invalid chart version {version}"))?;
    let invalid = || format!("invalid artifact revision {revision}");
    let tag = revision.split('@').next().unwrap_or_default();
    let digest = match Version::parse(&tag.replace('_', "+")) {
        Ok(tagged) if revision.contains('@') || !revision.contains(':') => {
            let digest = revision.split_once('@').map(|(_, digest)| digest);
            // Build metadata does not count, neither here nor there.
            let equal = tagged.compare(&parsed) == std::cmp::Ordering::Equal
                && tagged.metadata == parsed.metadata;
            match digest {
                Some(digest) if equal => digest,
                _ => {
                    return Err(format!(
                        "artifact revision {tag} does not match chart version {version}"
                    ));
                }
            }
        }
        _ => revision
            .split_once('@')
            .map_or(revision, |(_, digest)| digest),
    };
    let (_, hex) = digest.split_once(':').ok_or_else(invalid)?;
    parsed.metadata = hex.get(..DIGEST).ok_or_else(invalid)?.to_owned();
    Ok((parsed.to_string(), digest.to_owned()))
}

impl LoadedChart {
    pub(super) fn name(&self) -> &str {
        &self.metadata.name
    }

    pub(super) fn version(&self) -> &str {
        &self.metadata.version
    }

    /// Templates see the version too.
    fn rename(&mut self, version: String) -> Result<(), String> {
        let path = self.path("Chart.yaml");
        let text = self.tree.read(&path).map_err(|error| error.to_string())?;
        let value = rosin_chart::yaml::read(&text)?;
        let mut json = rosin_chart::yaml::to_json(&value)?;
        json["version"] = version.as_str().into();
        // JSON is YAML.
        let file = [(path, json.to_string().into_bytes())];
        self.tree = self.tree.overlay(file.into());
        self.metadata.version = version;
        Ok(())
    }

    fn path(&self, file: &str) -> String {
        if self.folder.is_empty() {
            file.to_owned()
        } else {
            format!("{}/{file}", self.folder)
        }
    }

    /// The chart with the subcharts that the values leave in it.
    fn settled(&self, values: &Values) -> Result<Chart, Failure> {
        let failed = |error: rosin_chart::Error| {
            Failure::new(format!(
                "chart dependencies processing failed: {}",
                described(&error)
            ))
        };
        let mut chart = rosin_chart::load(&Files(&self.tree), &self.folder).map_err(failed)?;
        let Template::Map(values) = to_template(&Value::Object(values.clone())) else {
            return Ok(chart);
        };
        rosin_chart::dependencies::process(&mut chart, &values).map_err(failed)?;
        Ok(chart)
    }

    /// As a release's record keeps it.
    pub(super) fn record(&self, values: &Values) -> Result<rosin_release::Chart, Failure> {
        let mut chart = rosin_release::Chart::from(&self.settled(values)?);
        // Artifacts are kept by content; when their files were packed is forgotten.
        let now = super::action::now();
        let moments = [&mut chart.modified].into_iter();
        let templates = chart.templates.iter_mut().flatten();
        let files = templates.chain(chart.files.iter_mut().flatten());
        moments
            .chain(files.map(|file| &mut file.modified))
            .filter(|moment| moment.is_zero())
            .for_each(|moment| moment.clone_from(&now));
        Ok(chart)
    }

    /// The objects in `crds/`, this chart's before those of the subcharts that the values leave in it.
    pub(super) fn definitions(&self, values: &Values) -> Result<Vec<Value>, Failure> {
        definitions(&self.settled(values)?)
    }

    /// The objects in `crds/` of this chart and all its subcharts.
    pub(super) fn all_definitions(&self) -> Result<Vec<Value>, Failure> {
        let chart = rosin_chart::load(&Files(&self.tree), &self.folder)
            .map_err(|error| Failure::new(described(&error)))?;
        definitions(&chart)
    }
}

fn definitions(chart: &Chart) -> Result<Vec<Value>, Failure> {
    let mut found = Vec::new();
    for (path, text) in chart.definitions(chart.name()) {
        let objects = documents(&text.to_text()).map_err(|failure| {
            failure.of(&format!(
                "failed to parse CustomResourceDefinitions from {path}"
            ))
        })?;
        found.extend(objects);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    // parity: HR-CHART-008, HR-CHART-009
    #[test]
    fn versions_carry_the_digest_of_the_artifact() {
        let digest = "sha256:0cc9a8446c95009ef382f5eade883a67c257f77d50f84e78ecef2aac9428d1e5";
        let of = |version: &str, revision: &str| version_of(version, revision);
        let with = |version: &str| Ok((version.to_owned(), digest.to_owned()));
        assert_eq!(
            of("6.6.1", &format!("6.6.1@{digest}")),
            with("6.6.1+0cc9a8446c95")
        );
        assert_eq!(
            of("6.6.1+old", &format!("6.6.1_old@{digest}")),
            with("6.6.1+0cc9a8446c95")
        );
        assert_eq!(
            of("6.6.1", &format!("latest@{digest}")),
            with("6.6.1+0cc9a8446c95")
        );
        assert_eq!(of("6.6.1", digest), with("6.6.1+0cc9a8446c95"));
        assert_eq!(
            of("6.6.1", &format!("6.6.2@{digest}")),
            Err("artifact revision 6.6.2 does not match chart version 6.6.1".to_owned())
        );
        assert!(of("6.6.1", "latest@sha256:abc").is_err());
    }
}
