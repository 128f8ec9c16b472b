//! The Helm corpus (`conformance/helm/README.md` describes it): its cases of the template language and of functions, one
//! JSON object a line, answered by the built component.

use std::path::Path;

use rosin_render::{
    Engine, EngineConfig, Limits, Registry, RenderError, Renderer, Request, Services, Source,
};
use rosin_tree::Tree;
use serde::Deserialize;
use serde_json::{Value, json};

/// One case, without what is expected of it.
#[derive(Deserialize)]
struct Case {
    id: String,
    kind: String,
    template: String,
    #[serde(default)]
    data: Value,
    #[serde(default)]
    numbers: String,
    #[serde(default)]
    missingkey: String,
}

type Error = Box<dyn std::error::Error>;

/// Answers cases; the chart around those of the functions is read once.
pub struct Answers {
    runtime: tokio::runtime::Runtime,
    renderer: Renderer,
    fixture: Vec<(String, Vec<u8>)>,
}

/// Around the cases of functions, where the corpus' own chart is not at hand.
const CHART: &str = "apiVersion: v2\nname: case\nversion: 0.1.0\n";
/// The only template: its text comes back in base 64, since not every text is YAML.
const OUT: &str = "out: {{ include \"case/templates/_case.tpl\" . | b64enc | quote }}";

impl Answers {
    /// `fixture` is the folder of the chart around every function case.
    pub fn new(fixture: Option<&Path>) -> Result<Self, Error> {
        let mut files = Vec::new();
        match fixture {
            Some(folder) => read_folder(folder, "", &mut files)?,
            None => files.push(("Chart.yaml".to_owned(), CHART.into())),
        }
        files.push(("templates/out.yaml".to_owned(), OUT.into()));
        let engine = Engine::new(EngineConfig::default())?;
        Ok(Self {
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?,
            renderer: Registry::built_in(&engine)?.get("helm")?.clone(),
            fixture: files,
        })
    }

    /// Answers one line of the protocol.
    #[must_use]
    pub fn answer(&self, line: &str) -> String {
        let case: Case = match serde_json::from_str(line) {
            Ok(case) => case,
            Err(error) => return json!({ "id": "", "error": error.to_string() }).to_string(),
        };
        let result = match case.kind.as_str() {
            "template" => self.language(&case),
            "engine" => self.engine(&case),
            kind => Err(format!("unknown kind {kind}")),
        };
        match result {
            Ok(output) => json!({ "id": case.id, "output": output }),
            Err(error) => json!({ "id": case.id, "error": error }),
        }
        .to_string()
    }

    /// The bare language: Go's own functions, the data as dot.
    fn language(&self, case: &Case) -> Result<String, String> {
        let missing = match case.missingkey.as_str() {
            known @ ("zero" | "error") => known,
            _ => "default",
        };
        let options = json!({ "text": {
            "name": "case",
            "template": case.template,
            "data": case.data,
            "integers": case.numbers == "int64",
            "missingKey": missing,
            "functions": "go",
        }});
        self.render(&options, Tree::from_files([]))
    }

    /// Helm's engine: the text is a partial of the fixture's chart, the data are its values.
    fn engine(&self, case: &Case) -> Result<String, String> {
        let text = case.template.clone().into_bytes();
        let case_file = ("templates/_case.tpl".to_owned(), text);
        let tree = Tree::from_files(self.fixture.iter().cloned().chain([case_file]));
        let values = match &case.data {
            Value::Object(_) => case.data.clone(),
            _ => json!({}),
        };
        let printed = self.render(
            &json!({
                "release": { "name": "rosin", "namespace": "rosin-ns" },
                "capabilities": { "kubeVersion": "v1.34.1" },
                "values": values,
                "print": true,
            }),
            tree,
        )?;
        let encoded = printed
            .lines()
            .find_map(|line| line.strip_prefix("out: \"")?.strip_suffix('"'))
            .ok_or_else(|| format!("no text came back: {printed}"))?;
        let decoded = rosin_template::base64_decode(encoded.as_bytes())?;
        Ok(String::from_utf8_lossy(&decoded).into_owned())
    }

    /// What the component prints.
    fn render(&self, options: &Value, tree: Tree) -> Result<String, String> {
        let request = Request {
            options: options.to_string(),
            ..Request::default()
        };
        let (source, services) = (Source::from(tree), Services::default());
        let limits = Limits::default();
        let rendering = self.renderer.render(&request, &source, &services, &limits);
        match self.runtime.block_on(rendering) {
            Ok(rendered) => Ok(rendered.notes.unwrap_or_default()),
            Err(RenderError::Invalid { message, .. }) => Err(message),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Files below a folder, by their paths from it.
fn read_folder(
    root: &Path,
    below: &str,
    files: &mut Vec<(String, Vec<u8>)>,
) -> std::io::Result<()> {
    for entry in std::fs::read_dir(root.join(below))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() {
            name
        } else {
            format!("{below}/{name}")
        };
        if entry.file_type()?.is_dir() {
            read_folder(root, &path, files)?;
        } else {
            files.push((path.clone(), std::fs::read(root.join(&path))?));
        }
    }
    Ok(())
}
