//! The original, as a program that answers questions: `tests/tools/kustomize-oracle`.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Case;

/// What the original makes of a case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Answer {
    #[serde(default)]
    pub output: Option<String>,
    #[serde(default)]
    pub error: Option<String>,
    #[serde(default)]
    pub warnings: String,
    /// What one build costs, where that was asked for.
    #[serde(default)]
    pub nanoseconds: u64,
}

pub struct Oracle {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    root: PathBuf,
}

impl Oracle {
    /// Starts the program; cases are written below `root`.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start(program: &Path, root: &Path) -> io::Result<Self> {
        let mut child = Command::new(program)
            .arg("-root")
            .arg(root)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("the oracle has no pipes"));
        };
        Ok(Self {
            child,
            input: Some(input),
            output: BufReader::new(output),
            root: root.to_owned(),
        })
    }

    /// The folder that stands for the root of a case in messages.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// # Errors
    /// If the program does not answer.
    pub fn ask(&mut self, case: &Case) -> io::Result<Answer> {
        let (mut texts, mut bytes) = (BTreeMap::new(), BTreeMap::new());
        for (path, content) in case.contents() {
            match String::from_utf8(content) {
                Ok(text) => drop(texts.insert(path, text)),
                Err(error) => drop(bytes.insert(path, error.into_bytes())),
            }
        }
        self.answer(&json!({
            "id": case.seed.to_string(),
            "files": texts,
            "bytes": bytes,
            "path": case.path,
            "reorder": if case.legacy_order { "legacy" } else { "none" },
            "loadRestrictor": if case.any_file { "none" } else { "root" },
        }))
    }

    /// The CPU time that the original's library takes for one build of these files, with its schemas already read.
    ///
    /// # Errors
    /// If the program does not answer, or does not build them.
    pub fn measure(
        &mut self,
        files: &BTreeMap<String, String>,
        path: &str,
        repeat: u32,
    ) -> io::Result<Duration> {
        let answer = self.answer(&json!({
            "id": path, "files": files, "path": path, "reorder": "none", "loadRestrictor": "root", "repeat": repeat,
        }))?;
        match answer.error {
            None => Ok(Duration::from_nanos(answer.nanoseconds)),
            Some(error) => Err(io::Error::other(error)),
        }
    }

    fn answer(&mut self, question: &Value) -> io::Result<Answer> {
        let Some(input) = &mut self.input else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        writeln!(input, "{question}")?;
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            let asked = &question["id"];
            return Err(io::Error::other(format!("the oracle died of case {asked}")));
        }
        Ok(serde_json::from_str(&line)?)
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        self.input = None;
        let _ = self.child.wait();
    }
}
