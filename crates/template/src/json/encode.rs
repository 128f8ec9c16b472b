//! Writing JSON as Go writes it.

use crate::strconv::format_float;
use crate::value::{MAX_DEPTH, Value};

/// `json.Marshal`.
pub fn encode(value: &Value) -> Result<String, String> {
    write(value, true, None)
}

/// Without the escapes that keep HTML safe.
pub fn encode_raw(value: &Value) -> Result<String, String> {
    write(value, false, None)
}

/// `json.MarshalIndent` with two spaces.
pub fn encode_pretty(value: &Value) -> Result<String, String> {
    write(value, true, Some("  "))
}

fn write(value: &Value, html: bool, indent: Option<&str>) -> Result<String, String> {
    let mut writer = Writer {
        out: String::new(),
        html,
        indent,
    };
    writer.value(value, 0)?;
    Ok(writer.out)
}

struct Writer<'i> {
    out: String,
    html: bool,
    indent: Option<&'i str>,
}

impl Writer<'_> {
    fn value(&mut self, value: &Value, depth: usize) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err(format!(
                "json: unsupported value: encountered a cycle via {}",
                value.type_name()
            ));
        }
        match value {
            Value::Nil => self.out.push_str("null"),
            Value::Bool(value) => self.out.push_str(if *value { "true" } else { "false" }),
            Value::Int(_, value) => self.out.push_str(&value.to_string()),
            Value::Uint(_, value) => self.out.push_str(&value.to_string()),
            Value::Float(value) => match number(*value) {
                Some(text) => self.out.push_str(&text),
                None => {
                    return Err(format!(
                        "json: unsupported value: {}",
                        format_float(*value, b'g', -1)
                    ));
                }
            },
            Value::Complex(..) | Value::Func(_) => {
                return Err(format!("json: unsupported type: {}", value.type_name()));
            }
            Value::Str(text) => self.bytes(text),
            Value::Bytes(bytes) => {
                let text = crate::base64::encode(bytes);
                self.string(&text);
            }
            Value::List(list) if list.is_nil() => self.out.push_str("null"),
            Value::Map(map) if map.is_nil() => self.out.push_str("null"),
            Value::List(list) => {
                let items = list.items();
                self.sequence('[', ']', items.iter(), depth, |writer, item| {
                    writer.value(item, depth + 1)
                })?;
            }
            Value::Map(map) => {
                let entries = map.entries();
                self.sequence('{', '}', entries.iter(), depth, |writer, (key, item)| {
                    writer.bytes(key);
                    writer
                        .out
                        .push_str(if writer.indent.is_some() { ": " } else { ":" });
                    writer.value(item, depth + 1)
                })?;
            }
            Value::Object(object) => self.value(&object.plain(), depth + 1)?,
        }
        Ok(())
    }

    fn sequence<T>(
        &mut self,
        open: char,
        close: char,
        items: impl ExactSizeIterator<Item = T>,
        depth: usize,
        mut write: impl FnMut(&mut Self, T) -> Result<(), String>,
    ) -> Result<(), String> {
        self.out.push(open);
        let empty = items.len() == 0;
        for (index, item) in items.enumerate() {
            if index > 0 {
                self.out.push(',');
            }
            self.line(depth + 1);
            write(self, item)?;
        }
        if !empty {
            self.line(depth);
        }
        self.out.push(close);
        Ok(())
    }

    fn line(&mut self, depth: usize) {
        if let Some(indent) = self.indent {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n(indent, depth));
        }
    }

    /// Each byte that is no part of a character becomes the escape of the character for that.
    fn bytes(&mut self, text: &[u8]) {
        self.out.push('"');
        for chunk in text.utf8_chunks() {
            escape(&mut self.out, chunk.valid(), self.html);
            for _ in chunk.invalid() {
                self.out.push_str("\\ufffd");
            }
        }
        self.out.push('"');
    }

    fn string(&mut self, text: &str) {
        string(&mut self.out, text, self.html);
    }
}

/// A text in quotes; `html` escapes what could end a script as well.
pub fn string(out: &mut String, text: &str, html: bool) {
    out.push('"');
    escape(out, text, html);
    out.push('"');
}

fn escape(out: &mut String, text: &str, html: bool) {
    let mut rest = text;
    // Nearly all of a long text is copied as it is.
    let special =
        |c: char| c < ' ' || matches!(c, '"' | '\\' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}');
    while let Some(at) = rest.find(special) {
        out.push_str(&rest[..at]);
        let mut chars = rest[at..].chars();
        let Some(c) = chars.next() else { break };
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            '<' | '>' | '&' if !html => out.push(c),
            c => out.push_str(&format!("\\u{:04x}", c as u32)),
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
}

/// A float as Go's JSON has it: plain up to 1e21, and an exponent without leading zeros beyond.
#[must_use]
pub fn number(value: f64) -> Option<String> {
    if !value.is_finite() {
        return None;
    }
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-6..1e21).contains(&magnitude) {
        let text = format_float(value, b'e', -1);
        return Some(match text.split_once("e-0") {
            Some((mantissa, digit)) => format!("{mantissa}e-{digit}"),
            None => text,
        });
    }
    Some(format_float(value, b'f', -1))
}
