//! Answers the Helm corpus' JSON-lines protocol: one case a line on stdin, one answer a line on stdout.

use std::io::{BufRead, Write};

fn main() -> std::io::Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        writeln!(out, "{}", rosin_conformance::helm::answer(&line?))?;
    }
    out.flush()
}
