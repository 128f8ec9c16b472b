//! Floating point to text and back, in Go's formats.

use super::NumberError;
use super::integer::underscores_ok;

/// Formats as `strconv.FormatFloat`. A negative precision asks for the shortest text that reads back the same.
#[must_use]
pub fn format_float(value: f64, verb: u8, precision: i32) -> String {
    if value.is_nan() {
        return "NaN".into();
    }
    if value.is_infinite() {
        return if value < 0.0 {
            "-Inf".into()
        } else {
            "+Inf".into()
        };
    }
    match verb {
        b'b' => return binary(value),
        b'x' | b'X' => return hexadecimal(value, verb, precision),
        _ => {}
    }
    let negative = value.is_sign_negative();
    let magnitude = value.abs();
    let mut out = if negative {
        String::from("-")
    } else {
        String::new()
    };
    match verb {
        b'f' | b'F' if precision >= 0 => {
            out.push_str(&format!("{magnitude:.*}", precision as usize))
        }
        b'f' | b'F' => {
            let (digits, exponent) = digits(magnitude, None);
            plain(&mut out, &digits, exponent);
        }
        b'e' | b'E' => {
            let (digits, exponent) = digits(
                magnitude,
                if precision < 0 {
                    None
                } else {
                    Some(precision as usize + 1)
                },
            );
            exponential(&mut out, &digits, exponent, verb);
        }
        _ => general(&mut out, magnitude, verb, precision),
    }
    out
}

/// Digits without an exponent.
fn plain(out: &mut String, digits: &[u8], exponent: i32) {
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    let text = String::from_utf8_lossy(digits);
    match usize::try_from(exponent) {
        Err(_) => {
            out.push_str("0.");
            out.push_str(&zeros(-exponent - 1));
            out.push_str(&text);
        }
        Ok(before) if before + 1 < digits.len() => {
            out.push_str(&text[..=before]);
            out.push('.');
            out.push_str(&text[before + 1..]);
        }
        Ok(_) => {
            out.push_str(&text);
            out.push_str(&zeros(exponent + 1 - digits.len() as i32));
        }
    }
}

/// Decimal digits (no point) and the exponent of the first one.
fn digits(magnitude: f64, count: Option<usize>) -> (Vec<u8>, i32) {
    let text = match count {
        Some(count) => format!("{magnitude:.*e}", count.saturating_sub(1)),
        None => format!("{magnitude:e}"),
    };
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let mut digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).collect();
    if count.is_none() {
        prefer_even(&mut digits, exponent, magnitude);
    }
    (digits, exponent.parse().unwrap_or(0))
}

/// Where a number lies in the middle between two shortest texts, Go takes the even one, and Rust the upper one.
fn prefer_even(digits: &mut [u8], exponent: &str, magnitude: f64) {
    /// Shorter ones are exact, or nearer to the number than the next.
    const CLOSE: usize = 16;
    let count = digits.len();
    if count < CLOSE || digits[count - 1].is_multiple_of(2) {
        return;
    }
    let exact = format!("{magnitude:.*e}", count + CLOSE);
    let mut rest = exact.bytes().filter(u8::is_ascii_digit).skip(count);
    let middle = rest.next() == Some(b'5') && rest.take(CLOSE).all(|digit| digit == b'0');
    if !middle {
        return;
    }
    digits[count - 1] -= 1;
    let text: String = digits.iter().map(|digit| char::from(*digit)).collect();
    let lower = format!("{}.{}e{exponent}", &text[..1], &text[1..]);
    if lower.parse() != Ok(magnitude) {
        digits[count - 1] += 1;
    }
}

fn exponential(out: &mut String, digits: &[u8], exponent: i32, verb: u8) {
    out.push(char::from(digits[0]));
    if digits.len() > 1 {
        out.push('.');
        out.extend(digits[1..].iter().map(|digit| char::from(*digit)));
    }
    let mark = if verb.is_ascii_uppercase() { 'E' } else { 'e' };
    let sign = if exponent < 0 { '-' } else { '+' };
    out.push_str(&format!("{mark}{sign}{:02}", exponent.unsigned_abs()));
}

fn general(out: &mut String, magnitude: f64, verb: u8, precision: i32) {
    let shortest = precision < 0;
    let count = if shortest {
        None
    } else {
        Some((precision as usize).max(1))
    };
    let (mut digits, exponent) = digits(magnitude, count);
    let mut limit = if precision == 0 { 1 } else { precision };
    while digits.len() > 1 && digits.last() == Some(&b'0') {
        digits.pop();
    }
    if limit > digits.len() as i32 && digits.len() as i32 > exponent {
        limit = digits.len() as i32;
    }
    if shortest {
        limit = 6;
    }
    if exponent < -4 || exponent >= limit {
        let mark = if verb == b'G' { b'E' } else { b'e' };
        return exponential(out, &digits, exponent, mark);
    }
    if exponent < 0 {
        out.push_str("0.");
        out.extend(std::iter::repeat_n('0', (-exponent - 1) as usize));
        out.extend(digits.iter().map(|digit| char::from(*digit)));
        return;
    }
    let whole = exponent as usize + 1;
    for index in 0..whole.max(digits.len()) {
        if index == whole {
            out.push('.');
        }
        out.push(digits.get(index).map_or('0', |digit| char::from(*digit)));
    }
}

fn parts(value: f64) -> (bool, i32, u64) {
    let bits = value.to_bits();
    let negative = bits >> 63 == 1;
    let raw = ((bits >> 52) & 0x7ff) as i32;
    let fraction = bits & ((1 << 52) - 1);
    if raw == 0 {
        (negative, -1022, fraction)
    } else {
        (negative, raw - 1023, fraction | 1 << 52)
    }
}

fn binary(value: f64) -> String {
    let (negative, exponent, mantissa) = parts(value);
    let exponent = exponent - 52;
    let sign = if negative { "-" } else { "" };
    format!("{sign}{mantissa}p{exponent:+}")
}

fn hexadecimal(value: f64, verb: u8, precision: i32) -> String {
    let (negative, mut exponent, mut mantissa) = parts(value);
    if mantissa == 0 {
        exponent = 0;
    }
    // The point stands after bit 60, so that digits are whole nibbles.
    mantissa <<= 60 - 52;
    while mantissa != 0 && mantissa & (1 << 60) == 0 {
        mantissa <<= 1;
        exponent -= 1;
    }
    if (0..15).contains(&precision) {
        let shift = precision as u32 * 4;
        let extra = (mantissa << shift) & ((1 << 60) - 1);
        mantissa >>= 60 - shift;
        if extra | (mantissa & 1) > 1 << 59 {
            mantissa += 1;
        }
        mantissa <<= 60 - shift;
        if mantissa & (1 << 61) != 0 {
            mantissa >>= 1;
            exponent += 1;
        }
    }
    let mut out = String::from(if negative { "-0x" } else { "0x" });
    out.push(if (mantissa >> 60) & 1 == 1 { '1' } else { '0' });
    mantissa <<= 4;
    if precision < 0 && mantissa != 0 {
        out.push('.');
        while mantissa != 0 {
            out.push(char::from_digit((mantissa >> 60) as u32 & 15, 16).unwrap_or('0'));
            mantissa <<= 4;
        }
    } else if precision > 0 {
        out.push('.');
        for _ in 0..precision {
            out.push(char::from_digit((mantissa >> 60) as u32 & 15, 16).unwrap_or('0'));
            mantissa <<= 4;
        }
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    out.push_str(&format!("p{sign}{:02}", exponent.unsigned_abs()));
    if verb == b'X' {
        out.to_ascii_uppercase()
    } else {
        out
    }
}

/// Reads as `strconv.ParseFloat`: decimal and hexadecimal forms, underscores with a base prefix only, inf and nan.
pub fn parse_float(text: &[u8]) -> Result<f64, NumberError> {
    let text = std::str::from_utf8(text).map_err(|_| NumberError::Syntax)?;
    let (sign, body) = match text.as_bytes().first() {
        Some(b'-') => (-1.0, &text[1..]),
        Some(b'+') => (1.0, &text[1..]),
        _ => (1.0, text),
    };
    let lower = body.to_ascii_lowercase();
    match lower.as_str() {
        "inf" | "infinity" => return Ok(sign * f64::INFINITY),
        "nan" => return Ok(f64::NAN),
        _ => {}
    }
    if let Some(hex) = lower.strip_prefix("0x") {
        if !underscores_ok(text.as_bytes()) {
            return Err(NumberError::Syntax);
        }
        return parse_hexadecimal(&hex.replace('_', "")).map(|value| sign * value);
    }
    let lower = if lower.contains('_') {
        if !underscores_ok(text.as_bytes()) {
            return Err(NumberError::Syntax);
        }
        lower.replace('_', "")
    } else {
        lower
    };
    let mut digits = false;
    let mut point = false;
    let mut chars = lower.bytes().peekable();
    while let Some(byte) = chars.peek().copied() {
        match byte {
            b'0'..=b'9' => digits = true,
            b'.' if !point => point = true,
            b'e' if digits => break,
            _ => return Err(NumberError::Syntax),
        }
        chars.next();
    }
    if !digits {
        return Err(NumberError::Syntax);
    }
    if chars.next().is_some() {
        if matches!(chars.peek(), Some(b'+' | b'-')) {
            chars.next();
        }
        if chars.peek().is_none() || !chars.all(|byte| byte.is_ascii_digit()) {
            return Err(NumberError::Syntax);
        }
    }
    let value: f64 = lower.parse().map_err(|_| NumberError::Syntax)?;
    if value.is_infinite() {
        Err(NumberError::Range)
    } else {
        Ok(sign * value)
    }
}

fn parse_hexadecimal(text: &str) -> Result<f64, NumberError> {
    let (mantissa, exponent) = text.split_once('p').ok_or(NumberError::Syntax)?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return Err(NumberError::Syntax);
    }
    let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    if unsigned.is_empty() || !unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NumberError::Syntax);
    }
    let mut power: i64 = exponent.parse().map_err(|_| NumberError::Range)?;
    let mut bits: u64 = 0;
    let mut sticky = false;
    for (index, c) in whole.chars().chain(fraction.chars()).enumerate() {
        let digit = u64::from(c.to_digit(16).ok_or(NumberError::Syntax)?);
        if bits >> 60 == 0 {
            bits = bits << 4 | digit;
            if index >= whole.len() {
                power = power.saturating_sub(4);
            }
        } else {
            sticky |= digit != 0;
            if index < whole.len() {
                power = power.saturating_add(4);
            }
        }
    }
    if sticky {
        bits |= 1;
    }
    let power = power.clamp(-4_000, 4_000) as i32;
    // Two steps, so that a subnormal result does not pass through an infinite factor.
    let value = (bits as f64) * 2f64.powi(power / 2) * 2f64.powi(power - power / 2);
    if value.is_infinite() {
        Err(NumberError::Range)
    } else {
        Ok(value)
    }
}
