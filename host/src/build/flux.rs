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

    /// Write to a file, or to one file for each object if it is a folder
    #[arg(short, long)]
    pub output: Option<PathBuf>,

    /// Has no effect: builds never write to the folder
    #[arg(long)]
    pub in_memory_build: bool,
}

pub(super) async fn run(args: FluxArgs) -> Result<()> {
    let Some(file) = &args.kustomization_file else {
        bail!("--kustomization-file is needed: the Kustomization is not read from a cluster here");
    };
    let kustomization = find(file, &args).context("failed to get kustomization object")?;
    if !args.path.is_dir() {
        bail!("invalid resource path {:?}", args.path.display());
    }
    let components = kustomization.spec.components.iter().map(String::as_str);
    let Opened { tree, path, .. } = open::open(&args.path, components)?;
    let request = Request {
        subject: Subject {
            kind: "Kustomization".to_owned(),
            namespace: kustomization.namespace().to_owned(),
            name: kustomization.name().to_owned(),
        },
        path,
        options: kustomize_options(&kustomization).to_string(),
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
    let mut printer = Printer::new(args.output.as_deref(), Separator::After)?;
    for object in objects {
        let mut object = object.into_value();
        label(&mut object, &kustomization);
        mask::secret(&mut object)?;
        printer.print(&object)?;
    }
    printer.finish()
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
        let group = text("/apiVersion").and_then(|version| version.split_once('/'));
        let is_meant = group.is_some_and(|(group, _)| group == "kustomize.toolkit.fluxcd.io")
            && text("/kind") == Some("Kustomization")
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
