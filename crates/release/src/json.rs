//! JSON as Go's `encoding/json` writes structs: fields in their order, empty ones left out where the struct says so, texts safe
//! for HTML, floats in Go's form, keys of maps in the order of their bytes.

use rosin_template::json;
use serde_json::{Map, Number, Value};

/// An object that is being written.
pub(crate) struct Object<'o> {
    out: &'o mut String,
    empty: bool,
}

/// Writes an object with what `fields` puts into it.
pub(crate) fn object(out: &mut String, fields: impl FnOnce(&mut Object<'_>)) {
    out.push('{');
    fields(&mut Object { out, empty: true });
    out.push('}');
}

impl Object<'_> {
    /// A field; what it holds is written into the text it gets.
    pub(crate) fn field(&mut self, name: &str, write: impl FnOnce(&mut String)) {
        if !self.empty {
            self.out.push(',');
        }
        self.empty = false;
        text(self.out, name);
        self.out.push(':');
        write(self.out);
    }

    pub(crate) fn text(&mut self, name: &str, value: &str) {
        self.field(name, |out| text(out, value));
    }

    /// Left out if empty, as are the next ones.
    pub(crate) fn some_text(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.text(name, value);
        }
    }

    pub(crate) fn some_number(&mut self, name: &str, value: i64) {
        if value != 0 {
            self.field(name, |out| out.push_str(&value.to_string()));
        }
    }

    pub(crate) fn some_list<T>(
        &mut self,
        name: &str,
        items: &[T],
        write: impl FnMut(&mut String, &T),
    ) {
        if !items.is_empty() {
            self.field(name, |out| list(out, items, write));
        }
    }

    pub(crate) fn some_texts(&mut self, name: &str, items: &[String]) {
        self.some_list(name, items, |out, item| text(out, item));
    }

    /// Fields as they were read.
    pub(crate) fn raw(&mut self, fields: &[(String, String)]) {
        for (name, raw) in fields {
            self.field(name, |out| out.push_str(raw));
        }
    }
}

pub(crate) fn list<T>(out: &mut String, items: &[T], mut write: impl FnMut(&mut String, &T)) {
    out.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(out, item);
    }
    out.push(']');
}

pub(crate) fn text(out: &mut String, text: &str) {
    json::string(out, text, true);
}

/// Any value.
pub(crate) fn value(out: &mut String, given: &Value) {
    match given {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(given) => number(out, given),
        Value::String(given) => text(out, given),
        Value::Array(items) => list(out, items, value),
        Value::Object(entries) => map(out, entries),
    }
}

pub(crate) fn map(out: &mut String, entries: &Map<String, Value>) {
    object(out, |object| {
        for (key, item) in entries {
            object.field(key, |out| value(out, item));
        }
    });
}

fn number(out: &mut String, number: &Number) {
    match number.as_f64().filter(|_| number.is_f64()) {
        Some(float) => out.push_str(&json::number(float).unwrap_or_default()),
        None => out.push_str(&number.to_string()),
    }
}

/// Go's `json.Marshal` of any JSON value.
#[must_use]
pub fn to_string(given: &Value) -> String {
    let mut out = String::new();
    value(&mut out, given);
    out
}
