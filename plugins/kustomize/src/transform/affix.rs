//! `namePrefix` and `nameSuffix`.

use crate::context::Context;
use crate::error::Result;
use crate::id::Gvk;
use crate::kustomization::FieldSpec;
use crate::kyaml::{self, NodeKind};
use crate::resmap::ResMap;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Prefix,
    Suffix,
}

pub(super) fn apply(
    resources: &mut ResMap,
    side: Side,
    affix: &str,
    specs: &[FieldSpec],
    context: &Context,
) -> Result<()> {
    for resource in resources.as_mut_slice() {
        let original = resource.original_id(context).gvk;
        if keeps_its_name(&original) {
            continue;
        }
        for spec in specs
            .iter()
            .filter(|spec| original.is_selected_by(&spec.gvk))
        {
            if spec.path == "metadata/name" {
                match side {
                    Side::Prefix => resource.add_prefix(affix),
                    Side::Suffix => resource.add_suffix(affix),
                }
                if !affix.is_empty() {
                    resource.store_previous_id(context);
                }
            }
            kyaml::apply_spec(
                &mut resource.node,
                spec,
                Some(NodeKind::Scalar),
                &mut |node| {
                    let name = kyaml::text(node);
                    let name = match side {
                        Side::Prefix => format!("{affix}{name}"),
                        Side::Suffix => format!("{name}{affix}"),
                    };
                    kyaml::set_scalar(node, &name, None)
                },
            )?;
        }
    }
    Ok(())
}

/// Kinds whose names mean something by themselves.
fn keeps_its_name(gvk: &Gvk) -> bool {
    match gvk.kind.as_str() {
        "CustomResourceDefinition" | "Namespace" => true,
        "APIService" => gvk.group == "apiregistration.k8s.io",
        _ => false,
    }
}
