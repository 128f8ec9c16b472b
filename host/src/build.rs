//! `rosin build`: what `kustomize build` prints, made by the component that the controller runs.

use std::{
    collections::BTreeSet,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use rosin_render::{Engine, EngineConfig, Limits, Registry, Request, Services, Source, Subject};
use rosin_tree::Tree;
use serde_json::{Value, json};

use crate::cli::BuildArgs;

/// Folders that are looked at to find out what a build refers to.
const MOST_FOLDERS: usize = 10_000;

pub async fn run(args: BuildArgs) -> Result<()> {
    if args.enable_alpha_plugins {
        bail!(
            "--enable-alpha-plugins: plugins that run programs or containers do not exist here; a renderer plugin in WebAssembly can take their place"
        );
    }
    if args.enable_helm {
        bail!(
            "--enable-helm: there is no helm program to run; charts are not inflated by a kustomization here"
        );
    }
    let (tree, path) = open(&args.path)?;
    let registry = Registry::built_in(&Engine::new(EngineConfig::default())?)?;
    let renderer = registry.get("kustomize")?;
    let request = Request {
        subject: Subject {
            kind: "Folder".to_owned(),
            namespace: String::new(),
            name: args.path.display().to_string(),
        },
        path,
        options: options(&args).to_string(),
    };
    let rendered = renderer
        .render(
            &request,
            &Source::from(tree),
            &Services::default(),
            &Limits::default(),
        )
        .await?;
    for diagnostic in &rendered.diagnostics {
        eprintln!("# {diagnostic}");
    }
    let mut documents = Vec::with_capacity(rendered.manifests.len());
    for manifest in &rendered.manifests {
        let object: Value = serde_json::from_str(&manifest.json)
            .with_context(|| format!("{}: the output is not JSON", manifest.origin))?;
        let text = rosin_manifest::yaml::to_string_sigs(&object);
        documents.push((object, text));
    }
    match &args.output {
        None => std::io::stdout()
            .lock()
            .write_all(joined(&documents).as_bytes())?,
        Some(path) if path.is_dir() => {
            for (object, text) in &documents {
                let file = path.join(file_name(object));
                std::fs::write(&file, text)
                    .with_context(|| format!("writing {}", file.display()))?;
            }
        }
        Some(path) => std::fs::write(path, joined(&documents))
            .with_context(|| format!("writing {}", path.display()))?,
    }
    Ok(())
}

/// The files that a build may see: the folder, and as far up as its kustomizations refer. The rest of the machine does not belong
/// to the build.
fn open(folder: &Path) -> Result<(Tree, String)> {
    let folder = folder
        .canonicalize()
        .with_context(|| format!("{}", folder.display()))?;
    let root = outermost(&folder);
    let path = folder
        .strip_prefix(&root)?
        .to_str()
        .context("the path is not UTF-8")?
        .to_owned();
    let dir = cap_std::fs::Dir::open_ambient_dir(&root, cap_std::ambient_authority())
        .with_context(|| format!("opening {}", root.display()))?;
    Ok((Tree::from_dir(dir)?, path))
}

/// The deepest folder that holds everything which the kustomizations of `folder`, and of the folders that they name, refer to.
fn outermost(folder: &Path) -> PathBuf {
    let mut root = folder.to_owned();
    let mut seen = BTreeSet::from([folder.to_owned()]);
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for name in ["kustomization.yaml", "kustomization.yml", "Kustomization"] {
            let Ok(text) = std::fs::read_to_string(folder.join(name)) else {
                continue;
            };
            // Whatever looks like a path and is one: more than a build needs does no harm.
            for word in text.split(|c: char| c.is_whitespace() || "\"'=[],".contains(c)) {
                let Ok(found) = folder.join(word).canonicalize() else {
                    continue;
                };
                if word.is_empty() || Path::new(word).is_absolute() {
                    continue;
                }
                while !found.starts_with(&root) && root.pop() {}
                if found.is_dir() && seen.len() < MOST_FOLDERS && seen.insert(found.clone()) {
                    open.push(found);
                }
            }
        }
    }
    root
}

fn options(args: &BuildArgs) -> Value {
    json!({
        "loadRestrictor": if args.load_restrictor == "LoadRestrictionsNone" { "none" } else { "root" },
        "reorder": args.reorder,
        "managedByLabel": args.enable_managedby_label,
    })
}

fn joined(documents: &[(Value, String)]) -> String {
    documents
        .iter()
        .map(|(_, text)| text.as_str())
        .collect::<Vec<_>>()
        .join("---\n")
}

/// As kustomize names the files of a folder: `<group>_<version>_<kind>_<name>.yaml`, in lower case.
fn file_name(object: &Value) -> String {
    let text = |pointer: &str| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let api_version = text("/apiVersion").replace('/', "_");
    format!(
        "{api_version}_{}_{}.yaml",
        text("/kind"),
        text("/metadata/name")
    )
    .to_lowercase()
}
