//! `rosin build`: what `kustomize build` prints, made by the component that the controller runs.

mod args;
mod flux;
mod mask;
mod open;
mod print;

use std::{path::Path, sync::Arc};

use anyhow::{Context, Result};
use rosin_render::{
    Engine, EngineConfig, Limits, Registry, Rendered, Request, Services, Source, Subject,
};
use serde_json::{Value, json};

pub use args::BuildArgs;
use args::{FolderArgs, LoadRestrictor, Reorder};
use flux::Of;
use open::Opened;
use print::{Printer, Separator};

/// # Errors
/// If a flag is refused, the build fails or its result cannot be written.
pub async fn run(args: BuildArgs) -> Result<()> {
    match args.of {
        None => folder(args.folder).await,
        Some(Of::Kustomization(args)) => flux::run(args).await,
    }
}

async fn folder(args: FolderArgs) -> Result<()> {
    args.refused.check()?;
    let Opened { tree, path, root } = open::open(&args.path, [])?;
    let request = Request {
        subject: Subject {
            kind: "Folder".to_owned(),
            namespace: String::new(),
            name: args.path.display().to_string(),
        },
        path,
        options: options(&args, &root).to_string(),
    };
    let rendered = render(&request, tree).await?;
    let mut printer = Printer::new(args.output.as_deref(), Separator::Between)?;
    for manifest in rendered.manifests {
        let object: Value = serde_json::from_str(&manifest.json)
            .with_context(|| format!("{}: the output is not JSON", manifest.origin))?;
        printer.print(&object)?;
    }
    printer.finish()
}

/// Renders with the built-in kustomize, in an engine that is made for this one render.
async fn render(request: &Request, tree: rosin_tree::Tree) -> Result<Rendered> {
    let engine = Engine::new(EngineConfig {
        concurrency: 2,
        threads: 1,
        ..EngineConfig::default()
    })?;
    let registry = Arc::new(Registry::built_in(&engine)?);
    let services = Services {
        renderers: Some(registry.clone()),
        ..Services::default()
    };
    let rendered = registry
        .get("kustomize")?
        .render(request, &Source::from(tree), &services, &Limits::default())
        .await?;
    for diagnostic in &rendered.diagnostics {
        // Warnings of the original have the mark of a comment already.
        let text = diagnostic.to_string();
        let mark = if text.starts_with('#') { "" } else { "# " };
        eprintln!("{mark}{text}");
    }
    Ok(rendered)
}

fn options(args: &FolderArgs, root: &Path) -> Value {
    json!({
        "displayRoot": root,
        "loadRestrictor": match args.load_restrictor {
            LoadRestrictor::RootOnly => "root",
            LoadRestrictor::None => "none",
        },
        "reorder": match args.reorder {
            Reorder::Legacy => "legacy",
            Reorder::None => "none",
        },
        "managedByLabel": args.enable_managedby_label,
        "helm": {
            "enabled": args.enable_helm,
            "kubeVersion": args.helm_kube_version,
            "apiVersions": args.helm_api_versions,
        },
    })
}
