//! `validators`: transformers that may fail a build but not change it.

use super::Target;
use crate::accumulate::Accumulator;
use crate::error::{Result, Wrap, bail};
use crate::plugin;
use crate::resource::Resource;

/// The one label that a validator may leave.
const VALIDATED_BY: &str = "validated-by";

impl Target<'_> {
    pub(super) fn validate(&self, collected: &mut Accumulator) -> Result<()> {
        let configs = self.plugin_configs(
            &self.kustomization.validators,
            "configuring external transformer",
        )?;
        let mut validators = Vec::with_capacity(configs.len());
        for config in &configs {
            validators.push(plugin::transformer(config, &self.loader, self.context)?);
        }
        for validator in validators {
            let before: Vec<Resource> = collected.resources.iter().cloned().collect();
            validator.apply(&mut collected.resources, self.context)?;
            unchanged(&before, collected.resources.as_slice())
                .wrap("validator shouldn't modify the resource map")?;
        }
        Ok(())
    }
}

fn unchanged(before: &[Resource], after: &[Resource]) -> Result<()> {
    if before.len() != after.len() {
        bail!(
            "lists have different number of entries: {} and {}",
            before.len(),
            after.len()
        );
    }
    for (before, after) in before.iter().zip(after) {
        let mut checked = after.clone();
        let mut labels = checked.meta_map("labels");
        if labels.remove(VALIDATED_BY).is_some() {
            checked.set_meta_map("labels", labels);
        }
        if before.node.to_json() != checked.node.to_json() {
            bail!(
                "nodes unequal: \n -- {},\n -- {}\n",
                crate::yaml::json_text(&before.annotated()),
                crate::yaml::json_text(&checked.annotated())
            );
        }
    }
    Ok(())
}
