//! What rendering charts costs in one process, sandbox included, here and with the original's command run inside of
//! `helm-oracle`: processor time, the least of some runs, one after the other.
//!
//! `rosin-bench-helm HELM_ORACLE FOLDER [RUNS]`: the folder has unpacked archives of recorded charts, of which those are taken
//! that render with their own defaults.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rosin_render::{Engine, EngineConfig, Limits, Registry, Renderer, Request, Services, Source};
use rosin_tree::Tree;
use serde_json::{Value, json};

type Error = Box<dyn std::error::Error>;

/// A recorded rendering of a chart with its own values.
struct Case {
    id: String,
    chart: PathBuf,
    recorded: Value,
}

fn cases(folder: &Path) -> Result<Vec<Case>, Error> {
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(folder.join("cases"))? {
        let folder_of_case = entry?.path();
        let recorded: Value =
            serde_json::from_slice(&std::fs::read(folder_of_case.join("case.json"))?)?;
        let empty = |field: &str| recorded[field].as_array().is_none_or(Vec::is_empty);
        let renders = folder_of_case.join("expected.yaml").is_file();
        if renders && empty("values") && empty("flags") {
            cases.push(Case {
                id: recorded["id"].as_str().unwrap_or_default().to_owned(),
                chart: folder.join(recorded["chart"].as_str().unwrap_or_default()),
                recorded,
            });
        }
    }
    cases.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(cases)
}

/// Processor time of this process' threads.
fn processor_time() -> Result<Duration, Error> {
    let mut nanoseconds = 0;
    for task in std::fs::read_dir("/proc/self/task")? {
        let text = std::fs::read_to_string(task?.path().join("schedstat"))?;
        nanoseconds += text.split(' ').next().unwrap_or_default().parse::<u64>()?;
    }
    Ok(Duration::from_nanos(nanoseconds))
}

struct Ours {
    runtime: tokio::runtime::Runtime,
    renderer: Renderer,
}

impl Ours {
    fn new() -> Result<Self, Error> {
        let engine = Engine::new(EngineConfig {
            threads: 1,
            ..EngineConfig::default()
        })?;
        Ok(Self {
            runtime: tokio::runtime::Builder::new_current_thread()
                // A thread that ends takes its processor time along.
                .thread_keep_alive(Duration::from_secs(3_600))
                .enable_all()
                .build()?,
            renderer: Registry::built_in(&engine)?.get("helm")?.clone(),
        })
    }

    /// From the folder to the printed text.
    fn render(&self, case: &Case) -> Result<Duration, Error> {
        let before = processor_time()?;
        let folder = cap_std::fs::Dir::open_ambient_dir(&case.chart, cap_std::ambient_authority())?;
        let options = json!({
            "release": { "name": case.recorded["release"], "namespace": case.recorded["namespace"] },
            "capabilities": {
                "kubeVersion": case.recorded["kubeVersion"],
                "extraApiVersions": case.recorded["apiVersions"],
            },
            "print": true,
        });
        let request = Request {
            options: options.to_string(),
            ..Request::default()
        };
        let (source, services) = (Source::from(Tree::from_dir(folder)?), Services::default());
        let limits = Limits::default();
        let rendering = self.renderer.render(&request, &source, &services, &limits);
        self.runtime.block_on(rendering)?;
        Ok(processor_time()?.saturating_sub(before))
    }
}

struct Original {
    child: Child,
    answers: BufReader<std::process::ChildStdout>,
}

impl Original {
    fn start(program: &str) -> Result<Self, Error> {
        let mut child = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let answers = BufReader::new(child.stdout.take().ok_or("no output")?);
        Ok(Self { child, answers })
    }

    fn render(&mut self, case: &Case) -> Result<Duration, Error> {
        let text = |field: &str| case.recorded[field].as_str().unwrap_or_default().to_owned();
        let mut args = vec![
            "template".to_owned(),
            text("release"),
            case.chart.to_string_lossy().into_owned(),
        ];
        args.extend([
            "-n".to_owned(),
            text("namespace"),
            "--kube-version".to_owned(),
            text("kubeVersion"),
        ]);
        for version in case.recorded["apiVersions"]
            .as_array()
            .into_iter()
            .flatten()
        {
            args.extend([
                "-a".to_owned(),
                version.as_str().unwrap_or_default().to_owned(),
            ]);
        }
        let input = self.child.stdin.as_mut().ok_or("no input")?;
        writeln!(input, "{}", json!({ "args": args }))?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        let answer: Value = serde_json::from_str(&line)?;
        if answer["output"].is_null() {
            return Err(format!("{}: the original says {}", case.id, answer["error"]).into());
        }
        Ok(Duration::from_micros(
            answer["micros"].as_u64().unwrap_or_default(),
        ))
    }
}

/// What one chart costs here and with the original.
struct Measured {
    id: String,
    ours: Duration,
    theirs: Duration,
    /// Does it draw keys or other random things? Then its times are chance, too.
    random: bool,
}

impl Measured {
    fn ratio(&self) -> f64 {
        self.theirs.as_secs_f64() / self.ours.as_secs_f64()
    }
}

/// The least of some runs; the mean, where every run costs something else.
fn typical(
    runs: u32,
    random: bool,
    mut run: impl FnMut() -> Result<Duration, Error>,
) -> Result<Duration, Error> {
    let (mut least, mut sum) = (Duration::MAX, Duration::ZERO);
    for _ in 0..runs {
        let one = run()?;
        (least, sum) = (least.min(one), sum + one);
    }
    Ok(if random { sum / runs } else { least })
}

fn print_sum<'m>(what: &str, measured: impl Iterator<Item = &'m Measured>) {
    let (mut count, mut ours, mut theirs) = (0, 0.0, 0.0);
    for one in measured {
        count += 1;
        ours += one.ours.as_secs_f64();
        theirs += one.theirs.as_secs_f64();
    }
    println!(
        "{count:4} charts {what}: {ours:.2} s here, {theirs:.2} s with the original: {:.2}x",
        theirs / ours
    );
}

fn print(mut measured: Vec<Measured>, shown: usize) {
    measured.sort_by(|a, b| a.ratio().total_cmp(&b.ratio()));
    for one in measured.iter().take(shown) {
        println!(
            "{:6.2}x  {:8.1} ms  {:8.1} ms  {}{}",
            one.ratio(),
            one.ours.as_secs_f64() * 1e3,
            one.theirs.as_secs_f64() * 1e3,
            one.id,
            if one.random { "  (random)" } else { "" }
        );
    }
    print_sum("in all", measured.iter());
    print_sum(
        "with nothing random",
        measured.iter().filter(|one| !one.random),
    );
    print_sum(
        "with random documents",
        measured.iter().filter(|one| one.random),
    );
    for percent in [0, 5, 25, 50, 75, 95, 100] {
        let at = measured.len().saturating_sub(1) * percent / 100;
        if let Some(one) = measured.get(at) {
            println!("{percent:4} % of the charts: at most {:.2}x", one.ratio());
        }
    }
    let below = measured.iter().filter(|one| one.ratio() < 1.0).count();
    println!("{below} below 1x");
}

/// Charts whose worst ratios are shown.
const SHOWN: usize = 12;
/// Runs in place of one, where every run costs something else.
const RANDOM_RUNS: u32 = 3;

fn main() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [oracle, folder, rest @ ..] = arguments.as_slice() else {
        return Err("usage: rosin-bench-helm HELM_ORACLE FOLDER [RUNS] [SHOWN]".into());
    };
    let runs: u32 = rest.first().map_or(Ok(3), |runs| runs.parse())?;
    let shown = rest.get(1).map_or(Ok(SHOWN), |shown| shown.parse())?;
    let (ours, mut original) = (Ours::new()?, Original::start(oracle)?);
    let mut measured = Vec::new();
    for (index, case) in cases(Path::new(folder))?.into_iter().enumerate() {
        if index % 50 == 49 {
            original = Original::start(oracle)?;
            original.render(&case)?;
        }
        let random = case.recorded["unstable"]
            .as_array()
            .is_some_and(|documents| !documents.is_empty());
        let runs = if random { runs * RANDOM_RUNS } else { runs };
        let our_time = typical(runs, random, || ours.render(&case))?;
        let their_time = typical(runs, random, || original.render(&case))?;
        measured.push(Measured {
            id: case.id,
            ours: our_time,
            theirs: their_time,
            random,
        });
    }
    print(measured, shown);
    Ok(())
}
