//! Labels and annotations: entries that are set in every mapping that the field specifications name.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::error::Result;
use crate::kustomization::FieldSpec;
use crate::kyaml::{self, NodeKind};
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::shared::{Path, Shared};

pub(super) fn set_entries(
    resources: &mut ResMap,
    entries: &BTreeMap<String, String>,
    specs: &[FieldSpec],
) -> Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let specs: Vec<(&FieldSpec, Path)> = specs
        .iter()
        .map(|spec| (spec, kyaml::split_path(&spec.path, '/').into()))
        .collect();
    let entries: Vec<(Rc<str>, &str)> = entries
        .iter()
        .map(|(key, value)| (key.as_str().into(), value.as_str()))
        .collect();
    // No field that is set here is part of an identity, unless a specification of the user's says `metadata`.
    let changes_identity = specs.iter().any(|(spec, _)| spec.path == "metadata");
    let list = if changes_identity {
        resources.as_mut_slice()
    } else {
        resources.contents_mut()
    };
    for resource in list {
        for (key, value) in &entries {
            set_entry(resource, key, value, &specs).map_err(|error| {
                error
                    .in_file(&resource.source.file)
                    .at_line(resource.source.line)
            })?;
        }
    }
    Ok(())
}

fn set_entry(
    resource: &mut Resource,
    key: &Rc<str>,
    value: &str,
    specs: &[(&FieldSpec, Path)],
) -> Result<()> {
    let mut created: Vec<Path> = Vec::new();
    for (spec, path) in specs {
        if !kyaml::fits(&resource.node, spec) {
            continue;
        }
        let mut is_new = false;
        kyaml::apply_path(
            &mut resource.node,
            spec,
            path,
            Some(NodeKind::Mapping),
            &mut |node| {
                // What the original appends to a null that it must not create is never written.
                if node.is_null() {
                    return Ok(());
                }
                is_new |= node.get(key).is_none();
                kyaml::set_string(node, key, value)
            },
        )?;
        if is_new {
            created.push(Rc::clone(path));
        }
    }
    if created.len() > 1 {
        resource.share(Shared::new(key, value, created));
    }
    Ok(())
}
