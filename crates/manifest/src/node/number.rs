//! Floats as Go prints them.

use serde_json::{Number, Value};

/// `strconv.FormatFloat(value, 'g', -1, 64)`: what go-yaml writes.
#[must_use]
pub fn go_float(value: f64) -> String {
    shortest(&format!("{value:e}"))
}

/// The same for the digits that a 32-bit float needs.
pub(crate) fn go_float32(value: f32) -> String {
    shortest(&format!("{value:e}"))
}

/// From Rust's `1.25e3`: plain between 1e-4 and 1e6 (exclusive of the exponent 6), else with an exponent of two digits.
fn shortest(scientific: &str) -> String {
    let Some((digits, exponent)) = scientific.split_once('e') else {
        return scientific.to_owned();
    };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.abs());
    }
    // Few digits: going through the number again is exact.
    match scientific.parse::<f64>() {
        Ok(value) if value == 0.0 && digits.starts_with('-') => "-0".to_owned(),
        Ok(value) => format!("{value}"),
        Err(_) => scientific.to_owned(),
    }
}

/// A finite float as `encoding/json` writes it: whole numbers below 1e21 have no point, and so are integers to the next reader.
pub(crate) fn json_float(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 1e21 {
        let text = format!("{value}");
        if let Ok(whole) = text.parse::<i64>() {
            return whole.into();
        }
        if let Ok(whole) = text.parse::<u64>() {
            return whole.into();
        }
    }
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}
