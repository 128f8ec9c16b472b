//! `rosin build kustomization`: what the cluster gets from a folder, as `flux build kustomization` says it: built with the fields of
//! a Flux Kustomization, variables substituted, labelled, encrypted secrets masked.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use rosin_api::{
    Kustomization,
    names::{OWNER_NAME, OWNER_NAMESPACE},
};
use rosin_domain::{
    Object, finish,
    substitution::{self, Strictness},
};
use rosin_manifest::yaml::{Dialect, read};
use rosin_render::{Request, Subject};
use rosin_source::ignore::{self, IgnoreRules};
use rosin_tree::Tree;
use serde_json::Value;

use super::{
    mask,
    open::{self, Opened},
    print::{Printer, Separator},
    render,
};
use crate::reconcile::kustomization::kustomize_options;

#[derive(Debug, Subcommand)]
pub enum Of {
    /// Print what the cluster gets from a folder, as `flux build kustomization --dry-run` does
    #[command(visible_alias = "ks")]
    Kustomization(FluxArgs),
}

#[derive(Debug, Args)]
pub struct FluxArgs {
    /// Name of the Kustomization
    pub name: String,

    /// Namespace of the Kustomization
    #[arg(short, long, default_value = "flux-system")]
    pub namespace: String,

    /// Folder with the manifests
    #[arg(long)]
    pub path: PathBuf,

    /// File with the Flux Kustomization
    #[arg(long)]
    pub kustomization_file: Option<PathBuf>,

    /// Ask no cluster: variables of ConfigMaps and Secrets are not substituted. Always so for the time being
    #[arg(long)]
    pub dry_run: bool,

    /// Fail for a variable that is not set and has no default
    #[arg(long)]
    pub strict_substitute: bool,

    /// Build the Kustomizations among the objects as well, from their --local-sources
    #[arg(short, long)]
    pub recursive: bool,

    /// Where sources are on this machine: Kind/namespace/name=path, separated by commas or given several times
    #[arg(long, value_delimiter = ',', value_parser = local_source)]
    pub local_sources: Vec<(String, PathBuf)>,

    /// Leave out what these patterns match, as .gitignore has them; separated by commas or given several times
    #[arg(long, value_delimiter = ',')]
    pub ignore_paths: Vec<String>,

    /// Write to a file, or to one file for each object if it is a folder
    #[arg(short, long)]
    pub output: Option<PathBuf>,

    /// Has no effect: builds never write to the folder
    #[arg(long)]
    pub in_memory_build: bool,
}

fn local_source(text: &str) -> Result<(String, PathBuf), String> {
    let (source, path) = text
        .split_once('=')
        .ok_or_else(|| format!("{text} must be formatted as key=value"))?;
    Ok((source.to_owned(), PathBuf::from(path)))
}

pub(super) async fn run(args: FluxArgs) -> Result<()> {
    let Some(file) = &args.kustomization_file else {
        bail!("--kustomization-file is needed: the Kustomization is not read from a cluster here");
    };
    let kustomization = find(file, &args).context("failed to get kustomization object")?;
    let mut printer = Printer::new(args.output.as_deref(), Separator::After)?;
    let sources: BTreeMap<String, PathBuf> = args.local_sources.iter().cloned().collect();
    let mut waiting = vec![Build {
        kustomization,
        path: args.path.clone(),
        above: Vec::new(),
    }];
    while let Some(build) = waiting.pop() {
        let objects = build.objects(&args).await?;
        if args.recursive {
            let mut inner = Vec::new();
            for object in &objects {
                inner.extend(build.inner(object, &sources)?);
            }
            waiting.extend(inner.into_iter().rev());
        }
        for object in &objects {
            printer.print(object)?;
        }
    }
    printer.finish()
}

/// One Kustomization and the folder that it builds.
struct Build {
    kustomization: Kustomization,
    path: PathBuf,
    /// Namespaces and names of the Kustomizations that this one was found in.
    above: Vec<(String, String)>,
}

impl Build {
    /// What the cluster gets, labelled and masked.
    async fn objects(&self, args: &FluxArgs) -> Result<Vec<Value>> {
        let kustomization = &self.kustomization;
        if !self.path.is_dir() {
            bail!("invalid resource path {:?}", self.path.display());
        }
        let components = kustomization.spec.components.iter().map(String::as_str);
        let Opened { tree, path, .. } = open::open(&self.path, components)?;
        let mut options = kustomize_options(kustomization);
        options["flux"]["ignored"] = ignored(&tree, &path, &args.ignore_paths)?.into();
        let request = Request {
            subject: Subject {
                kind: "Kustomization".to_owned(),
                namespace: kustomization.namespace().to_owned(),
                name: kustomization.name().to_owned(),
            },
            path,
            options: options.to_string(),
        };
        let rendered = render(&request, tree)
            .await
            .context("kustomize build failed")?;
        let mut objects = Vec::with_capacity(rendered.manifests.len());
        for manifest in &rendered.manifests {
            let value = serde_json::from_str(&manifest.json)
                .with_context(|| format!("{}: the output is not JSON", manifest.origin))?;
            for value in finish::flatten(value) {
                objects.push(Object::new(value)?);
            }
        }
        if let Some(post_build) = &kustomization.spec.post_build {
            if !post_build.substitute_from.is_empty() {
                eprintln!(
                    "# variables of ConfigMaps and Secrets are not substituted: no cluster is asked"
                );
            }
            let strictness = if args.strict_substitute {
                Strictness::Strict
            } else {
                Strictness::Lenient
            };
            let variables: BTreeMap<String, String> = post_build
                .substitute
                .iter()
                .map(|(name, value)| (name.clone(), value.replace('\n', "")))
                .collect();
            objects = substitution::post_build_with(objects, post_build, &variables, strictness)
                .context("post build failed")?;
        }
        let mut finished = Vec::with_capacity(objects.len());
        for object in objects {
            let mut object = object.into_value();
            label(&mut object, kustomization);
            mask::secret(&mut object)?;
            finished.push(object);
        }
        Ok(finished)
    }

    /// The build of an object that is a Kustomization other than this one.
    fn inner(&self, object: &Value, sources: &BTreeMap<String, PathBuf>) -> Result<Option<Self>> {
        if !is_kustomization(object) {
            return Ok(None);
        }
        let kustomization: Kustomization =
            serde_json::from_value(object.clone()).context("failed to convert to kustomization")?;
        let id = |of: &Kustomization| (of.namespace().to_owned(), of.name().to_owned());
        let (found, own) = (id(&kustomization), id(&self.kustomization));
        if found == own {
            return Ok(None);
        }
        let name = kustomization.name();
        if self.above.contains(&found) {
            bail!("kustomization {name} would be built inside of itself");
        }
        let reference = &kustomization.spec.source_ref;
        let namespace = reference.namespace.as_deref();
        let namespace = namespace.unwrap_or_else(|| kustomization.namespace());
        let mut source = format!("{}/{namespace}/{}", reference.kind, reference.name);
        if namespace.is_empty() {
            source = format!("{}/{}", reference.kind, reference.name);
        }
        let Some(local) = sources.get(&source) else {
            bail!("cannot get local path for {source} of kustomization {name}");
        };
        let below = kustomization.spec.path.as_deref().unwrap_or_default();
        let path = local.join(below.trim_start_matches('/'));
        let above = self.above.iter().cloned().chain([own]).collect();
        Ok(Some(Self {
            kustomization,
            path,
            above,
        }))
    }
}

/// What Flux leaves out of the kustomization of a folder: what the flag and the folder's `.sourceignore` files say, and its default
/// sets, which do not concern a kustomization that is only made unless there is one of the two.
fn ignored(tree: &Tree, folder: &str, patterns: &[String]) -> Result<Vec<String>> {
    let inside = format!("{folder}/");
    let inside = inside.trim_start_matches('/');
    let mut files = Vec::new();
    for (path, _) in tree.entries() {
        let Some(path) = path.strip_prefix(inside) else {
            continue;
        };
        let (at, name) = path.rsplit_once('/').unwrap_or(("", path));
        if name == ignore::FILE && !at.split('/').any(|part| part == ".git") {
            files.push((at.to_owned(), tree.read(&format!("{inside}{path}"))?));
        }
    }
    let is_there = |name: &str| tree.entry(&format!("{inside}{name}")).is_some();
    let has_kustomization = ["kustomization.yaml", "kustomization.yml", "Kustomization"]
        .into_iter()
        .any(is_there);
    if files.is_empty() && patterns.is_empty() && !has_kustomization {
        return Ok(Vec::new());
    }
    let rules = IgnoreRules::beside_defaults(
        files
            .iter()
            .map(|(at, content)| (at.as_str(), content.as_slice())),
        Some(&patterns.join("\n")),
    );
    let dirs = tree.dirs();
    let dirs = dirs.iter().map(|path| (path.as_str(), true));
    let all = tree.entries().map(|(path, _)| (path, false)).chain(dirs);
    Ok(all
        .filter(|(path, is_dir)| {
            path.strip_prefix(inside)
                .is_some_and(|path| rules.excludes(path, *is_dir))
        })
        .map(|(path, _)| path.to_owned())
        .collect())
}

fn is_kustomization(object: &Value) -> bool {
    let version = object["apiVersion"].as_str();
    version.is_some_and(|version| version.starts_with("kustomize.toolkit.fluxcd.io/"))
        && object["kind"] == "Kustomization"
}

/// Says whose the object is, and adds what the Kustomization adds to all of its objects.
fn label(object: &mut Value, owner: &Kustomization) {
    let owned = [
        (OWNER_NAME, owner.name()),
        (OWNER_NAMESPACE, owner.namespace()),
    ];
    let owned = owned.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let mut add = |field: &str, entries: Vec<(String, String)>| {
        if !entries.is_empty() {
            let fields = &mut object["metadata"][field];
            for (key, value) in entries {
                fields[key] = Value::String(value);
            }
        }
    };
    add("labels", owned.into());
    if let Some(common) = &owner.spec.common_metadata {
        add("labels", common.labels.clone().into_iter().collect());
        add(
            "annotations",
            common.annotations.clone().into_iter().collect(),
        );
    }
}

/// The Kustomization of that name in a file of perhaps many.
fn find(file: &Path, args: &FluxArgs) -> Result<Kustomization> {
    let shown = file.display();
    let text =
        fs::read(file).with_context(|| format!("failed to read kustomization file {shown}"))?;
    let failed = || format!("failed to unmarshall kustomization file {shown}");
    for document in read(&text, Dialect::Sigs).with_context(failed)? {
        let value = document.to_json().with_context(failed)?;
        let text = |pointer: &str| value.pointer(pointer).and_then(|value| value.as_str());
        let is_meant = is_kustomization(&value)
            && text("/metadata/name") == Some(&args.name)
            && text("/metadata/namespace").is_none_or(|namespace| namespace == args.namespace);
        if is_meant {
            return serde_json::from_value(value).with_context(failed);
        }
    }
    bail!(
        "failed find kustomization with name '{}' and namespace '{}' in file '{shown}'",
        args.name,
        args.namespace
    )
}
