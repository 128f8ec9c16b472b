//! Dotted paths into values.

use rosin_template::{Map, Value};

/// The table at a path.
pub(crate) fn table(values: &Map, path: &str) -> Option<Map> {
    let mut current = values.clone();
    for part in path.split('.') {
        match current.get(part.as_bytes()) {
            Some(Value::Map(next)) => current = next,
            _ => return None,
        }
    }
    Some(current)
}

/// The value at a path, which is not a table.
pub(crate) fn at_path(values: &Map, path: &str) -> Option<Value> {
    let (map, key) = match path.rsplit_once('.') {
        Some((folder, key)) => (table(values, folder)?, key),
        None => (values.clone(), path),
    };
    map.get(key.as_bytes())
        .filter(|value| !matches!(value, Value::Map(_)))
}
