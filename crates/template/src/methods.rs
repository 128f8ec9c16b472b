//! Methods of values that are no objects: `time.Duration`.

use crate::duration::{self, HOUR, MINUTE, SECOND};
use crate::func::{Param, Signature};
use crate::value::{IntType, Value};

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
