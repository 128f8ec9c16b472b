//! The grammar of `--set` and its kin: `a.b=1,c[0].d={x,y}`. Also that of a value reference's target path.

use rosin_template::strconv::{atoi, parse_int, quote};
use rosin_template::{List, Map, Value, json};

/// As in Helm: what an index may be, and how deep names may nest.
const MAX_INDEX: i64 = 65_536;
const MAX_NESTING: usize = 30;

/// What the values behind `=` mean.
#[derive(Clone, Copy)]
pub enum Mode<'r> {
    /// `--set`: numbers, booleans and null by their looks.
    Typed,
    /// `--set-string`
    Text,
    /// `--set-json`
    Json,
    /// `--set-file`: the text names what is read.
    File(&'r dyn Fn(&str) -> Result<String, String>),
}

/// Sets what a text says in `values`.
pub fn set(text: &str, values: &Map, mode: Mode<'_>) -> Result<(), String> {
    let mut parser = Parser {
        chars: text.chars().collect(),
        at: 0,
        mode,
    };
    loop {
        match parser.key(values, 0) {
            Ok(()) => {}
            Err(Stop::End) => return Ok(()),
            Err(Stop::Error(error)) => return Err(error),
        }
    }
}

/// `--set-literal`: everything behind the first `=` is the value, commas and braces included.
pub fn set_literal(text: &str, values: &Map) -> Result<(), String> {
    let mut parser = Parser {
        chars: text.chars().collect(),
        at: 0,
        mode: Mode::Text,
    };
    match parser.literal_key(values, 0) {
        Ok(()) | Err(Stop::End) => Ok(()),
        Err(Stop::Error(error)) => Err(error),
    }
}

/// Why a step ends early.
enum Stop {
    /// The text is over.
    End,
    Error(String),
}

impl From<String> for Stop {
    fn from(error: String) -> Self {
        Self::Error(error)
    }
}

struct Parser<'r> {
    chars: Vec<char>,
    at: usize,
    mode: Mode<'r>,
}

fn put(map: &Map, key: &str, value: Value) {
    if !key.is_empty() {
        map.insert(key, value);
    }
}

fn quoted(text: &str) -> String {
    quote(text.as_bytes())
}

/// What Go's panic says when a value is not of the kind that a path needs.
fn not_a(value: &Value, wanted: &str) -> String {
    let got = match value {
        Value::Nil => "nil",
        value => value.type_name(),
    };
    format!("unable to parse key: interface conversion: interface {{}} is {got}, not {wanted}")
}

fn typed(text: &str) -> Value {
    if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") {
        return Value::Bool(text.eq_ignore_ascii_case("true"));
    }
    if text.eq_ignore_ascii_case("null") {
        return Value::Nil;
    }
    if text == "0" {
        return Value::int64(0);
    }
    if !text.starts_with('0')
        && let Ok(value) = parse_int(text.as_bytes(), 10)
    {
        return Value::int64(value);
    }
    Value::from(text)
}

/// Sets an item, in place where there is one: whoever has the list sees it, as in Go.
fn set_index(list: &mut List, index: i64, value: Value) -> Result<(), String> {
    if index < 0 {
        return Err(format!("negative {index} index not allowed"));
    }
    if index > MAX_INDEX {
        return Err(format!(
            "index of {index} is greater than maximum supported index of {MAX_INDEX}"
        ));
    }
    let index = index as usize;
    if index < list.len() {
        list.set(index, value);
        return Ok(());
    }
    let mut items = list.to_vec();
    items.resize(index + 1, Value::Nil);
    items[index] = value;
    *list = List::new(items);
    Ok(())
}

/// An item, if there is one and it is not null.
fn present(list: &List, index: i64) -> Option<Value> {
    let index = usize::try_from(index).ok()?;
    list.get(index).filter(|item| !matches!(item, Value::Nil))
}

impl Parser<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.chars.get(self.at).copied();
        self.at += usize::from(c.is_some());
        c
    }

    /// Up to one of the stops, with backslashes taken out; none at the end of the text.
    fn until(&mut self, stops: &str) -> (String, Option<char>) {
        let mut text = String::new();
        while let Some(c) = self.next() {
            if stops.contains(c) {
                return (text, Some(c));
            }
            if c != '\\' {
                text.push(c);
                continue;
            }
            match self.next() {
                Some(next) => text.push(next),
                None => break,
            }
        }
        (text, None)
    }

    fn read(&self, text: &str) -> Result<Value, Stop> {
        Ok(match self.mode {
            Mode::Typed => typed(text),
            Mode::Text | Mode::Json => Value::from(text),
            Mode::File(read) => Value::from(read(text)?),
        })
    }

    fn key(&mut self, data: &Map, nesting: usize) -> Result<(), Stop> {
        let (key, stop) = self.until("=[,.");
        match stop {
            None if key.is_empty() => Err(Stop::End),
            None => Err(Stop::Error(format!("key {} has no value", quoted(&key)))),
            Some('[') => {
                let index = self
                    .index()
                    .map_err(|error| format!("error parsing index: {error}"))?;
                let mut list = match data.get(key.as_bytes()) {
                    None => List::new(Vec::new()),
                    Some(Value::List(list)) => list,
                    Some(other) => return Err(Stop::Error(not_a(&other, "[]interface {}"))),
                };
                let result = self.item(&mut list, index, nesting);
                put(data, &key, Value::List(list));
                result
            }
            Some('=') if matches!(self.mode, Mode::Json) => {
                let value = self.json()?;
                put(data, &key, value);
                Ok(())
            }
            Some('=') => match self.value() {
                Ok(value) => {
                    put(data, &key, value);
                    Ok(())
                }
                Err(Stop::End) => {
                    put(data, &key, Value::from(""));
                    Err(Stop::End)
                }
                Err(error) => Err(error),
            },
            Some(',') => {
                put(data, &key, Value::from(""));
                Err(Stop::Error(format!(
                    "key {} has no value (cannot end with ,)",
                    quoted(&key)
                )))
            }
            Some(_) => {
                let inner = self.nested(data, &key, nesting)?;
                let result = self.key(&inner, nesting + 1);
                if result.is_ok() && inner.is_empty() {
                    return Err(Stop::Error(format!(
                        "key map {} has no value",
                        quoted(&key)
                    )));
                }
                if !inner.is_empty() {
                    put(data, &key, Value::Map(inner));
                }
                result
            }
        }
    }

    fn nested(&self, data: &Map, key: &str, nesting: usize) -> Result<Map, Stop> {
        if nesting + 1 > MAX_NESTING {
            return Err(Stop::Error(format!(
                "value name nested level is greater than maximum supported nested level of {MAX_NESTING}"
            )));
        }
        match data.get(key.as_bytes()) {
            None => Ok(Map::default()),
            Some(Value::Map(inner)) => Ok(inner),
            Some(other) => Err(Stop::Error(not_a(&other, "map[string]interface {}"))),
        }
    }

    /// A list in braces, or a plain value.
    fn value(&mut self) -> Result<Value, Stop> {
        match self.chars.get(self.at) {
            None => return Err(Stop::End),
            Some('{') => self.at += 1,
            Some(_) => {
                let (text, _) = self.until(",");
                return self.read(&text);
            }
        }
        let mut list = Vec::new();
        loop {
            let (text, stop) = self.until(",}");
            match stop {
                None => return Err(Stop::Error("list must terminate with '}'".into())),
                Some('}') => {
                    if self.chars.get(self.at) == Some(&',') {
                        self.at += 1;
                    }
                    list.push(self.read(&text)?);
                    return Ok(Value::from(list));
                }
                Some(_) => list.push(self.read(&text)?),
            }
        }
    }

    /// Nothing but spaces up to a comma or the end?
    fn empty(&mut self) -> bool {
        while let Some(c) = self.next() {
            if c == ',' {
                return true;
            }
            if !c.is_whitespace() {
                self.at -= 1;
                return false;
            }
        }
        true
    }

    fn json(&mut self) -> Result<Value, Stop> {
        if self.empty() {
            return Ok(Value::Nil);
        }
        let rest: String = self.chars[self.at..].iter().collect();
        let mut stream = serde_json::Deserializer::from_str(&rest).into_iter::<serde_json::Value>();
        let value = match stream.next() {
            Some(Ok(value)) => crate::yaml::from_json(value),
            Some(Err(_)) => {
                let why = json::decode(rest.as_bytes())
                    .err()
                    .unwrap_or_else(|| "invalid JSON".into());
                return Err(Stop::Error(why));
            }
            None => return Err(Stop::End),
        };
        self.at += rest[..stream.byte_offset()].chars().count();
        self.empty();
        Ok(value)
    }

    fn index(&mut self) -> Result<i64, String> {
        let (text, stop) = self.until("]");
        if stop.is_none() {
            return Err("EOF".into());
        }
        atoi(text.as_bytes()).map_err(|error| error.text("Atoi", text.as_bytes()))
    }

    fn item(&mut self, list: &mut List, index: i64, nesting: usize) -> Result<(), Stop> {
        if index < 0 {
            return Err(Stop::Error(format!("negative {index} index not allowed")));
        }
        let (text, stop) = self.until("[.=");
        if !text.is_empty() {
            return Err(Stop::Error(format!(
                "unexpected data at end of array index: {}",
                quoted(&text)
            )));
        }
        let present = present(list, index);
        match stop {
            None => Err(Stop::End),
            Some('=') if matches!(self.mode, Mode::Json) => {
                let value = self.json()?;
                set_index(list, index, value)?;
                Ok(())
            }
            Some('=') => {
                let value = match self.value() {
                    Ok(value) => value,
                    Err(Stop::End) => Value::from(""),
                    Err(error) => return Err(error),
                };
                set_index(list, index, value)?;
                Ok(())
            }
            Some('[') => {
                let next = self
                    .index()
                    .map_err(|error| format!("error parsing index: {error}"))?;
                let mut inner = match present {
                    None => List::new(Vec::new()),
                    Some(Value::List(inner)) => inner,
                    Some(other) => return Err(Stop::Error(not_a(&other, "[]interface {}"))),
                };
                self.item(&mut inner, next, nesting)?;
                set_index(list, index, Value::List(inner))?;
                Ok(())
            }
            Some(_) => {
                let inner = match present {
                    Some(Value::Map(inner)) => inner,
                    _ => Map::default(),
                };
                self.key(&inner, nesting)?;
                set_index(list, index, Value::Map(inner))?;
                Ok(())
            }
        }
    }

    fn rest(&mut self) -> Value {
        let text: String = self.chars[self.at..].iter().collect();
        self.at = self.chars.len();
        Value::from(text)
    }

    fn literal_key(&mut self, data: &Map, nesting: usize) -> Result<(), Stop> {
        let (key, stop) = self.until("=[.");
        match stop {
            None if key.is_empty() => Err(Stop::End),
            None => Err(Stop::Error(format!("key {} has no value", quoted(&key)))),
            Some('=') => {
                let value = self.rest();
                put(data, &key, value);
                Ok(())
            }
            Some('.') => {
                let inner = self.nested(data, &key, nesting)?;
                self.literal_key(&inner, nesting + 1)?;
                put(data, &key, Value::Map(inner));
                Ok(())
            }
            Some(_) => {
                let index = self
                    .index()
                    .map_err(|error| format!("error parsing index: {error}"))?;
                let mut list = match data.get(key.as_bytes()) {
                    Some(Value::List(list)) => list,
                    _ => List::new(Vec::new()),
                };
                self.literal_item(&mut list, index, nesting)?;
                put(data, &key, Value::List(list));
                Ok(())
            }
        }
    }

    fn literal_item(&mut self, list: &mut List, index: i64, nesting: usize) -> Result<(), Stop> {
        let (text, stop) = self.until("[.=");
        if !text.is_empty() {
            return Err(Stop::Error(format!(
                "unexpected data at end of array index: {}",
                quoted(&text)
            )));
        }
        let present = present(list, index);
        let value = match stop {
            None => return Err(Stop::End),
            Some('=') => self.rest(),
            Some('[') => {
                let next = self
                    .index()
                    .map_err(|error| format!("error parsing index: {error}"))?;
                let mut inner = match present {
                    Some(Value::List(inner)) => inner,
                    _ => List::new(Vec::new()),
                };
                self.literal_item(&mut inner, next, nesting)?;
                Value::List(inner)
            }
            Some(_) => {
                let inner = match present {
                    Some(Value::Map(inner)) => inner,
                    _ => Map::default(),
                };
                self.literal_key(&inner, nesting + 1)?;
                Value::Map(inner)
            }
        };
        set_index(list, index, value)?;
        Ok(())
    }
}
