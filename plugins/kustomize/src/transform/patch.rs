//! Patches: strategic merge and JSON 6902, by the identity in the patch or by a target.

use crate::context::Context;
use crate::error::{Error, Result, Wrap, bail};
use crate::json_patch::Operations;
use crate::kustomization::{PatchOptions, Selector};
use crate::kyaml::{self, NodeKind};
use crate::loader::Loader;
use crate::read;
use crate::resmap::ResMap;
use crate::resource::{Resource, Source};
use crate::selector;

/// `patches`: the content says which kind of patch it is.
pub(crate) struct Patch {
    content: Content,
    target: Option<Selector>,
    /// The patch as messages name it.
    shown: String,
    source: Source,
}

enum Content {
    Merge(Vec<Resource>),
    Json(Operations),
    /// Nothing but comments.
    Nothing,
}

/// A patch as it is configured.
#[derive(Debug, Default)]
pub(crate) struct PatchArgs {
    pub(crate) path: String,
    pub(crate) patch: String,
    pub(crate) target: Option<Selector>,
    pub(crate) options: Option<PatchOptions>,
}

impl Patch {
    /// `config` is the configuration as text: two messages quote it.
    pub(crate) fn new(
        args: PatchArgs,
        config: &dyn Fn() -> String,
        loader: &Loader<'_>,
        from: &Source,
    ) -> Result<Self> {
        let inline = args.patch.trim();
        let (text, shown, source) = match (inline.is_empty(), args.path.is_empty()) {
            (true, true) => bail!("must specify one of patch and path in\n{}", config()),
            (false, false) => bail!("patch and path can't be set at the same time\n{}", config()),
            (false, true) => (
                inline.as_bytes().to_vec(),
                format!("[patch: {}]", crate::yaml::go_quote(inline)),
                from.clone(),
            ),
            (true, false) => {
                let path = &args.path;
                let content = loader
                    .load(path)
                    .wrap(format!("failed to get the patch file from path({path})"))?;
                let file = loader.resolve(path);
                (
                    content,
                    format!("[path: {}]", crate::yaml::go_quote(path)),
                    Source {
                        file: file.as_str().into(),
                        line: 0,
                    },
                )
            }
        };
        let merge = read::resources(&text, &source.file);
        let json = Operations::parse(&text);
        let content = match (merge, json) {
            (Ok(merge), Ok(json)) if !merge.is_empty() && !json.is_empty() => {
                bail!("illegally qualifies as both an SM and JSON patch: {shown}")
            }
            (Err(error), Err(_)) => {
                // The original does not say why; we note the place that the first attempt found.
                let mut failed =
                    Error::new(format!("unable to parse SM or JSON patch from {shown}"))
                        .in_file(&source.file);
                if let (Some(line), false) = (error.line, args.path.is_empty()) {
                    failed = failed.at_line(line);
                }
                return Err(failed);
            }
            (Ok(merge), _) if merge.is_empty() => Content::Nothing,
            (Ok(mut merge), _) => {
                let options = args.options.unwrap_or_default();
                for patch in &mut merge {
                    if options.allow_name_change || options.allow_kind_change {
                        // The original notes it in the annotations, which makes texts of them all: even null.
                        let annotations = patch.meta_map("annotations");
                        patch.set_meta_map("annotations", annotations);
                    }
                    patch.allow_name_change |= options.allow_name_change;
                    patch.allow_kind_change |= options.allow_kind_change;
                }
                Content::Merge(merge)
            }
            (Err(_), Ok(json)) => Content::Json(json),
        };
        Ok(Self {
            content,
            target: args.target,
            shown,
            source,
        })
    }

    pub(super) fn apply(&self, resources: &mut ResMap, context: &Context) -> Result<()> {
        let located = |error: Error| error.in_file(&self.source.file).at_line(self.source.line);
        match (&self.content, &self.target) {
            (Content::Nothing, _) => Ok(()),
            (Content::Merge(patches), Some(target)) => match patches.as_slice() {
                [patch] => {
                    let selected = selector::select(resources, target, context).map_err(|error| {
                        error.wrap(format!(
                            "unable to find patch target {} in `resources`",
                            shown_selector(target)
                        ))
                    });
                    merge_into(resources, &selected?, patch, context).map_err(located)
                }
                _ => Err(located(Error::new(format!(
                    "Multiple Strategic-Merge Patches in one `patches` entry is not allowed to set `patches.target` field: {}",
                    self.shown
                )))),
            },
            (Content::Merge(patches), None) => {
                for patch in patches {
                    let id = patch.original_id(context);
                    let at = resources.find_patch_target(&id, context).map_err(|error| {
                        located(error.wrap(format!(
                            "no resource matches strategic merge patch \"{id}\""
                        )))
                        .at_line(patch.source.line)
                    })?;
                    let renames = patch.allow_name_change || patch.allow_kind_change;
                    let list = if renames {
                        resources.as_mut_slice()
                    } else {
                        resources.contents_mut()
                    };
                    list[at].apply_patch(patch, context).map_err(located)?;
                    if list[at].is_empty() {
                        // No longer found by any identity.
                        resources.as_mut_slice();
                    }
                }
                Ok(())
            }
            (Content::Json(_), None) => Err(located(Error::new(format!(
                "must specify a target for JSON patch {}",
                self.shown
            )))),
            (Content::Json(operations), Some(target)) => {
                for at in selector::select(resources, target, context)? {
                    let resource = &mut resources.as_mut_slice()[at];
                    resource.store_previous_id(context);
                    apply_json(operations, resource, true)
                        .map_err(located)?
                        .ok();
                }
                Ok(())
            }
        }
    }
}

/// As Go prints the selector with `%q`.
fn shown_selector(selector: &Selector) -> String {
    let id = &selector.id;
    let text = format!(
        "{id}:a={}:l={}",
        selector.annotation_selector, selector.label_selector
    );
    crate::yaml::go_quote(&text)
}

/// Merges a patch into the selected objects; each gets it with its own group and version.
fn merge_into(
    resources: &mut ResMap,
    selected: &[usize],
    patch: &Resource,
    context: &Context,
) -> Result<()> {
    let renames = patch.allow_name_change || patch.allow_kind_change;
    for &at in selected {
        let resource = &mut resources.contents_mut()[at];
        let patch = patch.as_patch_for(resource);
        resource.apply_patch(&patch, context).map_err(|error| {
            error
                .in_file(&resource.source.file)
                .at_line(resource.source.line)
        })?;
    }
    if renames {
        resources.as_mut_slice();
    }
    resources.drop_empty();
    resources.check_unique(context)
}

/// Applies operations to an object. The original's notes are annotations, so an object with notes has a mapping of annotations
/// that operations can add to.
/// Returns also what the original says if the annotations cannot be written again, which only one of its callers looks at.
fn apply_json(
    operations: &Operations,
    resource: &mut Resource,
    has_notes: bool,
) -> Result<Result<()>> {
    if has_notes || resource.has_notes() {
        resource.ensure_annotations();
    }
    let kept = resource.tool_annotations();
    // The original reads again what it writes, and so finds what does not fit its type.
    if std::mem::take(&mut resource.check_types) {
        crate::yaml::check_tags(&resource.node)?;
    }
    let mut before = None;
    if operations.looks_at_annotations() {
        before = Some(resource.clone());
        resource.change_with_notes(|node| {
            *node = operations.apply(node)?;
            Ok::<(), Error>(())
        })?;
    } else {
        resource.node = operations.apply(&resource.node)?;
    }
    if operations.writes_annotations() {
        resource.origin = None;
        resource.transformations.clear();
    }
    resource.forget_shared();
    resource.read_again = true;
    if let Some(metadata) = resource.node.get("metadata")
        && !metadata.is_mapping()
    {
        let is_mapping = kyaml::demand(metadata, NodeKind::Mapping);
        resource.forget_notes();
        return Ok(is_mapping);
    }
    if let Some(before) = before {
        resource.restore_notes(&before);
    }
    let mut annotations = resource.meta_map("annotations");
    annotations.extend(kept);
    resource.set_meta_map("annotations", annotations);
    Ok(Ok(()))
}

/// `patchesStrategicMerge`: every patch names the object that it is for.
pub(crate) struct StrategicMerge {
    patches: Vec<Resource>,
}

impl StrategicMerge {
    /// Each entry is a patch, or else the path of a file with patches.
    pub(crate) fn new(
        paths: &[String],
        inline: &str,
        loader: &Loader<'_>,
        from: &Source,
    ) -> Result<Self> {
        if paths.is_empty() && inline.is_empty() {
            bail!("empty file path and empty patch content");
        }
        let mut patches = Vec::new();
        for path in paths {
            match read::resources(path.as_bytes(), &from.file) {
                Ok(found) => patches.extend(found),
                Err(_) => {
                    let content = loader.load(path)?;
                    let file = loader.resolve(path);
                    patches.extend(
                        read::resources(&content, &file)
                            .map_err(|error| read::naming_file(error, path))?,
                    );
                }
            }
        }
        if !inline.is_empty() {
            patches.extend(read::resources(inline.as_bytes(), &from.file)?);
        }
        if patches.is_empty() {
            bail!(
                "patch appears to be empty; files=[{}], Patch={inline}",
                paths.join(" ")
            );
        }
        Ok(Self { patches })
    }

    pub(super) fn apply(&self, resources: &mut ResMap, context: &Context) -> Result<()> {
        for patch in &self.patches {
            let located =
                |error: Error| error.in_file(&patch.source.file).at_line(patch.source.line);
            let id = patch.original_id(context);
            let at = resources.find_patch_target(&id, context).map_err(located)?;
            merge_into(resources, &[at], patch, context).map_err(located)?;
        }
        Ok(())
    }
}

/// `patchesJson6902`.
pub(crate) struct JsonPatch {
    target: Option<Selector>,
    operations: Operations,
    shown: String,
    source: Source,
}

impl JsonPatch {
    pub(crate) fn new(args: PatchArgs, loader: &Loader<'_>, from: &Source) -> Result<Self> {
        let PatchArgs {
            path,
            patch,
            target,
            ..
        } = args;
        if target
            .as_ref()
            .is_none_or(|target| target.id.name.is_empty())
        {
            bail!("must specify the target name");
        }
        let (text, source) = match (path.is_empty(), patch.is_empty()) {
            (true, true) => bail!("empty file path and empty jsonOp"),
            (false, false) => bail!("must specify a file path or jsonOp, not both"),
            (true, false) => (patch.into_bytes(), from.clone()),
            (false, true) => {
                let content = loader.load(&path)?;
                if content.is_empty() {
                    bail!("patch file '{path}' empty seems to be empty");
                }
                (
                    content,
                    Source {
                        file: loader.resolve(&path).as_str().into(),
                        line: 0,
                    },
                )
            }
        };
        let shown = crate::json_patch::as_json_text(&text)?;
        let operations = Operations::parse(&text).map_err(|error| {
            error
                .wrap(format!("decoding {shown}"))
                .in_file(&source.file)
        })?;
        if operations.is_empty() {
            bail!("patch appears to be empty; file={path}, JsonOp={shown}");
        }
        Ok(Self {
            target,
            operations,
            shown,
            source,
        })
    }

    pub(super) fn apply(&self, resources: &mut ResMap, context: &Context) -> Result<()> {
        let Some(target) = &self.target else {
            bail!("must specify a target for patch {}", self.shown);
        };
        for at in selector::select(resources, target, context)? {
            let resource = &mut resources.as_mut_slice()[at];
            apply_json(&self.operations, resource, false)
                .flatten()
                .map_err(|error| error.in_file(&self.source.file).at_line(self.source.line))?;
        }
        Ok(())
    }
}
