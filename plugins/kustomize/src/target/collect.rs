//! Resources, bases and components: the files and folders that a kustomization names.

use super::Target;
use crate::accumulate::Accumulator;
use crate::error::{Error, Result, Wrap};
use crate::loader::Loader;
use crate::read;

impl<'a> Target<'a> {
    /// Adds what the paths name: files, or folders with a kustomization of their own.
    pub(super) fn resources(
        &self,
        mut collected: Accumulator,
        paths: &[String],
    ) -> Result<Accumulator> {
        let file = self.file_path();
        for path in paths {
            let Err(not_a_file) = self.resource_file(&mut collected, path) else {
                continue;
            };
            let located = |error: Error| error.in_file(&file).at_field("resources");
            let loader = match self.loader.enter(path) {
                Ok(loader) => loader,
                Err(_) if not_a_file.is_malformed_yaml() => return Err(located(not_a_file)),
                Err(error) => {
                    // The place is in the file that was read, if it was one.
                    let message = format!(
                        "accumulation err='{}': {}",
                        not_a_file.message, error.message
                    );
                    return Err(located(not_a_file.map(|_| message)));
                }
            };
            collected = self
                .folder(collected, loader, path, false)
                .map_err(|error| {
                    error.wrap(format!("accumulation err='{}'", not_a_file.message))
                })?;
        }
        Ok(collected)
    }

    fn resource_file(&self, collected: &mut Accumulator, path: &str) -> Result<()> {
        let layer = || format!("accumulating resources from '{path}'");
        let content = self
            .loader
            .load(path)
            .map_err(|error| error.wrap(layer()))?;
        let mut resources = read::resources(&content, &self.loader.resolve(path))
            .map_err(|error| read::naming_file(error, path).wrap(layer()))?;
        if let Some(origin) = &self.origin {
            let origin = origin.append(path);
            for resource in &mut resources {
                resource.origin = Some(origin.clone());
            }
        }
        // The file's own objects must differ from each other before they are compared with others.
        let mut file = crate::resmap::ResMap::default();
        file.append(resources, self.context)
            .map_err(|error| error.wrap(layer()))?;
        collected
            .resources
            .append(file.into_vec(), self.context)
            .map_err(|error| error.wrap(format!("merging resources from '{path}'")))
    }

    pub(super) fn components(&self, mut collected: Accumulator) -> Result<Accumulator> {
        for path in &self.kustomization.components {
            let loader = self
                .loader
                .enter(path)
                .map_err(|error| {
                    error.map(|text| format!("loader.New {}", crate::yaml::go_quote(text)))
                })
                .in_file(&self.file_path())?;
            collected = self
                .folder(collected, loader, path, true)
                .map_err(|error| {
                    error
                        .map(|text| format!("accumulateDirectory: {}", crate::yaml::go_quote(text)))
                })?;
        }
        Ok(collected)
    }

    /// Builds the kustomization of a folder. A component goes on with what was collected so far; a base begins anew, and what it
    /// makes is added.
    fn folder(
        &self,
        mut collected: Accumulator,
        loader: Loader<'a>,
        path: &str,
        component: bool,
    ) -> Result<Accumulator> {
        let shown = loader.display_root();
        let origin = self.origin.as_ref().map(|origin| origin.append(path));
        let mut target = Target::load(loader, self.context, origin)
            .wrap(format!("couldn't make target for path '{shown}'"))?;
        self.helm_namespace()
            .clone_into(&mut target.parent_namespace);
        target.set_schema(false)?;
        target.check_kind(&shown, component)?;
        if component {
            let parent = std::mem::take(&mut collected);
            let result = target
                .accumulate(parent)
                .wrap(format!("recursed accumulation of path '{shown}'"))?;
            collected.merge(result, self.context)
        } else {
            let result = target
                .accumulate(Accumulator::default())
                .wrap(format!("recursed accumulation of path '{shown}'"))?;
            collected.merge(result, self.context)
        }
        .wrap(format!("recursed merging from path '{shown}'"))?;
        Ok(collected)
    }
}
