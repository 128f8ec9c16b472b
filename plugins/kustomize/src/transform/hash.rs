//! Appends the hash of their content to the names of generated objects.

use crate::context::Context;
use crate::error::Result;
use crate::generate;
use crate::resmap::ResMap;

pub(crate) fn add_hashes(resources: &mut ResMap, context: &Context) -> Result<()> {
    for resource in resources
        .as_mut_slice()
        .iter_mut()
        .filter(|resource| resource.needs_hash)
    {
        let hash = generate::hash(&resource.node)?;
        resource.store_previous_id(context);
        let name = format!("{}-{hash}", resource.name());
        resource.set_name(&name);
    }
    Ok(())
}
