//! Charts made from files of a GitRepository or Bucket: a folder that is packed, or a packed chart among the files.

use rosin_chart::{
    archive_files, folder_files, load_archive, load_files, merge_maps, read_values, yaml,
};
use rosin_tree::Tree;

use super::{
    HelmCharts,
    build::{Build, Wishes, clean},
    dependencies::{Dependencies, Missing, Resolved},
    error::Error,
    package::Package,
};
use crate::reconcile::source::Files;

/// What the first look at the files finds.
enum Plan {
    Done(Build),
    /// To be packed, with these charts beside.
    Pack {
        build: Build,
        missing: Vec<Missing>,
    },
}

impl HelmCharts {
    pub(super) async fn local_chart(
        &self,
        namespace: &str,
        path: &str,
        tree: Tree,
        wishes: &Wishes,
    ) -> Result<Build, Error> {
        let path = clean(path);
        let (plan_tree, plan_path, plan_wishes) = (tree.clone(), path.clone(), wishes.clone());
        let plan = tokio::task::spawn_blocking(move || plan(&plan_tree, &plan_path, &plan_wishes));
        let stopped = |error: tokio::task::JoinError| Error::Package(error.to_string());
        let (mut build, missing) = match plan.await.map_err(stopped)?? {
            Plan::Done(build) => return Ok(build),
            Plan::Pack { build, missing } => (build, missing),
        };
        build.dependencies = missing.len();
        let resolved = Dependencies::new(self, namespace).resolve(missing).await?;
        let wishes = wishes.clone();
        let packed =
            tokio::task::spawn_blocking(move || pack(&tree, &path, build, resolved, &wishes));
        packed.await.map_err(stopped)?
    }
}

fn plan(tree: &Tree, path: &str, wishes: &Wishes) -> Result<Plan, Error> {
    let folder = tree.is_dir(path);
    let reference = |error: rosin_chart::Error| Error::Reference(error.to_string());
    if !folder && tree.entry(path).is_none() {
        return Err(Error::Reference(format!(
            "stat {path}: no such file or directory"
        )));
    }
    let files = if folder {
        folder_files(&Files(tree), path).map_err(reference)?
    } else {
        let content = tree.read(path);
        archive_files(&content.map_err(|error| Error::Reference(error.to_string()))?)
            .map_err(reference)?
    };
    let chart = load_files(files).map_err(reference)?;
    let build = Build {
        name: chart.metadata.name.clone(),
        version: wishes.version(&chart.metadata.version)?,
        packaged: folder || wishes.changes_chart(),
        values_files: Vec::new(),
        dependencies: 0,
        verified: false,
        content: None,
    };
    if let Some(stored) = wishes.stored(&build.name, &build.version, build.packaged) {
        return Ok(Plan::Done(stored));
    }
    if !build.packaged {
        let content = tree
            .read(path)
            .map_err(|error| Error::Pull(error.to_string()))?;
        load_archive(&content).map_err(|error| Error::Pull(error.to_string()))?;
        return Ok(Plan::Done(Build {
            content: Some(content),
            ..build
        }));
    }
    // Missing values are told before anything is fetched.
    merge(tree, wishes)?;
    let missing = match folder {
        true => super::dependencies::missing(tree, path, &chart)?,
        false => Vec::new(),
    };
    Ok(Plan::Pack { build, missing })
}

fn pack(
    tree: &Tree,
    path: &str,
    mut build: Build,
    resolved: Vec<Resolved>,
    wishes: &Wishes,
) -> Result<Build, Error> {
    let failed = |error: rosin_chart::Error| Error::Package(error.to_string());
    let mut files = if tree.is_dir(path) {
        folder_files(&Files(tree), path).map_err(failed)?
    } else {
        let content = tree
            .read(path)
            .map_err(|error| Error::Package(error.to_string()))?;
        archive_files(&content).map_err(failed)?
    };
    if let Some((values, merged)) = merge(tree, wishes)?
        && overwrite_values(&mut files, values.as_bytes())?
    {
        build.values_files = merged;
    }
    let dependencies = resolved
        .into_iter()
        .map(|dependency| dependency.package(tree));
    let package = Package {
        version: Some(build.version.clone()),
        dependencies: dependencies.collect::<Result<_, _>>()?,
        ..Package::of(files)
    };
    build.content = Some(package.pack().map_err(Error::Package)?);
    Ok(build)
}

/// The values of the files of the source, the last winning, as YAML, and which files were there. `None`: none are asked for.
fn merge(tree: &Tree, wishes: &Wishes) -> Result<Option<(String, Vec<String>)>, Error> {
    if wishes.values_files().is_empty() {
        return Ok(None);
    }
    let mut values = rosin_chart::empty_values();
    let mut merged = Vec::new();
    for path in wishes.all_values_files() {
        let name = clean(path);
        if tree.entry(&name).is_none() {
            if wishes.ignore_missing && !tree.is_dir(&name) {
                continue;
            }
            return Err(Error::Values(format!(
                "no values file found at path '/{name}' (reference '{path}')"
            )));
        }
        let content = tree.read(&name).map_err(|error| {
            Error::Values(format!("could not read values from file '{path}': {error}"))
        })?;
        let more = read_values(&content).map_err(|error| {
            Error::Values(format!("unmarshaling values from '{path}' failed: {error}"))
        })?;
        values = merge_maps(&values, &more);
        merged.push(path.clone());
    }
    let text = yaml::write_values(&values).map_err(Error::Values)?;
    Ok(Some((text, merged)))
}

/// Puts other values into a chart. `false`: they are what it has.
pub(super) fn overwrite_values(
    files: &mut [rosin_chart::File],
    values: &[u8],
) -> Result<bool, Error> {
    let file = files.iter_mut().find(|file| file.name == "values.yaml");
    let Some(file) = file else {
        return Err(Error::Values(
            "failed to locate values file: values.yaml".to_owned(),
        ));
    };
    if *file.data == *values {
        return Ok(false);
    }
    file.data = values.into();
    Ok(true)
}
