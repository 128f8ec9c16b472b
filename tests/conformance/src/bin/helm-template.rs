//! `helm template` with the library, natively: what `run.py` of the Helm corpus takes as its command. Only the flags that
//! the corpus uses.

use std::path::Path;
use std::process::ExitCode;
use std::rc::Rc;

use rosin_conformance::helm::{World, read_folder};
use rosin_helm::chart::{load, read_values};
use rosin_helm::options::CapabilityOptions;
use rosin_helm::values::strvals::{self, Mode};
use rosin_helm::{Options, Scene, render_with};
use rosin_plugin::MemoryFiles;
use rosin_template::{Env, Map, Templates, json, parse};

#[derive(Default)]
struct Arguments {
    positional: Vec<String>,
    options: Options,
    files: Vec<String>,
    /// Flag and text, in the order of the kinds below.
    sets: Vec<(String, String)>,
}

const SETS: [&str; 5] = [
    "--set-json",
    "--set",
    "--set-string",
    "--set-file",
    "--set-literal",
];

fn main() -> ExitCode {
    // Debug builds have large frames, and templates include each other a thousand levels deep.
    let work = std::thread::Builder::new().stack_size(1 << 30).spawn(run);
    let result = match work.map(std::thread::JoinHandle::join) {
        Ok(Ok(result)) => result,
        _ => Err("the rendering panicked".to_owned()),
    };
    match result {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("Error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn arguments() -> Result<Arguments, String> {
    let mut arguments = Arguments::default();
    let mut capabilities = CapabilityOptions::default();
    let mut input = std::env::args().skip(1);
    while let Some(word) = input.next() {
        let (flag, inline) = match word.split_once('=') {
            Some((flag, value)) if flag.starts_with("--") => {
                (flag.to_owned(), Some(value.to_owned()))
            }
            _ => (word.clone(), None),
        };
        let mut value = || {
            inline
                .clone()
                .or_else(|| input.next())
                .ok_or_else(|| format!("flag needs an argument: {flag}"))
        };
        match flag.as_str() {
            "-n" | "--namespace" => arguments.options.release.namespace = value()?,
            "--kube-version" => capabilities.kube_version = Some(value()?),
            "--api-versions" | "-a" => capabilities
                .extra_api_versions
                .extend(value()?.split(',').map(str::to_owned)),
            "-f" | "--values" => arguments.files.push(value()?),
            "--include-crds" => arguments.options.include_crds = true,
            "--is-upgrade" => arguments.options.release.is_upgrade = true,
            "--skip-tests" => arguments.options.skip_tests = true,
            "--skip-crds" => {}
            "--no-hooks" => arguments.options.no_hooks = true,
            "--skip-schema-validation" => arguments.options.skip_schema_validation = true,
            "--show-only" | "-s" => arguments.options.show_only.push(value()?),
            "--name-template" => {
                arguments.options.release.name = name_from(&value()?)?;
                arguments.positional.insert(0, String::new());
            }
            flag if SETS.contains(&flag) => arguments.sets.push((flag.to_owned(), value()?)),
            flag if flag.starts_with('-') => return Err(format!("unknown flag: {flag}")),
            _ => arguments.positional.push(word),
        }
    }
    arguments.options.capabilities = Some(capabilities);
    Ok(arguments)
}

/// `--name-template`: sprig's functions, and nothing to look at.
fn name_from(text: &str) -> Result<String, String> {
    let functions = rosin_template::sprig::functions();
    let mut templates = Templates::default();
    templates.add(parse("name-template", text, &functions).map_err(|error| error.to_string())?);
    let mut env = Env::new(Rc::new(functions), Rc::new(templates), Rc::new(World));
    let name = env
        .execute(b"name-template", rosin_template::Value::Nil)
        .map_err(|error| error.text)?;
    Ok(String::from_utf8_lossy(&name).into_owned())
}

fn user_values(arguments: &Arguments) -> Result<Map, String> {
    let mut values = Map::default();
    for path in &arguments.files {
        let text = std::fs::read(path).map_err(|error| {
            format!(
                "open {path}: {}",
                if error.kind() == std::io::ErrorKind::NotFound {
                    "no such file or directory".into()
                } else {
                    error.to_string()
                }
            )
        })?;
        let more =
            read_values(&text).map_err(|error| format!("failed to parse {path}: {error}"))?;
        values = rosin_helm::values::merge_maps(&values, &more);
    }
    for flag in SETS {
        for (_, text) in arguments.sets.iter().filter(|(known, _)| known == flag) {
            let name = &flag[2..];
            let failed = |error: String| format!("failed parsing --{name} data: {error}");
            match name {
                "set-json" if text.trim().starts_with('{') => {
                    let more = json::decode_map(text.trim().as_bytes())
                        .map_err(|_| format!("failed parsing --set-json data JSON: {text}"))?;
                    values = rosin_helm::values::merge_maps(&values, &more);
                }
                "set-json" => strvals::set(text, &values, Mode::Json)
                    .map_err(|_| format!("failed parsing --set-json data {text}"))?,
                "set" => strvals::set(text, &values, Mode::Typed).map_err(failed)?,
                "set-string" => strvals::set(text, &values, Mode::Text).map_err(failed)?,
                "set-file" => {
                    let read = |path: &str| {
                        std::fs::read_to_string(path)
                            .map_err(|_| format!("open {path}: no such file or directory"))
                    };
                    strvals::set(text, &values, Mode::File(&read)).map_err(failed)?;
                }
                _ => strvals::set_literal(text, &values).map_err(failed)?,
            }
        }
    }
    Ok(values)
}

fn run() -> Result<String, String> {
    let mut arguments = arguments()?;
    let chart = match arguments.positional.as_slice() {
        [chart] => chart.clone(),
        [release, chart] => {
            if !release.is_empty() {
                arguments.options.release.name.clone_from(release);
            }
            chart.clone()
        }
        _ => return Err("\"helm template\" requires at least 1 argument".into()),
    };
    let path = Path::new(&chart);
    let mut files = MemoryFiles::default();
    let root = if path.is_dir() {
        let mut found = Vec::new();
        read_folder(path, "", &mut found).map_err(|error| error.to_string())?;
        for file in found {
            files.insert(file.name, file.data.as_bytes());
        }
        ""
    } else {
        let data = std::fs::read(path).map_err(|_| "repo charts not found".to_owned())?;
        files.insert("chart.tgz", data);
        "chart.tgz"
    };
    let values = user_values(&arguments)?;
    let chart = load(&files, root).map_err(|error| error.to_string())?;
    let scene = Scene::new(Rc::new(World));
    let rendered = render_with(chart, &values, &arguments.options, &scene).map_err(|error| {
        let more = if error.is_rendering() {
            "

Use --debug flag to render out invalid YAML"
        } else {
            ""
        };
        format!("{error}{more}")
    })?;
    match arguments.options.show_only.as_slice() {
        [] => Ok(rendered.text()),
        patterns => rendered
            .text_of(patterns)
            .map_err(|error| error.to_string()),
    }
}
