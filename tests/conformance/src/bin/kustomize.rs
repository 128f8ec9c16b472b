//! `kustomize [FAILED_FILE]` runs the corpus and prints the figures; `kustomize build [FLAGS] DIR` prints what the original's
//! command prints, so that other runners can be pointed at the renderer.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use rosin_conformance::kustomize::{Disk, Summary, cases, corpus, run};
use rosin_kustomize::{BuildRequest, LoadRestrictor, Object, Reorder, build_with_warnings};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.split_first() {
        Some((command, rest)) if command == "build" => build(rest),
        rest => run_corpus(rest.map(|(file, _)| file.as_str())),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("Error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn build(arguments: &[String]) -> Result<ExitCode, String> {
    let mut request = BuildRequest {
        reorder: Reorder::Legacy,
        display_root: "/".to_owned(),
        ..BuildRequest::default()
    };
    let mut folder = ".";
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let mut value = || {
            arguments
                .next()
                .ok_or_else(|| format!("{argument} needs a value"))
        };
        match argument.as_str() {
            "--reorder" => {
                request.reorder = if value()? == "none" {
                    Reorder::None
                } else {
                    Reorder::Legacy
                };
            }
            "--load-restrictor" => {
                request.load_restrictor = match value()?.as_str() {
                    "LoadRestrictionsNone" => LoadRestrictor::None,
                    _ => LoadRestrictor::RootOnly,
                };
            }
            "--enable-managedby-label" => request.managed_by_label = true,
            folder_given => folder = folder_given,
        }
    }
    let path = Path::new(folder)
        .canonicalize()
        .map_err(|error| format!("{folder}: {error}"))?;
    request.path = path
        .to_str()
        .ok_or("the path is not UTF-8")?
        .trim_start_matches('/')
        .to_owned();
    let (result, warnings) = build_with_warnings(&request, &Disk::new(Path::new("/")));
    for warning in warnings {
        eprintln!("{warning}");
    }
    let output = result.map_err(|error| error.to_string())?;
    let texts: Vec<String> = output.objects.iter().map(Object::to_yaml).collect();
    std::io::stdout()
        .write_all(texts.join("---\n").as_bytes())
        .map_err(|error| error.to_string())?;
    Ok(ExitCode::SUCCESS)
}

fn run_corpus(failed_file: Option<&str>) -> Result<ExitCode, String> {
    let corpus = corpus().ok_or("there is no corpus: set ROSIN_CONFORMANCE")?;
    let mut verdicts = Vec::new();
    for case in cases(&corpus).map_err(|error| error.to_string())? {
        verdicts.push(run(&case).map_err(|error| format!("{}: {error}", case.name))?);
    }
    let summary = Summary::new(&verdicts);
    for (group, counts) in &summary.by_group {
        println!(
            "{group:30} {:4} cases  semantic {:6.2} %  bytes {:6.2} %",
            counts.cases,
            counts.semantic_percent(),
            counts.bytes_percent()
        );
    }
    let failed: Vec<String> = verdicts
        .iter()
        .filter(|verdict| !verdict.bytes)
        .map(|verdict| {
            let what = if verdict.semantic {
                "bytes"
            } else {
                "semantic"
            };
            format!(
                "{what} {}: {}",
                verdict.name,
                verdict.why.replace('\n', " | ")
            )
        })
        .collect();
    match failed_file {
        Some(file) => std::fs::write(file, failed.join("\n") + "\n")
            .map_err(|error| format!("{file}: {error}"))?,
        None => failed.iter().for_each(|line| println!("{line}")),
    }
    let all = summary.all;
    println!(
        "{} cases: semantic {} ({:.2} %), bytes {} ({:.2} %)",
        all.cases,
        all.semantic,
        all.semantic_percent(),
        all.bytes,
        all.bytes_percent()
    );
    Ok(if all.semantic == all.cases {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
