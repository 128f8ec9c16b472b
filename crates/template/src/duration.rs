//! Go's `time.Duration`: nanoseconds in an int64, and their text.

use crate::strconv::quote;

pub(crate) const SECOND: i64 = 1_000_000_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;

/// `1h2m3.5s`.
#[must_use]
pub fn format(nanoseconds: i64) -> String {
    if nanoseconds == 0 {
        return "0s".into();
    }
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let value = nanoseconds.unsigned_abs();
    if value < SECOND as u64 {
        let (unit, scale) = match value {
            0..1_000 => ("ns", 0),
            1_000..1_000_000 => ("µs", 3),
            _ => ("ms", 6),
        };
        return format!("{sign}{}{unit}", fraction(value, scale));
    }
    let seconds = value / SECOND as u64;
    let tail = fraction(value % (60 * SECOND as u64), 9);
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    if hours > 0 {
        format!("{sign}{hours}h{minutes}m{tail}s")
    } else if minutes > 0 {
        format!("{sign}{minutes}m{tail}s")
    } else {
        format!("{sign}{tail}s")
    }
}

/// A number divided by a power of ten, without trailing zeros.
fn fraction(value: u64, scale: u32) -> String {
    let factor = 10u64.pow(scale);
    let (whole, rest) = (value / factor, value % factor);
    if rest == 0 {
        return whole.to_string();
    }
    let digits = format!("{rest:0width$}", width = scale as usize);
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

/// Reads `1h30m`, `-1.5s`, `100us`.
pub fn parse(text: &[u8]) -> Result<i64, String> {
    let invalid = || format!("time: invalid duration {}", quote(text));
    let (negative, mut rest) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if rest == b"0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let whole = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let mut value: u64 = 0;
        for digit in &rest[..whole] {
            value = value
                .checked_mul(10)
                .and_then(|value| value.checked_add(u64::from(digit - b'0')))
                .filter(|value| *value <= 1 << 63)
                .ok_or_else(invalid)?;
        }
        rest = &rest[whole..];
        let (mut part, mut scale, mut decimals) = (0u64, 1f64, 0);
        if let [b'.', tail @ ..] = rest {
            decimals = tail.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let mut overflow = false;
            for digit in &tail[..decimals] {
                if overflow || part > (i64::MAX as u64) / 10 {
                    overflow = true;
                    continue;
                }
                let next = part * 10 + u64::from(digit - b'0');
                if next > 1 << 63 {
                    overflow = true;
                    continue;
                }
                part = next;
                scale *= 10.0;
            }
            rest = &tail[decimals..];
        }
        if whole == 0 && decimals == 0 {
            return Err(invalid());
        }
        let length = rest
            .iter()
            .take_while(|byte| **byte != b'.' && !byte.is_ascii_digit())
            .count();
        if length == 0 {
            return Err(format!("time: missing unit in duration {}", quote(text)));
        }
        let (unit, tail) = rest.split_at(length);
        rest = tail;
        let factor = factor(unit).ok_or_else(|| {
            format!(
                "time: unknown unit {} in duration {}",
                quote(unit),
                quote(text)
            )
        })?;
        value = value
            .checked_mul(factor)
            .filter(|value| *value <= 1 << 63)
            .ok_or_else(invalid)?;
        if part > 0 {
            value += (part as f64 * (factor as f64 / scale)) as u64;
        }
        total = total
            .checked_add(value)
            .filter(|total| *total <= 1 << 63)
            .ok_or_else(invalid)?;
    }
    match (negative, i64::try_from(total)) {
        (true, _) => Ok((total as i64).wrapping_neg()),
        (false, Ok(total)) => Ok(total),
        (false, Err(_)) => Err(invalid()),
    }
}

fn factor(unit: &[u8]) -> Option<u64> {
    Some(match unit {
        b"ns" => 1,
        b"us" | b"\xc2\xb5s" | b"\xce\xbcs" => 1_000,
        b"ms" => 1_000_000,
        b"s" => SECOND as u64,
        b"m" => MINUTE as u64,
        b"h" => HOUR as u64,
        _ => return None,
    })
}

/// Half away from zero, as `Duration.Round`; a multiple that is not positive changes nothing.
#[must_use]
pub fn round(value: i64, multiple: i64) -> i64 {
    if multiple <= 0 {
        return value;
    }
    let rest = value % multiple;
    if value < 0 {
        let rest = -rest;
        if rest + rest < multiple {
            return value + rest;
        }
        return value.checked_sub(multiple - rest).unwrap_or(i64::MIN);
    }
    if rest.saturating_add(rest) < multiple {
        return value - rest;
    }
    value.checked_add(multiple - rest).unwrap_or(i64::MAX)
}
