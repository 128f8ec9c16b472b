//! The original's engine and command, as a program of ours that answers questions (`tests/tools/helm-oracle`).
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test file uses some of it, and a failure is a failed test"
)]

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

fn named(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from)
}

pub(crate) fn oracle() -> Option<PathBuf> {
    let tools = named("ROSIN_TOOLS").or_else(|| Some(named("HOME")?.join(".cache/rosin/tools")));
    named("HELM_ORACLE")
        .or_else(|| Some(tools?.join("helm-oracle")))
        .filter(|program| program.is_file())
}

pub(crate) fn number(name: &str, default: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.map_or(default, |text| text.parse().unwrap())
}

/// The original's engine: one question a line, one answer a line.
pub(crate) struct Original {
    program: PathBuf,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Original {
    pub(crate) fn start(program: PathBuf) -> Self {
        let mut command = Command::new(&program);
        command.env("TZ", "UTC");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            input: child.stdin.take().unwrap(),
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
            program,
        }
    }

    /// None where the original crashed: values that contain themselves take all of its stack.
    pub(crate) fn ask(&mut self, question: &Value) -> Option<Result<String, String>> {
        writeln!(self.input, "{question}").unwrap();
        let mut line = String::new();
        if self.output.read_line(&mut line).unwrap() == 0 {
            self.renew();
            return None;
        }
        let answer: Value = serde_json::from_str(&line).unwrap();
        Some(match answer["output"].as_str() {
            Some(output) => Ok(output.to_owned()),
            None => Err(answer["error"].as_str().unwrap_or_default().to_owned()),
        })
    }
}

impl Original {
    /// A new process: old ones grow.
    pub(crate) fn renew(&mut self) {
        *self = Self::start(self.program.clone());
    }
}

impl Drop for Original {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
