//! The Kustomization file: its fields, deprecated spellings and the checks that come before a build.

mod args;
mod replacement;

use std::collections::BTreeMap;

use serde_json::Value;

pub(crate) use args::{
    ConfigMapArgs, FieldSpec, GeneratorArgs, GeneratorOptions, Image, Label, Patch, PatchOptions,
    Replica, SecretArgs, Selector, SortOptions, Var, fields,
};
pub(crate) use replacement::{
    FieldOptions, Replacement, ReplacementField, SourceSelector, TargetSelector,
};

use crate::decode::{At, Fields, Mode, decode};
use crate::error::{Error, Result, bail};
use crate::helm::{Chart, Globals, OldChart};

pub(crate) const KUSTOMIZATION: &str = "Kustomization";
pub(crate) const COMPONENT: &str = "Component";
const KUSTOMIZATION_VERSION: &str = "kustomize.config.k8s.io/v1beta1";
const COMPONENT_VERSION: &str = "kustomize.config.k8s.io/v1alpha1";

/// A Kustomization or a Component, with deprecated spellings already moved to where they belong.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kustomization {
    pub(crate) kind: String,
    pub(crate) api_version: String,
    pub(crate) openapi: BTreeMap<String, String>,
    pub(crate) name_prefix: String,
    pub(crate) name_suffix: String,
    pub(crate) namespace: String,
    pub(crate) common_labels: BTreeMap<String, String>,
    pub(crate) labels: Vec<Label>,
    pub(crate) common_annotations: BTreeMap<String, String>,
    pub(crate) patches_strategic_merge: Vec<String>,
    pub(crate) patches_json6902: Vec<Patch>,
    pub(crate) patches: Vec<Patch>,
    pub(crate) images: Vec<Image>,
    pub(crate) replacements: Vec<ReplacementField>,
    pub(crate) replicas: Vec<Replica>,
    pub(crate) vars: Vec<Var>,
    pub(crate) sort_options: Option<SortOptions>,
    pub(crate) resources: Vec<String>,
    pub(crate) components: Vec<String>,
    pub(crate) crds: Vec<String>,
    pub(crate) config_map_generator: Vec<ConfigMapArgs>,
    pub(crate) secret_generator: Vec<SecretArgs>,
    pub(crate) generator_options: Option<GeneratorOptions>,
    pub(crate) configurations: Vec<String>,
    pub(crate) generators: Vec<String>,
    pub(crate) transformers: Vec<String>,
    pub(crate) validators: Vec<String>,
    pub(crate) build_metadata: Vec<String>,
    pub(crate) helm_charts: Vec<Chart>,
    pub(crate) helm_globals: Option<Globals>,
    old_helm_charts: Vec<OldChart>,
    bases: Vec<String>,
    image_tags: Vec<Image>,
    /// Whether the file lists resources, under that name.
    pub(crate) names_resources: bool,
    /// Whether a field says anything beside what the file is.
    says_something: bool,
    deprecated: Deprecated,
}

/// Deprecated fields that the file has, even if empty.
#[derive(Debug, Clone, Copy, Default)]
struct Deprecated {
    bases: bool,
    common_labels: bool,
    image_tags: bool,
    patches_json6902: bool,
    patches_strategic_merge: bool,
    vars: bool,
}

impl Fields for Kustomization {
    const TYPE: &'static str = "Kustomization";

    fn field(&mut self, name: &str, value: &Value, at: &mut At<'_>) -> bool {
        let given = !value.is_null();
        let mut says_something = given;
        match name {
            "kind" | "apiversion" => says_something = false,
            "nameprefix" | "namesuffix" | "namespace" => {
                says_something = value.as_str().is_some_and(|text| !text.is_empty())
            }
            "bases" | "imagetags" | "helmchartinflationgenerator" => {
                says_something = value.as_array().is_some_and(|items| !items.is_empty());
            }
            _ => {}
        }
        match name {
            "kind" | "apiversion" => {
                at.embed("TypeMeta");
                let text = at.string(value);
                *(if name == "kind" {
                    &mut self.kind
                } else {
                    &mut self.api_version
                }) = text;
            }
            "metadata" => drop(at.option::<ObjectMeta>(value)),
            "openapi" => self.openapi = at.string_map(value).unwrap_or_default(),
            "nameprefix" => self.name_prefix = at.string(value),
            "namesuffix" => self.name_suffix = at.string(value),
            "namespace" => self.namespace = at.string(value),
            "commonlabels" => {
                self.common_labels = at.string_map(value).unwrap_or_default();
                self.deprecated.common_labels = given;
            }
            "labels" => self.labels = at.list(value).unwrap_or_default(),
            "commonannotations" => {
                self.common_annotations = at.string_map(value).unwrap_or_default()
            }
            "patchesstrategicmerge" => {
                self.patches_strategic_merge = at.strings(value).unwrap_or_default();
                self.deprecated.patches_strategic_merge = given;
            }
            "patchesjson6902" => {
                self.patches_json6902 = at.list(value).unwrap_or_default();
                self.deprecated.patches_json6902 = given;
            }
            "patches" => self.patches = at.list(value).unwrap_or_default(),
            "images" => self.images = at.list(value).unwrap_or_default(),
            "imagetags" => {
                self.image_tags = at.list(value).unwrap_or_default();
                self.deprecated.image_tags = given;
            }
            "replacements" => self.replacements = at.list(value).unwrap_or_default(),
            "replicas" => self.replicas = at.list(value).unwrap_or_default(),
            "vars" => {
                self.vars = at.list(value).unwrap_or_default();
                self.deprecated.vars = given;
            }
            "sortoptions" => self.sort_options = at.option(value),
            "resources" => self.resources = at.strings(value).unwrap_or_default(),
            "components" => self.components = at.strings(value).unwrap_or_default(),
            "crds" => self.crds = at.strings(value).unwrap_or_default(),
            "bases" => {
                self.bases = at.strings(value).unwrap_or_default();
                self.deprecated.bases = given;
            }
            "configmapgenerator" => self.config_map_generator = at.list(value).unwrap_or_default(),
            "secretgenerator" => self.secret_generator = at.list(value).unwrap_or_default(),
            "helmcharts" => self.helm_charts = at.list(value).unwrap_or_default(),
            "helmchartinflationgenerator" => {
                self.old_helm_charts = at.list(value).unwrap_or_default();
            }
            "helmglobals" => self.helm_globals = at.option(value),
            "generatoroptions" => self.generator_options = at.option(value),
            "configurations" => self.configurations = at.strings(value).unwrap_or_default(),
            "generators" => self.generators = at.strings(value).unwrap_or_default(),
            "transformers" => self.transformers = at.strings(value).unwrap_or_default(),
            "validators" => self.validators = at.strings(value).unwrap_or_default(),
            "buildmetadata" => self.build_metadata = at.strings(value).unwrap_or_default(),
            _ => return false,
        }
        self.says_something |= says_something;
        true
    }
}

/// Metadata of files that kustomize itself reads.
#[derive(Debug, Clone, Default)]
pub(crate) struct ObjectMeta {
    pub(crate) name: String,
    pub(crate) namespace: String,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
}

fields!(ObjectMeta "ObjectMeta" {
    "name" => name: string,
    "namespace" => namespace: string,
    "labels" => labels: string_map,
    "annotations" => annotations: string_map,
});

impl Kustomization {
    /// Reads a file's content. Warnings about deprecated fields go to `warn`.
    pub(crate) fn parse(content: &[u8], folder: &str, warn: &mut dyn FnMut(&str)) -> Result<Self> {
        let this = Self::parse_unchecked(content, Mode::KUSTOMIZATION, warn)?;
        if !this.says_something {
            bail!("kustomization.yaml is empty");
        }
        this.check(folder)?;
        Ok(this)
    }

    /// As Flux reads the file that it adds fields to: the file may be empty, and have fields that nobody knows, which are warned of.
    pub(crate) fn parse_lenient(
        content: &[u8],
        folder: &str,
        warn: &mut dyn FnMut(&str),
    ) -> Result<Self> {
        let this = match Self::parse_unchecked(content, Mode::KUSTOMIZATION, warn) {
            Ok(this) => this,
            Err(error) => {
                let this = Self::parse_unchecked(content, Mode::FLUX, warn)?;
                warn(&format!("kustomize would refuse {error}"));
                this
            }
        };
        this.check(folder)?;
        Ok(this)
    }

    /// What a file would say that lists these resources.
    pub(crate) fn generated(resources: Vec<String>) -> Self {
        let mut this = Self {
            resources,
            ..Self::default()
        };
        this.fix();
        this
    }

    fn parse_unchecked(content: &[u8], mode: Mode, warn: &mut dyn FnMut(&str)) -> Result<Self> {
        let json =
            crate::yaml::to_json(content).map_err(|error| error.wrap("invalid Kustomization"))?;
        let mut this = decode::<Self>(&json, mode).map_err(|error| {
            Error::new(format!("invalid Kustomization: {}", error.message)).at_field(&error.field)
        })?;
        this.warn_of_deprecated(warn);
        this.fix();
        Ok(this)
    }

    pub(crate) fn is_component(&self) -> bool {
        self.kind == COMPONENT
    }

    fn warn_of_deprecated(&self, warn: &mut dyn FnMut(&str)) {
        let Deprecated {
            bases,
            common_labels,
            image_tags,
            patches_json6902,
            patches_strategic_merge,
            vars,
        } = self.deprecated;
        for (used, warning) in [
            (bases, warning!("bases", "resources")),
            (common_labels, warning!("commonLabels", "labels")),
            (image_tags, warning!("imageTags", "images")),
            (patches_json6902, warning!("patchesJson6902", "patches")),
            (
                patches_strategic_merge,
                warning!("patchesStrategicMerge", "patches"),
            ),
            (vars, warning!("vars", "replacements", "[EXPERIMENTAL] ")),
        ] {
            if used {
                warn(warning);
            }
        }
    }

    fn fix(&mut self) {
        if self.kind.is_empty() {
            KUSTOMIZATION.clone_into(&mut self.kind);
        }
        if self.api_version.is_empty() {
            let version = if self.is_component() {
                COMPONENT_VERSION
            } else {
                KUSTOMIZATION_VERSION
            };
            version.clone_into(&mut self.api_version);
        }
        self.names_resources = !self.resources.is_empty();
        self.resources.append(&mut self.bases);
        self.images.append(&mut self.image_tags);
        let (mut charts, globals) = OldChart::split(std::mem::take(&mut self.old_helm_charts));
        self.helm_charts.append(&mut charts);
        self.helm_globals.get_or_insert(globals);
        let config_maps = self
            .config_map_generator
            .iter_mut()
            .map(|args| &mut args.generator);
        let secrets = self
            .secret_generator
            .iter_mut()
            .map(|args| &mut args.generator);
        for generator in config_maps.chain(secrets) {
            if !generator.env.is_empty() {
                generator.envs.push(std::mem::take(&mut generator.env));
            }
        }
    }

    fn check(&self, folder: &str) -> Result<()> {
        let mut errors = Vec::new();
        if self.kind != KUSTOMIZATION && self.kind != COMPONENT {
            errors.push("kind should be Kustomization or Component".to_owned());
        }
        let required = if self.is_component() {
            COMPONENT_VERSION
        } else {
            KUSTOMIZATION_VERSION
        };
        if self.api_version != required {
            errors.push(format!("apiVersion for {} should be {required}", self.kind));
        }
        if errors.is_empty() {
            return Ok(());
        }
        bail!(
            "Failed to read kustomization file under {folder}:\n{}",
            errors.join("\n")
        )
    }
}

macro_rules! warning {
    ($field:literal, $instead:literal) => {
        warning!($field, $instead, "")
    };
    ($field:literal, $instead:literal, $note:literal) => {
        concat!(
            "# Warning: '",
            $field,
            "' is deprecated. Please use '",
            $instead,
            "' instead. ",
            $note,
            "Run 'kustomize edit fix' to update your Kustomization automatically."
        )
    };
}
use warning;
