//! What kustomize-controller does before a build: it makes a kustomization file for folders without one, and merges the fields
//! of the Flux object into it.

use std::cmp::Ordering;
use std::collections::BTreeSet;

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
    /// Files and folders of the tree that are left out of the folder's kustomization.
    pub ignored: BTreeSet<String>,
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
        None => {
            let made = generated(&folder, files, &options.ignored)?;
            (made, KUSTOMIZATION_FILES[0])
        }
    };
    if found.is_some() && !kustomization.names_resources {
        // Flux does so to have something in a file that may be empty; it is seen in the output of those that are not.
        kustomization.build_metadata = vec!["originAnnotations".to_owned()];
    }
    let is_kept = |entry: &String| !options.ignored.contains(&path::join(&folder, entry));
    for entries in [
        &mut kustomization.resources,
        &mut kustomization.components,
        &mut kustomization.crds,
    ] {
        entries.retain(is_kept);
    }
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
fn generated(folder: &str, files: &dyn Files, ignored: &BTreeSet<String>) -> Result<Kustomization> {
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
        let is_manifest = file.ends_with(".yaml") || file.ends_with(".yml");
        if !is_manifest || ignored.contains(&file) {
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
        ignored: _,
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{BuildRequest, LoadRestrictor, Object, Output, build};

    const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n";

    fn render(options: FluxOptions, files: &[(&str, &str)]) -> Result<Output> {
        let files: BTreeMap<String, Vec<u8>> = files
            .iter()
            .map(|(path, content)| ((*path).to_owned(), content.as_bytes().to_vec()))
            .collect();
        let request = BuildRequest {
            path: "app".to_owned(),
            load_restrictor: LoadRestrictor::None,
            flux: Some(options),
            ..BuildRequest::default()
        };
        build(&request, &files)
    }

    fn names(output: &Output) -> Vec<String> {
        let name = |object: &Object| {
            object
                .json
                .split("\"name\":\"")
                .nth(1)
                .map(|rest| rest.split('"').next().unwrap().to_owned())
        };
        output.objects.iter().filter_map(name).collect()
    }

    fn named(name: &str) -> String {
        SERVICE.replace("web", name)
    }

    // parity: KS-GEN-002
    #[test]
    fn a_folder_without_kustomization_gives_all_its_manifests() {
        let (a, b, c, d) = (named("a"), named("b"), named("c"), named("d"));
        let output = render(
            FluxOptions::default(),
            &[
                ("app/z.yml", a.as_str()),
                ("app/a/b.yaml", b.as_str()),
                ("app/a.yaml", c.as_str()),
                (
                    "app/own/kustomization.yaml",
                    "resources: [x.yaml]\nnamePrefix: own-",
                ),
                ("app/own/x.yaml", d.as_str()),
                ("app/own/ignored.yaml", "not: [valid"),
                ("app/README.md", "# no manifest"),
                ("other/e.yaml", SERVICE),
            ],
        )
        .unwrap();
        assert_eq!(names(&output), ["b", "c", "own-d", "a"]);
    }

    // parity: KS-GEN-003
    #[test]
    fn every_yaml_file_must_hold_objects() {
        let error = render(
            FluxOptions::default(),
            &[("app/a.yaml", SERVICE), ("app/ci.yaml", "jobs: []")],
        )
        .unwrap_err();
        assert!(
            error
                .message
                .starts_with("failed to decode Kubernetes YAML from app/ci.yaml"),
            "{error}"
        );
        assert_eq!(error.file.as_deref(), Some("app/ci.yaml"));
    }

    // parity: KS-GEN-005, KS-GEN-006
    #[test]
    fn nothing_is_an_empty_set() {
        assert!(
            render(FluxOptions::default(), &[("app/README.md", "")])
                .unwrap()
                .objects
                .is_empty()
        );
        let empty = [("app/kustomization.yaml", "kind: Kustomization")];
        assert!(
            render(FluxOptions::default(), &empty)
                .unwrap()
                .objects
                .is_empty()
        );
    }

    // parity: KS-GEN-006
    #[test]
    fn a_file_without_resources_says_where_its_objects_come_from() {
        let file = "configMapGenerator: [{name: made, literals: [a=1]}]\nbuildMetadata: [managedByLabel]\n";
        let output = render(FluxOptions::default(), &[("app/kustomization.yaml", file)]).unwrap();
        let json = &output.objects[0].json;
        assert!(
            json.contains("configuredIn: kustomization.yaml") && !json.contains("managed-by"),
            "{json}"
        );
    }

    #[test]
    fn fields_that_nobody_knows_are_warned_of_in_the_outermost_file_only() {
        let unknown = "resources: [a.yaml]\npatchs: [{path: x.yaml}]\n";
        let output = render(
            FluxOptions::default(),
            &[("app/kustomization.yaml", unknown), ("app/a.yaml", SERVICE)],
        )
        .unwrap();
        assert_eq!(names(&output), ["web"]);
        assert!(
            output
                .warnings
                .iter()
                .any(|text| text.contains("unknown field \"patchs\"")),
            "{:?}",
            output.warnings
        );
        let error = render(
            FluxOptions::default(),
            &[
                ("app/kustomization.yaml", "resources: [base]"),
                ("app/base/kustomization.yaml", unknown),
                ("app/base/a.yaml", SERVICE),
            ],
        )
        .unwrap_err();
        assert!(error.message.contains("unknown field"), "{error}");
    }

    // parity: KS-GEN-007, KS-GEN-008
    #[test]
    fn namespace_prefix_and_suffix_win_over_the_file() {
        let options = FluxOptions {
            target_namespace: "mine".to_owned(),
            name_prefix: "p-".to_owned(),
            name_suffix: "-s".to_owned(),
            ..FluxOptions::default()
        };
        let file = "resources: [a.yaml]\nnamespace: theirs\nnamePrefix: old-\n";
        let output = render(
            options,
            &[("app/kustomization.yaml", file), ("app/a.yaml", SERVICE)],
        )
        .unwrap();
        assert_eq!(
            output.objects[0].json,
            r#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"p-web-s","namespace":"mine"}}"#
        );
    }

    // parity: KS-GEN-009
    #[test]
    fn patches_are_applied_after_those_of_the_file() {
        let options = FluxOptions {
            patches: vec![FluxPatch {
                patch: "- op: replace\n  path: /metadata/labels/from\n  value: object\n".to_owned(),
                target: Some(serde_json::json!({"kind": "Service"})),
            }],
            ..FluxOptions::default()
        };
        let file = "resources: [a.yaml]\npatches:\n- patch: |\n    apiVersion: v1\n    kind: Service\n    metadata: {name: web, labels: {from: file}}\n";
        let output = render(
            options,
            &[("app/kustomization.yaml", file), ("app/a.yaml", SERVICE)],
        )
        .unwrap();
        assert!(
            output.objects[0]
                .json
                .contains(r#""labels":{"from":"object"}"#)
        );
    }

    // parity: KS-GEN-010
    #[test]
    fn tag_and_digest_of_images_are_replaced_together() {
        let image = |name: &str, new_name: &str, new_tag: &str, digest: &str| FluxImage {
            name: name.to_owned(),
            new_name: new_name.to_owned(),
            new_tag: new_tag.to_owned(),
            digest: digest.to_owned(),
        };
        let mut images = vec![Image {
            name: "a".to_owned(),
            new_tag: "1".to_owned(),
            ..Image::default()
        }];
        merge_image(&mut images, &image("a", "", "", "sha256:x"));
        merge_image(&mut images, &image("b", "c", "2", ""));
        assert_eq!(
            (images[0].new_tag.as_str(), images[0].digest.as_str()),
            ("", "sha256:x")
        );
        merge_image(&mut images, &image("a", "z", "", ""));
        assert_eq!(
            (images[0].new_name.as_str(), images[0].digest.as_str()),
            ("z", "sha256:x")
        );
        assert_eq!(images[1].new_name, "c");
    }

    // parity: KS-GEN-011, KS-GEN-012
    #[test]
    fn components_are_local_and_may_be_missing_on_demand() {
        let files = [("app/a.yaml", SERVICE)];
        let options = |component: &str, ignore_missing_components| FluxOptions {
            components: vec![component.to_owned()],
            ignore_missing_components,
            ..FluxOptions::default()
        };
        let error = render(options("https://example.com/c", false), &files).unwrap_err();
        assert_eq!(
            error.message,
            "component path 'https://example.com/c' must be local and relative"
        );
        assert!(render(options("../nope", false), &files).is_err());
        assert_eq!(
            render(options("../nope", true), &files)
                .unwrap()
                .objects
                .len(),
            1
        );
    }

    // parity: KS-GEN-014, KS-BUILD-001, KS-BUILD-002
    #[test]
    fn files_of_the_source_may_be_named_from_anywhere_in_it_and_no_others() {
        let files = |resource: &str| format!("resources: [{resource}]");
        let build = |resource: &str| {
            let file = files(resource);
            render(
                FluxOptions::default(),
                &[
                    ("app/kustomization.yaml", file.as_str()),
                    ("shared/a.yaml", SERVICE),
                ],
            )
        };
        assert_eq!(build("../shared/a.yaml").unwrap().objects.len(), 1);
        for outside in [
            "../../etc/passwd",
            "/etc/passwd",
            "https://example.com/x.yaml",
            "github.com/a/b",
            "git@host:a/b",
        ] {
            assert!(build(outside).is_err(), "{outside}");
        }
    }

    // parity: KS-BUILD-003
    #[test]
    fn charts_and_foreign_plugins_are_refused() {
        let refuse = |file: &str| {
            render(FluxOptions::default(), &[("app/kustomization.yaml", file)])
                .unwrap_err()
                .message
        };
        assert!(refuse("helmCharts: [{name: x}]").contains("must specify --enable-helm"));
        let plugin = "transformers: ['{apiVersion: example.com/v1, kind: Thing, metadata: {name: x, annotations: {config.kubernetes.io/function: \"exec: {path: ./x}\"}}}']";
        assert_eq!(
            refuse(plugin),
            "external plugins disabled; unable to load external plugin 'Thing'"
        );
    }
}
