//! `rosin build` beside the commands that it stands for: the real `flux`, and the real `kustomize` with the real `helm`. What is not
//! built (`tests/tools/build flux kustomize helm`) is skipped.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod charts;
mod flux;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A program that the tests compare with, where it is built.
fn peer(name: &str) -> Option<PathBuf> {
    let named = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let tools = named("ROSIN_TOOLS").or_else(|| Some(named("HOME")?.join(".cache/rosin/tools")));
    let program = Some(tools?.join(name)).filter(|program| program.is_file());
    if program.is_none() {
        eprintln!("skipped: {name} is not built (tests/tools/build {name})");
    }
    program
}

/// A folder with these files.
fn folder<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn run(program: &Path, folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

/// Both succeed and print the same, or both fail, as the case says.
fn same(name: &str, builds: bool, theirs: &Output, ours: &Output) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = format!(
        "{name}\nthe original: {}\nrosin: {}",
        text(&theirs.stderr),
        text(&ours.stderr)
    );
    assert_eq!(theirs.status.success(), builds, "{said}");
    assert_eq!(ours.status.success(), builds, "{said}");
    if builds {
        assert_eq!(text(&ours.stdout), text(&theirs.stdout), "{said}");
    }
}

fn rosin() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_rosin"))
}
