//! Charts of a HelmRepository: found in its index or among the tags of a registry, downloaded, and packed anew only where values are
//! merged.

use std::io::Read;

use rosin_api::{HelmRepository, source::HelmChartVerification};
use rosin_chart::{File, archive_files, load_archive, load_files, merge_maps, read_values, yaml};
use rosin_source::{
    artifact::Blob,
    helm::{ChartVersion, ChoiceError, IndexError, choose_tag, index, tag_of},
    oci::{self, Registry},
    semver::Version,
};

use super::{
    HelmCharts,
    build::{Build, Wishes, clean},
    error::Error,
    local::overwrite_values,
    package::Package,
};
use crate::reconcile::{
    helm_repository::{Access, server},
    kustomization::chain,
    source::{Shared, verify::verify},
};

/// What holds the packed chart.
const CHART_LAYER: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";

/// Where a chart of a certain version is.
pub(super) enum Found {
    Http {
        chart: ChartVersion,
    },
    Oci {
        registry: Registry,
        digest: Option<String>,
        version: String,
    },
}

impl HelmCharts {
    pub(super) async fn repository_chart(
        &self,
        chart: &str,
        range: &str,
        repository: &HelmRepository,
        verification: Option<&HelmChartVerification>,
        wishes: &Wishes,
    ) -> Result<Build, Error> {
        check_name(chart)?;
        let access = Access::of(&self.shared.session, repository).await;
        let access = access.map_err(Error::Authentication)?;
        let mut found = self.find(chart, range, repository, &access).await?;
        let mut verified = false;
        if let Some(verification) = verification {
            self.verify_chart(&mut found, repository, verification)
                .await?;
            verified = true;
        }
        let (name, version) = match &found {
            Found::Http { chart } => (chart.name.clone(), chart.version.clone()),
            Found::Oci { version, .. } => (chart.to_owned(), version.clone()),
        };
        let version = wishes.version(&version)?;
        let packaged = wishes.changes_chart();
        if let Some(stored) = wishes.stored(&name, &version, packaged) {
            return Ok(Build { verified, ..stored });
        }
        let content = self.download(found, repository, access).await;
        let content = content.map_err(|message| {
            Error::Pull(format!(
                "failed to download chart for remote reference: {message}"
            ))
        })?;
        let wishes = wishes.clone();
        let build = tokio::task::spawn_blocking(move || make(content, name, version, &wishes));
        let build = build
            .await
            .map_err(|error| Error::Package(error.to_string()))??;
        Ok(Build { verified, ..build })
    }

    /// Finds the version that a range means.
    pub(super) async fn find(
        &self,
        chart: &str,
        range: &str,
        repository: &HelmRepository,
        access: &Access,
    ) -> Result<Found, Error> {
        let lost = |message: String| {
            Error::Pull(format!(
                "failed to get chart version for remote reference: {message}"
            ))
        };
        let chosen = |error: ChoiceError| {
            Error::Reference(format!(
                "failed to get chart version for remote reference: {error}"
            ))
        };
        if repository.spec.is_oci() {
            let url = repository.spec.url.trim_end_matches('/');
            let address = oci::Repository::parse(&format!("{url}/{chart}"));
            let address = address.map_err(|error| Error::Url(error.to_string()))?;
            let registry = access.registry(&self.shared, address, &repository.spec);
            let registry = registry.map_err(lost)?;
            let version = match Version::parse_tag(range) {
                Some(_) => range.to_owned(),
                None => {
                    let tags = registry.tags().await.map_err(|error| {
                        lost(format!(
                            "could not get tags for \"{chart}\": {}",
                            chain(&error)
                        ))
                    })?;
                    choose_tag(&tags, range).map_err(|error| lost(error.to_string()))?
                }
            };
            return Ok(Found::Oci {
                registry,
                digest: None,
                version,
            });
        }
        let versions = match repository.artifact() {
            Some(artifact) => {
                let (store, path) = (self.shared.store.clone(), artifact.path.clone());
                let name = chart.to_owned();
                let found = tokio::task::spawn_blocking(move || index::find(&store, &path, &name));
                found.await.map_err(|error| lost(error.to_string()))?
            }
            // Of a repository that no object stands for.
            None => self
                .fetch_index(chart, repository, access)
                .await
                .map_err(lost)?,
        };
        let versions = versions.map_err(|error| lost(chain(&error)))?;
        let versions = versions.ok_or(ChoiceError::Name).map_err(chosen)?;
        let version = versions.choose(chart, range).map_err(chosen)?;
        Ok(Found::Http {
            chart: version.clone(),
        })
    }

    async fn fetch_index(
        &self,
        chart: &str,
        repository: &HelmRepository,
        access: &Access,
    ) -> Result<Result<Option<rosin_source::helm::Versions>, IndexError>, String> {
        let server = server(&self.shared, access.clone(), &repository.spec);
        let server = server.map_err(|error| chain(&error))?;
        let limit = self.shared.config.helm_index_max_size;
        let index = server.index(&self.shared.store, limit).await;
        let index = index.map_err(|error| chain(&error))?;
        let (store, chart) = (self.shared.store.clone(), chart.to_owned());
        let found =
            tokio::task::spawn_blocking(move || index::find_fetched(&store, &index.blob, &chart));
        found.await.map_err(|error| error.to_string())
    }

    /// What is verified is what is downloaded: both by the digest that the tag had first.
    async fn verify_chart(
        &self,
        found: &mut Found,
        repository: &HelmRepository,
        verification: &HelmChartVerification,
    ) -> Result<(), Error> {
        let Found::Oci {
            registry,
            digest,
            version,
        } = found
        else {
            return Err(Error::Reference(
                "only charts of a registry can be verified".to_owned(),
            ));
        };
        let resolved = registry.digest(&tag_of(version)).await;
        let resolved = resolved.map_err(|error| Error::Pull(chain(&error)))?;
        let (session, namespace) = (&self.shared.session, repository.namespace());
        let keys = verification.secret_ref.as_ref();
        let provider = verification.provider;
        let verified = verify(session, namespace, provider, keys, registry, &resolved).await;
        verified.map_err(Error::Verification)?;
        *digest = Some(resolved);
        Ok(())
    }

    pub(super) async fn download(
        &self,
        found: Found,
        repository: &HelmRepository,
        access: Access,
    ) -> Result<Vec<u8>, String> {
        let limit = self.shared.config.helm_chart_max_size;
        let blob = match found {
            Found::Http { chart } => {
                let Some(url) = chart.urls.first() else {
                    return Err(format!("chart '{}' has no downloadable URLs", chart.name));
                };
                let server = server(&self.shared, access, &repository.spec);
                let server = server.map_err(|error| chain(&error))?;
                let download = server.chart(url, &self.shared.store, limit).await;
                download.map_err(|error| chain(&error))?.blob
            }
            Found::Oci {
                registry,
                digest,
                version,
            } => pull(&self.shared, &registry, digest, &version).await?,
        };
        read(&blob, limit)
    }
}

async fn pull(
    shared: &Shared,
    registry: &Registry,
    digest: Option<String>,
    version: &str,
) -> Result<Blob, String> {
    let digest = match digest {
        Some(digest) => digest,
        None => {
            let digest = registry.digest(&tag_of(version)).await;
            digest.map_err(|error| chain(&error))?
        }
    };
    let manifest = registry.manifest(&digest).await;
    let manifest = manifest.map_err(|error| chain(&error))?;
    let layer = manifest.layer(Some(CHART_LAYER));
    let layer = layer.map_err(|error| error.to_string())?;
    let blob = registry.layer(layer, &shared.store).await;
    blob.map_err(|error| chain(&error))
}

fn read(blob: &Blob, limit: u64) -> Result<Vec<u8>, String> {
    let mut content = Vec::new();
    let reader = blob.read().map_err(|error| error.to_string())?;
    let read = reader.take(limit + 1).read_to_end(&mut content);
    read.map_err(|error| error.to_string())?;
    if content.len() as u64 > limit {
        return Err(format!(
            "the chart exceeds the maximum size of {limit} bytes"
        ));
    }
    Ok(content)
}

/// Lower-case letters, digits, dashes; slashes and periods between them.
fn check_name(name: &str) -> Result<(), Error> {
    if name.is_empty() {
        return Err(Error::Reference(
            "no name set for remote chart reference".to_owned(),
        ));
    }
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-/.".contains(&byte);
    // Both stand alone: each follows a letter, a period may follow a slash.
    let alone =
        !name.starts_with(['/', '.']) && ["//", "..", "./"].iter().all(|pair| !name.contains(pair));
    if name.bytes().all(allowed) && alone {
        return Ok(());
    }
    Err(Error::Reference(format!(
        "invalid chart name '{name}': a valid name must be lower case letters and numbers and MAY be separated with dashes (-), slashes (/) or periods (.)"
    )))
}

/// Passed on as it came, unless values are merged.
fn make(content: Vec<u8>, name: String, version: String, wishes: &Wishes) -> Result<Build, Error> {
    let mut build = Build {
        name,
        version,
        packaged: false,
        values_files: Vec::new(),
        dependencies: 0,
        verified: false,
        content: None,
    };
    if !wishes.changes_chart() {
        load_archive(&content).map_err(|error| {
            Error::Pull(format!(
                "failed to load chart metadata from written chart: {error}"
            ))
        })?;
        build.content = Some(content);
        return Ok(build);
    }
    let failed = |error: rosin_chart::Error| {
        Error::Package(format!("failed to load downloaded chart: {error}"))
    };
    let mut files = archive_files(&content).map_err(failed)?;
    load_files(files.clone()).map_err(failed)?;
    let (values, merged) = merge(&files, wishes)?;
    if overwrite_values(&mut files, values.as_bytes())? {
        build.values_files = merged;
    }
    let package = Package {
        version: Some(build.version.clone()),
        ..Package::of(files)
    };
    build.content = Some(package.pack().map_err(Error::Package)?);
    build.packaged = true;
    Ok(build)
}

/// The values of the files inside the chart, the last winning, as YAML, and which files were there.
fn merge(files: &[File], wishes: &Wishes) -> Result<(String, Vec<String>), Error> {
    let failed =
        |message: String| Error::Values(format!("failed to merge chart values: {message}"));
    let mut values = rosin_chart::empty_values();
    let mut merged = Vec::new();
    for path in wishes.all_values_files() {
        let name = clean(path);
        let Some(file) = files.iter().find(|file| file.name == name) else {
            if wishes.ignore_missing {
                continue;
            }
            return Err(failed(format!("no values file found at path '{path}'")));
        };
        let more = read_values(&file.data).map_err(|error| {
            failed(format!("unmarshaling values from '{path}' failed: {error}"))
        })?;
        values = merge_maps(&values, &more);
        merged.push(path.clone());
    }
    Ok((yaml::write_values(&values).map_err(failed)?, merged))
}

#[cfg(test)]
mod tests {
    use super::*;

    // parity: SRC-HC-003
    #[test]
    fn names_of_charts_are_checked() {
        for name in ["app", "my-app", "group/app", "a.b", "1"] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        for name in ["", "App", "a b", "..", "../a", "/a", "a//b", "ä", "a_b"] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
    }
}
