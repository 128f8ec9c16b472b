//! `rosin-e2e`: plays the scenarios that were recorded from the original controllers against the program under test. The recordings
//! and their runner live outside of this repository; without them there is nothing to do.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use clap::Parser;
use rosin_cluster_tests::{ControlPlane, Controller, Options, install, paths};
use serde_json::Value;

/// Play recorded scenarios against rosin
#[derive(Parser)]
struct Cli {
    /// The folder of the recorded corpora
    #[arg(long, env = "ROSIN_CONFORMANCE")]
    corpora: Option<PathBuf>,
    /// Only scenarios whose name fits this regular expression; by default those of the kinds that deploy/ defines
    #[arg(long = "match")]
    pattern: Option<String>,
    /// Fail when fewer of a hundred pass
    #[arg(long, default_value_t = 0)]
    at_least: usize,
    /// How many at once
    #[arg(long, default_value_t = 8)]
    parallel: usize,
    /// Multiplies all timeouts
    #[arg(long, default_value_t = 1.0)]
    patience: f64,
    /// Folder for state and logs
    #[arg(long, default_value = ".demo/e2e")]
    dir: PathBuf,
}

/// The kind that the scenarios of a prefix are about.
const SUBJECTS: [(&str, &str); 8] = [
    ("git", "gitrepositories.source.toolkit.fluxcd.io"),
    ("ks", "kustomizations.kustomize.toolkit.fluxcd.io"),
    // Most of these use every kind.
    ("flux", "helmreleases.helm.toolkit.fluxcd.io"),
    ("oci", "ocirepositories.source.toolkit.fluxcd.io"),
    ("bucket", "buckets.source.toolkit.fluxcd.io"),
    ("helmrepo", "helmrepositories.source.toolkit.fluxcd.io"),
    ("helmchart", "helmcharts.source.toolkit.fluxcd.io"),
    ("hr", "helmreleases.helm.toolkit.fluxcd.io"),
];

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<bool> {
    let corpora = cli.corpora.filter(|folder| !folder.as_os_str().is_empty());
    let Some(runner) = corpora.map(|folder| folder.join("e2e/run.py")) else {
        println!("the recorded scenarios are not here (ROSIN_CONFORMANCE): nothing to play");
        return Ok(true);
    };
    if !runner.exists() {
        bail!("{} does not exist", runner.display());
    }
    let plane = ControlPlane::start(
        &cli.dir.join("control-plane"),
        Options {
            nodes: false,
            ..Options::default()
        },
    )
    .await?;
    let api = plane.api().await?;
    install::install(&api).await?;
    let definitions = api
        .list(
            "apiextensions.k8s.io/v1",
            "CustomResourceDefinition",
            "",
            "",
        )
        .await?;
    let pattern = cli.pattern.unwrap_or_else(|| of_kinds(&definitions));

    // The recordings are Flux's: its way is asked for where ours differs by decision.
    let flags = [
        "--concurrent=20",
        "--requeue-dependency=2s",
        "--watch-drift=false",
        "--prune-empty=true",
    ];
    let folder = cli.dir.join("controller");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let mut controller = Controller::start(&folder, &plane.kubeconfig(), &flags)?;
    controller.wait_ready().await?;

    let report = cli.dir.join("report.json");
    let mut command = Command::new("python3");
    command
        .arg(&runner)
        .arg("--kubeconfig")
        .arg(plane.kubeconfig())
        .arg("--match")
        .arg(&pattern);
    command
        .arg("--report")
        .arg(&report)
        .arg(format!("--parallel={}", cli.parallel))
        .arg(format!("--patience={}", cli.patience));
    if let Ok(flux) = paths::tool("flux") {
        command.arg("--flux").arg(flux);
    }
    println!("scenarios {pattern} against {}", plane.server());
    // Its exit code says only whether all passed; the report says more.
    command.status().context("starting python3")?;
    controller.check()?;
    let report: Value =
        serde_json::from_slice(&fs::read(&report).context("the runner left no report")?)?;
    Ok(summarize(&report, cli.at_least))
}

/// A pattern for the scenarios of the kinds that are defined here.
fn of_kinds(definitions: &[Value]) -> String {
    let defined = |name: &str| {
        definitions
            .iter()
            .any(|definition| definition["metadata"]["name"] == name)
    };
    let prefixes: Vec<&str> = SUBJECTS
        .iter()
        .filter(|(_, name)| defined(name))
        .map(|(prefix, _)| *prefix)
        .collect();
    format!("^({})-", prefixes.join("|"))
}

/// Prints what passed and what did not, by prefix, and says whether it is enough.
fn summarize(report: &Value, at_least: usize) -> bool {
    let mut groups: BTreeMap<&str, [Vec<&str>; 3]> = BTreeMap::new();
    for (name, result) in report.as_object().into_iter().flatten() {
        let prefix = name.split('-').next().unwrap_or_default();
        let column = match result["problems"].as_array() {
            None => 2,
            Some(problems) => usize::from(!problems.is_empty()),
        };
        groups.entry(prefix).or_default()[column].push(name);
    }
    let (mut passed, mut failed) = (0, 0);
    println!();
    for (prefix, [good, bad, skipped]) in &groups {
        println!(
            "{prefix}: {} of {} passed",
            good.len(),
            good.len() + bad.len()
        );
        for (title, names) in [("passed", good), ("failed", bad), ("skipped", skipped)] {
            if !names.is_empty() {
                println!("  {title}: {}", names.join(" "));
            }
        }
        passed += good.len();
        failed += bad.len();
    }
    println!(
        "{passed} passed, {failed} failed: {:.0} %",
        100.0 * passed as f64 / (passed + failed).max(1) as f64
    );
    passed * 100 >= at_least * (passed + failed) && passed > 0
}
