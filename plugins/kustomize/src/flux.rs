//! What kustomize-controller does before a build: it makes a kustomization file for folders without one, and merges the fields
//! of the Flux object into it.

use std::cmp::Ordering;

use serde::Deserialize;

use crate::context::Context;
use crate::error::{Error, Result, Wrap, bail};
use crate::files::{Entry, Files};
use crate::kustomization::{Image, Kustomization, Patch, Selector};
use crate::loader::{KUSTOMIZATION_FILES, Loader};
use crate::path;
use crate::read;
use crate::target::Target;

/// The fields of a Flux `Kustomization` that concern the build.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FluxOptions {
    pub target_namespace: String,
    pub name_prefix: String,
    pub name_suffix: String,
    pub patches: Vec<FluxPatch>,
    pub images: Vec<FluxImage>,
    pub components: Vec<String>,
    pub ignore_missing_components: bool,
    pub build_metadata: Vec<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct FluxPatch {
    pub patch: String,
    /// A kustomize selector.
    pub target: Option<serde_json::Value>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FluxImage {
    pub name: String,
    pub new_name: String,
    pub new_tag: String,
    pub digest: String,
}

/// A namespace that no object gets: it keeps kustomize from refusing an empty file.
const PLACEHOLDER: &str = "_placeholder";

/// The kustomization of the loader's folder with the options merged in.
pub(crate) fn target<'a>(
    loader: Loader<'a>,
    files: &dyn Files,
    options: &FluxOptions,
    context: &'a Context,
) -> Result<Target<'a>> {
    let folder = loader.root().to_owned();
    let found = KUSTOMIZATION_FILES
        .into_iter()
        .find(|name| files.entry(&path::join(&folder, name)) == Some(Entry::File));
    let (mut kustomization, file) = match found {
        Some(name) => (existing(&loader, name, context)?, name),
        None => (generated(&folder, files)?, KUSTOMIZATION_FILES[0]),
    };
    merge(&mut kustomization, options, &folder, files)?;
    Ok(Target::with(loader, context, kustomization, file))
}

/// The first of the files that a folder has; an empty one is as good as any.
fn existing(loader: &Loader<'_>, name: &str, context: &Context) -> Result<Kustomization> {
    let content = loader.load(name)?;
    let file = path::join(loader.root(), name);
    let mut warn = |warning: &str| context.warn(warning);
    Kustomization::parse_lenient(&content, &loader.display_root(), &mut warn).in_file(&file)
}

/// All manifests below the folder; a folder with a kustomization file of its own counts as one.
fn generated(folder: &str, files: &dyn Files) -> Result<Kustomization> {
    let mut resources = Vec::new();
    let mut own: Option<String> = None;
    for file in walk(folder, files) {
        if own.as_deref().is_some_and(|own| path::is_in(&file, own)) {
            continue;
        }
        if let Some(nested) = outermost_kustomization(folder, &file, files) {
            resources.push(relative(folder, &nested));
            own = Some(nested);
            continue;
        }
        if !file.ends_with(".yaml") && !file.ends_with(".yml") {
            continue;
        }
        let content = files
            .read(&file)
            .map_err(|error| Error::new(format!("read {file}: {error}")).in_file(&file))?;
        read::objects(&content).map_err(|error| {
            error
                .wrap(format!("failed to decode Kubernetes YAML from {file}"))
                .in_file(&file)
        })?;
        resources.push(relative(folder, &file));
    }
    let mut kustomization = Kustomization::generated(resources);
    if kustomization.resources.is_empty() {
        PLACEHOLDER.clone_into(&mut kustomization.namespace);
    }
    Ok(kustomization)
}

/// The files below a folder as a walk meets them: each folder's entries by name.
fn walk(folder: &str, files: &dyn Files) -> Vec<String> {
    let mut all = files.files(folder);
    all.sort_by(|a, b| {
        let (mut a, mut b) = (a.split('/'), b.split('/'));
        loop {
            match (a.next(), b.next()) {
                (None, None) => return Ordering::Equal,
                (a, b) if a != b => return a.cmp(&b),
                _ => {}
            }
        }
    });
    all
}

/// The topmost folder between the one that is walked and the file that has a kustomization file.
fn outermost_kustomization(folder: &str, file: &str, files: &dyn Files) -> Option<String> {
    let rest = if folder.is_empty() {
        file
    } else {
        file.strip_prefix(folder)?.trim_start_matches('/')
    };
    let mut at = folder.to_owned();
    let mut parts: Vec<&str> = rest.split('/').collect();
    parts.pop();
    for part in parts {
        at = path::join(&at, part);
        if KUSTOMIZATION_FILES
            .iter()
            .any(|name| files.entry(&path::join(&at, name)) == Some(Entry::File))
        {
            return Some(at);
        }
    }
    None
}

fn relative(folder: &str, path: &str) -> String {
    let rest = if folder.is_empty() {
        path
    } else {
        path.strip_prefix(folder).unwrap_or(path)
    };
    format!("./{}", rest.trim_start_matches('/'))
}

fn merge(
    kustomization: &mut Kustomization,
    options: &FluxOptions,
    folder: &str,
    files: &dyn Files,
) -> Result<()> {
    let FluxOptions {
        target_namespace,
        name_prefix,
        name_suffix,
        patches,
        images,
        components,
        ignore_missing_components,
        build_metadata,
    } = options;
    for (field, value) in [
        (&mut kustomization.namespace, target_namespace),
        (&mut kustomization.name_prefix, name_prefix),
        (&mut kustomization.name_suffix, name_suffix),
    ] {
        if !value.is_empty() {
            field.clone_from(value);
        }
    }
    for FluxPatch { patch, target } in patches {
        let target = match target {
            Some(target) if !target.is_null() => Some(selector(target)?),
            _ => None,
        };
        kustomization.patches.push(Patch {
            patch: patch.clone(),
            target,
            ..Patch::default()
        });
    }
    for image in images {
        merge_image(&mut kustomization.images, image);
    }
    for component in components {
        if component.starts_with('/')
            || component.contains("://")
            || path::leads_outside(&path::join(folder, component))
        {
            bail!("component path '{component}' must be local and relative");
        }
        let missing = files.entry(&path::join(folder, component)).is_none();
        if !(missing && *ignore_missing_components) {
            kustomization.components.push(component.clone());
        }
    }
    if !build_metadata.is_empty() {
        kustomization.build_metadata.clone_from(build_metadata);
    }
    Ok(())
}

fn selector(target: &serde_json::Value) -> Result<Selector> {
    crate::decode::decode(target, crate::decode::Mode::PLUGIN).map_err(|error| {
        Error::new(error.message)
            .at_field(&error.field)
            .wrap("invalid patch target")
    })
}

/// Tag and digest are one: whoever gives either replaces both.
fn merge_image(images: &mut Vec<Image>, image: &FluxImage) {
    let FluxImage {
        name,
        new_name,
        new_tag,
        digest,
    } = image;
    let known = match images.iter_mut().find(|known| known.name == *name) {
        Some(known) => known,
        None => {
            images.push(Image {
                name: name.clone(),
                new_name: new_name.clone(),
                new_tag: new_tag.clone(),
                digest: digest.clone(),
                ..Image::default()
            });
            return;
        }
    };
    if !new_name.is_empty() {
        known.new_name.clone_from(new_name);
    }
    if !new_tag.is_empty() || !digest.is_empty() {
        known.new_tag.clone_from(new_tag);
        known.digest.clone_from(digest);
    }
}
