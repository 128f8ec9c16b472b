//! `replacements`: copies a value of one object to fields of others.

use std::collections::BTreeSet;

use rosin_manifest::node::{Kind, Node, SmolStr};

use crate::context::Context;
use crate::decode::{Mode, decode, decode_list};
use crate::error::{Error, Result, Wrap, bail};
use crate::id::ResId;
use crate::kustomization::{
    FieldOptions, Replacement, ReplacementField, SourceSelector, TargetSelector,
};
use crate::kyaml::{self, NodeKind, PathMatch};
use crate::loader::Loader;
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::selector::Matcher;

/// Where a replacement goes, or comes from, unless it says so.
const DEFAULT_FIELD: &str = "metadata.name";

/// Reads the files that entries name.
pub(crate) fn load(fields: &[ReplacementField], loader: &Loader<'_>) -> Result<Vec<Replacement>> {
    let mut replacements = Vec::new();
    for ReplacementField { path, replacement } in fields {
        if path.is_empty() {
            replacements.push(replacement.clone());
            continue;
        }
        if replacement.source.is_some()
            || replacement
                .targets
                .as_ref()
                .is_some_and(|targets| !targets.is_empty())
        {
            bail!("cannot specify both path and inline replacement");
        }
        let content = loader.load(path)?;
        let file = loader.resolve(path);
        let json = crate::yaml::unmarshal(&content).in_file(&file)?;
        let decoded = match &json {
            serde_json::Value::Array(_) => decode_list(&json, Mode::PLUGIN),
            serde_json::Value::Object(_) => {
                decode(&json, Mode::PLUGIN).map(|replacement| vec![replacement])
            }
            other => {
                let kind = match other {
                    serde_json::Value::String(_) => "string",
                    serde_json::Value::Bool(_) => "bool",
                    serde_json::Value::Number(_) => "float64",
                    _ => "invalid",
                };
                bail!("unsupported replacement type encountered within replacement path: {kind}")
            }
        };
        replacements.extend(decoded.map_err(|error| {
            Error::new(format!(
                "error unmarshaling JSON: while decoding JSON: {}",
                error.message
            ))
            .in_file(&file)
            .at_field(&error.field)
        })?);
    }
    Ok(replacements)
}

pub(super) fn apply(
    resources: &mut ResMap,
    replacements: &[Replacement],
    context: &Context,
) -> Result<()> {
    let mut changed = BTreeSet::new();
    for replacement in replacements {
        let Replacement {
            source,
            source_value,
            targets,
        } = replacement;
        let Some(targets) = targets
            .as_ref()
            .filter(|_| source.is_some() || source_value.is_some())
        else {
            bail!("replacements must specify a source and at least one target");
        };
        let mut value = match (source, source_value) {
            (Some(_), Some(_)) => bail!("value and resource selectors are mutually exclusive"),
            (None, Some(value)) => Replaced::constant(Node::plain(value.as_str())),
            (Some(source), None) => source_value_of(resources, source, context)?,
            (None, None) => Replaced::constant(Node::null()),
        };
        for target in targets {
            changed.extend(copy_to(resources, &mut value, target, context)?);
        }
    }
    for at in changed {
        resources.contents_mut()[at].check_types = true;
    }
    Ok(())
}

/// The value that is copied. Where it is part of an object that gets it too, it changes with the object.
struct Replaced {
    node: Node,
    /// The object that it is part of, and the path to it.
    live: Option<(usize, Vec<String>)>,
}

impl Replaced {
    fn constant(node: Node) -> Self {
        Self { node, live: None }
    }

    /// The value as it is by now, for a field of the object at this place.
    fn for_object(&mut self, at: usize, object: &Resource) -> &Node {
        if let Some((source, path)) = &self.live
            && *source == at
            && let Ok(Some(node)) = kyaml::lookup(&object.seen_at(path), path)
        {
            self.node = node.clone();
        }
        &self.node
    }
}

/// The identities that an object has or had, the present one first and without regard to its scope in earlier ones.
fn ids(resource: &Resource, context: &Context) -> Vec<ResId> {
    std::iter::once(resource.current_id(context))
        .chain(resource.previous_ids())
        .collect()
}

fn source_value_of(
    resources: &ResMap,
    source: &SourceSelector,
    context: &Context,
) -> Result<Replaced> {
    let wanted = ResId {
        cluster_scoped: false,
        ..source.id.clone()
    };
    let mut found = resources.iter().enumerate().filter(|(_, resource)| {
        let plausible = wanted.name.is_empty()
            || resource.name() == wanted.name
            || resource.was_named(&wanted.name);
        plausible
            && ids(resource, context)
                .iter()
                .any(|id| plain(id).is_selected_by(&wanted))
    });
    let (at, resource) = match (found.next(), found.next()) {
        (Some(found), None) => found,
        (None, _) => bail!("nothing selected by {source}"),
        (Some(_), Some(_)) => bail!("multiple matches for selector {source}"),
    };
    let field_path = if source.field_path.is_empty() {
        DEFAULT_FIELD
    } else {
        &source.field_path
    };
    let path = kyaml::split_bracketed(field_path, '.');
    let located = |error: Error| {
        error
            .in_file(&resource.source.file)
            .at_line(resource.source.line)
            .at_field(field_path)
    };
    let object = resource.seen_at(&path);
    let node = kyaml::lookup(&object, &path)
        .wrap("error looking up replacement source")
        .map_err(located)?
        .filter(|node| !kyaml::is_empty(node));
    let Some(node) = node else {
        return Err(located(Error::new(format!(
            "fieldPath `{field_path}` is missing for replacement source {}",
            source.id
        ))));
    };
    let is_part = source
        .options
        .as_ref()
        .is_some_and(|options| !options.delimiter.is_empty());
    Ok(Replaced {
        node: refined(node, source.options.as_ref())?,
        live: (!is_part).then_some((at, path)),
    })
}

/// Replacements do not know of cluster scope when they compare namespaces of sources.
fn plain(id: &ResId) -> ResId {
    id.clone()
}

fn refined(node: &Node, options: Option<&FieldOptions>) -> Result<Node> {
    let Some(options) = options.filter(|options| !options.delimiter.is_empty()) else {
        return Ok(node.clone());
    };
    let Some(scalar) = node.as_scalar() else {
        bail!("delimiter option can only be used with scalar nodes");
    };
    let mut parts = scalar.value.split(options.delimiter.as_str());
    let part = usize::try_from(options.index)
        .ok()
        .and_then(|index| parts.nth(index));
    match part {
        Some(part) => {
            let mut scalar = scalar.clone();
            scalar.value = part.into();
            Ok(scalar.into())
        }
        None => bail!(
            "options.index {} is out of bounds for value {}",
            options.index,
            scalar.value
        ),
    }
}

/// Says which objects it changed.
fn copy_to(
    resources: &mut ResMap,
    value: &mut Replaced,
    target: &TargetSelector,
    context: &Context,
) -> Result<Vec<usize>> {
    let Some(select) = &target.select else {
        bail!("target must specify resources to select");
    };
    let select = Matcher::new(select).wrap("error creating target selector")?;
    let rejects = target
        .reject
        .iter()
        .map(Matcher::new)
        .collect::<Result<Vec<_>>>()
        .wrap("error creating target selector")?;
    let default = [DEFAULT_FIELD.to_owned()];
    let field_paths = if target.field_paths.is_empty() {
        &default
    } else {
        target.field_paths.as_slice()
    };
    let chosen: Vec<usize> = resources
        .iter()
        .enumerate()
        .filter(|(_, resource)| is_chosen(resource, &select, &rejects, context))
        .map(|(at, _)| at)
        .collect();
    for &at in &chosen {
        let resource = &mut resources.as_mut_slice()[at];
        for field_path in field_paths {
            let current = value.for_object(at, resource).clone();
            let path = kyaml::split_bracketed(field_path, '.');
            let set = |object: &mut Node| {
                set(object, &current, &path, field_path, target.options.as_ref())
            };
            resource.change_at(&path, set).map_err(|error| {
                error
                    .in_file(&resource.source.file)
                    .at_line(resource.source.line)
                    .at_field(field_path)
            })?;
            // What is copied from here on is what has become of it.
            value.for_object(at, resource);
        }
    }
    Ok(chosen)
}

fn is_chosen(
    resource: &Resource,
    select: &Matcher,
    rejects: &[Matcher],
    context: &Context,
) -> bool {
    if !select.matches_labels(resource) {
        return false;
    }
    if rejects
        .iter()
        .any(|reject| reject.has_label_selectors() && reject.matches_labels(resource))
    {
        return false;
    }
    let ids = ids(resource, context);
    let rejected = rejects
        .iter()
        .filter(|reject| !reject.says_nothing_of_identity())
        .any(|reject| ids.iter().any(|id| reject.matches_id(id)));
    !rejected && ids.iter().any(|id| select.matches_id(id))
}

fn set(
    object: &mut Node,
    value: &Node,
    path: &[String],
    field_path: &str,
    options: Option<&FieldOptions>,
) -> Result<()> {
    let creates = options.is_some_and(|options| options.create);
    let create = creates.then(|| NodeKind::of(value));
    if set_inside_text(object, value, path, create, options).is_ok() {
        return Ok(());
    }
    let retrieval = || {
        if creates {
            format!("unable to find or create field \"{field_path}\" in replacement target")
        } else {
            format!("unable to find field \"{field_path}\" in replacement target")
        }
    };
    // Errors of setting a value are reported as they are, those of finding the field are wrapped.
    let mut failed = None;
    let mut visit = |field: &mut Node, created| {
        set_field(field, created, value, options).inspect_err(|error| failed = Some(error.clone()))
    };
    let found = kyaml::match_path(
        object,
        path,
        &mut PathMatch {
            create,
            visit: &mut visit,
        },
    );
    if let Some(error) = failed {
        return Err(error);
    }
    match found.map_err(|error| error.wrap(retrieval()))? {
        0 => Err(Error::new(retrieval())),
        _ => Ok(()),
    }
}

fn set_field(
    field: &mut Node,
    created: bool,
    value: &Node,
    options: Option<&FieldOptions>,
) -> Result<()> {
    let joined = match options.filter(|options| !options.delimiter.is_empty()) {
        None => None,
        Some(options) => {
            let Some(old) = field.as_scalar() else {
                bail!("delimiter option can only be used with scalar nodes");
            };
            let mut parts: Vec<&str> = old.value.split(options.delimiter.as_str()).collect();
            let part = kyaml::text(value);
            match usize::try_from(options.index) {
                Err(_) => parts.insert(0, part),
                Ok(index) if index >= parts.len() => parts.push(part),
                Ok(index) => parts[index] = part,
            }
            Some(SmolStr::from(parts.join(&options.delimiter)))
        }
    };
    match &mut field.kind {
        // The target keeps its type: a number stays one and a string too. If the text does not allow it, that shows when the
        // object is printed. Only what was just created is what its text says.
        Kind::Scalar(scalar) => {
            scalar.value = match joined {
                Some(joined) => joined,
                None if value.is_scalar() => kyaml::text(value).into(),
                None => SmolStr::default(),
            };
            if created {
                *scalar = kyaml::untagged(&scalar.value, scalar.style);
            }
        }
        _ => *field = value.clone(),
    }
    Ok(())
}

/// The path leads into a text that is itself JSON or YAML: changes it there and writes the text anew.
fn set_inside_text(
    object: &mut Node,
    value: &Node,
    path: &[String],
    create: Option<NodeKind>,
    options: Option<&FieldOptions>,
) -> Result<()> {
    for length in 1..path.len() {
        let (outer, inner) = path.split_at(length);
        let Ok(Some(field)) = kyaml::lookup_mut(object, outer) else {
            continue;
        };
        let Some(scalar) = field.as_scalar_mut() else {
            continue;
        };
        let text = scalar.value.clone();
        let Ok(mut document) = crate::yaml::parse_one(text.as_bytes()) else {
            continue;
        };
        let mut visit = |field: &mut Node, created| set_field(field, created, value, options);
        let found = kyaml::match_path(
            &mut document,
            inner,
            &mut PathMatch {
                create,
                visit: &mut visit,
            },
        )?;
        if found == 0 {
            bail!("unable to find field in structured data");
        }
        scalar.value = written_like(&document, &text)?.into();
        return Ok(());
    }
    bail!("no structured data found in path")
}

/// The document as JSON or YAML, whichever the text was, and with line breaks if it had them.
fn written_like(document: &Node, text: &str) -> Result<String> {
    crate::yaml::check_tags(document)?;
    match text.trim_start().chars().next() {
        Some('{' | '[') => {
            let json = crate::yaml::node_to_json(document)?;
            if text.contains('\n') && text.contains("  ") {
                Ok(crate::yaml::go_json_indented(&json))
            } else {
                Ok(crate::yaml::go_json(&json))
            }
        }
        _ => Ok(crate::yaml::node_text(document).trim().to_owned()),
    }
}
