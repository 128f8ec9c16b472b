//! CPU time of warm builds in the sandbox, an instance made anew for each, beside the original's library in a process that is
//! already running: `cargo bench -p rosin-render --bench kustomize`, after `tests/tools/build kustomize-oracle`. Then what a render
//! costs that is remembered, and how much is rendered after one file of many overlays changed.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rosin_kustomize_peer::random::Oracle;
use rosin_kustomize_peer::trees;
use rosin_render::{
    Engine, EngineConfig, Limits, Memo, Registry, Remembered, Renderer, Request, Services, Source,
};
use rosin_tree::Tree;

const ROWS: [(&str, trees::Write, usize, u32); 4] = [
    ("small overlay", |root, _| trees::small(root), 3, 100),
    ("installation", |root, _| trees::installation(root), 45, 5),
    ("applications", trees::applications, 500, 2),
    ("applications", trees::applications, 1100, 1),
];

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let engine = Engine::new(EngineConfig::default()).unwrap();
    let registry = Registry::built_in(&engine).unwrap();
    let kustomize = registry.get("kustomize").unwrap();
    let mut oracle = oracle();
    println!(
        "{:24} {:>7} {:>12} {:>12} {:>7}",
        "tree", "objects", "here", "original", "times"
    );
    for (name, write, objects, repeat) in ROWS {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), objects).unwrap();
        let files = files(folder.path());
        let here = here(kustomize, &files, repeat).await;
        let original = oracle
            .as_mut()
            .map(|oracle| oracle.measure(&files, "overlay", repeat).unwrap());
        let times = original.map_or(f64::NAN, |original| {
            original.as_secs_f64() / here.as_secs_f64()
        });
        let original = original.map_or_else(|| "not built".to_owned(), |it| format!("{it:.2?}"));
        println!("{name:24} {objects:>7} {here:>12.2?} {original:>12} {times:>7.1}");
    }
    remembered(kustomize).await;
    changed(kustomize).await;
}

/// What it costs to find that nothing changed of what a render of 1,000 objects read.
async fn remembered(kustomize: &Renderer) {
    let folder = tempfile::tempdir().unwrap();
    trees::applications(folder.path(), 1000).unwrap();
    let source = Source::from(tree(&files(folder.path())));
    let memo = Memo::new(1 << 30);
    let first = through(&memo, kustomize, &source, "overlay").await;
    assert!(!first.reused);
    let (count, start) = (1000, cpu_time());
    for _ in 0..count {
        assert!(through(&memo, kustomize, &source, "overlay").await.reused);
    }
    let each = (cpu_time() - start) / count;
    let objects = first.rendered.manifests.len();
    println!("an unchanged render of {objects} objects: {each:.1?}");
}

/// How many of 1,000 overlays of one repository are rendered again when files change.
async fn changed(kustomize: &Renderer) {
    const OVERLAYS: usize = 1000;
    let object = |name: &str| {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  k: v\n")
    };
    let mut files = BTreeMap::from([
        (
            "base/kustomization.yaml".to_owned(),
            "resources: [object.yaml]\n".to_owned(),
        ),
        ("base/object.yaml".to_owned(), object("base")),
    ]);
    for number in 0..OVERLAYS {
        let folder = format!("overlays/{number}");
        let kustomization = format!("resources: [../../base, own.yaml]\nnamePrefix: o{number}-\n");
        files.insert(format!("{folder}/kustomization.yaml"), kustomization);
        files.insert(format!("{folder}/own.yaml"), object("own"));
    }
    let memo = Memo::new(1 << 30);
    let before = tree(&files);
    for (what, change) in [
        ("all are new", None),
        ("nothing changed", None),
        (
            "one file of one overlay changed",
            Some("overlays/7/own.yaml"),
        ),
        ("the file of their base changed", Some("base/object.yaml")),
    ] {
        let mut now = before.clone();
        if let Some(path) = change {
            let text = object("changed").into_bytes();
            now = now.overlay(BTreeMap::from([(path.to_owned(), text)]));
        }
        let (source, start, mut rendered) = (Source::from(now), Instant::now(), 0);
        for number in 0..OVERLAYS {
            let path = format!("overlays/{number}");
            let remembered = through(&memo, kustomize, &source, &path).await;
            rendered += usize::from(!remembered.reused);
        }
        let took = start.elapsed();
        println!("{what}: {rendered} of {OVERLAYS} overlays rendered, in {took:.1?}");
    }
}

async fn through(memo: &Memo, kustomize: &Renderer, source: &Source, path: &str) -> Remembered {
    let request = Request {
        path: path.to_owned(),
        ..Request::default()
    };
    let (services, limits) = (Services::default(), Limits::default());
    memo.render("tenant", kustomize, &request, source, &services, &limits)
        .await
        .unwrap()
}

fn tree(files: &BTreeMap<String, String>) -> Tree {
    let bytes = files
        .iter()
        .map(|(path, text)| (path.clone(), text.clone().into_bytes()));
    Tree::from_files(bytes)
}

async fn here(kustomize: &Renderer, files: &BTreeMap<String, String>, repeat: u32) -> Duration {
    let source = Source::from(tree(files));
    let request = Request {
        path: "overlay".to_owned(),
        ..Request::default()
    };
    let mut before = cpu_time();
    // The first does not count.
    for round in 0..=repeat {
        kustomize
            .render(&request, &source, &Services::default(), &Limits::default())
            .await
            .unwrap();
        if round == 0 {
            before = cpu_time();
        }
    }
    (cpu_time() - before) / repeat
}

/// Of all threads of this process.
fn cpu_time() -> Duration {
    let threads = fs::read_dir("/proc/self/task").unwrap();
    let spent = threads.filter_map(|thread| {
        let text = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(spent.sum())
}

fn oracle() -> Option<Oracle> {
    let tools = std::env::var_os("ROSIN_TOOLS").map(PathBuf::from)?;
    let root = std::env::temp_dir().join(format!("kustomize-bench-{}", std::process::id()));
    Oracle::start(&tools.join("kustomize-oracle"), &root).ok()
}

fn files(root: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(root).unwrap().to_str().unwrap();
            found.insert(name.to_owned(), fs::read_to_string(&path).unwrap());
        }
    }
    found
}
