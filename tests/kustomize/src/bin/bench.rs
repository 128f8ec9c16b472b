//! What a build costs as a process, here and with the original: CPU time and peak memory, medians of several runs one after the
//! other. `rosin-bench-kustomize ROSIN KUSTOMIZE [MOST_OBJECTS]`; larger trees than that (1,100) are not given to the original,
//! which compares names with each other and takes minutes.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rosin_kustomize_peer::trees;
use wait4::Wait4;

struct Tree {
    name: &'static str,
    objects: usize,
    write: fn(&Path, usize) -> std::io::Result<()>,
    runs: usize,
}

const TREES: [Tree; 5] = [
    Tree {
        name: "small overlay",
        objects: 3,
        write: |root, _| trees::small(root),
        runs: 21,
    },
    Tree {
        name: "an installation",
        objects: 45,
        write: |root, _| trees::installation(root),
        runs: 11,
    },
    Tree {
        name: "applications",
        objects: 1_100,
        write: trees::applications,
        runs: 5,
    },
    Tree {
        name: "applications",
        objects: 10_000,
        write: trees::applications,
        runs: 3,
    },
    Tree {
        name: "applications",
        objects: 50_000,
        write: trees::applications,
        runs: 1,
    },
];

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Cost {
    cpu: Duration,
    kilobytes: u64,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [rosin, kustomize, rest @ ..] = arguments.as_slice() else {
        anyhow::bail!("usage: rosin-bench-kustomize ROSIN KUSTOMIZE [MOST_OBJECTS]");
    };
    let most = match rest {
        [most, ..] => most.parse().context("the number of objects")?,
        [] => 1_100,
    };
    println!(
        "{:16} {:>8} {:>12} {:>10} {:>12} {:>10} {:>8} {:>8}",
        "build", "objects", "rosin CPU", "memory", "kustomize", "memory", "faster", "memory"
    );
    for tree in &TREES {
        let folder = tempfile::tempdir()?;
        (tree.write)(folder.path(), tree.objects)?;
        let overlay = folder.path().join("overlay");
        let ours = median(rosin, &overlay, tree.runs)?;
        let theirs = if tree.objects <= most {
            same(rosin, kustomize, &overlay)?;
            Some(median(kustomize, &overlay, tree.runs.min(5))?)
        } else {
            None
        };
        print(tree, ours, theirs);
    }
    Ok(())
}

fn print(tree: &Tree, ours: Cost, theirs: Option<Cost>) {
    let time = |cost: Cost| format!("{:.1} ms", cost.cpu.as_secs_f64() * 1e3);
    let memory = |cost: Cost| format!("{:.1} MB", cost.kilobytes as f64 / 1024.0);
    print!(
        "{:16} {:>8} {:>12} {:>10}",
        tree.name,
        tree.objects,
        time(ours),
        memory(ours)
    );
    match theirs {
        Some(theirs) => println!(
            " {:>12} {:>10} {:>7.1}x {:>7.2}x",
            time(theirs),
            memory(theirs),
            theirs.cpu.as_secs_f64() / ours.cpu.as_secs_f64(),
            ours.kilobytes as f64 / theirs.kilobytes as f64
        ),
        None => println!(" {:>12}", "not run"),
    }
}

fn median(program: &str, overlay: &Path, runs: usize) -> Result<Cost> {
    let mut costs = (0..runs)
        .map(|_| cost(program, overlay))
        .collect::<Result<Vec<_>>>()?;
    costs.sort();
    Ok(costs[runs / 2])
}

fn cost(program: &str, overlay: &Path) -> Result<Cost> {
    let mut child = Command::new(program)
        .arg("build")
        .arg(overlay)
        .stdout(File::create("/dev/null")?)
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("starting {program}"))?;
    let used = child.wait4()?;
    ensure!(used.status.success(), "{program} failed");
    Ok(Cost {
        cpu: used.rusage.utime + used.rusage.stime,
        kilobytes: used.rusage.maxrss / 1024,
    })
}

/// Speed is of no use for other output.
fn same(rosin: &str, kustomize: &str, overlay: &Path) -> Result<()> {
    let run = |program: &str| Command::new(program).arg("build").arg(overlay).output();
    ensure!(
        run(rosin)?.stdout == run(kustomize)?.stdout,
        "the outputs differ"
    );
    Ok(())
}
