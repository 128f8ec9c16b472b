//! Coalescing and merging. Coalescing removes what a null deletes; merging keeps nulls, for the round that comes after.
//! Order and sharing follow Helm 4.3's `common/util/coalesce.go`: a subchart's values are part of its parent's.

use rosin_template::sprig::deep_copy;
use rosin_template::{Map, Value};

use crate::{Chart, Error};

const GLOBAL: &[u8] = b"global";

/// The chart's defaults under `values`, subcharts included; nulls delete.
pub fn coalesce_values(chart: &Chart, values: &Map) -> Result<Map, Error> {
    let values = copied(values)?;
    coalesce(chart, &values, false)?;
    Ok(values)
}

/// The same, with nulls kept.
pub fn merge_values(chart: &Chart, values: &Map) -> Result<Map, Error> {
    let values = copied(values)?;
    coalesce(chart, &values, true)?;
    Ok(values)
}

/// A copy that shares nothing.
pub fn copied(map: &Map) -> Result<Map, Error> {
    match deep_copy(&Value::Map(map.clone())) {
        Ok(Value::Map(map)) if !map.is_nil() => Ok(map),
        Ok(_) => Ok(Map::default()),
        Err(error) => Err(Error::Values(error.0.text)),
    }
}

fn coalesce(chart: &Chart, values: &Map, merge: bool) -> Result<(), Error> {
    defaults(chart, values, merge)?;
    for subchart in &chart.dependencies {
        let name = subchart.name().as_bytes();
        let own = match values.get(name) {
            None => {
                let own = Map::default();
                values.insert(name, Value::Map(own.clone()));
                own
            }
            Some(Value::Map(own)) => own,
            Some(other) => {
                // Go's `%t` of something that is no bool.
                let shown = rosin_template::fmt::sprintf(b"%t", &[other]);
                return Err(Error::Values(format!(
                    "type mismatch on {}: {shown}",
                    subchart.name()
                )));
            }
        };
        globals(&own, values);
        coalesce(subchart, &own, merge)?;
    }
    Ok(())
}

/// Hands the parent's globals down.
fn globals(own: &Map, parent: &Map) {
    let target = match own.get(GLOBAL) {
        None => Map::default(),
        Some(Value::Map(target)) => target,
        Some(_) => return,
    };
    let source = match parent.get(GLOBAL) {
        None => Map::default(),
        Some(Value::Map(source)) => source,
        Some(_) => return,
    };
    for (key, value) in source.snapshot() {
        match (&value, target.get(&key)) {
            (Value::Map(map), present) => {
                let copy: Map = map.snapshot().into_iter().collect();
                match present {
                    None => target.insert(key, Value::Map(copy)),
                    Some(Value::Map(present)) => {
                        tables(&copy, &present, true);
                        target.insert(key, Value::Map(copy));
                    }
                    Some(_) => {}
                }
            }
            (_, Some(Value::Map(_))) => {}
            _ => target.insert(key, value),
        }
    }
    own.insert(GLOBAL, Value::Map(target));
}

fn defaults(chart: &Chart, values: &Map, merge: bool) -> Result<(), Error> {
    for (key, default) in copied(&chart.values)?.snapshot() {
        match values.get(&key) {
            Some(Value::Nil) if !merge => {
                values.remove(&key);
            }
            Some(Value::Map(given)) => {
                if let Value::Map(default) = &default {
                    // Nulls for a subchart are kept until the subchart's own defaults have met them.
                    let subchart = chart
                        .dependencies
                        .iter()
                        .any(|subchart| *subchart.name().as_bytes() == *key);
                    let merge = merge || subchart;
                    if !merge {
                        without_nulls(default);
                    }
                    tables(&given, default, merge);
                }
            }
            Some(_) => {}
            None => {
                if !merge {
                    match &default {
                        Value::Nil => continue,
                        Value::Map(map) => without_nulls(map),
                        _ => {}
                    }
                }
                values.insert(key, default);
            }
        }
    }
    Ok(())
}

/// `target` over `source`, into `target`; nulls delete.
pub fn coalesce_tables(target: &Map, source: &Map) {
    tables(target, source, false);
}

pub fn merge_tables(target: &Map, source: &Map) {
    tables(target, source, true);
}

fn tables(target: &Map, source: &Map, merge: bool) {
    if target.same(source) {
        return;
    }
    let original = source.snapshot();
    let set_in_source = |key: &[u8]| {
        original
            .iter()
            .any(|(known, value)| **known == *key && !matches!(value, Value::Nil))
    };
    for (key, value) in target.snapshot() {
        if matches!(value, Value::Nil) {
            source.insert(key, Value::Nil);
        }
    }
    for (key, value) in source.snapshot() {
        match (target.get(&key), &value) {
            (Some(Value::Nil), _) if !merge && set_in_source(&key) => {
                target.remove(&key);
            }
            (None, _) => target.insert(key, value),
            (Some(Value::Map(inner)), Value::Map(from)) => tables(&inner, from, merge),
            _ => {}
        }
    }
}

fn without_nulls(map: &Map) {
    for (key, value) in map.snapshot() {
        match value {
            Value::Nil => {
                map.remove(&key);
            }
            Value::Map(inner) => without_nulls(&inner),
            _ => {}
        }
    }
}
