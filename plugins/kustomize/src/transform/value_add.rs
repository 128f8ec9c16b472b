//! ValueAddTransformer: one value for fields of many objects, whole or as a part of a path.

use crate::context::Context;
use crate::error::{Result, bail};
use crate::kustomization::{Selector, fields};
use crate::kyaml::{self, NodeKind};
use crate::loader::Loader;
use crate::path;
use crate::resmap::ResMap;
use crate::selector;
use crate::transform::NamespaceArgs;

#[derive(Debug, Default)]
pub(crate) struct ValueAddArgs {
    value: String,
    targets: Vec<Target>,
    target_file_path: String,
}

fields!(ValueAddArgs "ValueAddTransformerPlugin" {
    "value" => value: string,
    "targets" => targets: list,
    "targetfilepath" => target_file_path: string,
});

#[derive(Debug, Clone, Default)]
struct Target {
    selector: Option<Selector>,
    field_path: String,
    file_path_position: i64,
}

fields!(Target "Target" {
    "selector" => selector: option,
    "fieldpath" => field_path: string,
    "filepathposition" => file_path_position: int("int"),
});

#[derive(Debug, Default)]
struct Targets {
    targets: Vec<Target>,
}

fields!(Targets "Targets" { "targets" => targets: list });

#[derive(Debug)]
pub(crate) struct ValueAdd {
    value: String,
    targets: Vec<Target>,
}

impl ValueAdd {
    pub(crate) fn new(args: ValueAddArgs, loader: &Loader<'_>) -> Result<Self> {
        let ValueAddArgs {
            value,
            mut targets,
            target_file_path,
        } = args;
        let value = match value.trim() {
            "" => path::base(&loader.display_root()).to_owned(),
            value => value.to_owned(),
        };
        if !target_file_path.is_empty() {
            let content = loader.load(&target_file_path)?;
            targets.extend(crate::plugin::decode_yaml::<Targets>(&content)?.targets);
        }
        if targets.is_empty() {
            bail!("must specify at least one target");
        }
        for target in &targets {
            if target.field_path.is_empty() {
                bail!("fieldPath cannot be empty");
            }
            if target.file_path_position < 0 {
                bail!(
                    "value of FilePathPosition ({}) cannot be negative",
                    target.file_path_position
                );
            }
        }
        Ok(Self { value, targets })
    }

    pub(super) fn apply(&self, resources: &mut ResMap, context: &Context) -> Result<()> {
        for target in &self.targets {
            let selected = match &target.selector {
                Some(selector) => selector::select(resources, selector, context)?,
                None => (0..resources.len()).collect(),
            };
            for at in selected {
                let resource = &mut resources.as_mut_slice()[at];
                if target.field_path == "metadata/namespace" {
                    let args = NamespaceArgs {
                        namespace: self.value.clone(),
                        ..NamespaceArgs::default()
                    };
                    args.set_in_one(resource, context)?;
                    continue;
                }
                let path = split(&target.field_path);
                let Some(node) = kyaml::lookup_create(&mut resource.node, &path, NodeKind::Scalar)?
                else {
                    continue;
                };
                kyaml::demand(node, NodeKind::Scalar)?;
                let value = match usize::try_from(target.file_path_position) {
                    Ok(position) if position > 0 => {
                        insert_part(kyaml::text(node), position - 1, &self.value)
                    }
                    _ => self.value.clone(),
                };
                kyaml::set_scalar(node, &value, None)?;
            }
        }
        Ok(())
    }
}

/// As kyaml's splitter, but a leading slash makes an empty first part, which is skipped later.
fn split(path: &str) -> Vec<String> {
    kyaml::split_path(path, '/')
}

/// Inserts a part into a path of files; a leading slash stays where it is.
fn insert_part(path: &str, position: usize, part: &str) -> String {
    if part.is_empty() {
        return path.to_owned();
    }
    let (slash, rest) = match path.strip_prefix('/') {
        Some(rest) => ("/", rest),
        None => ("", path),
    };
    let mut parts: Vec<&str> = rest.split('/').filter(|part| !part.is_empty()).collect();
    parts.insert(position.min(parts.len()), part);
    format!("{slash}{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_inserted_behind_the_leading_slash() {
        assert_eq!(insert_part("", 0, "PEACH"), "PEACH");
        assert_eq!(insert_part("/", 4, "PEACH"), "/PEACH");
        assert_eq!(insert_part("pie", 0, "PEACH"), "PEACH/pie");
        assert_eq!(insert_part("/pie", 0, "PEACH"), "/PEACH/pie");
        assert_eq!(insert_part("/raw", 1, "PEACH"), "/raw/PEACH");
        assert_eq!(
            insert_part("a/nice/warm/pie", 3, "PEACH"),
            "a/nice/warm/PEACH/pie"
        );
    }
}
