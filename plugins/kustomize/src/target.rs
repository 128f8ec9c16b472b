//! One kustomization and its part of the build: collect what it names, generate, transform, validate.

mod builtin;
mod collect;
mod quoted;
mod validators;

use std::rc::Rc;

use crate::accumulate::Accumulator;
use crate::config::{self, Config};
use crate::context::Context;
use crate::error::{Result, Wrap, bail};
use crate::kustomization::{Kustomization, Var};
use crate::loader::Loader;
use crate::origin::Origin;
use crate::path;
use crate::plugin::{self, Generator};
use crate::resmap::ResMap;
use crate::resource::{Resource, Source};
use crate::transform::Transformer;

/// A kustomization in its folder.
pub(crate) struct Target<'a> {
    loader: Loader<'a>,
    context: &'a Context,
    kustomization: Kustomization,
    file: &'static str,
    /// The folder as origins name it; None where nobody wants to know.
    origin: Option<Origin>,
    /// Of the kustomization that names this one, for charts.
    parent_namespace: String,
}

impl<'a> Target<'a> {
    /// Reads the kustomization file of the loader's folder.
    pub(crate) fn load(
        loader: Loader<'a>,
        context: &'a Context,
        origin: Option<Origin>,
    ) -> Result<Self> {
        let (content, file) = loader.kustomization_file()?;
        let path = path::join(loader.root(), file);
        let mut warn = |warning: &str| context.warn(warning);
        let kustomization =
            Kustomization::parse(&content, &loader.display_root(), &mut warn).in_file(&path)?;
        Ok(Self {
            loader,
            context,
            kustomization,
            file,
            origin,
            parent_namespace: String::new(),
        })
    }

    /// The namespace of charts that are given none.
    pub(crate) fn helm_namespace(&self) -> &str {
        if self.kustomization.namespace.is_empty() {
            &self.parent_namespace
        } else {
            &self.kustomization.namespace
        }
    }

    /// A kustomization that is not, or not only, what its file says.
    pub(crate) fn with(
        loader: Loader<'a>,
        context: &'a Context,
        kustomization: Kustomization,
        file: &'static str,
    ) -> Self {
        Self {
            loader,
            context,
            kustomization,
            file,
            origin: None,
            parent_namespace: String::new(),
        }
    }

    pub(crate) fn kustomization(&self) -> &Kustomization {
        &self.kustomization
    }

    fn file_path(&self) -> String {
        path::join(self.loader.root(), self.file)
    }

    /// Where things come from that the kustomization file itself holds.
    fn source(&self) -> Source {
        Source {
            file: self.file_path().as_str().into(),
            line: 0,
        }
    }

    /// Chooses the schema that the kustomization asks for.
    pub(crate) fn set_schema(&self, outermost: bool) -> Result<()> {
        let openapi = &self.kustomization.openapi;
        let custom = match openapi.get("path") {
            Some(path) => Some(self.loader.load(path)?),
            None => None,
        };
        self.context.set_schema(
            openapi.get("version").map(String::as_str),
            custom.as_deref(),
            outermost,
        )
    }

    /// The whole build, for which this is the outermost kustomization.
    pub(crate) fn build(&mut self) -> Result<ResMap> {
        if !self.kustomization.build_metadata.is_empty() {
            self.origin = Some(Origin::default());
        }
        let mut collected = self.accumulate(Accumulator::default())?;
        crate::transform::add_hashes(&mut collected.resources, self.context)?;
        collected.resolve(self.context)?;
        let mut resources = collected.resources;
        for resource in resources.iter().filter(|resource| !resource.is_empty()) {
            Resource::validate(&resource.node)
                .or_else(|_| Resource::validate(&resource.annotated()))
                .map_err(|error| {
                    error
                        .in_file(&resource.source.file)
                        .at_line(resource.source.line)
                })?;
        }
        resources.retain(|resource| !resource.is_empty() && !resource.is_local());
        resources.check_unique(self.context)?;
        Ok(resources)
    }

    /// What this kustomization makes of what was collected before: nothing for a Kustomization, its parent's objects for a
    /// Component.
    fn accumulate(&self, collected: Accumulator) -> Result<Accumulator> {
        let kustomization = &self.kustomization;
        let mut collected = self
            .resources(collected, &kustomization.resources)
            .wrap("accumulating resources")?;
        let config = Config::load(&self.loader, &kustomization.configurations)?;
        collected
            .merge_config(&config)
            .map_err(|error| error.wrap(format!("merging config {config}")))?;
        if !kustomization.crds.is_empty() {
            let crds = config::from_crds(&self.loader, &kustomization.crds)
                .wrap(format!("loading CRDs [{}]", kustomization.crds.join(" ")))?;
            let merged = collected
                .config()
                .merged(&crds)
                .map_err(|error| error.wrap(format!("merging CRDs {crds}")))?;
            collected.config = Some(Rc::new(merged));
        }
        self.generate(&mut collected)?;
        let mut collected = self.components(collected).wrap("accumulating components")?;
        self.transform(&mut collected)?;
        self.validate(&mut collected)?;
        collected
            .vars
            .declare(&kustomization.vars, &mut collected.resources, self.context)
            .map_err(|error| {
                let vars: Vec<String> = kustomization.vars.iter().map(Var::shown).collect();
                error.wrap(format!("merging vars [{}]", vars.join(" ")))
            })
            .map_err(|error| error.at_field("vars"))?;
        Ok(collected)
    }

    fn generate(&self, collected: &mut Accumulator) -> Result<()> {
        let file = self.file_path();
        let builtin = self.builtin_generators()?;
        let configs = self
            .plugin_configs(
                &self.kustomization.generators,
                "configuring external generator",
            )
            .wrap("loading generator plugins")?;
        let mut external = Vec::with_capacity(configs.len());
        for config in configs {
            let generator = Generator::load(&config, &self.loader, self.context)
                .wrap("loading generator plugins: failed to load generator")?;
            external.push((generator, config));
        }
        for (generate, origin) in builtin {
            for mut resource in generate().in_file(&file)? {
                resource.origin.clone_from(&origin);
                self.absorb(collected, resource).in_file(&file)?;
            }
        }
        for (generator, config) in external {
            for mut resource in generator.generate(&self.loader, &config, self.context)? {
                resource.origin = plugin::origin(&config);
                self.absorb(collected, resource)
                    .in_file(&config.source.file)?;
            }
        }
        Ok(())
    }

    fn absorb(&self, collected: &mut Accumulator, resource: Resource) -> Result<()> {
        let kind = resource.kind().to_owned();
        let name = resource.name().to_owned();
        collected
            .resources
            .absorb(resource, self.context)
            .wrap(format!("merging from generator of {kind} {name}"))
    }

    fn transform(&self, collected: &mut Accumulator) -> Result<()> {
        let mut transformers = self.builtin_transformers(&collected.config())?;
        for config in self.plugin_configs(
            &self.kustomization.transformers,
            "configuring external transformer",
        )? {
            let transformer = plugin::transformer(&config, &self.loader, self.context)?;
            transformers.push((transformer, plugin::origin(&config)));
        }
        let file = self.file_path();
        for (transformer, origin) in transformers {
            self.run(&transformer, origin, &mut collected.resources)
                .in_file(&file)?;
        }
        Ok(())
    }

    fn run(
        &self,
        transformer: &Transformer,
        origin: Option<Origin>,
        resources: &mut ResMap,
    ) -> Result<()> {
        transformer.apply(resources, self.context)?;
        if let Some(origin) = origin {
            for resource in resources.contents_mut() {
                resource.add_transformation(&origin).map_err(|error| {
                    error
                        .in_file(&resource.source.file)
                        .at_line(resource.source.line)
                })?;
            }
        }
        resources.drop_empty();
        Ok(())
    }

    /// The objects that configure plugins: given in the kustomization file, or in files and folders that it names.
    fn plugin_configs(&self, entries: &[String], what: &str) -> Result<Vec<Resource>> {
        let mut configs = Accumulator::default();
        let mut paths = Vec::new();
        for entry in entries {
            let Ok(inline) = crate::read::resources(entry.as_bytes(), &self.file_path()) else {
                paths.push(entry.clone());
                continue;
            };
            let origin = self.origin.as_ref().map(|origin| origin.append(self.file));
            let inline = inline.into_iter().map(|mut resource| {
                resource.origin.clone_from(&origin);
                // The line inside of the entry says nothing about the file.
                resource.source.line = 0;
                resource
            });
            configs.resources.append(inline, self.context).wrap(what)?;
        }
        let configs = self.resources(configs, &paths)?;
        Ok(configs.resources.into_vec())
    }

    fn check_kind(&self, folder: &str, component: bool) -> Result<()> {
        match (component, self.kustomization.is_component()) {
            (true, false) => {
                bail!(
                    "expected kind 'Component' for path '{folder}' but got '{}'",
                    self.kustomization.kind
                )
            }
            (false, true) => bail!("expected kind != 'Component' for path '{folder}'"),
            _ => Ok(()),
        }
    }
}
