//! Answers the Helm corpus' JSON-lines protocol through the built component: one case a line on stdin, one answer a line on
//! stdout. The argument, if any, is the chart around the cases of functions (`fixture-chart` of the corpus).

use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use rosin_conformance::helm::Answers;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let fixture = std::env::args().nth(1).map(PathBuf::from).or_else(fixture);
    let answers = Answers::new(fixture.as_deref())?;
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        writeln!(out, "{}", answers.answer(&line?))?;
        out.flush()?;
    }
    Ok(())
}

/// Beside this program, where `make template-cases` copies it, or in the corpus.
fn fixture() -> Option<PathBuf> {
    let beside = std::env::current_exe()
        .ok()
        .map(|program| program.with_file_name("fixture-chart"));
    let corpus = std::env::var_os("ROSIN_CONFORMANCE")
        .map(|folder| PathBuf::from(folder).join("helm/fixture-chart"));
    [corpus, beside]
        .into_iter()
        .flatten()
        .find(|folder| folder.is_dir())
}
