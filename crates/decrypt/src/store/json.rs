//! JSON: order and duplicates kept, one top-level object.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::value::{Field, Fields, Item, Value, json_number};

pub(super) fn read(bytes: &[u8]) -> Result<Fields, String> {
    // What stands behind the object is not looked at.
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    match Value::deserialize(&mut reader) {
        Ok(Value::Map(fields)) => Ok(fields),
        Ok(_) => Err("it is not an object".to_owned()),
        // serde quotes no values in errors of syntax.
        Err(error) => Err(error.to_string()),
    }
}

pub(super) fn write(fields: &[Field]) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    write_fields(&mut out, fields, 0)?;
    out.push(b'\n');
    Ok(out)
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Int(number))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "integers beyond 64 bits are floats to Go, too"
    )]
    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(i64::try_from(number).map_or(Value::Float(number as f64), Value::Int))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Float(number))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = items.next_element()? {
            list.push(Item::Value(value));
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut fields = Fields::new();
        while let Some((key, value)) = entries.next_entry()? {
            fields.push(Field::Value(key, value));
        }
        Ok(Value::Map(fields))
    }
}

fn write_value(out: &mut Vec<u8>, value: &Value, depth: usize) -> Result<(), String> {
    match value {
        Value::Null => out.extend(b"null"),
        Value::Bool(value) => out.extend(value.to_string().bytes()),
        Value::Int(number) => out.extend(number.to_string().bytes()),
        Value::Float(number) => {
            let text = json_number(*number).ok_or("JSON has no such number")?;
            out.extend(text.bytes());
        }
        Value::Text(text) => write_text(out, &String::from_utf8_lossy(text)),
        Value::Time(time) => write_text(out, time),
        Value::List(items) => return write_items(out, items, depth),
        Value::Map(fields) => return write_fields(out, fields, depth),
    }
    Ok(())
}

fn write_items(out: &mut Vec<u8>, items: &[Item], depth: usize) -> Result<(), String> {
    out.push(b'[');
    let mut first = true;
    for item in items {
        let Item::Value(value) = item else { continue };
        next(out, &mut first, depth + 1);
        write_value(out, value, depth + 1)?;
    }
    close(out, first, depth, b']');
    Ok(())
}

fn write_fields(out: &mut Vec<u8>, fields: &[Field], depth: usize) -> Result<(), String> {
    out.push(b'{');
    let mut first = true;
    for field in fields {
        let Field::Value(key, value) = field else {
            continue;
        };
        next(out, &mut first, depth + 1);
        write_text(out, key);
        out.extend(b": ");
        write_value(out, value, depth + 1)?;
    }
    close(out, first, depth, b'}');
    Ok(())
}

fn next(out: &mut Vec<u8>, first: &mut bool, depth: usize) {
    if !std::mem::replace(first, false) {
        out.push(b',');
    }
    new_line(out, depth);
}

fn close(out: &mut Vec<u8>, empty: bool, depth: usize, bracket: u8) {
    if !empty {
        new_line(out, depth);
    }
    out.push(bracket);
}

fn new_line(out: &mut Vec<u8>, depth: usize) {
    out.push(b'\n');
    out.extend(std::iter::repeat_n(b'\t', depth));
}

/// A string as Go's encoder writes it, which keeps JSON safe inside of HTML.
fn write_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for character in text.chars() {
        match character {
            '"' => out.extend(b"\\\""),
            '\\' => out.extend(b"\\\\"),
            '\u{8}' => out.extend(b"\\b"),
            '\u{c}' => out.extend(b"\\f"),
            '\n' => out.extend(b"\\n"),
            '\r' => out.extend(b"\\r"),
            '\t' => out.extend(b"\\t"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..'\u{20}' => {
                out.extend(format!("\\u{:04x}", u32::from(character)).bytes());
            }
            other => out.extend(other.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
    out.push(b'"');
}
