//! `validators`: transformers that may fail a build but not change it.

use std::collections::HashMap;

use rosin_manifest::node::{Kind, Node};
use rosin_manifest::yaml::{self, Dialect};

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
    let mut found: HashMap<Key, Vec<&Resource>> = HashMap::new();
    for resource in after {
        let key = resource.current_key(context);
        found.entry(key).or_default().push(resource);
    }
    for resource in before {
        let id = resource.current_id(context);
        let after = match found.get(&resource.current_key(context)).map(Vec::as_slice) {
            Some([after]) => *after,
            Some(several) => bail!("id in self matches {} in other; id: {id}", several.len()),
            None => bail!("id in self missing from other; id: {id}"),
        };
        let mut checked = after.clone();
        let mut labels = checked.meta_map("labels");
        if labels.remove(VALIDATED_BY).is_some() {
            checked.set_meta_map("labels", labels);
        }
        let (before, after) = (resource.annotated(), checked.annotated());
        if before.to_json() != after.to_json() || !is_where_it_was(resource, &checked) {
            bail!(
                "nodes unequal: \n -- {},\n -- {}\n",
                crate::yaml::json_text(&before),
                crate::yaml::json_text(&after)
            );
        }
    }
    Ok(())
}

/// Whether nothing was written anew. The original compares also where values stand in their file, and how they are written: what a
/// patch sets has no place, and after a JSON patch all have those that they get when the object is printed and read again.
fn is_where_it_was(before: &Resource, after: &Resource) -> bool {
    if before.read_again || !after.read_again {
        return same_places(&before.node, &after.node, 0);
    }
    // Annotations are set once more, and a document is cut off behind the line that parts it from the one above: one whose first
    // field is in the second line has a comment there, or that line itself.
    if before.node.line == 2 || !after.meta_map("annotations").is_empty() {
        return false;
    }
    let printed = yaml::to_string_kyaml(&after.node);
    let (Ok(read), Some(above)) = (
        yaml::read_one(printed.as_bytes(), Dialect::Kyaml),
        before.node.line.checked_sub(1),
    ) else {
        return false;
    };
    same_places(&before.node, &read, above)
}

/// Whether two trees of the same values are at the same places, the first so many lines below the second, and in the same style.
fn same_places(before: &Node, after: &Node, above: u32) -> bool {
    let mut pairs = vec![(before, after)];
    while let Some((a, b)) = pairs.pop() {
        let is_same = a.line == b.line + above
            && (a.column, a.flow, &a.comments) == (b.column, b.flow, &b.comments);
        if !is_same {
            return false;
        }
        match (&a.kind, &b.kind) {
            (Kind::Scalar(a), Kind::Scalar(b)) if a == b => {}
            (Kind::Sequence(a), Kind::Sequence(b)) => pairs.extend(a.iter().zip(b.iter())),
            (Kind::Mapping(a), Kind::Mapping(b)) => {
                let entries = || a.entries().iter().zip(b.entries());
                if entries().any(|((a, _), (b, _))| a != b) {
                    return false;
                }
                pairs.extend(entries().map(|((_, a), (_, b))| (a, b)));
            }
            _ => return false,
        }
    }
    true
}
