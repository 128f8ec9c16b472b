//! `ParseInt`, `ParseUint` and `Atoi`.

use super::NumberError;

/// Reads an unsigned number. Base 0 takes Go's prefixes and underscores.
pub fn parse_uint(text: &[u8], base: u32) -> Result<u64, NumberError> {
    let mut digits = text;
    let mut radix = base;
    if base == 0 {
        radix = 10;
        if text.first() == Some(&b'0') {
            (radix, digits) = match text.get(1).map(u8::to_ascii_lowercase) {
                Some(b'b') if text.len() >= 3 => (2, &text[2..]),
                Some(b'o') if text.len() >= 3 => (8, &text[2..]),
                Some(b'x') if text.len() >= 3 => (16, &text[2..]),
                _ => (8, &text[1..]),
            };
            if digits.is_empty() {
                return Ok(0);
            }
        }
        if !underscores_ok(text) {
            return Err(NumberError::Syntax);
        }
    }
    if digits.is_empty() {
        return Err(NumberError::Syntax);
    }
    let mut value: u64 = 0;
    let mut overflow = false;
    for byte in digits {
        if *byte == b'_' && base == 0 {
            continue;
        }
        let digit = char::from(*byte)
            .to_digit(36)
            .filter(|digit| *digit < radix)
            .ok_or(NumberError::Syntax)?;
        match value
            .checked_mul(radix.into())
            .and_then(|v| v.checked_add(digit.into()))
        {
            Some(next) => value = next,
            None => overflow = true,
        }
    }
    if overflow {
        Err(NumberError::Range)
    } else {
        Ok(value)
    }
}

/// Reads a signed number.
pub fn parse_int(text: &[u8], base: u32) -> Result<i64, NumberError> {
    let (negative, digits) = match text.first() {
        Some(b'+') => (false, &text[1..]),
        Some(b'-') => (true, &text[1..]),
        _ => (false, text),
    };
    let value = parse_uint(digits, base)?;
    if negative {
        if value > 1 << 63 {
            Err(NumberError::Range)
        } else {
            Ok((value as i64).wrapping_neg())
        }
    } else {
        i64::try_from(value).map_err(|_| NumberError::Range)
    }
}

pub fn atoi(text: &[u8]) -> Result<i64, NumberError> {
    parse_int(text, 10)
}

/// Underscores must separate digits, one at a time; a base prefix counts as a digit.
pub(super) fn underscores_ok(text: &[u8]) -> bool {
    let mut text = text;
    let mut last = b'^';
    let mut hex = false;
    if let [b'+' | b'-', rest @ ..] = text {
        text = rest;
    }
    if text.len() >= 2
        && text[0] == b'0'
        && matches!(text[1].to_ascii_lowercase(), b'b' | b'o' | b'x')
    {
        last = b'0';
        hex = text[1].eq_ignore_ascii_case(&b'x');
        text = &text[2..];
    }
    for byte in text {
        if byte.is_ascii_digit() || (hex && byte.is_ascii_hexdigit()) {
            last = b'0';
        } else if *byte == b'_' {
            if last != b'0' {
                return false;
            }
            last = b'_';
        } else {
            if last == b'_' {
                return false;
            }
            last = b'!';
        }
    }
    last != b'_'
}
