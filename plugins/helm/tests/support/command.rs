//! `helm template` with the library: its arguments to options, and what it prints or says.
#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

use std::path::Path;
use std::rc::Rc;

use rosin_helm::chart::load;
use rosin_helm::values::user_values;
use rosin_helm::{Error, Options, Scene, render_with};
use rosin_plugin::MemoryFiles;
use rosin_template::Still;
use serde_json::{Value, json};

/// A folder or an archive, with the path of the chart in what was read.
fn read(path: &Path) -> (MemoryFiles, &'static str) {
    let mut files = MemoryFiles::default();
    if path.is_file() {
        files.insert("chart.tgz", std::fs::read(path).unwrap());
        return (files, "chart.tgz");
    }
    folder(path, "", &mut files);
    (files, "")
}

fn folder(root: &Path, below: &str, files: &mut MemoryFiles) {
    for entry in std::fs::read_dir(root.join(below)).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = [below, &name].join(if below.is_empty() { "" } else { "/" });
        if root.join(&path).is_dir() {
            folder(root, &path, files);
        } else {
            files.insert(&path, std::fs::read(root.join(&path)).unwrap());
        }
    }
}

/// Options and the chart of `helm template` with these arguments.
fn options(args: &[String], base: &Path) -> Option<(Options, String)> {
    let mut options = json!({
        "release": { "name": "release-name", "namespace": "default" },
        "capabilities": { "extraApiVersions": [] },
        "valueFiles": [], "set": [], "files": {}, "showOnly": [],
    });
    let mut names = Vec::new();
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        if !arg.starts_with('-') {
            names.push(arg.clone());
            continue;
        }
        let (flag, given) = arg
            .split_once('=')
            .map_or((arg.as_str(), None), |(flag, value)| {
                (flag, Some(value.to_owned()))
            });
        let truth = given.as_deref() != Some("false");
        let mut value = || given.clone().or_else(|| rest.next().cloned()).unwrap();
        let push = |options: &mut Value, list: &str, value: Value| {
            options[list].as_array_mut().unwrap().push(value);
        };
        match flag {
            "-n" | "--namespace" => options["release"]["namespace"] = value().into(),
            "--kube-version" => options["capabilities"]["kubeVersion"] = value().into(),
            "-a" | "--api-versions" => {
                let list = options["capabilities"]["extraApiVersions"].as_array_mut();
                list.unwrap().extend(value().split(',').map(Value::from));
            }
            "-f" | "--values" => {
                let path = value();
                let text = std::fs::read_to_string(base.join(&path)).ok()?;
                push(
                    &mut options,
                    "valueFiles",
                    json!({ "name": path, "text": text }),
                );
            }
            "--set" => push(
                &mut options,
                "set",
                json!({ "mode": "typed", "text": value() }),
            ),
            "--set-string" => {
                push(
                    &mut options,
                    "set",
                    json!({ "mode": "string", "text": value() }),
                );
            }
            "--set-json" => push(
                &mut options,
                "set",
                json!({ "mode": "json", "text": value() }),
            ),
            "--set-literal" => {
                push(
                    &mut options,
                    "set",
                    json!({ "mode": "literal", "text": value() }),
                );
            }
            "-s" | "--show-only" => push(&mut options, "showOnly", value().into()),
            "--is-upgrade" => options["release"]["isUpgrade"] = truth.into(),
            "--include-crds" => options["includeCrds"] = truth.into(),
            "--no-hooks" => options["noHooks"] = truth.into(),
            "--skip-tests" => options["skipTests"] = truth.into(),
            "--skip-schema-validation" => options["skipSchemaValidation"] = truth.into(),
            "--render-subchart-notes" => options["subNotes"] = truth.into(),
            _ => return None,
        }
    }
    // Kinds of set flags have an order of their own.
    let order = ["json", "typed", "string", "file", "literal"];
    let rank = |set: &Value| order.iter().position(|mode| set["mode"] == *mode);
    options["set"].as_array_mut().unwrap().sort_by_key(rank);
    let chart = names.pop().unwrap();
    if let Some(name) = names.pop() {
        options["release"]["name"] = name.into();
    }
    Some((serde_json::from_value(options).unwrap(), chart))
}

/// What the command prints, or the error; None for flags and files that only the program can judge. Paths are from `base`.
pub(crate) fn template(args: &[String], base: &Path) -> Option<Result<String, String>> {
    let (options, chart) = options(args, base)?;
    if !base.join(&chart).exists() {
        return None;
    }
    let (files, path) = read(&base.join(chart));
    Some(print(&files, path, &options))
}

/// What the command prints of a chart.
pub(crate) fn print(files: &MemoryFiles, path: &str, options: &Options) -> Result<String, String> {
    let text = |error: &Error| {
        let mut text = error.to_string();
        if error.is_rendering() {
            text.push_str("\n\nUse --debug flag to render out invalid YAML");
        }
        text
    };
    let values = user_values(options).map_err(|error| text(&error))?;
    let chart = load(files, path).map_err(|error| text(&error))?;
    let scene = Scene::new(Rc::new(Still));
    let rendered = render_with(chart, &values, options, &scene).map_err(|error| text(&error))?;
    match options.show_only.as_slice() {
        [] => Ok(rendered.text()),
        patterns => rendered.text_of(patterns).map_err(|error| text(&error)),
    }
}
