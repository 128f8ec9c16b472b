//! `replicas`: the count of objects of a name.

use rosin_manifest::node::Tag;

use crate::context::Context;
use crate::error::{Result, bail};
use crate::kustomization::{FieldSpec, Replica};
use crate::kyaml::{self, NodeKind};
use crate::resmap::ResMap;

pub(super) fn apply(
    resources: &mut ResMap,
    replica: &Replica,
    specs: &[FieldSpec],
    context: &Context,
) -> Result<()> {
    let mut found = false;
    let count = replica.count.to_string();
    for resource in resources.contents_mut() {
        if resource.is_empty()
            || (resource.name() != replica.name && !resource.was_named(&replica.name))
        {
            continue;
        }
        let mut ids: Vec<_> = resource.previous_ids().collect();
        ids.push(resource.current_id(context));
        for spec in specs {
            if !ids
                .iter()
                .any(|id| id.name == replica.name && id.gvk.is_selected_by(&spec.gvk))
            {
                continue;
            }
            found = true;
            kyaml::apply_spec(
                &mut resource.node,
                spec,
                Some(NodeKind::Scalar),
                &mut |node| kyaml::set_scalar(node, &count, Some(Tag::Int)),
            )?;
        }
    }
    if !found {
        let kinds: Vec<String> = specs.iter().map(|spec| spec.gvk.to_string()).collect();
        bail!(
            "resource with name {} does not match a config with the following GVK [{}]",
            replica.name,
            kinds.join(" ")
        );
    }
    Ok(())
}
