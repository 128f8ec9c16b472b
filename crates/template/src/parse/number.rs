//! Numeric and character constants.

use super::lex::Kind;
use super::node::Number;
use crate::strconv::{self, NumberError, parse_float, parse_int, parse_uint, quote};

pub(super) fn number(text: &[u8], kind: Kind) -> Result<Number, String> {
    let mut number = Number {
        text: String::from_utf8_lossy(text).into_owned(),
        ..Number::default()
    };
    match kind {
        Kind::CharConstant => return character(text, number),
        Kind::Complex => {
            let (re, im) = complex(text)?;
            number.complex = Some((re, im));
            simplify(&mut number);
            return Ok(number);
        }
        _ => {}
    }
    if let Some(imaginary) = text.strip_suffix(b"i")
        && let Ok(value) = parse_float(imaginary)
    {
        number.complex = Some((0.0, value));
        simplify(&mut number);
        return Ok(number);
    }
    number.uint = parse_uint(text, 0).ok();
    number.int = parse_int(text, 0).ok();
    if number.int == Some(0) {
        number.uint.get_or_insert(0);
    }
    if let Some(int) = number.int {
        number.float = Some(int as f64);
    } else if let Some(uint) = number.uint {
        number.float = Some(uint as f64);
    } else if let Ok(float) = parse_float(text) {
        // Only a point or an exponent makes it a float; otherwise it was an integer too large.
        if !text.iter().any(|byte| b".eEpP".contains(byte)) {
            return Err(format!("integer overflow: {}", quote(text)));
        }
        integral(&mut number, float);
        number.float = Some(float);
    }
    if number.int.is_none() && number.uint.is_none() && number.float.is_none() {
        return Err(format!("illegal number syntax: {}", quote(text)));
    }
    Ok(number)
}

/// Where signed 64-bit integers end.
const TWO_63: f64 = 9_223_372_036_854_775_808.0;

fn integral(number: &mut Number, float: f64) {
    if float.fract() == 0.0 && (-TWO_63..TWO_63).contains(&float) {
        number.int = Some(float as i64);
    }
    if float.fract() == 0.0 && (0.0..2.0 * TWO_63).contains(&float) {
        number.uint = Some(float as u64);
    }
}

/// A complex constant without imaginary part is a float as well, and perhaps an integer.
fn simplify(number: &mut Number) {
    if let Some((re, im)) = number.complex
        && im == 0.0
    {
        number.float = Some(re);
        integral(number, re);
    }
}

fn character(text: &[u8], mut number: Number) -> Result<Number, String> {
    let (unit, tail) = strconv::unquote_char(&text[1..], b'\'')?;
    if tail != b"'" {
        return Err(format!(
            "malformed character constant: {}",
            String::from_utf8_lossy(text)
        ));
    }
    let value = unit.value();
    number.int = Some(value.into());
    number.uint = Some(value.into());
    number.float = Some(value.into());
    Ok(number)
}

fn complex(text: &[u8]) -> Result<(f64, f64), String> {
    let body = text.strip_suffix(b"i").unwrap_or(text);
    let split = body
        .iter()
        .enumerate()
        .skip(1)
        .find(|(at, byte)| {
            matches!(byte, b'+' | b'-') && !matches!(body[at - 1], b'e' | b'E' | b'p' | b'P')
        })
        .map_or(0, |(at, _)| at);
    let (re, im) = body.split_at(split);
    let part = |text: &[u8]| match parse_float(text) {
        Ok(value) => Ok(value),
        Err(NumberError::Syntax) => parse_int(text, 0).map(|value| value as f64),
        Err(error) => Err(error),
    };
    match (part(re), part(im)) {
        (Ok(re), Ok(im)) => Ok((re, im)),
        (Err(error), _) => Err(error.text("ParseFloat", re)),
        (_, Err(error)) => Err(error.text("ParseFloat", im)),
    }
}
