//! `rosin template`: what `helm template` prints, made by the component that the controller runs.

mod args;
mod chart;
mod write;

use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use rosin_render::{
    Engine, EngineConfig, Limits, Registry, RenderError, Renderer, Request, Services, Source,
    Subject,
};
use rosin_tree::Tree;
use serde_json::{Value, json};

pub use args::TemplateArgs;
use args::ValueArgs;

/// The name of a release that was given none.
const NAME: &str = "release-name";

/// # Errors
/// If a flag is refused, the chart does not render or the result cannot be written.
pub async fn run(args: TemplateArgs) -> Result<()> {
    args.refused.check()?;
    let renderer = renderer()?;
    let (given, chart) = match args.names.as_slice() {
        [chart] => (None, chart),
        [name, chart] => (Some(name.as_str()), chart),
        _ => bail!("give the chart, or a name and the chart"),
    };
    let name = release_name(&renderer, &args, given, chart).await?;
    let (tree, path) = chart::open(chart)?;
    let options = options(&args, &name)?;
    let text = render(&renderer, chart, path, &options, tree).await?;
    match &args.output_dir {
        None => std::io::stdout().lock().write_all(text.as_bytes())?,
        Some(folder) if args.release_name => write::files(&text, &folder.join(&name))?,
        Some(folder) => write::files(&text, folder)?,
    }
    Ok(())
}

/// The built-in renderer, in an engine that is made for this one render.
fn renderer() -> Result<Renderer> {
    let engine = Engine::new(EngineConfig {
        concurrency: 2,
        threads: 1,
        ..EngineConfig::default()
    })?;
    Ok(Registry::built_in(&engine)?.get("helm")?.clone())
}

/// Renders to text; what the plugin has to say beside it goes to standard error.
async fn render(
    renderer: &Renderer,
    name: &str,
    path: &str,
    options: &Value,
    tree: Tree,
) -> Result<String> {
    let request = Request {
        subject: Subject {
            kind: "Chart".to_owned(),
            namespace: String::new(),
            name: name.to_owned(),
        },
        path: path.to_owned(),
        options: options.to_string(),
    };
    let (source, services) = (Source::from(tree), Services::default());
    let result = renderer
        .render(&request, &source, &services, &Limits::default())
        .await;
    let diagnostics = match &result {
        Ok(rendered) => &rendered.diagnostics[..],
        Err(RenderError::Invalid { diagnostics, .. }) => diagnostics,
        Err(_) => &[],
    };
    for diagnostic in diagnostics {
        eprintln!("# {diagnostic}");
    }
    let rendered = result?;
    rendered.notes.context("the renderer gave no text")
}

async fn release_name(
    renderer: &Renderer,
    args: &TemplateArgs,
    given: Option<&str>,
    chart: &str,
) -> Result<String> {
    if let Some(template) = &args.name_template {
        if given.is_some() {
            bail!("cannot set --name-template and also specify a name");
        }
        let options = json!({ "text": { "name": "name-template", "template": template } });
        return render(
            renderer,
            "name-template",
            "",
            &options,
            Tree::from_files([]),
        )
        .await;
    }
    if args.generate_name {
        if given.is_some() {
            bail!("cannot set --generate-name and also specify a name");
        }
        let base = chart
            .trim_end_matches('/')
            .rsplit('/')
            .next()
            .unwrap_or_default();
        let base = base.strip_suffix(".tgz").unwrap_or(base);
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        return Ok(format!("{base}-{}", now.as_secs()));
    }
    Ok(given.unwrap_or(NAME).to_owned())
}

/// The request's options, as `plugins/helm` describes them.
fn options(args: &TemplateArgs, name: &str) -> Result<Value> {
    let ValueArgs {
        values,
        set_json,
        set,
        set_string,
        set_file,
        set_literal,
    } = &args.values;
    let mut value_files = Vec::new();
    for path in values {
        value_files.push(json!({ "name": path, "text": chart::read_text(path)? }));
    }
    let mut files = serde_json::Map::new();
    for path in set_file.iter().flat_map(|text| chart::paths(text)) {
        // One that is not there is told by the renderer, which knows which flag names it.
        if let Ok(text) = chart::read_text(&path) {
            files.insert(path, text.into());
        }
    }
    let modes = [
        ("json", set_json),
        ("typed", set),
        ("string", set_string),
        ("file", set_file),
        ("literal", set_literal),
    ];
    let set: Vec<Value> = modes
        .iter()
        .flat_map(|(mode, texts)| {
            texts
                .iter()
                .map(move |text| json!({ "mode": mode, "text": text }))
        })
        .collect();
    Ok(json!({
        "release": { "name": name, "namespace": args.namespace, "isUpgrade": args.is_upgrade },
        "capabilities": {
            "kubeVersion": args.kube_version,
            "extraApiVersions": args.api_versions,
        },
        "valueFiles": value_files,
        "set": set,
        "files": files,
        "includeCrds": args.include_crds,
        "noHooks": args.no_hooks,
        "skipTests": args.skip_tests,
        "showOnly": args.show_only,
        "subNotes": args.render_subchart_notes,
        "skipSchemaValidation": args.skip_schema_validation,
        "print": true,
    }))
}
