//! The Go program on the other side, and documents to ask it about.

pub(crate) mod patches;

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

pub(crate) struct Oracle {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Oracle {
    pub(crate) fn start() -> Self {
        let program =
            std::env::var("ROSIN_YAML_ORACLE").expect("ROSIN_YAML_ORACLE names the oracle");
        let mut child = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (input, output) = (
            child.stdin.take().unwrap(),
            BufReader::new(child.stdout.take().unwrap()),
        );
        Self {
            child,
            input,
            output,
        }
    }

    pub(crate) fn ask(&mut self, mode: &str, input: &str, patch: &str) -> Result<String, String> {
        writeln!(
            self.input,
            "{}",
            json!({"mode": mode, "input": input, "patch": patch})
        )
        .unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        // kyaml overflows its stack on aliases of themselves.
        if line.is_empty() {
            *self = Self::start();
            return Err("crashed".to_owned());
        }
        let answer: Value = serde_json::from_str(&line).unwrap();
        match answer["error"].as_str() {
            Some("") => Ok(answer["output"].as_str().unwrap().to_owned()),
            error => Err(error.unwrap_or_default().to_owned()),
        }
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Counts what agrees, and prints the first documents that do not.
pub(crate) struct Report {
    mode: String,
    same: usize,
    errors: usize,
    other_words: usize,
    stricter: usize,
    different: usize,
}

impl Report {
    pub(crate) fn new(mode: &str) -> Self {
        Self {
            mode: mode.to_owned(),
            same: 0,
            errors: 0,
            other_words: 0,
            stricter: 0,
            different: 0,
        }
    }

    pub(crate) fn add(
        &mut self,
        input: &str,
        ours: &Result<String, String>,
        theirs: &Result<String, String>,
    ) {
        match (ours, theirs) {
            (Ok(ours), Ok(theirs)) if ours == theirs => self.same += 1,
            // Collections as keys: Go's v2 overlooks some of them.
            (Err(ours), Ok(_)) if ours.contains("invalid map key") => self.stricter += 1,
            (Err(ours), Err(theirs)) => {
                self.errors += 1;
                if !theirs.contains(ours.as_str()) {
                    self.other_words += 1;
                    if std::env::var_os("ROSIN_WORDS").is_some() {
                        println!(
                            "== {} error\n{input:?}\nours   {ours}\ntheirs {theirs}",
                            self.mode
                        );
                    }
                }
            }
            _ => {
                self.different += 1;
                if self.different <= 12 {
                    let shown: String = input.chars().take(600).collect();
                    println!(
                        "== {} input {shown:?}\nours   {}\ntheirs {}",
                        self.mode,
                        show(ours),
                        show(theirs)
                    );
                }
            }
        }
    }

    pub(crate) fn finish(self) {
        let Self {
            mode,
            same,
            errors,
            other_words,
            stricter,
            different,
        } = self;
        println!(
            "{mode}: {same} same, {errors} errors on both sides ({other_words} in other words), {stricter} refused by us alone, {different} different"
        );
        assert_eq!(different, 0, "documents that differ");
    }
}

fn show(answer: &Result<String, String>) -> String {
    format!("{answer:?}").chars().take(700).collect()
}

/// The documents of the list, and each scalar as a value and as a key.
pub(crate) fn short_samples() -> Vec<String> {
    let mut samples: Vec<String> = include_str!("documents.txt")
        .split("\n====\n")
        .map(str::to_owned)
        .collect();
    for scalar in include_str!("scalars.txt").lines() {
        let scalar = scalar.replace("\\n", "\n").replace("\\t", "\t");
        let quoted = serde_json::to_string(&scalar).unwrap_or_default();
        samples.push(format!("a: {scalar}\nb: {quoted}\n"));
        samples.push(format!("{quoted}: [{scalar}]\n"));
    }
    samples
}

/// Documents made of the parts that YAML readers disagree about.
pub(crate) fn samples() -> Vec<String> {
    let scalars = include_str!("scalars.txt")
        .lines()
        .map(|line| line.replace("\\n", "\n").replace("\\t", "\t"));
    let mut samples: Vec<String> = include_str!("documents.txt")
        .split("\n====\n")
        .map(str::to_owned)
        .collect();
    for scalar in scalars {
        let quoted = serde_json::to_string(&scalar).unwrap();
        let long = "word ".repeat(30);
        samples.push(format!("a: {scalar}\n"));
        samples.push(format!("a: {quoted}\nb: [{quoted}, {quoted}]\n"));
        samples.push(format!("{scalar}: a\n"));
        samples.push(format!("? {quoted}\n: b\n"));
        samples.push(format!("- {scalar}\n- [{scalar}, x]\n- {{k: {scalar}}}\n"));
        samples.push(format!("a: {long}{scalar}\nb: '{long}'\n"));
        samples.push(format!(
            "a: {}\n",
            serde_json::to_string(&format!("{long}{scalar}{long}")).unwrap()
        ));
        samples.push(format!(
            "a: {}\n",
            serde_json::to_string(&format!("{scalar}\n{scalar}\n\n {long}\n{scalar}")).unwrap()
        ));
        samples.push(format!(
            "a:\n  b: |\n    {scalar}\n    x\n  c: >-\n    {scalar}\n\n    {long}\n"
        ));
        samples.push(format!("{{\"a\": {quoted}, \"b\": {{{quoted}: null}}}}"));
    }
    samples
}

/// Seeds with pieces deleted, doubled and put in.
pub(crate) fn mutants(seeds: &[String], count: usize) -> Vec<String> {
    let pieces = [
        " ",
        "  ",
        "\n",
        "\t",
        "- ",
        ": ",
        ":",
        "? ",
        "#",
        " #",
        "|",
        ">",
        "|-\n",
        "|+\n",
        "&a ",
        "*a",
        "!!str ",
        "!t ",
        "\"",
        "'",
        "[",
        "]",
        "{",
        "}",
        ",",
        "---\n",
        "...\n",
        "<<: ",
        "a: b\n",
        "- c\n",
        "%",
        "@",
        "`",
        "\\",
        "\\n",
        "é",
        "\u{2028}",
        "\u{85}",
        "\u{1F600}",
        "\r\n",
        "\r",
        "0x1",
        "1e3",
        "~",
        "null",
        "yes",
        "\n  ",
        "\n    ",
        "\u{feff}",
        "2024-01-01",
        "!!int ",
        "!!binary ",
    ];
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    (0..count)
        .map(|_| {
            let mut text: Vec<char> = seeds[random.below(seeds.len())]
                .chars()
                .take(3000)
                .collect();
            for _ in 0..=random.below(4) {
                let at = random.below(text.len() + 1);
                let end = (at + random.below(6)).min(text.len());
                match random.below(4) {
                    0 => drop(text.drain(at..end)),
                    1 => {
                        let copy: Vec<char> = text[at..end].to_vec();
                        let to = random.below(text.len() + 1);
                        text.splice(to..to, copy);
                    }
                    _ => {
                        let piece = pieces[random.below(pieces.len())];
                        text.splice(at..at, piece.chars());
                    }
                }
            }
            text.into_iter().collect()
        })
        .collect()
}

/// xorshift: the same documents on every run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}
