//! Places in a document: the container that a path leads to, and the key in it.

use serde_json::Value;

/// Where an operation works. What is before the first `/` of its path does not count.
pub(super) struct Place<'a> {
    container: &'a mut Value,
    pub(super) key: String,
}

/// The keys on the way and the last one; None for a path without `/`.
fn split(path: &str) -> Option<(impl Iterator<Item = String>, String)> {
    let (_, path) = path.split_once('/')?;
    let (parents, key) = path
        .rsplit_once('/')
        .map_or((None, path), |(parents, key)| (Some(parents), key));
    Some((
        parents
            .into_iter()
            .flat_map(|parents| parents.split('/'))
            .map(unescape),
        unescape(key),
    ))
}

/// `~1` and `~0`, each looked for once.
fn unescape(part: &str) -> String {
    let mut out = String::with_capacity(part.len());
    let mut rest = part;
    while let Some(at) = rest.find('~') {
        out.push_str(&rest[..at]);
        let (character, length) = match rest.as_bytes().get(at + 1) {
            Some(b'1') => ('/', 2),
            Some(b'0') => ('~', 2),
            _ => ('~', 1),
        };
        out.push(character);
        rest = &rest[at + length..];
    }
    out.push_str(rest);
    out
}

/// The container and the key, for reading.
pub(super) fn find<'a>(document: &'a Value, path: &str) -> Option<(&'a Value, String)> {
    let (mut parents, key) = split(path)?;
    let container = parents.try_fold(document, |value, part| {
        get(value, &part).ok()?.filter(|next| is_container(next))
    })?;
    Some((container, key))
}

/// None for a field that is not there.
pub(super) fn get<'a>(container: &'a Value, key: &str) -> Result<Option<&'a Value>, String> {
    match container {
        Value::Object(fields) => Ok(fields.get(key)),
        Value::Array(items) => Ok(items.get(existing(key, items.len())?)),
        _ => Ok(None),
    }
}

fn is_container(value: &Value) -> bool {
    value.is_object() || value.is_array()
}

/// An index as Go reads it: decimal with a sign.
fn parse_index(key: &str) -> Result<i64, String> {
    let digits = key.strip_prefix(['+', '-']).unwrap_or(key);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("strconv.Atoi: parsing {key:?}: invalid syntax"));
    }
    key.parse()
        .map_err(|_| format!("strconv.Atoi: parsing {key:?}: value out of range"))
}

/// Negative indexes count from behind the last of `length` places.
fn index(wanted: i64, length: usize) -> Result<usize, String> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let at = if wanted < 0 { wanted + length } else { wanted };
    match usize::try_from(at) {
        Ok(at) if wanted < length => Ok(at),
        _ => Err(format!(
            "Unable to access invalid index: {wanted}: invalid index referenced"
        )),
    }
}

fn existing(key: &str, length: usize) -> Result<usize, String> {
    index(parse_index(key)?, length)
}

impl<'a> Place<'a> {
    pub(super) fn find(document: &'a mut Value, path: &str) -> Option<Self> {
        let (mut parents, key) = split(path)?;
        let container = parents.try_fold(document, |value, part| {
            let next = match value {
                Value::Object(fields) => fields.get_mut(&part),
                Value::Array(items) => {
                    let at = existing(&part, items.len()).ok()?;
                    items.get_mut(at)
                }
                _ => None,
            };
            next.filter(|next| is_container(next))
        })?;
        Some(Self { container, key })
    }

    pub(super) fn get(&self) -> Result<Option<&Value>, String> {
        get(self.container, &self.key)
    }

    pub(super) fn add(&mut self, value: Value) -> Result<(), String> {
        match self.container {
            Value::Array(items) if self.key == "-" => items.push(value),
            Value::Array(items) => {
                let wanted = parse_index(&self.key).map_err(|cause| {
                    format!(
                        "value was not a proper array index: '{}': {cause}",
                        self.key
                    )
                })?;
                items.insert(index(wanted, items.len() + 1)?, value);
            }
            Value::Object(fields) => drop(fields.insert(self.key.clone(), value)),
            _ => {}
        }
        Ok(())
    }

    /// Replaces what `get` found.
    pub(super) fn set(&mut self, value: Value) -> Result<(), String> {
        match self.container {
            Value::Array(items) => {
                let at = existing(&self.key, items.len())?;
                items[at] = value;
            }
            Value::Object(fields) => drop(fields.insert(self.key.clone(), value)),
            _ => {}
        }
        Ok(())
    }

    pub(super) fn remove(&mut self) -> Result<Value, String> {
        match self.container {
            Value::Array(items) => {
                let at = existing(&self.key, items.len())?;
                Ok(items.remove(at))
            }
            Value::Object(fields) => fields.remove(&self.key).ok_or_else(|| {
                format!(
                    "Unable to remove nonexistent key: {}: missing value",
                    self.key
                )
            }),
            _ => Ok(Value::Null),
        }
    }
}
