//! The charts that a chart folder needs and does not have: from folders of the same source, or from repositories.

use rosin_api::{HelmRepository, source::HelmRepositorySpec, source::HelmRepositoryType};
use rosin_chart::{Chart, Dependency, archive_files, folder_files, load_files};
use rosin_source::semver::{Constraint, Version};
use rosin_tree::Tree;

use super::{HelmCharts, build::clean, error::Error, package::Package};
use crate::reconcile::helm_repository::Access;
use crate::reconcile::source::Files;

/// Deeper trees of dependencies are somebody's mistake.
const MAX_DEPENDENCIES: usize = 256;

/// A dependency that is not in `charts/`.
pub(super) struct Missing {
    /// Of the chart, as it is called by those who need it.
    alias: Option<String>,
    name: String,
    version: String,
    place: Place,
}

enum Place {
    /// In the source; the path, and how the chart speaks of it.
    Folder(String),
    Repository(String),
}

/// A dependency, found.
pub(super) struct Resolved {
    alias: Option<String>,
    content: Content,
}

enum Content {
    Folder(String),
    Archive(Vec<u8>),
}

/// What `Chart.lock`, or else `Chart.yaml`, names and `charts/` lacks.
pub(super) fn missing(tree: &Tree, path: &str, chart: &Chart) -> Result<Vec<Missing>, Error> {
    let locked = chart
        .lock
        .as_ref()
        .and_then(|lock| lock.dependencies.as_ref());
    let wanted = match (&chart.lock, locked) {
        (Some(_), locked) => locked,
        (None, _) => chart.metadata.dependencies.as_ref(),
    };
    let wanted = wanted.map(Vec::as_slice).unwrap_or_default();
    if wanted.len() == chart.dependencies.len() {
        return Ok(Vec::new());
    }
    if wanted.len() > MAX_DEPENDENCIES {
        return Err(Error::Dependencies(format!(
            "more than {MAX_DEPENDENCIES} dependencies"
        )));
    }
    let present = |name: &str| chart.dependencies.iter().any(|chart| chart.name() == name);
    let mut missing = Vec::new();
    for dependency in wanted {
        let alias = Some(&dependency.alias).filter(|alias| !alias.is_empty());
        if present(alias.unwrap_or(&dependency.name)) {
            continue;
        }
        let place = place(tree, path, dependency)?;
        missing.push(Missing {
            alias: alias.cloned(),
            name: dependency.name.clone(),
            version: dependency.version.clone(),
            place,
        });
    }
    Ok(missing)
}

fn place(tree: &Tree, chart: &str, dependency: &Dependency) -> Result<Place, Error> {
    let repository = dependency.repository.as_str();
    let name = &dependency.name;
    let folder = match repository.strip_prefix("file://") {
        Some(folder) => format!("{chart}/{folder}"),
        None if repository.is_empty() => format!("{chart}/charts/{name}"),
        None => {
            let problem = match repository {
                known
                    if ["https://", "http://", "oci://"]
                        .iter()
                        .any(|s| known.starts_with(s)) =>
                {
                    return Ok(Place::Repository(known.to_owned()));
                }
                alias if alias.starts_with('@') || alias.starts_with("alias:") => {
                    "aliased repository dependency is not supported"
                }
                _ => "invalid dependency repository URL",
            };
            return Err(Error::Dependencies(format!(
                "failed to add remote dependency '{name}': {problem}: {repository}"
            )));
        }
    };
    let failed = |message: String| {
        Error::Dependencies(format!(
            "failed to add local dependency '{name}': {message}"
        ))
    };
    let folder = clean(&folder);
    if !tree.is_dir(&folder) && tree.entry(&folder).is_none() {
        return Err(failed(format!(
            "no chart found at '/{folder}' (reference '{repository}')"
        )));
    }
    let range = Constraint::parse(&dependency.version).map_err(|error| {
        failed(format!(
            "invalid version/constraint format '{}': {error}",
            dependency.version
        ))
    })?;
    let loaded = rosin_chart::load(&Files(tree), &folder).map_err(|error| {
        failed(format!(
            "failed to load chart from '/{folder}' (reference '{repository}'): {error}"
        ))
    })?;
    let version = Version::parse(&loaded.metadata.version);
    if !version.is_some_and(|version| range.matches(&version)) {
        return Err(failed(format!(
            "can't get a valid version for constraint '{}'",
            dependency.version
        )));
    }
    Ok(Place::Folder(folder))
}

impl Resolved {
    pub(super) fn package(self, tree: &Tree) -> Result<Package, Error> {
        let failed = |error: String| Error::Dependencies(error);
        let files = match &self.content {
            Content::Archive(content) => archive_files(content),
            Content::Folder(folder) if tree.is_dir(folder) => folder_files(&Files(tree), folder),
            Content::Folder(file) => {
                let content = tree.read(file).map_err(|error| failed(error.to_string()))?;
                archive_files(&content)
            }
        };
        let files = files.map_err(|error| failed(error.to_string()))?;
        load_files(files.clone()).map_err(|error| failed(error.to_string()))?;
        Ok(Package {
            name: self.alias,
            ..Package::of(files)
        })
    }
}

/// Fetches what is not in the source, as the HelmRepositories of a namespace say.
pub(super) struct Dependencies<'a> {
    charts: &'a HelmCharts,
    namespace: &'a str,
}

impl<'a> Dependencies<'a> {
    pub(super) fn new(charts: &'a HelmCharts, namespace: &'a str) -> Self {
        Self { charts, namespace }
    }

    pub(super) async fn resolve(&self, missing: Vec<Missing>) -> Result<Vec<Resolved>, Error> {
        let mut resolved = Vec::new();
        for missing in missing {
            let content = match &missing.place {
                Place::Folder(folder) => Content::Folder(folder.clone()),
                Place::Repository(url) => {
                    let content = self.fetch(&missing, url).await.map_err(|message| {
                        let name = &missing.name;
                        Error::Dependencies(format!(
                            "failed to add remote dependency '{name}': {message}"
                        ))
                    })?;
                    Content::Archive(content)
                }
            };
            resolved.push(Resolved {
                alias: missing.alias,
                content,
            });
        }
        Ok(resolved)
    }

    async fn fetch(&self, missing: &Missing, url: &str) -> Result<Vec<u8>, String> {
        let (repository, access) = match self.repository(url) {
            Some(repository) => {
                let access = Access::of(&self.charts.shared.session, &repository).await?;
                (repository, access)
            }
            // Without an object nothing but the address is known.
            None => (anonymous(self.namespace, url), Access::default()),
        };
        let (name, version) = (&missing.name, &missing.version);
        let found = self.charts.find(name, version, &repository, &access).await;
        let found = found.map_err(|error| {
            format!("failed to get chart '{name}' version '{version}' from '{url}': {error}")
        })?;
        let download = self.charts.download(found, &repository, access).await;
        download.map_err(|error| format!("chart download of version '{version}' failed: {error}"))
    }

    fn repository(&self, url: &str) -> Option<HelmRepository> {
        let wanted = normal(url);
        let mut keys = self.charts.repositories.keys_where(|key, repository| {
            key.namespace == self.namespace && normal(&repository.spec.url) == wanted
        });
        keys.sort();
        let found = self.charts.repositories.get(keys.first()?)?;
        Some((*found).clone())
    }
}

/// Addresses of one repository may differ in slashes at the end.
fn normal(url: &str) -> &str {
    url.trim_end_matches('/')
}

fn anonymous(namespace: &str, url: &str) -> HelmRepository {
    let mut spec = HelmRepositorySpec::new(url);
    spec.type_ = url.starts_with("oci://").then_some(HelmRepositoryType::Oci);
    let mut repository = HelmRepository::new("", spec);
    repository.metadata.namespace = Some(namespace.to_owned());
    repository
}
