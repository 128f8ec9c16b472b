//! `helmCharts`: charts that are on disk, rendered by another renderer. What the original runs the program `helm` for is asked of
//! [`Charts`]; nothing is pulled.

use std::fmt;
use std::rc::Rc;

use rosin_manifest::yaml::to_string_sigs;
use serde_json::{Map, Value, json};

use crate::context::Context;
use crate::decode::{At, Fields};
use crate::error::{Error, Result, Wrap, bail};
use crate::files::Entry;
use crate::kustomization::fields;
use crate::loader::Loader;
use crate::merge::without_schema;
use crate::path;
use crate::read;
use crate::resmap::ResMap;
use crate::resource::{Resource, Source};

/// Renders charts.
pub trait Charts: fmt::Debug {
    /// Gives the text that `helm template` prints for the chart in a folder of the tree. `options` are those of the Helm renderer.
    fn template(&self, folder: &str, options: &Value) -> std::result::Result<String, String>;
}

/// Whether and how charts are rendered.
#[derive(Debug, Clone, Default)]
pub struct Helm {
    /// None refuses charts, as the command does without `--enable-helm`.
    pub charts: Option<Rc<dyn Charts>>,
    /// Told to charts that are not given a version.
    pub kube_version: String,
    pub api_versions: Vec<String>,
}

const DEFAULT_HOME: &str = "charts";
/// What Helm calls a release that has no name. The original has Helm make one up from the time, differently at each build.
const UNNAMED: &str = "release-name";

#[derive(Debug, Clone, Default)]
pub(crate) struct Globals {
    pub(crate) chart_home: String,
    pub(crate) config_home: String,
}

fields!(Globals "HelmGlobals" {
    "charthome" => chart_home: string,
    "confighome" => config_home: string,
});

#[derive(Debug, Clone, Default)]
pub(crate) struct Chart {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) repo: String,
    pub(crate) release_name: String,
    pub(crate) namespace: String,
    pub(crate) additional_values_files: Vec<String>,
    pub(crate) values_file: String,
    pub(crate) values_inline: Map<String, Value>,
    pub(crate) values_merge: String,
    pub(crate) include_crds: bool,
    pub(crate) skip_hooks: bool,
    pub(crate) api_versions: Vec<String>,
    pub(crate) kube_version: String,
    pub(crate) name_template: String,
    pub(crate) skip_tests: bool,
    debug: bool,
    devel: bool,
}

fields!(Chart "HelmChart" {
    "name" => name: string,
    "version" => version: string,
    "repo" => repo: string,
    "releasename" => release_name: string,
    "namespace" => namespace: string,
    "additionalvaluesfiles" => additional_values_files: strings,
    "valuesfile" => values_file: string,
    "valuesinline" => values_inline: object,
    "valuesmerge" => values_merge: string,
    "includecrds" => include_crds: bool,
    "skiphooks" => skip_hooks: bool,
    "apiversions" => api_versions: strings,
    "kubeversion" => kube_version: string,
    "nametemplate" => name_template: string,
    "skiptests" => skip_tests: bool,
    "debug" => debug: bool,
    "devel" => devel: bool,
});

/// The deprecated spelling: charts and what is common to them in one.
#[derive(Debug, Clone, Default)]
pub(crate) struct OldChart {
    chart_name: String,
    chart_version: String,
    chart_repo_url: String,
    chart_home: String,
    chart_repo_name: String,
    helm_bin: String,
    helm_home: String,
    values: String,
    values_local: Map<String, Value>,
    values_merge: String,
    release_name: String,
    release_namespace: String,
    extra_args: Vec<String>,
}

fields!(OldChart "HelmChartArgs" {
    "chartname" => chart_name: string,
    "chartversion" => chart_version: string,
    "chartrepourl" => chart_repo_url: string,
    "charthome" => chart_home: string,
    "chartreponame" => chart_repo_name: string,
    "helmbin" => helm_bin: string,
    "helmhome" => helm_home: string,
    "values" => values: string,
    "valueslocal" => values_local: object,
    "valuesmerge" => values_merge: string,
    "releasename" => release_name: string,
    "releasenamespace" => release_namespace: string,
    "extraargs" => extra_args: strings,
});

impl OldChart {
    /// Charts in the present spelling, and what is common to them: the last that says it.
    pub(crate) fn split(old: Vec<Self>) -> (Vec<Chart>, Globals) {
        let mut globals = Globals::default();
        let charts = old.into_iter().map(|old| {
            if !old.helm_home.is_empty() {
                globals.config_home = old.helm_home;
            }
            if !old.chart_home.is_empty() {
                globals.chart_home = old.chart_home;
            }
            Chart {
                name: old.chart_name,
                version: old.chart_version,
                repo: old.chart_repo_url,
                values_file: old.values,
                values_inline: old.values_local,
                values_merge: old.values_merge,
                release_name: old.release_name,
                ..Chart::default()
            }
        });
        (charts.collect(), globals)
    }
}

/// The configuration of the generator: one chart, and what is common to all of a kustomization.
#[derive(Debug, Clone, Default)]
pub(crate) struct ChartArgs {
    pub(crate) globals: Globals,
    pub(crate) chart: Chart,
}

impl Fields for ChartArgs {
    const TYPE: &'static str = "HelmChartInflationGeneratorPlugin";

    fn field(&mut self, name: &str, value: &Value, at: &mut At<'_>) -> bool {
        at.embedded(&mut self.globals, name, value) || at.embedded(&mut self.chart, name, value)
    }
}

impl ChartArgs {
    /// Checks what the original checks before it runs anything.
    pub(crate) fn check(&mut self, loader: &Loader<'_>, context: &Context) -> Result<()> {
        if context.helm().charts.is_none() {
            bail!("must specify --enable-helm");
        }
        let chart = &mut self.chart;
        if chart.name.is_empty() {
            bail!("chart name cannot be empty");
        }
        let go_quote = crate::yaml::go_quote;
        if chart.release_name.starts_with('-') {
            let name = go_quote(&chart.release_name);
            bail!("releaseName must not start with '-', got {name}");
        }
        if chart.name.starts_with('-') {
            let name = go_quote(&chart.name);
            bail!("chart name must not start with '-', got {name}");
        }
        for file in &chart.additional_values_files {
            loader
                .load(file)
                .wrap("could not load additionalValuesFile")?;
        }
        match chart.values_merge.as_str() {
            "" => chart.values_merge = "override".to_owned(),
            "merge" | "override" | "replace" => {}
            _ => bail!("valuesMerge must be one of [merge override replace]"),
        }
        Ok(())
    }

    fn home(&self, loader: &Loader<'_>) -> String {
        let home = match self.globals.chart_home.as_str() {
            "" => DEFAULT_HOME,
            home => home,
        };
        let home = loader.resolve(home);
        let Chart {
            name,
            version,
            repo,
            ..
        } = &self.chart;
        if version.is_empty() || repo.is_empty() {
            home
        } else {
            path::join(&home, &format!("{name}-{version}"))
        }
    }

    pub(crate) fn generate(
        &self,
        loader: &Loader<'_>,
        context: &Context,
        source: &Source,
    ) -> Result<Vec<Resource>> {
        let Some(charts) = context.helm().charts.clone() else {
            bail!("must specify --enable-helm");
        };
        let folder = path::join(&self.home(loader), &self.chart.name);
        if loader.entry(&folder) != Some(Entry::Folder) {
            let (shown, repo) = (loader.display(&folder), &self.chart.repo);
            if repo.is_empty() {
                bail!("no repo specified for pull, no chart found at '{shown}'");
            }
            bail!(
                "no chart found at '{shown}', and renderers have no network to pull it from {repo}: add the chart to the source"
            );
        }
        let failed = |message: String| {
            let shown = loader.display(&folder);
            Error::new(format!("rendering the chart at '{shown}': {message}"))
        };
        let options = self.options(&folder, loader, context, &*charts)?;
        let text = charts.template(&folder, &options).map_err(failed)?;
        let mut resources = read::resources(text.as_bytes(), &source.file)
            .map_err(|error| failed(error.message.clone()).in_file(&source.file))?;
        place(&mut resources, &text, &folder, source);
        let mut unique = ResMap::default();
        for resource in &mut resources {
            resource.mark_helm_generated();
        }
        unique.append(resources, context)?;
        Ok(unique.into_vec())
    }

    /// The request to the Helm renderer.
    fn options(
        &self,
        folder: &str,
        loader: &Loader<'_>,
        context: &Context,
        charts: &dyn Charts,
    ) -> Result<Value> {
        let Chart {
            name: _,
            version: _,
            repo: _,
            release_name,
            namespace,
            additional_values_files,
            values_file: _,
            values_inline: _,
            values_merge: _,
            include_crds,
            skip_hooks,
            api_versions,
            kube_version,
            name_template,
            skip_tests,
            debug: _,
            devel: _,
        } = &self.chart;
        let mut files =
            vec![json!({ "name": "values.yaml", "text": self.values(folder, loader)? })];
        for file in additional_values_files {
            let text = String::from_utf8_lossy(&loader.load(file)?).into_owned();
            files.push(json!({ "name": file, "text": text }));
        }
        // A chart that says it wins over the flags of the command: it is decoded over them.
        let or = |own: &str, flag: &str| if own.is_empty() { flag } else { own }.to_owned();
        let versions = if api_versions.is_empty() {
            &context.helm().api_versions
        } else {
            api_versions
        };
        let mut capabilities = json!({ "extraApiVersions": versions });
        let kube_version = or(kube_version, &context.helm().kube_version);
        if !kube_version.is_empty() {
            capabilities["kubeVersion"] = json!(kube_version);
        }
        let name = match (release_name.as_str(), name_template.as_str()) {
            ("", "") => UNNAMED.to_owned(),
            (name, "") => name.to_owned(),
            ("", template) => charts
                .template(
                    "",
                    &json!({ "text": { "name": "name-template", "template": template } }),
                )
                .map_err(|message| Error::new(format!("nameTemplate: {message}")))?,
            _ => bail!("cannot set --name-template and also specify a name"),
        };
        Ok(json!({
            "release": { "name": name, "namespace": or(namespace, "default") },
            "valueFiles": files,
            "capabilities": capabilities,
            "includeCrds": include_crds,
            "noHooks": skip_hooks,
            "skipTests": skip_tests,
            "print": true,
        }))
    }

    /// The values that the original writes to a file for Helm: those of the chart or of the file that is named instead, merged with
    /// those that the kustomization holds.
    fn values(&self, folder: &str, loader: &Loader<'_>) -> Result<String> {
        let Chart {
            values_file,
            values_inline,
            values_merge,
            ..
        } = &self.chart;
        let load = || {
            if values_file.is_empty() {
                loader.load_resolved(&path::join(folder, "values.yaml"))
            } else {
                loader.load(values_file)
            }
        };
        if values_inline.is_empty() {
            return Ok(String::from_utf8_lossy(&load()?).into_owned());
        }
        let inline = Value::Object(values_inline.clone());
        if values_merge == "replace" {
            return Ok(to_string_sigs(&inline));
        }
        let file =
            crate::yaml::parse_one(&load()?).wrap("could not parse values file into rnode")?;
        let inline = rosin_manifest::node::Node::from_go_json(&inline);
        let merged = if values_merge == "merge" {
            without_schema(inline, &file)
        } else {
            without_schema(file, &inline)
        }
        .wrap("could not merge values")?;
        let merged = merged.unwrap_or_else(rosin_manifest::node::Node::mapping);
        Ok(to_string_sigs(&crate::yaml::node_to_json(&merged)?))
    }
}

/// Says for each object which template it comes from: Helm writes that above it.
fn place(resources: &mut [Resource], text: &str, folder: &str, source: &Source) {
    let lines: Vec<&str> = text.lines().collect();
    for resource in resources {
        let line = resource.source.line as usize;
        let above = lines.iter().take(line).rev();
        let template = above
            .take_while(|line| !line.starts_with("---"))
            .find_map(|line| line.strip_prefix("# Source: "))
            .and_then(|path| path.split_once('/'));
        resource.source = match template {
            Some((_, inside)) => Source {
                file: path::join(folder, inside).as_str().into(),
                line: 0,
            },
            None => source.clone(),
        };
    }
}
