//! The generators and transformers that fields of the kustomization file stand for, in the order in which they work.

use serde_json::json;

use super::Target;
use super::quoted::{json_patch_config, patch_config, replacements_config, trouble};
use crate::config::{Config, merge_specs};
use crate::error::{Error, Result, Wrap};
use crate::generate;
use crate::helm::ChartArgs;
use crate::kustomization::{FieldSpec, GeneratorOptions, Label};
use crate::origin::Origin;
use crate::resource::Resource;
use crate::transform::{
    ImageTag, JsonPatch, NamespaceArgs, Patch, PatchArgs, Side, StrategicMerge, Transformer,
    load_replacements,
};

type Generate<'t> = Box<dyn Fn() -> Result<Vec<Resource>> + 't>;
type Transformers = Vec<(Transformer, Option<Origin>)>;

impl Target<'_> {
    pub(super) fn builtin_generators(&self) -> Result<Vec<(Generate<'_>, Option<Origin>)>> {
        let kustomization = &self.kustomization;
        let global = kustomization.generator_options.as_ref();
        let mut generators: Vec<(Generate<'_>, Option<Origin>)> = Vec::new();
        for args in &kustomization.config_map_generator {
            let mut args = args.clone();
            args.generator.options =
                GeneratorOptions::merged(args.generator.options.as_ref(), global);
            let generate = move || {
                generate::config_map(&args, &self.loader, self.source()).map(|made| vec![made])
            };
            generators.push((Box::new(generate), self.origin_of("ConfigMapGenerator")));
        }
        for args in &kustomization.secret_generator {
            let mut args = args.clone();
            args.generator.options =
                GeneratorOptions::merged(args.generator.options.as_ref(), global);
            let generate =
                move || generate::secret(&args, &self.loader, self.source()).map(|made| vec![made]);
            generators.push((Box::new(generate), self.origin_of("SecretGenerator")));
        }
        for chart in &kustomization.helm_charts {
            let mut args = ChartArgs {
                globals: kustomization.helm_globals.clone().unwrap_or_default(),
                chart: chart.clone(),
            };
            if args.chart.namespace.is_empty() {
                args.chart.namespace = self.helm_namespace().to_owned();
            }
            args.check(&self.loader, self.context)
                .wrap("trouble configuring builtin HelmChartInflationGenerator")?;
            let generate = move || args.generate(&self.loader, self.context, &self.source());
            generators.push((
                Box::new(generate),
                self.origin_of("HelmChartInflationGenerator"),
            ));
        }
        Ok(generators)
    }

    fn origin_of(&self, kind: &str) -> Option<Origin> {
        self.origin
            .as_ref()
            .map(|origin| origin.of_builtin(self.file, kind))
    }

    pub(super) fn builtin_transformers(&self, config: &Config) -> Result<Transformers> {
        let mut transformers = Transformers::new();
        let mut add = |kind: &str, transformer: Transformer| {
            transformers.push((transformer, self.origin_of(kind)))
        };
        let kustomization = &self.kustomization;
        let source = self.source();

        let paths = &kustomization.patches_strategic_merge;
        if !paths.is_empty() {
            let patches = StrategicMerge::new(paths, "", &self.loader, &source).wrap(trouble(
                "PatchStrategicMergeTransformer",
                &json!({ "paths": paths }),
            ))?;
            add(
                "PatchStrategicMergeTransformer",
                Transformer::StrategicMerge(patches),
            );
        }
        for entry in &kustomization.patches {
            let config = patch_config(entry);
            let args = PatchArgs {
                path: entry.path.clone(),
                patch: entry.patch.clone(),
                target: entry.target.clone(),
                options: entry.options,
            };
            let text = || crate::yaml::config_text(&config);
            let patch = Patch::new(args, &text, &self.loader, &source)
                .wrap(trouble("PatchTransformer", &config))?;
            add("PatchTransformer", Transformer::Patch(patch));
        }
        if !kustomization.namespace.is_empty() {
            let args = NamespaceArgs {
                namespace: kustomization.namespace.clone(),
                specs: config.namespace.clone(),
                ..NamespaceArgs::default()
            };
            add("NamespaceTransformer", Transformer::Namespace(args));
        }
        for (kind, side, text, specs) in [
            (
                "PrefixTransformer",
                Side::Prefix,
                &kustomization.name_prefix,
                &config.name_prefix,
            ),
            (
                "SuffixTransformer",
                Side::Suffix,
                &kustomization.name_suffix,
                &config.name_suffix,
            ),
        ] {
            if !text.is_empty() {
                add(
                    kind,
                    Transformer::Affix {
                        side,
                        text: text.clone(),
                        specs: specs.clone(),
                    },
                );
            }
        }
        if !kustomization.labels.is_empty() || !kustomization.common_labels.is_empty() {
            for label in &kustomization.labels {
                let specs = label_specs(label, config)?;
                add(
                    "LabelTransformer",
                    Transformer::Labels {
                        labels: label.pairs.clone(),
                        specs,
                    },
                );
            }
            let labels = kustomization.common_labels.clone();
            add(
                "LabelTransformer",
                Transformer::Labels {
                    labels,
                    specs: config.common_labels.clone(),
                },
            );
        }
        if !kustomization.common_annotations.is_empty() {
            let annotations = kustomization.common_annotations.clone();
            let specs = config.common_annotations.clone();
            add(
                "AnnotationsTransformer",
                Transformer::Annotations { annotations, specs },
            );
        }
        for entry in &kustomization.patches_json6902 {
            let args = PatchArgs {
                path: entry.path.clone(),
                patch: entry.patch.clone(),
                target: entry.target.clone(),
                options: None,
            };
            let patch = JsonPatch::new(args, &self.loader, &source).wrap(trouble(
                "PatchJson6902Transformer",
                &json_patch_config(entry),
            ))?;
            add("PatchJson6902Transformer", Transformer::JsonPatch(patch));
        }
        for replica in &kustomization.replicas {
            let transformer = Transformer::Replicas {
                replica: replica.clone(),
                specs: config.replicas.clone(),
            };
            add("ReplicaCountTransformer", transformer);
        }
        for image in &kustomization.images {
            add(
                "ImageTagTransformer",
                Transformer::Image(ImageTag::new(image.clone(), config.images.clone())),
            );
        }
        if !kustomization.replacements.is_empty() {
            let mut replacements = kustomization.replacements.clone();
            for field in &mut replacements {
                // The original writes them as YAML for its plugin, without empty lists.
                let targets = &mut field.replacement.targets;
                targets.take_if(|targets| targets.is_empty());
            }
            let replacements = load_replacements(&replacements, &self.loader).map_err(|error| {
                let config = replacements_config(&kustomization.replacements);
                error.wrap(trouble("ReplacementTransformer", &config))
            })?;
            add(
                "ReplacementTransformer",
                Transformer::Replacements(replacements),
            );
        }
        Ok(transformers)
    }
}

/// Where a label goes: to what the entry and the user's configuration say, and to selectors or templates on demand.
fn label_specs(label: &Label, config: &Config) -> Result<Vec<FieldSpec>> {
    let failed = |error: Error| error.wrap("failed to merge labels").at_field("labels");
    let mut specs = label.field_specs.clone();
    merge_specs(&mut specs, &config.labels).map_err(failed)?;
    if label.include_selectors {
        merge_specs(&mut specs, &config.common_labels).map_err(failed)?;
        return Ok(specs);
    }
    if label.include_templates {
        merge_specs(&mut specs, &config.template_labels)
            .map_err(|error| error.wrap("failed to merge template fieldSpec"))?;
    }
    if label.include_volume_claim_templates {
        merge_specs(&mut specs, &config.volume_claim_template_labels)
            .map_err(|error| error.wrap("failed to merge volumeClaimTemplate fieldSpec"))?;
    }
    let metadata = FieldSpec {
        path: "metadata/labels".to_owned(),
        create: true,
        ..FieldSpec::default()
    };
    merge_specs(&mut specs, &[metadata]).map_err(failed)?;
    Ok(specs)
}
