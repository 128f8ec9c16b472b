//! Methods of values that are no objects: `time.Duration`, and Helm's type for a chart's values.

use crate::duration::{self, HOUR, MINUTE, SECOND};
use crate::exec::ToYaml;
use crate::func::{Param, Signature};
use crate::value::{IntType, Map, MapType, Value};

pub(crate) fn duration_signature(name: &str) -> Option<Signature> {
    let params: &[Param] = match name {
        "String" | "Seconds" | "Minutes" | "Hours" | "Milliseconds" | "Microseconds"
        | "Nanoseconds" | "Abs" => &[],
        "Round" | "Truncate" => &[Param::Duration],
        _ => return None,
    };
    Some(Signature {
        params,
        variadic: None,
    })
}

pub(crate) fn duration(value: i64, name: &str, args: &[Value]) -> Result<Value, String> {
    let other = match args.first() {
        Some(Value::Int(_, other)) => *other,
        _ => 0,
    };
    let parts = |unit: i64| (value / unit) as f64 + (value % unit) as f64 / unit as f64;
    let wrap = |value: i64| Value::Int(IntType::Duration, value);
    Ok(match name {
        "String" => Value::from(duration::format(value)),
        "Seconds" => Value::Float(parts(SECOND)),
        "Minutes" => Value::Float(parts(MINUTE)),
        "Hours" => Value::Float(parts(HOUR)),
        "Milliseconds" => Value::int64(value / 1_000_000),
        "Microseconds" => Value::int64(value / 1_000),
        "Nanoseconds" => Value::int64(value),
        "Abs" => wrap(value.checked_abs().unwrap_or(i64::MAX)),
        "Round" => wrap(duration::round(value, other)),
        "Truncate" => wrap(if other <= 0 {
            value
        } else {
            value - value % other
        }),
        _ => return Err(format!("no method {name}")),
    })
}

pub(crate) fn values_signature(name: &str) -> Option<Signature> {
    let params: &[Param] = match name {
        "YAML" | "AsMap" => &[],
        "Table" | "PathValue" => &[Param::String],
        _ => return None,
    };
    Some(Signature {
        params,
        variadic: None,
    })
}

pub(crate) fn values(
    map: &Map,
    name: &str,
    args: &[Value],
    to_yaml: Option<ToYaml>,
) -> Result<Value, String> {
    let path = args
        .first()
        .and_then(Value::as_str)
        .map(|path| path.to_text().into_owned())
        .unwrap_or_default();
    let (folder, key) = path
        .rsplit_once('.')
        .map_or((None, path.as_str()), |(folder, key)| (Some(folder), key));
    match name {
        "YAML" => {
            let plain = Value::Map(map.with_kind(MapType::Any));
            to_yaml
                .map_or_else(|| Err("no YAML here".into()), |write| write(&plain))
                .map(Value::from)
        }
        "Table" => Ok(Value::Map(table(map, &path)?.with_kind(MapType::Values))),
        "PathValue" if path.is_empty() => Err("YAML path cannot be empty".into()),
        "PathValue" => {
            let parent = folder.map_or_else(|| Ok(map.clone()), |folder| table(map, folder));
            match parent.ok().and_then(|parent| parent.get(key.as_bytes())) {
                None | Some(Value::Map(_)) => Err(format!("{key:?} is not a value")),
                Some(value) => Ok(value),
            }
        }
        _ => Ok(Value::Map(map.with_kind(MapType::Any))),
    }
}

fn table(map: &Map, path: &str) -> Result<Map, String> {
    let mut current = map.clone();
    for part in path.split('.') {
        match current.get(part.as_bytes()) {
            Some(Value::Map(next)) => current = next,
            _ => return Err(format!("{part:?} is not a table")),
        }
    }
    Ok(current)
}
