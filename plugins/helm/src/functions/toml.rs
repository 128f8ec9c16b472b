//! TOML as BurntSushi's encoder writes it: plain keys first, tables after, nested tables indented.

use rosin_template::sprig::Time;
use rosin_template::strconv::format_float;
use rosin_template::value::MAX_DEPTH;
use rosin_template::{Functions, Map, Param, Str, Value, duration};

pub(super) fn register(functions: &mut Functions) {
    functions.add("toToml", &[Param::Any], |_, a| {
        if matches!(a[0], Value::Nil) {
            return Err("reflect: call of reflect.Value.Type on zero Value".into());
        }
        Ok(Value::from(encode(&a[0]).unwrap_or_else(|error| error)))
    });
    functions.add("mustToToml", &[Param::Any], |_, a| {
        Ok(Value::from(encode(&a[0])?))
    });
    functions.add("fromToml", &[Param::String], |_, a| {
        let text = a
            .first()
            .and_then(Value::as_str)
            .map(|text| text.to_text().into_owned())
            .unwrap_or_default();
        Ok(Value::Map(super::toml_read::read(&text).unwrap_or_else(
            |error| Map::from_iter([("Error", error)]),
        )))
    });
}

#[derive(Default)]
struct Writer {
    out: String,
}

fn encode(value: &Value) -> Result<String, String> {
    let mut writer = Writer::default();
    match value {
        Value::Nil => return Err("toml: cannot encode a nil value".into()),
        Value::Map(map) if map.is_nil() => {}
        value => writer.entry(&[], &plain(value), 0)?,
    }
    Ok(writer.out)
}

fn plain(value: &Value) -> Value {
    match value {
        Value::Object(object) if time(value).is_none() => object.plain(),
        value => value.clone(),
    }
}

fn time(value: &Value) -> Option<&Time> {
    match value {
        Value::Object(object) => object.as_any().downcast_ref(),
        _ => None,
    }
}

/// A list of nothing but tables is written as such.
fn is_table_list(value: &Value) -> Result<bool, String> {
    let Value::List(list) = value else {
        return Ok(false);
    };
    let mut tables = !list.is_empty();
    for item in list.items().iter() {
        if item.is_nil() {
            return Err("toml: cannot encode array with nil element".into());
        }
        tables &= matches!(item, Value::Map(_));
    }
    Ok(tables)
}

fn is_table(value: &Value) -> Result<bool, String> {
    Ok(matches!(value, Value::Map(map) if !map.is_nil()) || is_table_list(value)?)
}

fn bare(key: &str) -> bool {
    !key.is_empty()
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            c if c < ' ' || c == '\x7f' => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn key_text(key: &str) -> String {
    if bare(key) {
        key.to_owned()
    } else {
        quoted(key)
    }
}

impl Writer {
    fn newline(&mut self) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
    }

    fn indent(&mut self, key: &[Str]) {
        for _ in 1..key.len() {
            self.out.push_str("  ");
        }
    }

    fn path(&mut self, key: &[Str]) {
        let parts: Vec<String> = key.iter().map(|part| key_text(&part.to_text())).collect();
        self.out.push_str(&parts.join("."));
    }

    fn entry(&mut self, key: &[Str], value: &Value, depth: usize) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err("toml: value contains itself".into());
        }
        match value {
            Value::Nil => Ok(()),
            Value::Map(map) if map.is_nil() => Ok(()),
            Value::Map(map) => {
                if key.len() == 1 {
                    self.newline();
                }
                if !key.is_empty() {
                    self.indent(key);
                    self.out.push('[');
                    self.path(key);
                    self.out.push(']');
                    self.newline();
                }
                self.table(key, map, depth)
            }
            Value::List(list) if is_table_list(value)? => {
                if key.is_empty() {
                    return Err("toml: top-level values must be Go maps or structs".into());
                }
                for item in list.items().iter() {
                    let Value::Map(map) = item else { continue };
                    self.newline();
                    self.indent(key);
                    self.out.push_str("[[");
                    self.path(key);
                    self.out.push_str("]]");
                    self.newline();
                    self.table(key, map, depth)?;
                }
                Ok(())
            }
            value => {
                if let Some(last) = key.last() {
                    self.indent(key);
                    self.out.push_str(&key_text(&last.to_text()));
                    self.out.push_str(" = ");
                }
                self.element(value, depth)?;
                if !key.is_empty() {
                    self.newline();
                }
                Ok(())
            }
        }
    }

    fn table(&mut self, key: &[Str], map: &Map, depth: usize) -> Result<(), String> {
        let mut tables = Vec::new();
        for (name, value) in map.snapshot() {
            let value = plain(&value);
            let path: Vec<Str> = key.iter().cloned().chain([name]).collect();
            if is_table(&value)? {
                tables.push((path, value));
            } else if !value.is_nil() {
                self.entry(&path, &value, depth + 1)?;
            }
        }
        for (path, value) in tables {
            self.entry(&path, &value, depth + 1)?;
        }
        Ok(())
    }

    fn element(&mut self, value: &Value, depth: usize) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err("toml: value contains itself".into());
        }
        match value {
            Value::Str(text) => self.out.push_str(&quoted(&text.to_text())),
            Value::Bool(value) => self.out.push_str(if *value { "true" } else { "false" }),
            Value::Int(rosin_template::IntType::Duration, value) => {
                self.out.push_str(&quoted(&duration::format(*value)))
            }
            Value::Int(_, value) => self.out.push_str(&value.to_string()),
            Value::Uint(_, value) => self.out.push_str(&value.to_string()),
            Value::Float(value) => {
                let text = match *value {
                    value if value.is_nan() => "nan".into(),
                    value if value.is_infinite() => if value < 0.0 { "-inf" } else { "inf" }.into(),
                    value => format_float(value, b'g', -1),
                };
                let whole = value.is_finite() && !text.contains(['.', 'e']);
                self.out.push_str(&text);
                if whole {
                    self.out.push_str(".0");
                }
            }
            Value::List(list) => {
                self.out.push('[');
                for (index, item) in list.items().iter().enumerate() {
                    if index > 0 {
                        self.out.push_str(", ");
                    }
                    self.element(&plain(item), depth + 1)?;
                }
                self.out.push(']');
            }
            Value::Map(map) => self.inline_table(map, depth)?,
            Value::Object(object) => match time(value) {
                Some(time) => self.out.push_str(&time.to_toml()),
                None => self.element(&object.plain(), depth + 1)?,
            },
            Value::Bytes(bytes) => {
                let shown: Vec<String> = bytes.iter().map(u8::to_string).collect();
                self.out.push_str(&format!("[{}]", shown.join(", ")));
            }
            other => return Err(format!("unexpected type: {}", other.type_name())),
        }
        Ok(())
    }

    fn inline_table(&mut self, map: &Map, depth: usize) -> Result<(), String> {
        let (mut direct, mut tables) = (Vec::new(), Vec::new());
        for (name, value) in map.snapshot() {
            let value = plain(&value);
            if is_table(&value)? {
                tables.push((name, value))
            } else {
                direct.push((name, value))
            }
        }
        self.out.push('{');
        let more = !tables.is_empty();
        for (entries, more) in [(direct, more), (tables, false)] {
            let count = entries.len();
            for (index, (name, value)) in entries.into_iter().enumerate() {
                if value.is_nil() {
                    continue;
                }
                self.out.push_str(&key_text(&name.to_text()));
                self.out.push_str(" = ");
                self.element(&value, depth + 1)?;
                if more || index + 1 != count {
                    self.out.push_str(", ");
                }
            }
        }
        self.out.push('}');
        Ok(())
    }
}
