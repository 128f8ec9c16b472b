//! Answers the Helm corpus' JSON-lines protocol: one case a line on stdin, one answer a line on stdout. The argument is the
//! chart around the cases of the functions (`fixture-chart` of the corpus).

use std::io::{BufRead, Write};
use std::path::PathBuf;

use rosin_conformance::helm::Answers;

fn main() -> std::io::Result<()> {
    let fixture = std::env::args()
        .nth(1)
        .map_or_else(|| PathBuf::from("fixture-chart"), PathBuf::from);
    let answers = Answers::new(&fixture)?;
    // Templates include each other a thousand levels deep; the main thread's stack is not made for that.
    let work = move || -> std::io::Result<()> {
        let mut out = std::io::BufWriter::new(std::io::stdout().lock());
        for line in std::io::stdin().lock().lines() {
            writeln!(out, "{}", answers.answer(&line?))?;
        }
        out.flush()
    };
    work()
}
