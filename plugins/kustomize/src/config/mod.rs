//! Which fields of which kinds the transformers work on: kustomize's own tables, `configurations` files and `crds`.

mod crds;
mod defaults;
mod name_references;
mod order;

use std::fmt;
use std::rc::Rc;

use serde_json::Value;

use crate::decode::{At, Fields, Mode, decode};
use crate::error::{Error, Result, bail};
use crate::id::Gvk;
use crate::kustomization::FieldSpec;
use crate::loader::Loader;

pub(crate) use crds::from_crds;
pub(crate) use order::{FIRST, LAST};

/// Field specifications by transformer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Config {
    pub(crate) name_prefix: Vec<FieldSpec>,
    pub(crate) name_suffix: Vec<FieldSpec>,
    pub(crate) namespace: Vec<FieldSpec>,
    pub(crate) common_labels: Vec<FieldSpec>,
    pub(crate) labels: Vec<FieldSpec>,
    pub(crate) template_labels: Vec<FieldSpec>,
    pub(crate) volume_claim_template_labels: Vec<FieldSpec>,
    pub(crate) common_annotations: Vec<FieldSpec>,
    pub(crate) name_reference: Vec<BackReferences>,
    pub(crate) var_reference: Vec<FieldSpec>,
    pub(crate) images: Vec<FieldSpec>,
    pub(crate) replicas: Vec<FieldSpec>,
}

crate::kustomization::fields!(Config "TransformerConfig" in "builtinconfig" {
    "nameprefix" => name_prefix: list,
    "namesuffix" => name_suffix: list,
    "namespace" => namespace: list,
    "commonlabels" => common_labels: list,
    "labels" => labels: list,
    "templatelabels" => template_labels: list,
    "volumeclaimtemplatelabels" => volume_claim_template_labels: list,
    "commonannotations" => common_annotations: list,
    "namereference" => name_reference: list,
    "varreference" => var_reference: list,
    "images" => images: list,
    "replicas" => replicas: list,
});

/// As Go prints a pointer to the struct with `%v`.
impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name_prefix,
            name_suffix,
            namespace,
            common_labels,
            labels,
            template_labels,
            volume_claim_template_labels,
            common_annotations,
            name_reference,
            var_reference,
            images,
            replicas,
        } = self;
        let specs = |specs: &[FieldSpec]| shown(specs, " ");
        let references = name_reference.iter().map(|reference| {
            let referrers = shown(&reference.referrers, "\n");
            format!("{}:  (\n{referrers}\n)", reference.gvk)
        });
        let lists = [
            specs(name_prefix),
            specs(name_suffix),
            specs(namespace),
            specs(common_labels),
            specs(labels),
            specs(template_labels),
            specs(volume_claim_template_labels),
            specs(common_annotations),
            references.collect::<Vec<_>>().join(" "),
            specs(var_reference),
            specs(images),
            specs(replicas),
        ];
        write!(f, "&{{[{}]}}", lists.join("] ["))
    }
}

fn shown(specs: &[FieldSpec], separator: &str) -> String {
    let specs: Vec<String> = specs
        .iter()
        .map(|spec| format!("{}:{}:{}", spec.gvk, spec.create, spec.path))
        .collect();
    specs.join(separator)
}

/// The kind of an object that others refer to by name, and the fields in which they do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct BackReferences {
    pub(crate) gvk: Gvk,
    pub(crate) referrers: Vec<FieldSpec>,
}

impl Fields for BackReferences {
    const TYPE: &'static str = "NameBackReferences";
    const PACKAGE: &'static str = "builtinconfig";

    fn field(&mut self, name: &str, value: &Value, at: &mut At<'_>) -> bool {
        match name {
            "fieldspecs" => self.referrers = at.list(value).unwrap_or_default(),
            _ => return at.embedded(&mut self.gvk, name, value),
        }
        true
    }
}

/// Adds what is not there yet. Two specifications of one field that differ in whether it is created contradict each other.
pub(crate) fn merge_specs(into: &mut Vec<FieldSpec>, more: &[FieldSpec]) -> Result<()> {
    for spec in more {
        let known = into
            .iter()
            .find(|known| known.path == spec.path && known.gvk.is_selected_by(&spec.gvk));
        match known {
            Some(known) if known.create != spec.create => bail!("conflicting fieldspecs"),
            Some(_) => {}
            None => into.push(spec.clone()),
        }
    }
    Ok(())
}

fn merge_references(into: &mut Vec<BackReferences>, more: &[BackReferences]) -> Result<()> {
    for reference in more {
        let mut found = false;
        for known in into.iter_mut().filter(|known| known.gvk == reference.gvk) {
            merge_specs(&mut known.referrers, &reference.referrers)?;
            found = true;
        }
        if !found {
            into.push(reference.clone());
        }
    }
    Ok(())
}

impl Config {
    /// kustomize's tables with those of the files that a kustomization names.
    pub(crate) fn load(loader: &Loader<'_>, paths: &[String]) -> Result<Rc<Self>> {
        let defaults = defaults::get();
        if paths.is_empty() {
            return Ok(defaults);
        }
        let mut own = Self::default();
        for path in paths {
            let json =
                crate::yaml::unmarshal(&loader.load(path)?).map_err(|error| error.in_file(path))?;
            let mut config = decode::<Self>(&json, Mode::STRICT).map_err(|error| {
                Error::new(format!(
                    "error unmarshaling JSON: while decoding JSON: {}",
                    error.message
                ))
                .in_file(path)
                .at_field(&error.field)
            })?;
            config.sort();
            own = own.merged(&config)?;
        }
        Ok(Rc::new(defaults.merged(&own)?))
    }

    /// Both together, sorted.
    pub(crate) fn merged(&self, other: &Self) -> Result<Self> {
        let mut merged = self.clone();
        for (into, more, name) in [
            (&mut merged.name_prefix, &other.name_prefix, "NamePrefix"),
            (&mut merged.name_suffix, &other.name_suffix, "NameSuffix"),
            (&mut merged.namespace, &other.namespace, "NameSpace"),
            (
                &mut merged.common_annotations,
                &other.common_annotations,
                "CommonAnnotations",
            ),
            (
                &mut merged.common_labels,
                &other.common_labels,
                "CommonLabels",
            ),
            (&mut merged.labels, &other.labels, "Labels"),
            (
                &mut merged.template_labels,
                &other.template_labels,
                "TemplateLabels",
            ),
            (
                &mut merged.volume_claim_template_labels,
                &other.volume_claim_template_labels,
                "VolumeClaimTemplateLabels",
            ),
            (
                &mut merged.var_reference,
                &other.var_reference,
                "VarReference",
            ),
        ] {
            merge_specs(into, more)
                .map_err(|error| error.wrap(format!("failed to merge {name} fieldSpec")))?;
        }
        merge_references(&mut merged.name_reference, &other.name_reference)
            .map_err(|error| error.wrap("failed to merge NameReference fieldSpec"))?;
        merge_specs(&mut merged.images, &other.images)
            .map_err(|error| error.wrap("failed to merge Images fieldSpec"))?;
        merge_specs(&mut merged.replicas, &other.replicas)
            .map_err(|error| error.wrap("failed to merge Replicas fieldSpec"))?;
        merged.sort();
        Ok(merged)
    }

    /// As `merged`, without work where both are the defaults, as in most builds.
    pub(crate) fn merged_shared(this: &Rc<Self>, other: &Rc<Self>) -> Result<Rc<Self>> {
        if Rc::ptr_eq(this, other) {
            Ok(Rc::clone(this))
        } else {
            Ok(Rc::new(this.merged(other)?))
        }
    }

    /// The first configuration of a build.
    pub(crate) fn merged_first(config: &Rc<Self>) -> Result<Rc<Self>> {
        if Rc::ptr_eq(config, &defaults::get()) {
            return Ok(Rc::clone(config));
        }
        Ok(Rc::new(Self::default().merged(config)?))
    }

    fn sort(&mut self) {
        for specs in [
            &mut self.name_prefix,
            &mut self.name_suffix,
            &mut self.namespace,
            &mut self.common_labels,
            &mut self.labels,
            &mut self.template_labels,
            &mut self.volume_claim_template_labels,
            &mut self.common_annotations,
            &mut self.var_reference,
            &mut self.images,
            &mut self.replicas,
        ] {
            specs.sort_by_cached_key(|spec| order::key(&spec.gvk));
        }
        self.name_reference
            .sort_by_cached_key(|reference| order::key(&reference.gvk));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(kind: &str, path: &str, create: bool) -> FieldSpec {
        FieldSpec {
            gvk: Gvk {
                kind: kind.to_owned(),
                ..Gvk::default()
            },
            path: path.to_owned(),
            create,
        }
    }

    #[test]
    fn a_field_is_listed_once_and_must_not_be_contradicted() {
        let mut specs = vec![spec("A", "x", true)];
        merge_specs(&mut specs, &[spec("A", "x", true), spec("B", "x", true)]).unwrap();
        assert_eq!(specs.len(), 2);
        assert!(merge_specs(&mut specs, &[spec("A", "x", false)]).is_err());
    }

    #[test]
    fn merging_the_defaults_with_themselves_or_nothing_changes_nothing() {
        let defaults = defaults::get();
        for merged in [
            defaults.merged(&defaults).unwrap(),
            Config::default().merged(&defaults).unwrap(),
        ] {
            assert_eq!(merged.name_reference, defaults.name_reference);
            assert_eq!(merged.common_labels, defaults.common_labels);
            assert_eq!(merged.template_labels, defaults.template_labels);
            assert_eq!(merged.common_annotations, defaults.common_annotations);
            assert_eq!(merged.var_reference, defaults.var_reference);
            assert_eq!(merged.images, defaults.images);
        }
    }
}
