//! Conversions between kinds, lenient as spf13/cast is: what does not convert is zero.

use crate::strconv::{parse_float, parse_int};
use crate::value::{IntType, Value};

/// Where signed 64-bit integers end.
const TWO_63: f64 = 9_223_372_036_854_775_808.0;

/// `cast.ToInt64`.
#[must_use]
pub fn to_int64(value: &Value) -> i64 {
    match value {
        Value::Int(IntType::Duration, _) => 0,
        Value::Int(_, value) => *value,
        Value::Uint(_, value) => *value as i64,
        Value::Float(value) => truncate(*value),
        Value::Str(text) => parse_int(without_zero_decimals(text), 0).unwrap_or(0),
        Value::Bool(value) => i64::from(*value),
        _ => 0,
    }
}

/// A float beyond the range becomes the smallest integer, as on the processors that charts are written on.
fn truncate(value: f64) -> i64 {
    if (-TWO_63..TWO_63).contains(&value) {
        value as i64
    } else {
        i64::MIN
    }
}

/// `1.00` counts as `1`.
fn without_zero_decimals(text: &[u8]) -> &[u8] {
    let zeros = text.iter().rev().take_while(|byte| **byte == b'0').count();
    match text
        .len()
        .checked_sub(zeros + 1)
        .map(|at| text.split_at(at))
    {
        Some((whole, [b'.', ..])) if zeros > 0 => whole,
        _ => text,
    }
}

/// `cast.ToFloat64`.
pub(super) fn to_float(value: &Value) -> f64 {
    match value {
        Value::Int(IntType::Duration, _) => 0.0,
        Value::Int(_, value) => *value as f64,
        Value::Uint(_, value) => *value as f64,
        Value::Float(value) => *value,
        Value::Str(text) => parse_float(text).unwrap_or(0.0),
        Value::Bool(value) => f64::from(u8::from(*value)),
        _ => 0.0,
    }
}
