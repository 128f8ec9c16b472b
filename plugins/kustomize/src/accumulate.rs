//! What a kustomization collects: objects, field specifications and vars.

use std::rc::Rc;

use crate::config::Config;
use crate::context::Context;
use crate::error::Result;
use crate::references;
use crate::resmap::ResMap;
use crate::vars::VarSet;

#[derive(Debug, Default)]
pub(crate) struct Accumulator {
    pub(crate) resources: ResMap,
    /// None while no kustomization has brought its own.
    pub(crate) config: Option<Rc<Config>>,
    pub(crate) vars: VarSet,
}

impl Accumulator {
    pub(crate) fn merge_config(&mut self, config: &Rc<Config>) -> Result<()> {
        self.config = Some(match &self.config {
            Some(known) => Config::merged_shared(known, config)?,
            // Even the first is merged with nothing: a specification that an earlier one covers is dropped.
            None => Config::merged_first(config)?,
        });
        Ok(())
    }

    /// The field specifications in use.
    pub(crate) fn config(&self) -> Rc<Config> {
        self.config.clone().unwrap_or_default()
    }

    /// Takes over what a base collected.
    pub(crate) fn merge(&mut self, other: Self, context: &Context) -> Result<()> {
        let Self {
            resources,
            config,
            vars,
        } = other;
        self.resources.append(resources.into_vec(), context)?;
        if let Some(config) = config {
            self.merge_config(&config)?;
        }
        self.vars.merge(vars)
    }

    /// Lets references follow the names that were changed, then writes the values of vars.
    pub(crate) fn resolve(&mut self, context: &Context) -> Result<()> {
        let config = self.config();
        references::fix(&mut self.resources, &config.name_reference, context)?;
        self.vars
            .resolve(&mut self.resources, &config.var_reference, context)
    }
}
