//! The story of a rendering, from a chart and options to documents.

use std::collections::BTreeMap;

use rosin_chart::dependencies;
use rosin_chart::manifests::{self, Hook, Manifest};
use rosin_chart::values::coalesce_values;
use rosin_template::{Map, MapType, Str, Value};

use crate::chart::Chart;
use crate::context::{Capabilities, kube_version_fits, release};
use crate::engine::{self, RenderedFile, Scene};
use crate::values::user_values;
use crate::{Error, Options, schema};

const NOTES: &str = "NOTES.txt";

/// What came out.
#[derive(Debug, Default)]
pub struct Rendered {
    /// The files of `crds/`, if they were asked for: path from the root chart, and text.
    pub definitions: Vec<(String, Str)>,
    pub manifests: Vec<Manifest>,
    pub hooks: Vec<Hook>,
    pub notes: String,
}

/// The text of one template of a chart, without a look at what it is.
pub fn render_text(
    chart: Chart,
    options: &Options,
    scene: &Scene,
    name: &str,
) -> Result<Str, Error> {
    let (mut files, _) = run(chart, &user_values(options)?, options, scene)?;
    files
        .remove(name)
        .map(|file| file.text)
        .ok_or_else(|| Error::ShowOnly(name.to_owned()))
}

/// Renders a chart.
pub fn render(chart: Chart, options: &Options, scene: &Scene) -> Result<Rendered, Error> {
    render_with(chart, &user_values(options)?, options, scene)
}

/// Renders a chart with the values of the options: whoever loads the chart after these tells first what is wrong with them.
pub fn render_with(
    chart: Chart,
    values: &Map,
    options: &Options,
    scene: &Scene,
) -> Result<Rendered, Error> {
    let (mut files, chart) = run(chart, values, options, scene)?;
    let notes = take_notes(&mut files, &chart, options.sub_notes);
    let texts = files
        .iter()
        .map(|(name, file)| (name.as_str(), file.text.to_text()));
    let line = |name: &str, offset: usize| {
        let line = files.get(name).map_or(1, |file| file.template_line(offset));
        u32::try_from(line).unwrap_or(u32::MAX)
    };
    let (hooks, manifests) = manifests::sort(texts, line)?;
    let definitions = if options.include_crds {
        chart.definitions(chart.name())
    } else {
        Vec::new()
    };
    scene.keep((chart, values.clone(), files));
    let mut rendered = Rendered {
        definitions,
        manifests,
        hooks,
        notes,
    };
    if options.no_hooks {
        rendered.hooks.clear();
    }
    if options.skip_tests {
        rendered.hooks.retain(|hook| !hook.is_test());
    }
    Ok(rendered)
}

type Files = BTreeMap<String, RenderedFile>;

fn run(
    mut chart: Chart,
    values: &Map,
    options: &Options,
    scene: &Scene,
) -> Result<(Files, Chart), Error> {
    if chart.is_library() {
        return Err(Error::Library);
    }
    dependencies::check(&chart)?;
    check_name(&options.release.name)?;
    dependencies::process(&mut chart, values).map_err(|error| match error {
        rosin_chart::Error::Values(text) => Error::Dependencies(text),
        error => error.into(),
    })?;
    let capabilities = Capabilities::new(&options.capabilities.clone().unwrap_or_default())?;
    let values = coalesce_values(&chart, values)?;
    if !options.skip_schema_validation {
        schema::validate(&chart, &values)?;
    }
    let wanted = &chart.metadata.kube_version;
    if !wanted.is_empty() && !kube_version_fits(wanted, &capabilities) {
        return Err(Error::KubeVersion {
            wanted: wanted.clone(),
            present: capabilities.kube_version,
        });
    }
    let files = engine::render(&chart, &top(&values, &capabilities, options), scene)?;
    Ok((files, chart))
}

/// What the root chart's templates see as `.`, but for what comes from the chart.
fn top(values: &Map, capabilities: &Capabilities, options: &Options) -> Map {
    Map::from_iter([
        ("Values", Value::Map(values.with_kind(MapType::Values))),
        ("Release", release(&options.release)),
        ("Capabilities", capabilities.to_value()),
    ])
}

fn check_name(name: &str) -> Result<(), Error> {
    if rosin_chart::is_release_name(name) {
        return Ok(());
    }
    Err(Error::ReleaseName(rosin_template::strconv::quote(
        name.as_bytes(),
    )))
}

fn take_notes(files: &mut Files, chart: &Chart, sub_notes: bool) -> String {
    let own = format!("{}/templates/{NOTES}", chart.name());
    let mut notes = Vec::new();
    files.retain(|name, file| {
        if !name.ends_with(NOTES) {
            return true;
        }
        if sub_notes || *name == own {
            notes.push(file.text.to_string());
        }
        false
    });
    notes.join("\n")
}

impl Rendered {
    /// The text that `helm template` prints.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        for (source, text) in &self.definitions {
            out.push_str(&format!("---\n# Source: {source}\n{text}\n"));
        }
        for manifest in &self.manifests {
            out.push_str(&format!(
                "---\n# Source: {}\n{}\n",
                manifest.source, manifest.text
            ));
        }
        let mut out = format!("{}\n", out.trim());
        for Hook { manifest, .. } in &self.hooks {
            out.push_str(&format!(
                "---\n# Source: {}\n{}\n",
                manifest.source, manifest.text
            ));
        }
        out
    }

    /// Of that text only the documents of the templates that match the patterns.
    pub fn text_of(&self, patterns: &[String]) -> Result<String, Error> {
        let text = self.text();
        let documents: Vec<(&str, &str)> = manifests::split(&text)
            .into_iter()
            .filter_map(|(_, document)| {
                let at = document.find("# Source: ")?;
                let line = document[at + "# Source: ".len()..].lines().next()?;
                line.split_once('/').map(|(_, path)| (path, document))
            })
            .collect();
        let mut out = String::new();
        for pattern in patterns {
            let before = out.len();
            for (path, document) in &documents {
                if rosin_chart::matches(pattern, path).unwrap_or(false) {
                    out.push_str(&format!("---\n{document}\n"));
                }
            }
            if out.len() == before {
                return Err(Error::ShowOnly(pattern.clone()));
            }
        }
        Ok(out)
    }
}
