//! JSON into structs by the rules of Go's `encoding/json`: names match whatever their case, null leaves a field alone, and the first
//! mismatch is reported in Go's words after everything else was decoded.

use std::collections::BTreeMap;

use rosin_manifest::node::go_float;
use serde_json::{Map, Value};

/// A struct with named fields.
pub(crate) trait Fields: Default {
    /// The name of the Go type: messages contain it.
    const TYPE: &'static str;
    /// Its package in messages about the value as a whole.
    const PACKAGE: &'static str = "types";

    /// Decodes the field whose lower-cased name is given; false for a name that the struct does not have.
    fn field(&mut self, name: &str, value: &Value, at: &mut At<'_>) -> bool;
}

/// What differs between the decoders that the original uses.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mode {
    /// Refuse fields that are not known.
    pub(crate) strict: bool,
    /// Turn numbers and booleans into strings where a string is wanted, as `sigs.k8s.io/yaml` does when it knows the type.
    pub(crate) coerce: bool,
}

impl Mode {
    /// How kustomization files are read.
    pub(crate) const KUSTOMIZATION: Self = Self {
        strict: true,
        coerce: false,
    };
    /// How Flux reads the kustomization file of a folder before it hands it on: what it does not know, and numbers for strings, pass.
    pub(crate) const FLUX: Self = Self::PLUGIN;
    /// How configurations of plugins are read.
    pub(crate) const PLUGIN: Self = Self {
        strict: false,
        coerce: true,
    };
    /// How transformer configurations are read.
    pub(crate) const STRICT: Self = Self {
        strict: true,
        coerce: true,
    };
}

/// Where the decoder stands, and the first error that it met.
pub(crate) struct At<'e> {
    mode: Mode,
    error: &'e mut Option<(String, String)>,
    /// The innermost struct type and the dotted path of fields to here.
    strukt: &'static str,
    path: String,
    /// The path with the types of the structs that fields are embedded from, as Go tells it.
    go_path: String,
}

/// What went wrong: the message, and the path of the field.
pub(crate) struct DecodeError {
    pub(crate) message: String,
    pub(crate) field: String,
}

/// Decodes a whole document.
pub(crate) fn decode<T: Fields>(value: &Value, mode: Mode) -> Result<T, DecodeError> {
    let mut error = None;
    let mut at = At {
        mode,
        error: &mut error,
        strukt: "",
        path: String::new(),
        go_path: String::new(),
    };
    let result = at.strukt(value);
    match error {
        None => Ok(result),
        Some((message, field)) => Err(DecodeError { message, field }),
    }
}

/// Decodes a list of structs.
pub(crate) fn decode_list<T: Fields>(value: &Value, mode: Mode) -> Result<Vec<T>, DecodeError> {
    let mut error = None;
    let mut at = At {
        mode,
        error: &mut error,
        strukt: "",
        path: String::new(),
        go_path: String::new(),
    };
    let result = at.list(value).unwrap_or_default();
    match error {
        None => Ok(result),
        Some((message, field)) => Err(DecodeError { message, field }),
    }
}

impl At<'_> {
    fn fail(&mut self, message: impl FnOnce() -> String) {
        if self.error.is_none() {
            *self.error = Some((message(), self.path.clone()));
        }
    }

    fn mismatch(&mut self, value: &Value, go_type: &str) {
        let (strukt, path) = (self.strukt, self.go_path.clone());
        self.fail(|| {
            let place = if strukt.is_empty() {
                "Go value".to_owned()
            } else {
                format!("Go struct field {strukt}.{path}")
            };
            format!(
                "json: cannot unmarshal {} into {place} of type {go_type}",
                kind_of(value)
            )
        });
    }

    fn below<'b>(&'b mut self, strukt: &'static str, name: &str) -> At<'b> {
        let below = |path: &str| {
            if path.is_empty() {
                name.to_owned()
            } else {
                format!("{path}.{name}")
            }
        };
        At {
            mode: self.mode,
            strukt,
            path: below(&self.path),
            go_path: below(&self.go_path),
            error: self.error,
        }
    }

    /// Decodes a field of an embedded struct, if it has one of that name.
    pub(crate) fn embedded<T: Fields>(&mut self, inner: &mut T, name: &str, value: &Value) -> bool {
        let before = self.embed(T::TYPE);
        let found = inner.field(name, value, self);
        if !found {
            self.go_path = before;
        }
        found
    }

    /// Says that the field is one of an embedded struct of that type. Returns the path without that.
    pub(crate) fn embed(&mut self, strukt: &str) -> String {
        let at = self.go_path.rfind('.').map_or(0, |at| at + 1);
        let with = format!("{}{strukt}.{}", &self.go_path[..at], &self.go_path[at..]);
        std::mem::replace(&mut self.go_path, with)
    }

    /// The fields of a struct. Anything but an object leaves the default.
    pub(crate) fn strukt<T: Fields>(&mut self, value: &Value) -> T {
        let mut result = T::default();
        match value {
            Value::Null => {}
            Value::Object(fields) => {
                for (key, value) in sorted(fields) {
                    let name = key.to_lowercase();
                    let mut at = self.below(T::TYPE, key);
                    if !result.field(&name, value, &mut at) && at.mode.strict {
                        at.fail(|| format!("json: unknown field {key:?}"));
                    }
                }
            }
            other => self.mismatch(other, &format!("{}.{}", T::PACKAGE, T::TYPE)),
        }
        result
    }

    /// A pointer to a struct: None where it is null.
    pub(crate) fn option<T: Fields>(&mut self, value: &Value) -> Option<T> {
        (!value.is_null()).then(|| self.strukt(value))
    }

    /// A list of structs: None where it is null.
    pub(crate) fn list<T: Fields>(&mut self, value: &Value) -> Option<Vec<T>> {
        self.items(
            value,
            &format!("[]{}.{}", T::PACKAGE, T::TYPE),
            |at, item| at.strukt(item),
        )
    }

    /// A list of pointers to structs, none of which Go leaves out: None where it is null.
    pub(crate) fn pointers<T: Fields>(&mut self, value: &Value) -> Option<Vec<T>> {
        self.items(
            value,
            &format!("[]*{}.{}", T::PACKAGE, T::TYPE),
            |at, item| at.strukt(item),
        )
    }

    pub(crate) fn strings(&mut self, value: &Value) -> Option<Vec<String>> {
        self.items(value, "[]string", Self::string)
    }

    fn items<T>(
        &mut self,
        value: &Value,
        go_type: &str,
        mut item: impl FnMut(&mut Self, &Value) -> T,
    ) -> Option<Vec<T>> {
        match value {
            Value::Null => None,
            Value::Array(items) => Some(items.iter().map(|value| item(self, value)).collect()),
            other => {
                self.mismatch(other, go_type);
                None
            }
        }
    }

    pub(crate) fn string(&mut self, value: &Value) -> String {
        match value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            Value::Bool(value) if self.mode.coerce => value.to_string(),
            Value::Number(number) if self.mode.coerce => match number.as_f64() {
                Some(float) if number.is_f64() => go_float(float),
                _ => number.to_string(),
            },
            other => {
                self.mismatch(other, "string");
                String::new()
            }
        }
    }

    pub(crate) fn bool(&mut self, value: &Value) -> bool {
        match value {
            Value::Null => false,
            Value::Bool(value) => *value,
            other => {
                self.mismatch(other, "bool");
                false
            }
        }
    }

    pub(crate) fn int(&mut self, value: &Value, go_type: &str) -> i64 {
        match value {
            Value::Null => 0,
            Value::Number(number) => number.as_i64().unwrap_or_else(|| {
                let (strukt, path) = (self.strukt, self.go_path.clone());
                self.fail(|| {
                    format!("json: cannot unmarshal number {number} into Go struct field {strukt}.{path} of type {go_type}")
                });
                0
            }),
            other => {
                self.mismatch(other, go_type);
                0
            }
        }
    }

    /// A mapping of anything: None where it is null.
    pub(crate) fn object(&mut self, value: &Value) -> Option<serde_json::Map<String, Value>> {
        match value {
            Value::Null => None,
            Value::Object(fields) => Some(fields.clone()),
            _ => {
                self.mismatch(value, "map[string]interface {}");
                None
            }
        }
    }

    /// A map of strings: None where it is null.
    pub(crate) fn string_map(&mut self, value: &Value) -> Option<BTreeMap<String, String>> {
        match value {
            Value::Null => None,
            Value::Object(entries) => Some(
                sorted(entries)
                    .map(|(key, value)| (key.to_owned(), self.string(value)))
                    .collect(),
            ),
            other => {
                self.mismatch(other, "map[string]string");
                None
            }
        }
    }
}

/// Go sorts the keys of maps when it writes them, and what is decoded here was written by Go.
fn sorted(map: &Map<String, Value>) -> impl Iterator<Item = (&str, &Value)> {
    let mut entries: Vec<_> = map
        .iter()
        .map(|(key, value)| (key.as_str(), value))
        .collect();
    entries.sort_by_key(|(key, _)| *key);
    entries.into_iter()
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Debug, Default, PartialEq)]
    struct Outer {
        name: String,
        inner: Vec<Inner>,
    }

    #[derive(Debug, Default, PartialEq)]
    struct Inner {
        pairs: BTreeMap<String, String>,
        count: i64,
    }

    impl Fields for Outer {
        const TYPE: &'static str = "Outer";
        fn field(&mut self, name: &str, value: &Value, at: &mut At<'_>) -> bool {
            match name {
                "name" => self.name = at.string(value),
                "inner" => self.inner = at.list(value).unwrap_or_default(),
                _ => return false,
            }
            true
        }
    }

    impl Fields for Inner {
        const TYPE: &'static str = "Inner";
        fn field(&mut self, name: &str, value: &Value, at: &mut At<'_>) -> bool {
            match name {
                "pairs" => self.pairs = at.string_map(value).unwrap_or_default(),
                "count" => self.count = at.int(value, "int64"),
                _ => return false,
            }
            true
        }
    }

    fn message(value: Value, mode: Mode) -> String {
        decode::<Outer>(&value, mode).err().unwrap().message
    }

    #[test]
    fn names_match_whatever_their_case() {
        let outer: Outer = decode(&json!({"NAME": "x"}), Mode::KUSTOMIZATION)
            .ok()
            .unwrap();
        assert_eq!(outer.name, "x");
    }

    #[test]
    fn mismatches_are_told_in_gos_words() {
        let strict = Mode::KUSTOMIZATION;
        assert_eq!(
            message(json!({"inner": [{"pairs": {"a": true}}]}), strict),
            "json: cannot unmarshal bool into Go struct field Inner.inner.pairs of type string"
        );
        assert_eq!(
            message(json!({"inner": [{"count": 1.5}]}), strict),
            "json: cannot unmarshal number 1.5 into Go struct field Inner.inner.count of type int64"
        );
        assert_eq!(
            message(json!("x"), strict),
            "json: cannot unmarshal string into Go value of type types.Outer"
        );
        assert_eq!(
            message(json!({"nope": 1}), strict),
            "json: unknown field \"nope\""
        );
    }

    #[test]
    fn plugins_take_numbers_for_strings_and_ignore_what_they_do_not_know() {
        let outer: Outer = decode(&json!({"name": 1.8, "nope": 1}), Mode::PLUGIN)
            .ok()
            .unwrap();
        assert_eq!(outer.name, "1.8");
    }
}
