//! Transformers: what changes the objects of a kustomization, one after the other.

mod affix;
mod fields;
mod hash;
mod image;
mod namespace;
mod patch;
mod replacement;
mod replicas;
mod sort;
mod value_add;

use std::collections::BTreeMap;

pub(crate) use affix::Side;
pub(crate) use hash::add_hashes;
pub(crate) use image::ImageTag;
pub(crate) use namespace::{NamespaceArgs, SubjectMode};
pub(crate) use patch::{JsonPatch, Patch, PatchArgs, StrategicMerge};
pub(crate) use replacement::load as load_replacements;
pub(crate) use sort::sort;
pub(crate) use value_add::ValueAdd;

use crate::context::Context;
use crate::error::Result;
use crate::kustomization::{FieldSpec, Replacement, Replica};
use crate::resmap::ResMap;
use crate::resource::Resource;

/// A transformer that is configured and ready to work.
pub(crate) enum Transformer {
    /// One after the other.
    All(Vec<Self>),
    Annotations {
        annotations: BTreeMap<String, String>,
        specs: Vec<FieldSpec>,
    },
    Hash,
    Image(ImageTag),
    JsonPatch(JsonPatch),
    Labels {
        labels: BTreeMap<String, String>,
        specs: Vec<FieldSpec>,
    },
    Namespace(NamespaceArgs),
    Affix {
        side: Side,
        text: String,
        specs: Vec<FieldSpec>,
    },
    Patch(Patch),
    Replacements(Vec<Replacement>),
    Replicas {
        replica: Replica,
        specs: Vec<FieldSpec>,
    },
    StrategicMerge(StrategicMerge),
    ValueAdd(ValueAdd),
}

impl Transformer {
    pub(crate) fn apply(&self, resources: &mut ResMap, context: &Context) -> Result<()> {
        self.change(resources, context)?;
        if self.may_change_labels() {
            resources
                .contents_mut()
                .iter_mut()
                .for_each(Resource::settle_shared);
        }
        Ok(())
    }

    /// Whether labels or annotations that are there already can get another value.
    fn may_change_labels(&self) -> bool {
        match self {
            Self::Annotations { .. }
            | Self::Labels { .. }
            | Self::Patch(_)
            | Self::Replacements(_)
            | Self::StrategicMerge(_)
            | Self::ValueAdd(_) => true,
            Self::All(_)
            | Self::Hash
            | Self::Image(_)
            | Self::JsonPatch(_)
            | Self::Namespace(_)
            | Self::Affix { .. }
            | Self::Replicas { .. } => false,
        }
    }

    fn change(&self, resources: &mut ResMap, context: &Context) -> Result<()> {
        match self {
            Self::All(all) => all
                .iter()
                .try_for_each(|transformer| transformer.apply(resources, context)),
            Self::Annotations { annotations, specs } => {
                fields::set_entries(resources, annotations, specs)
            }
            Self::Hash => add_hashes(resources, context),
            Self::Image(image) => image.apply(resources),
            Self::JsonPatch(patch) => patch.apply(resources, context),
            Self::Labels { labels, specs } => fields::set_entries(resources, labels, specs),
            Self::Namespace(args) => args.apply(resources, context),
            Self::Affix { side, text, specs } => {
                affix::apply(resources, *side, text, specs, context)
            }
            Self::Patch(patch) => patch.apply(resources, context),
            Self::Replacements(replacements) => {
                replacement::apply(resources, replacements, context)
            }
            Self::Replicas { replica, specs } => {
                replicas::apply(resources, replica, specs, context)
            }
            Self::StrategicMerge(patches) => patches.apply(resources, context),
            Self::ValueAdd(value_add) => value_add.apply(resources, context),
        }
    }
}
