//! Values as YAML text, in one of the many ways that people write it: quotes, flow and block, comments, order of keys.

use serde_json::Value;

use super::chance::Chance;

pub(super) fn write(documents: &[Value], seed: u64) -> String {
    let mut writer = Writer {
        chance: Chance::new(seed),
        text: String::new(),
        plain: !seed.is_multiple_of(3),
        indent_lists: seed.is_multiple_of(5),
        anchored: Vec::new(),
        anchors: seed.is_multiple_of(6),
    };
    for (at, document) in documents.iter().enumerate() {
        if at > 0 || writer.chance.one_in(8) {
            writer.text.push_str("---\n");
        }
        writer.anchored.clear();
        writer.value(document, 0, false);
        if writer.odd(40) {
            writer.text.push_str("...\n");
        }
    }
    writer.finish()
}

struct Writer {
    chance: Chance,
    text: String,
    /// No oddities: half of all files are as most people write them.
    plain: bool,
    indent_lists: bool,
    /// What an alias can stand for in this document, by the number of its anchor.
    anchored: Vec<Value>,
    anchors: bool,
}

impl Writer {
    fn odd(&mut self, n: usize) -> bool {
        !self.plain && self.chance.one_in(n)
    }

    /// The text, as some editors leave it.
    fn finish(mut self) -> String {
        if self.odd(40) {
            self.text = self.text.replace('\n', "\r\n");
        }
        if self.odd(40) {
            self.text.insert(0, '\u{feff}');
        }
        self.text
    }

    /// A value that begins on a line of its own, or behind a dash.
    fn value(&mut self, value: &Value, indent: usize, behind_dash: bool) {
        match value {
            Value::Object(fields) if !fields.is_empty() => {
                let mut keys: Vec<&String> = fields.keys().collect();
                if self.odd(3) {
                    let by = self.chance.below(keys.len());
                    keys.rotate_left(by);
                }
                for (at, key) in keys.into_iter().enumerate() {
                    if at > 0 || !behind_dash {
                        if self.odd(20) {
                            self.line(indent, "# a comment");
                        }
                        self.text.push_str(&" ".repeat(indent));
                    }
                    self.text.push_str(&scalar_plain_or_quoted(key));
                    self.text.push(':');
                    self.field(&fields[key], indent);
                }
            }
            Value::Array(items) if !items.is_empty() => {
                for (at, item) in items.iter().enumerate() {
                    if at > 0 || !behind_dash {
                        self.text.push_str(&" ".repeat(indent));
                    }
                    self.text.push_str("- ");
                    self.value(item, indent + 2, true);
                }
            }
            _ => {
                let scalar = self.scalar(value, indent);
                self.text.push_str(&scalar);
                self.end_line();
            }
        }
    }

    /// What follows `key:`.
    fn field(&mut self, value: &Value, indent: usize) {
        let nested = match value {
            Value::Object(fields) => !fields.is_empty(),
            Value::Array(items) => !items.is_empty(),
            _ => false,
        };
        if self.anchors && (nested || value.is_string()) {
            if let Some(number) = self.anchored.iter().position(|known| known == value) {
                self.text.push_str(&format!(" *a{number}\n"));
                return;
            }
            if self.chance.one_in(3) {
                self.text.push_str(&format!(" &a{}", self.anchored.len()));
                self.anchored.push(value.clone());
            }
        }
        if !nested || self.odd(15) {
            self.text.push(' ');
            let scalar = if nested {
                flow(value)
            } else {
                self.scalar(value, indent)
            };
            self.text.push_str(&scalar);
            self.end_line();
            return;
        }
        if self.odd(25) {
            self.text.push_str(" # what follows");
        }
        self.text.push('\n');
        let more = if value.is_array() && !self.indent_lists {
            0
        } else {
            2
        };
        self.value(value, indent + more, false);
    }

    fn end_line(&mut self) {
        if !self.text.ends_with('\n') {
            if self.odd(25) {
                self.text.push_str(" # why");
            }
            self.text.push('\n');
        }
    }

    fn line(&mut self, indent: usize, text: &str) {
        self.text.push_str(&" ".repeat(indent));
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn scalar(&mut self, value: &Value, indent: usize) -> String {
        match value {
            Value::String(text) if text.contains('\n') && self.chance.one_in(2) => {
                literal(text, indent + 2).unwrap_or_else(|| flow(value))
            }
            Value::String(text) if self.odd(4) && !text.contains(['\n', '\'']) => {
                format!("'{text}'")
            }
            Value::String(text) if self.odd(6) => double_quoted(text),
            Value::String(text) if self.odd(12) && can_be_plain(text) => text.clone(),
            Value::String(text) if self.odd(20) => {
                folded(text, indent + 2).unwrap_or_else(|| flow(value))
            }
            Value::String(text) if self.odd(30) => format!("!!str {}", double_quoted(text)),
            Value::String(text) => scalar_plain_or_quoted(text),
            Value::Number(number) if self.odd(12) => {
                odd_number(number.as_u64(), &mut self.chance).unwrap_or_else(|| number.to_string())
            }
            Value::Bool(true) if self.odd(12) => self
                .chance
                .pick(&["True", "TRUE", "yes", "on", "!!bool true"])
                .to_owned(),
            Value::Null if self.odd(3) => self.chance.pick(&["~", "", "Null", "!!null"]).to_owned(),
            other => flow(other),
        }
    }
}

/// The text after `|`, where that can say it.
fn literal(text: &str, indent: usize) -> Option<String> {
    if text.starts_with([' ', '\n', '\t']) || text.chars().any(|c| c.is_control() && c != '\n') {
        return None;
    }
    let body = text.trim_end_matches('\n');
    let mark = match text.len() - body.len() {
        0 => "|-",
        1 => "|",
        _ => "|+",
    };
    let mut out = format!("{mark}\n");
    for line in body.split('\n') {
        if !line.is_empty() {
            out.push_str(&" ".repeat(indent));
            out.push_str(line);
        }
        out.push('\n');
    }
    for _ in 1..text.len() - body.len() {
        out.push('\n');
    }
    Some(out)
}

/// Whether the text can stand without quotes, whatever it is read as then.
fn can_be_plain(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| "-?:,[]{}#&*!|>'\"%@` =<".contains(c))
        && !text.contains(['\n', '\t', '#', '{', '}', '[', ']', ','])
        && !text.contains(": ")
        && !text.ends_with([' ', ':'])
}

/// The text after `>-`, over several lines.
fn folded(text: &str, indent: usize) -> Option<String> {
    let is_simple =
        !text.is_empty() && !text.contains('\n') && !text.contains("  ") && text.trim() == text;
    let separator = format!("\n{}", " ".repeat(indent));
    is_simple.then(|| format!(">-{separator}{}\n", text.replace(' ', &separator)))
}

/// A number in another notation.
fn odd_number(number: Option<u64>, chance: &mut Chance) -> Option<String> {
    let number = number?;
    Some(match chance.below(6) {
        0 => format!("{number:#x}"),
        1 => format!("0{number:o}"),
        2 => format!("{number:#o}"),
        3 => format!("+{number}"),
        4 => format!("!!int \"{number}\""),
        _ => format!("{number}.0"),
    })
}

fn flow(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(key, value)| format!("{}: {}", scalar_plain_or_quoted(key), flow(value)))
                .collect();
            format!("{{{}}}", fields.join(", "))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Value::String(text) => scalar_plain_or_quoted(text),
        other => other.to_string(),
    }
}

fn double_quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

/// Plain where no reader can take it for something else.
fn scalar_plain_or_quoted(text: &str) -> String {
    let safe = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_./@:".contains(c))
        && !text.ends_with(':')
        && !["y", "n", "yes", "no", "on", "off", "true", "false", "null"]
            .contains(&text.to_ascii_lowercase().as_str());
    if safe {
        text.to_owned()
    } else {
        double_quoted(text)
    }
}
