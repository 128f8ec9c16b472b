//! `duration*` of Helm 4.3: durations from durations, texts, and numbers of seconds.

use rosin_template::duration;
use rosin_template::strconv::{format_float, parse_float, quote};
use rosin_template::{Functions, IntType, Param, Value};

const SECOND: i64 = 1_000_000_000;

pub(super) fn register(functions: &mut Functions) {
    use Param::Any;
    let mut add = |name, params, body| functions.add(name, params, body);
    add("mustToDuration", &[Any], |_, a| {
        Ok(Value::Int(IntType::Duration, read(&a[0])?))
    });
    add("durationSeconds", &[Any], |_, a| Ok(float(&a[0], SECOND)));
    add("durationMinutes", &[Any], |_, a| {
        Ok(float(&a[0], 60 * SECOND))
    });
    add("durationHours", &[Any], |_, a| {
        Ok(float(&a[0], 3_600 * SECOND))
    });
    add("durationDays", &[Any], |_, a| {
        Ok(Value::Float(units(&a[0], 3_600 * SECOND) / 24.0))
    });
    add("durationWeeks", &[Any], |_, a| {
        Ok(Value::Float(units(&a[0], 3_600 * SECOND) / 24.0 / 7.0))
    });
    add("durationNanoseconds", &[Any], |_, a| {
        Ok(Value::int64(read(&a[0]).unwrap_or(0)))
    });
    add("durationMicroseconds", &[Any], |_, a| {
        Ok(Value::int64(read(&a[0]).unwrap_or(0) / 1_000))
    });
    add("durationMilliseconds", &[Any], |_, a| {
        Ok(Value::int64(read(&a[0]).unwrap_or(0) / 1_000_000))
    });
    add("durationRoundTo", &[Any, Any], |_, a| {
        Ok(to_multiple(a, duration::round))
    });
    add("durationTruncateTo", &[Any, Any], |_, a| {
        Ok(to_multiple(a, |value, unit| {
            if unit <= 0 {
                value
            } else {
                value - value % unit
            }
        }))
    });
}

fn units(value: &Value, unit: i64) -> f64 {
    let value = read(value).unwrap_or(0);
    (value / unit) as f64 + (value % unit) as f64 / unit as f64
}

fn float(value: &Value, unit: i64) -> Value {
    Value::Float(units(value, unit))
}

fn to_multiple(args: &[Value], change: impl Fn(i64, i64) -> i64) -> Value {
    let value = match (read(&args[0]), read(&args[1])) {
        (Err(_), _) => 0,
        (Ok(value), Err(_)) => value,
        (Ok(value), Ok(unit)) => change(value, unit),
    };
    Value::Int(IntType::Duration, value)
}

fn overflow(what: &str, value: impl std::fmt::Display) -> String {
    format!("duration {what} overflow: {value}")
}

fn from_float(seconds: f64) -> Result<i64, String> {
    let shown = || format_float(seconds, b'g', -1);
    if !seconds.is_finite() {
        return Err(format!("invalid duration seconds: {}", shown()));
    }
    if seconds.abs() > i64::MAX as f64 / SECOND as f64 {
        return Err(overflow("seconds", shown()));
    }
    let nanoseconds = seconds * SECOND as f64;
    if nanoseconds.abs() > i64::MAX as f64 {
        return Err(overflow("nanoseconds", format_float(nanoseconds, b'g', -1)));
    }
    // The largest double is one more than the largest integer; Go wraps to the smallest.
    Ok(if nanoseconds >= i64::MAX as f64 {
        i64::MIN
    } else {
        nanoseconds as i64
    })
}

fn read(value: &Value) -> Result<i64, String> {
    match value {
        Value::Int(IntType::Duration, value) => Ok(*value),
        Value::Str(text) => {
            let trimmed = text.trim_ascii();
            if trimmed.is_empty() {
                return Err("empty duration".into());
            }
            if let Ok(value) = duration::parse(trimmed) {
                return Ok(value);
            }
            match parse_float(trimmed) {
                Ok(seconds) => from_float(seconds),
                Err(_) => Err(format!("could not parse duration {}", quote(text))),
            }
        }
        Value::Nil => Err("invalid duration".into()),
        Value::Int(_, seconds) => seconds
            .checked_mul(SECOND)
            .ok_or_else(|| overflow("seconds", seconds)),
        Value::Uint(_, seconds) => i64::try_from(*seconds)
            .ok()
            .and_then(|seconds| seconds.checked_mul(SECOND))
            .ok_or_else(|| overflow("seconds", seconds)),
        Value::Float(seconds) => from_float(*seconds),
        other => Err(format!("unsupported duration type {}", other.type_name())),
    }
}
