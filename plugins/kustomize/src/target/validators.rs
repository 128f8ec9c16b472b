//! `validators`: transformers that may fail a build but not change it.

use std::collections::HashMap;

use super::Target;
use crate::accumulate::Accumulator;
use crate::context::Context;
use crate::error::{Result, Wrap, bail};
use crate::id::Key;
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
            unchanged(&before, collected.resources.as_slice(), self.context)
                .wrap("validator shouldn't modify the resource map")?;
        }
        Ok(())
    }
}

fn unchanged(before: &[Resource], after: &[Resource], context: &Context) -> Result<()> {
    if before.len() != after.len() {
        bail!(
            "lists have different number of entries: {} and {}",
            before.len(),
            after.len()
        );
    }
    let mut found: HashMap<Key, Vec<&Resource>> = HashMap::new();
    for resource in after {
        let key = resource.current_key(context);
        found.entry(key).or_default().push(resource);
    }
    for before in before {
        let id = before.current_id(context);
        let after = match found.get(&before.current_key(context)).map(Vec::as_slice) {
            Some([after]) => *after,
            Some(several) => bail!("id in self matches {} in other; id: {id}", several.len()),
            None => bail!("id in self missing from other; id: {id}"),
        };
        let mut checked = after.clone();
        let mut labels = checked.meta_map("labels");
        if labels.remove(VALIDATED_BY).is_some() {
            checked.set_meta_map("labels", labels);
        }
        let (before, after) = (before.annotated(), checked.annotated());
        if before.to_json() != after.to_json() {
            bail!(
                "nodes unequal: \n -- {},\n -- {}\n",
                crate::yaml::json_text(&before),
                crate::yaml::json_text(&after)
            );
        }
    }
    Ok(())
}
