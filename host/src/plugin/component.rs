//! A component from a file, loaded as the controller loads it, and one render with it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use rosin_render::{
    Diagnostic, Engine, EngineConfig, Grants, Import, Limits, Registry, RenderError, Rendered,
    Renderer, Request, Services, Source, Subject,
};
use rosin_tree::Tree;
use serde_json::Value;

/// Which component, and what it may do.
#[derive(Debug, Args)]
pub(super) struct ComponentArgs {
    /// The component
    pub(super) component: PathBuf,

    /// What it may ask for beside files
    #[arg(long, value_enum, value_delimiter = ',')]
    grant: Vec<Capability>,

    /// Most memory, in MiB
    #[arg(long, default_value_t = 512)]
    memory: usize,

    /// Longest time of a render, in seconds
    #[arg(long, default_value_t = 60)]
    timeout: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Capability {
    Ambient,
    Compose,
    Crypto,
}

/// What to render of a folder.
#[derive(Debug, Args)]
pub(super) struct InputArgs {
    /// Where in the folder to render
    #[arg(long, default_value = "")]
    path: String,

    /// Options, as JSON
    #[arg(long, default_value = "{}")]
    options: String,
}

pub(super) struct Component {
    pub(super) renderer: Renderer,
    pub(super) size: usize,
    pub(super) compiled_in: Duration,
    services: Services,
    pub(super) limits: Limits,
}

impl Component {
    pub(super) fn open(args: &ComponentArgs) -> Result<Self> {
        let content = std::fs::read(&args.component)
            .with_context(|| format!("reading {}", args.component.display()))?;
        let memory = args.memory << 20;
        let engine = Engine::new(EngineConfig {
            concurrency: 2,
            threads: 1,
            instance_memory: memory.max(1 << 20),
            ..EngineConfig::default()
        })?;
        let grants = args.grant.iter().fold(Grants::files(), |grants, granted| {
            grants.and(match granted {
                Capability::Ambient => Import::Ambient,
                Capability::Compose => Import::Compose,
                Capability::Crypto => Import::Crypto,
            })
        });
        let name = args.component.file_stem().unwrap_or_default();
        let start = Instant::now();
        let renderer = Renderer::compile(&engine, &name.to_string_lossy(), &content, &grants)?;
        Ok(Self {
            renderer,
            size: content.len(),
            compiled_in: start.elapsed(),
            services: Services {
                renderers: Some(Arc::new(Registry::built_in(&engine)?)),
                ..Services::default()
            },
            limits: Limits {
                memory,
                deadline: Duration::from_secs(args.timeout),
                ..Limits::default()
            },
        })
    }

    /// Renders, with options that fit the schema.
    pub(super) async fn render(
        &self,
        tree: &Tree,
        path: &str,
        options: &Value,
    ) -> Result<Result<Rendered, RenderError>> {
        let descriptor = self.renderer.describe(&self.limits).await?;
        check_options(&descriptor.options_schema, options)?;
        let request = Request {
            subject: Subject {
                kind: "Folder".to_owned(),
                namespace: String::new(),
                name: "local".to_owned(),
            },
            path: path.to_owned(),
            options: options.to_string(),
        };
        let source = Source::from(tree.clone());
        Ok(self
            .renderer
            .render(&request, &source, &self.services, &self.limits)
            .await)
    }

    pub(super) async fn render_input(&self, input: &Input) -> Result<Rendered> {
        let rendered = self
            .render(&input.tree, &input.path, &input.options)
            .await?;
        if let Err(RenderError::Invalid { diagnostics, .. }) = &rendered {
            show(diagnostics);
        }
        Ok(rendered?)
    }
}

/// Files and options.
pub(super) struct Input {
    tree: Tree,
    path: String,
    options: Value,
}

impl Input {
    pub(super) fn open(folder: &Path, args: &InputArgs) -> Result<Self> {
        let options: Value = serde_json::from_str(&args.options).context("--options")?;
        if !options.is_object() {
            bail!("--options: not a JSON object");
        }
        Ok(Self {
            tree: tree(folder)?,
            path: args.path.trim_matches('/').to_owned(),
            options,
        })
    }
}

pub(super) fn tree(folder: &Path) -> Result<Tree> {
    let dir = cap_std::fs::Dir::open_ambient_dir(folder, cap_std::ambient_authority())
        .with_context(|| format!("opening {}", folder.display()))?;
    Ok(Tree::from_dir(dir)?)
}

fn check_options(schema: &str, options: &Value) -> Result<()> {
    let schema = serde_json::from_str(schema).context("the schema of options is not JSON")?;
    match rosin_schema::check(&schema, options) {
        Ok(()) => Ok(()),
        Err(faults) => bail!("the options do not fit the schema:\n{}", faults.trim_end()),
    }
}

/// Messages of the plugin, for people.
pub(super) fn show(diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics {
        eprintln!("# {diagnostic}");
    }
}

/// Rendered objects as YAML.
pub(super) fn yaml(rendered: &Rendered) -> Result<String> {
    let mut text = String::new();
    for manifest in rendered.definitions.iter().chain(&rendered.manifests) {
        let object: Value = serde_json::from_str(&manifest.json)
            .with_context(|| format!("{}: the output is not JSON", manifest.origin))?;
        if !text.is_empty() {
            text.push_str("---\n");
        }
        text.push_str(&rosin_manifest::yaml::to_string_sigs(&object));
    }
    Ok(text)
}
