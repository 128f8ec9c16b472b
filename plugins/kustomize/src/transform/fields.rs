//! Labels and annotations: entries that are set in every mapping that the field specifications name.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::kustomization::FieldSpec;
use crate::kyaml::{self, NodeKind};
use crate::resmap::ResMap;

pub(super) fn set_entries(
    resources: &mut ResMap,
    entries: &BTreeMap<String, String>,
    specs: &[FieldSpec],
) -> Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    // No field that is set here can be part of an identity: they are all below mappings of the objects' own choosing, except
    // for specifications of the user's that name `metadata`.
    let changes_identity = specs.iter().any(|spec| spec.path == "metadata");
    let list = if changes_identity { resources.as_mut_slice() } else { resources.contents_mut() };
    for resource in list {
        for (key, value) in entries {
            kyaml::apply_specs(&mut resource.node, specs, Some(NodeKind::Mapping), &mut |node| {
                kyaml::set_string(node, key, value)
            })
            .map_err(|error| error.in_file(&resource.source.file).at_line(resource.source.line))?;
        }
    }
    Ok(())
}
