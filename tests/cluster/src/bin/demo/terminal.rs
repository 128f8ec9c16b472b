//! What the demo prints: colours and a table that is redrawn on a terminal, plain lines elsewhere.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write, stdout};
use std::sync::Mutex;
use std::time::{Duration, Instant};

pub(crate) struct Terminal {
    live: bool,
    started: Instant,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    /// What was printed last for a row, so that plain output says only what changed.
    rows: BTreeMap<String, Row>,
    drawn: usize,
}

/// A line of the table.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) mark: Mark,
    pub(crate) name: String,
    pub(crate) text: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Ready,
    Working,
    Failed,
}

impl Mark {
    fn shown(self, colours: bool) -> &'static str {
        match (self, colours) {
            (Self::Ready, true) => "\x1b[32m✔\x1b[0m",
            (Self::Working, true) => "\x1b[33m◐\x1b[0m",
            (Self::Failed, true) => "\x1b[31m✗\x1b[0m",
            (Self::Ready, false) => "✔",
            (Self::Working, false) => "◐",
            (Self::Failed, false) => "✗",
        }
    }
}

impl Terminal {
    pub(crate) fn new() -> Self {
        let live = stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self {
            live,
            started: Instant::now(),
            table: Mutex::default(),
        }
    }

    /// A heading: a new act begins.
    pub(crate) fn act(&self, text: &str) {
        self.end_table();
        match self.live {
            true => println!("\n\x1b[1m{text}\x1b[0m"),
            false => println!("\n== {text}"),
        }
    }

    pub(crate) fn line(&self, text: &str) {
        self.end_table();
        println!("   {text}");
    }

    /// Something worked, and how long it took.
    pub(crate) fn success(&self, text: &str, took: Duration) {
        self.end_table();
        println!(
            " {} {text} ({})",
            Mark::Ready.shown(self.live),
            seconds(took)
        );
    }

    pub(crate) fn failure(&self, text: &str) {
        self.end_table();
        let _ = stdout().flush();
        eprintln!(" {} {text}", Mark::Failed.shown(self.live));
    }

    /// The state of things now. On a terminal the table is drawn over its last state.
    pub(crate) fn rows(&self, rows: &[Row]) {
        let Ok(mut table) = self.table.lock() else {
            return;
        };
        let width = rows
            .iter()
            .map(|row| row.name.len())
            .max()
            .unwrap_or_default();
        let clock = self.started.elapsed().as_secs_f64();
        if self.live {
            let mut text = String::new();
            if table.drawn > 0 {
                text += &format!("\x1b[{}A", table.drawn);
            }
            for row in rows {
                text += &format!(
                    "\x1b[2K {} {:width$}  {}\n",
                    row.mark.shown(true),
                    row.name,
                    clip(&row.text, 100)
                );
            }
            for _ in rows.len()..table.drawn {
                text += "\x1b[2K\n";
            }
            print!("{text}");
            table.drawn = table.drawn.max(rows.len());
        } else {
            for row in rows
                .iter()
                .filter(|row| table.rows.get(&row.name) != Some(row))
            {
                println!(
                    "{clock:6.1} s {} {:width$}  {}",
                    row.mark.shown(false),
                    row.name,
                    row.text.lines().next().unwrap_or_default()
                );
            }
        }
        let _ = stdout().flush();
        table.rows = rows
            .iter()
            .map(|row| (row.name.clone(), row.clone()))
            .collect();
    }

    fn end_table(&self) {
        if let Ok(mut table) = self.table.lock() {
            *table = Table::default();
        }
    }
}

pub(crate) fn seconds(duration: Duration) -> String {
    match duration.as_millis() {
        millis @ ..1000 => format!("{millis} ms"),
        _ => format!("{:.1} s", duration.as_secs_f64()),
    }
}

/// The first line, no longer than fits: a wrapped line would spoil the redrawing.
fn clip(text: &str, length: usize) -> String {
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(length) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}
