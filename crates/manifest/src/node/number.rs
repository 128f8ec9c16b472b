//! Floats as Go prints them.

use serde_json::{Number, Value};

/// `strconv.FormatFloat(value, 'g', -1, 64)`: what go-yaml writes.
#[must_use]
pub fn go_float(value: f64) -> String {
    shortest(&even(format!("{value:e}"), value))
}

/// Where a number lies in the middle between two shortest texts, Go takes the even one, and Rust the upper one.
fn even(scientific: String, value: f64) -> String {
    /// Shorter ones are exact, or nearer to the number than the next.
    const CLOSE: usize = 16;
    let Some((digits, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let count = digits.bytes().filter(u8::is_ascii_digit).count();
    let odd = digits.bytes().last().filter(|digit| digit % 2 == 1);
    let Some(last) = odd.filter(|_| count >= CLOSE) else {
        return scientific;
    };
    let exact = format!("{value:.*e}", count + CLOSE);
    let mut rest = exact.bytes().filter(u8::is_ascii_digit).skip(count);
    if rest.next() != Some(b'5') || !rest.take(CLOSE).all(|digit| digit == b'0') {
        return scientific;
    }
    let kept = &digits[..digits.len() - 1];
    let lower = format!("{kept}{}e{exponent}", char::from(last - 1));
    match lower.parse() == Ok(value) {
        true => lower,
        false => scientific,
    }
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

/// The digits of a whole number, and zeros after them.
fn whole(scientific: &str) -> String {
    let Some((digits, exponent)) = scientific.split_once('e') else {
        return scientific.to_owned();
    };
    let mut text = digits.replace('.', "");
    let sign = usize::from(text.starts_with('-'));
    let length = exponent.parse::<usize>().unwrap_or(0) + 1 + sign;
    while text.len() < length {
        text.push('0');
    }
    text
}

/// A finite float as `encoding/json` writes it: whole numbers below 1e21 have no point, and so are integers to the next reader.
pub(crate) fn json_float(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 1e21 {
        let text = whole(&even(format!("{value:e}"), value));
        if let Ok(whole) = text.parse::<i64>() {
            return whole.into();
        }
        if let Ok(whole) = text.parse::<u64>() {
            return whole.into();
        }
    }
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_between_two_texts_is_the_even_one() {
        assert_eq!(go_float(677_228_004_418_309.3), "6.772280044183092e+14");
        assert_eq!(go_float(677_228_004_418_309.4), "6.772280044183094e+14");
        assert_eq!(go_float(-677_228_004_418_309.3), "-6.772280044183092e+14");
        for (value, text) in [
            (0.0, "0"),
            (-5.0, "-5"),
            (1_200.0, "1200"),
            (9_007_199_254_740_992.0, "9007199254740992"),
            (1e18, "1000000000000000000"),
        ] {
            assert_eq!(json_float(value).to_string(), text);
        }
        assert_eq!(go_float(0.1), "0.1");
        assert_eq!(go_float(1e21), "1e+21");
    }
}
