//! The Helm corpus (`conformance/helm/README.md` describes it): its cases of the template language and of functions, one
//! JSON object a line.

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use rosin_helm::chart::{Chart, File, load_files};
use rosin_helm::options::{CapabilityOptions, Release};
use rosin_helm::{Options, Scene};
use rosin_template::{
    Ambient, Env, Functions, Map, MissingKey, Still, Str, Templates, Value, parse,
};
use serde::Deserialize;

/// One case, without what is expected of it.
#[derive(Deserialize)]
struct Case {
    id: String,
    kind: String,
    template: String,
    #[serde(default)]
    data: serde_json::Value,
    #[serde(default)]
    numbers: String,
    #[serde(default)]
    missingkey: String,
}

/// Answers cases; the chart around those of the functions is read once.
pub struct Answers {
    fixture: Vec<File>,
}

impl Answers {
    /// `fixture` is the folder of the chart around every function case.
    pub fn new(fixture: &Path) -> std::io::Result<Self> {
        let mut files = Vec::new();
        read_folder(fixture, "", &mut files)?;
        Ok(Self { fixture: files })
    }

    /// Answers one line of the protocol.
    #[must_use]
    pub fn answer(&self, line: &str) -> String {
        let case: Case = match serde_json::from_str(line) {
            Ok(case) => case,
            Err(error) => {
                return serde_json::json!({ "id": "", "error": error.to_string() }).to_string();
            }
        };
        let result = match case.kind.as_str() {
            "template" => template(&case),
            "engine" => self.engine(&case),
            kind => Err(format!("unknown kind {kind}")),
        };
        match result {
            Ok(output) => serde_json::json!({ "id": case.id, "output": output }),
            Err(error) => serde_json::json!({ "id": case.id, "error": error }),
        }
        .to_string()
    }

    /// Helm's engine: the text is a partial of the fixture's chart, the data are its values.
    fn engine(&self, case: &Case) -> Result<String, String> {
        let mut files = self.fixture.clone();
        files.push(file("templates/_case.tpl", case.template.as_str()));
        files.push(file(
            "templates/out.yaml",
            "out: {{ include \"case/templates/_case.tpl\" . | b64enc }}",
        ));
        let chart: Chart = load_files(files).map_err(|error| error.to_string())?;
        let mut values = match value(&case.data, false) {
            Value::Map(values) => values,
            _ => Map::default(),
        };
        if values.is_nil() {
            values = Map::default();
        }
        let options = Options {
            release: Release {
                name: "rosin".into(),
                namespace: "rosin-ns".into(),
                ..Release::default()
            },
            capabilities: Some(CapabilityOptions {
                kube_version: Some("v1.34.1".into()),
                ..CapabilityOptions::default()
            }),
            ..Options::default()
        };
        let scene = Scene::new(Rc::new(World));
        rosin_helm::render_text(chart, &values, &options, &scene, "case/templates/out.yaml")
            .map_err(|error| error.to_string())
            .and_then(|text| {
                let encoded = text.strip_prefix(b"out: ").unwrap_or(&text);
                let decoded = rosin_template::base64_decode(encoded)?;
                Ok(Str::from(decoded).to_text().into_owned())
            })
    }
}

fn file(name: &str, text: &str) -> File {
    File {
        name: name.to_owned(),
        data: Str::from(text),
    }
}

/// Files below a folder, by their paths from it.
pub fn read_folder(root: &Path, below: &str, files: &mut Vec<File>) -> std::io::Result<()> {
    let mut entries: Vec<_> = std::fs::read_dir(root.join(below))?.collect::<Result<_, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() {
            name
        } else {
            format!("{below}/{name}")
        };
        if entry.file_type()?.is_dir() {
            read_folder(root, &path, files)?;
        } else {
            files.push(File {
                data: Str::from(std::fs::read(root.join(&path))?),
                name: path,
            });
        }
    }
    Ok(())
}

/// The machine's clock and entropy.
pub struct World;

impl Ambient for World {
    fn now(&self) -> i64 {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
    }

    fn random(&self, bytes: &mut [u8]) {
        use std::io::Read;
        let filled =
            std::fs::File::open("/dev/urandom").and_then(|mut source| source.read_exact(bytes));
        assert!(filled.is_ok(), "this system has no /dev/urandom");
    }
}

/// The bare language: Go's own functions, the data as dot.
fn template(case: &Case) -> Result<String, String> {
    let functions = Functions::builtin();
    let mut templates = Templates::default();
    templates
        .add(parse("case", case.template.as_str(), &functions).map_err(|error| error.to_string())?);
    let mut env = Env::new(Rc::new(functions), Rc::new(templates), Rc::new(Still));
    env.missing_key = match case.missingkey.as_str() {
        "error" => MissingKey::Error,
        "zero" => MissingKey::Zero,
        _ => MissingKey::Invalid,
    };
    let data = value(&case.data, case.numbers == "int64");
    let output = env.execute(b"case", data).map_err(|error| error.text)?;
    Ok(Str::from(output).to_text().into_owned())
}

/// Data as a values file gives it (every number a float64), or as `--set` does (whole numbers are int64).
fn value(json: &serde_json::Value, ints: bool) -> Value {
    match json {
        serde_json::Value::Null => Value::Nil,
        serde_json::Value::Bool(value) => Value::Bool(*value),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(int) if ints => Value::int64(int),
            _ => Value::Float(number.as_f64().unwrap_or_default()),
        },
        serde_json::Value::String(text) => Value::from(text.as_str()),
        serde_json::Value::Array(items) => Value::from(
            items
                .iter()
                .map(|item| value(item, ints))
                .collect::<Vec<_>>(),
        ),
        serde_json::Value::Object(entries) => {
            let entries: BTreeMap<Str, Value> = entries
                .iter()
                .map(|(key, item)| (Str::from(key.as_str()), value(item, ints)))
                .collect();
            Value::Map(Map::new(entries))
        }
    }
}

/// What Helm's engine makes of a text as a chart's only template, as `tests/tools/helm-oracle` asks the original.
pub fn render_case(template: &str, values: &serde_json::Value) -> Result<String, String> {
    let files = vec![
        file("Chart.yaml", "apiVersion: v2\nname: case\nversion: 0.1.0\n"),
        file("templates/case.yaml", template),
    ];
    let chart = load_files(files).map_err(|error| error.to_string())?;
    let Value::Map(values) = value(values, false) else {
        return Err("values are no map".into());
    };
    let options = Options {
        release: Release {
            name: "rosin".into(),
            namespace: "rosin-ns".into(),
            ..Release::default()
        },
        ..Options::default()
    };
    let scene = Scene::new(Rc::new(World));
    rosin_helm::render_text(chart, &values, &options, &scene, "case/templates/case.yaml")
        .map(|text| text.to_text().into_owned())
        .map_err(|error| error.to_string())
}
