//! The original programs' encoders, as a process that answers questions (`tests/tools/release-oracle`).
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test file uses some of it, and a failure is a failed test"
)]

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

pub(crate) struct Oracle {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// `RELEASE_ORACLE`, or where `tests/tools/build release-oracle` puts it.
fn program() -> Option<PathBuf> {
    let tools = std::env::var_os("ROSIN_TOOLS")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache/rosin/tools")));
    let path = std::env::var_os("RELEASE_ORACLE")
        .map(PathBuf::from)
        .or_else(|| Some(tools?.join("release-oracle")))?;
    path.is_file().then_some(path)
}

impl Oracle {
    /// None where it was not built; the test says so and passes.
    pub(crate) fn start() -> Option<Self> {
        let Some(program) = program() else {
            eprintln!("skipped: the original is not there (tests/tools/build release-oracle)");
            return None;
        };
        let mut child = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let questions = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Some(Self {
            child,
            questions,
            answers,
        })
    }

    pub(crate) fn ask(&mut self, mut question: Value) -> Result<Value, String> {
        question["id"] = "1".into();
        writeln!(self.questions, "{question}").unwrap();
        self.questions.flush().unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        let mut answer: Value = serde_json::from_str(&line).unwrap();
        match answer.get("error") {
            Some(error) => Err(error.as_str().unwrap().to_owned()),
            None => Ok(answer["output"].take()),
        }
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
