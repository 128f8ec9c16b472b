//! Objects that configure built-in plugins: the `generators`, `transformers` and `validators` of a kustomization.

use serde_json::Value;

use crate::context::Context;
use crate::decode::{Fields, Mode, decode};
use crate::error::{Error, Result, Wrap, bail};
use crate::generate::{self, IamPolicyArgs};
use crate::helm::ChartArgs;
use crate::kustomization::{
    ConfigMapArgs, FieldSpec, Image, ObjectMeta, PatchOptions, ReplacementField, Replica,
    SecretArgs, Selector, fields,
};
use crate::loader::Loader;
use crate::origin::{ConfiguredBy, Origin};
use crate::resource::Resource;
use crate::transform::{
    ImageTag, JsonPatch, NamespaceArgs, Patch, PatchArgs, Side, StrategicMerge, SubjectMode,
    Transformer, ValueAdd, load_replacements,
};

/// What a plugin leaves in the objects that it makes or changes.
pub(crate) fn origin(config: &Resource) -> Option<Origin> {
    config.origin.as_ref().map(|origin| Origin {
        path: String::new(),
        configured_in: origin.path.clone(),
        configured_by: ConfiguredBy {
            api_version: config.node.api_version().to_owned(),
            kind: config.kind().to_owned(),
            name: config.name().to_owned(),
            namespace: config.namespace().to_owned(),
        },
    })
}

/// Decodes a document that configures a plugin.
pub(crate) fn decode_yaml<T: Fields>(content: &[u8]) -> Result<T> {
    decode_config(&crate::yaml::to_json(content)?)
}

fn decode_config<T: Fields>(config: &Value) -> Result<T> {
    decode(config, Mode::PLUGIN).map_err(|error| {
        Error::new(format!(
            "error unmarshaling JSON: while decoding JSON: {}",
            error.message
        ))
        .at_field(&error.field)
    })
}

/// The names of built-in generators and transformers.
const GENERATORS: [&str; 4] = [
    "ConfigMapGenerator",
    "IAMPolicyGenerator",
    "SecretGenerator",
    "HelmChartInflationGenerator",
];
const TRANSFORMERS: [&str; 14] = [
    "AnnotationsTransformer",
    "HashTransformer",
    "ImageTagTransformer",
    "LabelTransformer",
    "NamespaceTransformer",
    "PatchJson6902Transformer",
    "PatchStrategicMergeTransformer",
    "PatchTransformer",
    "PrefixSuffixTransformer",
    "PrefixTransformer",
    "SuffixTransformer",
    "ReplacementTransformer",
    "ReplicaCountTransformer",
    "ValueAddTransformer",
];

/// The configuration of a built-in plugin, or why there is none to run.
fn config(resource: &Resource, context: &Context) -> Result<Value> {
    let gvk = resource.gvk();
    let is_builtin = gvk.group.is_empty() && gvk.version == "builtin";
    if !is_builtin {
        let kind = resource.original_id(context).gvk.kind;
        bail!("external plugins disabled; unable to load external plugin '{kind}'");
    }
    if !GENERATORS.contains(&gvk.kind.as_str()) && !TRANSFORMERS.contains(&gvk.kind.as_str()) {
        bail!("unable to load builtin {gvk}");
    }
    crate::yaml::node_to_json(&resource.node)
}

/// A generator that is configured: it makes its objects when it runs.
pub(crate) enum Generator {
    ConfigMap(ConfigMapArgs),
    Secret(SecretArgs),
    IamPolicy(IamPolicyArgs),
    Chart(Box<ChartArgs>),
}

impl Generator {
    pub(crate) fn load(
        resource: &Resource,
        loader: &Loader<'_>,
        context: &Context,
    ) -> Result<Self> {
        let located = |error: Error| {
            error
                .in_file(&resource.source.file)
                .at_line(resource.source.line)
        };
        Self::new(resource, loader, context).map_err(located)
    }

    fn new(resource: &Resource, loader: &Loader<'_>, context: &Context) -> Result<Self> {
        let config = config(resource, context)?;
        let failed = || {
            format!(
                "plugin {} fails configuration",
                resource.original_id(context)
            )
        };
        match resource.kind() {
            "ConfigMapGenerator" => {
                let args: WithMeta<ConfigMapArgs> = decode_config(&config).wrap(failed())?;
                let WithMeta { meta, mut args } = args;
                args.generator.fill(meta);
                Ok(Self::ConfigMap(args))
            }
            "SecretGenerator" => {
                let args: WithMeta<SecretArgs> = decode_config(&config).wrap(failed())?;
                let WithMeta { meta, mut args } = args;
                args.generator.fill(meta);
                Ok(Self::Secret(args))
            }
            "IAMPolicyGenerator" => Ok(Self::IamPolicy(decode_config(&config).wrap(failed())?)),
            "HelmChartInflationGenerator" => {
                if context.helm().charts.is_none() {
                    bail!("{}: must specify --enable-helm", failed());
                }
                let mut args: ChartArgs = decode_config(&config).wrap(failed())?;
                args.check(loader, context).wrap(failed())?;
                Ok(Self::Chart(Box::new(args)))
            }
            _ => bail!("plugin {} not a generator", resource.original_id(context)),
        }
    }

    pub(crate) fn generate(
        &self,
        loader: &Loader<'_>,
        config: &Resource,
        context: &Context,
    ) -> Result<Vec<Resource>> {
        let source = config.source.clone();
        let one = |made: Result<Resource>| made.map(|made| vec![made]);
        match self {
            Self::ConfigMap(args) => one(generate::config_map(args, loader, source)),
            Self::Secret(args) => one(generate::secret(args, loader, source)),
            Self::IamPolicy(args) => one(generate::iam_policy(args, source)),
            Self::Chart(args) => args.generate(loader, context, &source),
        }
        .map_err(|error| {
            error
                .in_file(&config.source.file)
                .at_line(config.source.line)
        })
    }
}

/// Arguments beside the metadata of the object that holds them.
#[derive(Debug, Default)]
struct WithMeta<T> {
    meta: ObjectMeta,
    args: T,
}

impl<T: Fields> Fields for WithMeta<T> {
    const TYPE: &'static str = T::TYPE;

    fn field(&mut self, name: &str, value: &Value, at: &mut crate::decode::At<'_>) -> bool {
        if name == "metadata" {
            self.meta = at.strukt(value);
            return true;
        }
        at.embedded(&mut self.args, name, value)
    }
}

/// The fields of all transformers' configurations.
#[derive(Debug, Default)]
struct TransformerArgs {
    meta: ObjectMeta,
    field_specs: Option<Vec<FieldSpec>>,
    annotations: std::collections::BTreeMap<String, String>,
    labels: std::collections::BTreeMap<String, String>,
    image: Image,
    replica: Replica,
    replacements: Vec<ReplacementField>,
    prefix: String,
    suffix: String,
    target: Option<Selector>,
    path: String,
    json_op: String,
    patch: String,
    options: Option<PatchOptions>,
    paths: Vec<String>,
    patches: String,
    unset_only: bool,
    subjects: String,
}

fields!(TransformerArgs "Plugin" {
    "metadata" => meta: strukt,
    "fieldspecs" => field_specs: option_list,
    "annotations" => annotations: string_map,
    "labels" => labels: string_map,
    "imagetag" => image: strukt,
    "replica" => replica: strukt,
    "replacements" => replacements: list,
    "prefix" => prefix: string,
    "suffix" => suffix: string,
    "target" => target: option,
    "path" => path: string,
    "jsonop" => json_op: string,
    "patch" => patch: string,
    "options" => options: option,
    "paths" => paths: strings,
    "patches" => patches: string,
    "unsetonly" => unset_only: bool,
    "setrolebindingsubjects" => subjects: string,
});

pub(crate) fn transformer(
    resource: &Resource,
    loader: &Loader<'_>,
    context: &Context,
) -> Result<Transformer> {
    let located = |error: Error| {
        error
            .in_file(&resource.source.file)
            .at_line(resource.source.line)
    };
    let config = config(resource, context).map_err(located)?;
    configure(resource, &config, loader)
        .wrap(format!(
            "plugin {} fails configuration",
            resource.original_id(context)
        ))
        .map_err(located)
        .and_then(|transformer| match transformer {
            Some(transformer) => Ok(transformer),
            None => Err(located(Error::new(format!(
                "plugin {} not a transformer",
                resource.original_id(context)
            )))),
        })
}

fn configure(
    resource: &Resource,
    config: &Value,
    loader: &Loader<'_>,
) -> Result<Option<Transformer>> {
    let kind = resource.kind();
    if kind == "ValueAddTransformer" {
        return Ok(Some(Transformer::ValueAdd(ValueAdd::new(
            decode_config(config)?,
            loader,
        )?)));
    }
    if !TRANSFORMERS.contains(&kind) {
        return Ok(None);
    }
    // Fields of other transformers are unknown to this one, and unknown ones are ignored.
    let known = known_fields(kind);
    let own: Value = match config {
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .filter(|(name, _)| known.contains(&name.to_lowercase().as_str()))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        ),
        other => other.clone(),
    };
    let args: TransformerArgs = decode_config(&own).map_err(|error| match kind {
        "NamespaceTransformer" => error.wrap("unmarshalling NamespaceTransformer config"),
        _ => error,
    })?;
    let source = &resource.source;
    let specs = args.field_specs.clone().unwrap_or_default();
    Ok(Some(match kind {
        "AnnotationsTransformer" => Transformer::Annotations {
            annotations: args.annotations,
            specs,
        },
        "LabelTransformer" => Transformer::Labels {
            labels: args.labels,
            specs,
        },
        "HashTransformer" => Transformer::Hash,
        "ImageTagTransformer" => Transformer::Image(ImageTag::new(args.image, specs)),
        "NamespaceTransformer" => Transformer::Namespace(NamespaceArgs {
            namespace: args.meta.namespace,
            specs,
            unset_only: args.unset_only,
            subjects: SubjectMode::parse(&args.subjects)?,
        }),
        "PrefixTransformer" | "SuffixTransformer" | "PrefixSuffixTransformer" => {
            if args.field_specs.is_none() {
                bail!("fieldSpecs is not expected to be nil");
            }
            let prefix = Transformer::Affix {
                side: Side::Prefix,
                text: args.prefix,
                specs: specs.clone(),
            };
            let suffix = Transformer::Affix {
                side: Side::Suffix,
                text: args.suffix,
                specs,
            };
            match kind {
                "PrefixTransformer" => prefix,
                "SuffixTransformer" => suffix,
                _ => Transformer::All(vec![prefix, suffix]),
            }
        }
        "PatchJson6902Transformer" => {
            let patch = PatchArgs {
                path: args.path,
                patch: args.json_op,
                target: args.target,
                options: None,
            };
            Transformer::JsonPatch(JsonPatch::new(patch, loader, source)?)
        }
        "PatchStrategicMergeTransformer" => Transformer::StrategicMerge(StrategicMerge::new(
            &args.paths,
            &args.patches,
            loader,
            source,
        )?),
        "PatchTransformer" => {
            let patch = PatchArgs {
                path: args.path,
                patch: args.patch,
                target: args.target,
                options: args.options,
            };
            let text = || crate::yaml::config_text(config);
            Transformer::Patch(Patch::new(patch, &text, loader, source)?)
        }
        "ReplacementTransformer" => {
            Transformer::Replacements(load_replacements(&args.replacements, loader)?)
        }
        "ReplicaCountTransformer" => Transformer::Replicas {
            replica: args.replica,
            specs,
        },
        _ => return Ok(None),
    }))
}

fn known_fields(kind: &str) -> &'static [&'static str] {
    match kind {
        "AnnotationsTransformer" => &["annotations", "fieldspecs"],
        "LabelTransformer" => &["labels", "fieldspecs"],
        "ImageTagTransformer" => &["imagetag", "fieldspecs"],
        "NamespaceTransformer" => &[
            "metadata",
            "fieldspecs",
            "unsetonly",
            "setrolebindingsubjects",
        ],
        "PrefixTransformer" => &["prefix", "fieldspecs"],
        "SuffixTransformer" => &["suffix", "fieldspecs"],
        "PrefixSuffixTransformer" => &["prefix", "suffix", "fieldspecs"],
        "PatchJson6902Transformer" => &["target", "path", "jsonop"],
        "PatchStrategicMergeTransformer" => &["paths", "patches"],
        "PatchTransformer" => &["path", "patch", "target", "options"],
        "ReplacementTransformer" => &["replacements"],
        "ReplicaCountTransformer" => &["replica", "fieldspecs"],
        _ => &[],
    }
}
