//! The lines that Helm logs of an action. The last ones end the event of its failure: people read there which object it was.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use jiff::Timestamp;
use serde_json::Value;

use crate::{Time, json};

/// How many lines are kept.
const LINES: usize = 10;

/// The last lines of one action.
#[derive(Clone, Debug, Default)]
pub struct Log(VecDeque<Line>);

#[derive(Clone, Debug)]
struct Line {
    at: Timestamp,
    text: String,
    /// How often it came again at once, and when last.
    again: usize,
    last: Timestamp,
}

/// An answer of the API server that is an error, and what it is about.
#[derive(Clone, Copy, Debug)]
pub struct Refusal<'r> {
    pub message: &'r str,
    pub reason: &'r str,
    pub code: u16,
    pub name: &'r str,
    pub group: &'r str,
    /// As in paths: lower case, plural.
    pub resource: &'r str,
}

impl Refusal<'_> {
    /// As Go writes it: the Status inside of its error.
    fn write(&self, out: &mut String) {
        json::object(out, |error| {
            error.field("ErrStatus", |out| {
                json::object(out, |status| {
                    status.text("kind", "Status");
                    status.text("apiVersion", "v1");
                    status.field("metadata", |out| out.push_str("{}"));
                    status.text("status", "Failure");
                    status.some_text("message", self.message);
                    status.some_text("reason", self.reason);
                    status.field("details", |out| {
                        json::object(out, |details| {
                            details.some_text("name", self.name);
                            details.some_text("group", self.group);
                            details.some_text("kind", self.resource);
                        });
                    });
                    status.some_number("code", self.code.into());
                });
            });
        });
    }
}

impl Log {
    /// Adds a line; one that says the same as the line before is only counted. `fields`: a JSON object.
    pub fn add(
        &mut self,
        at: Timestamp,
        text: &str,
        fields: &Value,
        refusal: Option<&Refusal<'_>>,
    ) {
        let mut written: BTreeMap<&str, String> = BTreeMap::new();
        for (name, value) in fields.as_object().into_iter().flatten() {
            written.insert(name, json::to_string(value));
        }
        if let Some(refusal) = refusal {
            refusal.write(written.entry("error").or_default());
        }
        let mut text = format!("{text}: ");
        json::object(&mut text, |object| {
            for (name, value) in &written {
                object.field(name, |out| out.push_str(value));
            }
        });
        if let Some(line) = self.0.back_mut().filter(|line| line.text == text) {
            line.again += 1;
            line.last = at;
            return;
        }
        if self.0.len() == LINES {
            self.0.pop_front();
        }
        self.0.push_back(Line {
            at,
            text,
            again: 0,
            last: at,
        });
    }
}

impl fmt::Display for Log {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, line) in self.0.iter().enumerate() {
            let newline = if index == 0 { "" } else { "\n" };
            write!(out, "{newline}{}: {}", Time::from(line.at), line.text)?;
            if line.again > 0 {
                write!(out, "\n{}: {}", Time::from(line.last), line.text)?;
            }
            match line.again.saturating_sub(1) {
                0 => {}
                1 => out.write_str(" (1 duplicate line omitted)")?,
                more => write!(out, " ({more} duplicate lines omitted)")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::new(second, 500_000_000).unwrap()
    }

    // parity: HR-EVENT-005
    #[test]
    fn lines_have_a_time_and_sorted_fields() {
        let mut log = Log::default();
        log.add(at(0), "creating", &json!({"b": "<", "a": 1}), None);
        log.add(at(1), "done", &json!({}), None);
        assert_eq!(
            log.to_string(),
            "1970-01-01T00:00:00.5Z: creating: {\"a\":1,\"b\":\"\\u003c\"}\n1970-01-01T00:00:01.5Z: done: {}"
        );
    }

    #[test]
    fn the_last_ten_are_kept_and_repetitions_are_counted() {
        let mut log = Log::default();
        for second in 0..12 {
            log.add(at(second), &format!("line {second}"), &json!({}), None);
        }
        for second in 12..15 {
            log.add(at(second), "same", &json!({}), None);
        }
        let text = log.to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 11);
        assert!(lines[0].ends_with("line 3: {}"), "{text}");
        assert_eq!(lines[9], "1970-01-01T00:00:12.5Z: same: {}");
        assert_eq!(
            lines[10],
            "1970-01-01T00:00:14.5Z: same: {} (1 duplicate line omitted)"
        );
    }

    #[test]
    fn a_refusal_is_written_as_go_writes_it() {
        let mut log = Log::default();
        let refusal = Refusal {
            message: "jobs.batch \"a\" not found",
            reason: "NotFound",
            code: 404,
            name: "a",
            group: "batch",
            resource: "jobs",
        };
        log.add(at(0), "ignoring", &json!({"kind": "Job"}), Some(&refusal));
        assert_eq!(
            log.to_string(),
            r#"1970-01-01T00:00:00.5Z: ignoring: {"error":{"ErrStatus":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"jobs.batch \"a\" not found","reason":"NotFound","details":{"name":"a","group":"batch","kind":"jobs"},"code":404}},"kind":"Job"}"#
        );
    }

    #[test]
    fn nothing_said_is_nothing_told() {
        assert_eq!(Log::default().to_string(), "");
    }
}
