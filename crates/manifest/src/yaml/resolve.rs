//! What scalars mean: the tables of go-yaml v3 (kyaml) and v2 (sigs.k8s.io/yaml), which are YAML 1.1 with omissions.

use super::Dialect;
use crate::node::Tag;

/// The type of unquoted text in kyaml.
#[must_use]
pub fn kyaml(text: &str) -> Tag {
    plain(text, Dialect::Kyaml)
}

/// The type of unquoted text.
#[must_use]
pub fn plain(text: &str, dialect: Dialect) -> Tag {
    match text.as_bytes().first() {
        None => Tag::Null,
        Some(b'~' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'y' | b'Y' | b'o' | b'O') => {
            word(text, dialect)
        }
        Some(b'.') if special_float(text).is_some() || decimal(text).is_some() => Tag::Float,
        Some(b'+' | b'-' | b'0'..=b'9') => number(text, dialect),
        Some(_) => Tag::Str,
    }
}

fn word(text: &str, dialect: Dialect) -> Tag {
    match text {
        "~" | "null" | "Null" | "NULL" => Tag::Null,
        _ if boolean(text, dialect).is_some() => Tag::Bool,
        _ => Tag::Str,
    }
}

fn number(text: &str, dialect: Dialect) -> Tag {
    if special_float(text).is_some() {
        return Tag::Float;
    }
    if timestamp(text).is_some() {
        // v2 decodes them into strings wherever no time is asked for.
        return if dialect == Dialect::Kyaml {
            Tag::Timestamp
        } else {
            Tag::Str
        };
    }
    if integer(text).is_some() {
        Tag::Int
    } else if float(text).is_some() {
        Tag::Float
    } else {
        Tag::Str
    }
}

/// Whether go-yaml v2 writes a string without quotes: it must not look like anything else, not even like a number of base 60.
#[must_use]
pub fn is_string_in_sigs(text: &str) -> bool {
    match text.as_bytes().first() {
        None => false,
        Some(b'+' | b'-' | b'0'..=b'9') => {
            plain(text, Dialect::Sigs) == Tag::Str && timestamp(text).is_none() && !is_base60(text)
        }
        Some(_) => plain(text, Dialect::Sigs) == Tag::Str,
    }
}

/// `[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?`
fn is_base60(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let Some((first, rest)) = text.split_once(':') else {
        return false;
    };
    let (rest, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    let is_number = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'_')
    };
    let is_sixtieth = |text: &str| match text.as_bytes() {
        [digit] => digit.is_ascii_digit(),
        [ten, digit] => matches!(ten, b'0'..=b'5') && digit.is_ascii_digit(),
        _ => false,
    };
    first.as_bytes().first().is_some_and(u8::is_ascii_digit)
        && is_number(first)
        && is_number(fraction)
        && rest.split(':').all(is_sixtieth)
}

/// The value of a boolean's text; YAML 1.1 words count in the sigs dialect only.
#[must_use]
pub fn boolean(text: &str, dialect: Dialect) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ if dialect == Dialect::Kyaml => None,
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

/// The value of an integer's text: decimal, `0x`, `0o`, `0b`, octal by a leading zero; underscores anywhere; 64 bits, and one more for
/// numbers without a sign.
#[must_use]
pub fn integer(text: &str) -> Option<i128> {
    if text.contains('_') {
        return integer(&text.replace('_', ""));
    }
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (0, text),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let value = i128::from(u64::from_str_radix(digits, radix).ok()?);
    match sign {
        0 => Some(value),
        1 => Some(value).filter(|value| *value <= i128::from(i64::MAX)),
        _ => Some(-value).filter(|value| *value >= i128::from(i64::MIN)),
    }
}

/// The value of a float's text; None also for numbers too large for a double, which are strings.
#[must_use]
pub fn float(text: &str) -> Option<f64> {
    if let Some(value) = special_float(text) {
        return Some(value);
    }
    if text.starts_with('.') || !text.contains('_') {
        return decimal(text);
    }
    decimal(&text.replace('_', ""))
}

fn special_float(text: &str) -> Option<f64> {
    match text {
        ".nan" | ".NaN" | ".NAN" => Some(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Some(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn decimal(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let digits = |from: usize| {
        bytes[from..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count()
    };
    let mut at = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
    let whole = digits(at);
    at += whole;
    if bytes.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        if whole == 0 && fraction == 0 {
            return None;
        }
        at += 1 + fraction;
    } else if whole == 0 {
        return None;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        at += 1 + usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = if at <= bytes.len() { digits(at) } else { 0 };
        if exponent == 0 {
            return None;
        }
        at += exponent;
    }
    if at != bytes.len() {
        return None;
    }
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

/// The RFC 3339 text of a timestamp, as Go marshals it: date alone, or date and time with a zone, or with a space and without.
#[must_use]
pub fn timestamp(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    if bytes.len() < 8 || bytes[4] != b'-' || !bytes[..4].iter().all(u8::is_ascii_digit) {
        return None;
    }
    let mut rest = &text[5..];
    let year: u32 = text[..4].parse().ok()?;
    let month = short_number(&mut rest)?;
    rest = rest.strip_prefix('-')?;
    let day = short_number(&mut rest)?;
    if !(1..=12).contains(&month) || !(1..=days_in(year, month)).contains(&day) {
        return None;
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    if rest.is_empty() {
        return Some(date + "T00:00:00Z");
    }
    let zoned = rest.starts_with(['T', 't']);
    rest = rest.strip_prefix(['T', 't', ' '])?;
    let hour = short_number(&mut rest)?;
    rest = rest.strip_prefix(':')?;
    let minute = short_number(&mut rest)?;
    rest = rest.strip_prefix(':')?;
    let second = short_number(&mut rest)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let fraction = fraction(&mut rest);
    let zone = match rest {
        "" if !zoned => "Z".to_owned(),
        "Z" if zoned => "Z".to_owned(),
        _ if zoned => offset(rest)?,
        _ => return None,
    };
    Some(format!(
        "{date}T{hour:02}:{minute:02}:{second:02}{fraction}{zone}"
    ))
}

/// One or two digits.
fn short_number(rest: &mut &str) -> Option<u32> {
    let count = rest.bytes().take(2).take_while(u8::is_ascii_digit).count();
    let (digits, tail) = rest.split_at(count);
    *rest = tail;
    digits.parse().ok()
}

/// `.123` with at most nine digits that count, without zeros at the end.
fn fraction(rest: &mut &str) -> String {
    let Some(tail) = rest.strip_prefix(['.', ',']) else {
        return String::new();
    };
    let count = tail.bytes().take_while(u8::is_ascii_digit).count();
    if count == 0 {
        return String::new();
    }
    *rest = &tail[count..];
    let digits = tail[..count.min(9)].trim_end_matches('0');
    if digits.is_empty() {
        String::new()
    } else {
        format!(".{digits}")
    }
}

/// `+hh:mm`
fn offset(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let shaped = bytes.len() == 6 && matches!(bytes[0], b'+' | b'-') && bytes[3] == b':';
    if !shaped
        || !bytes[1..3]
            .iter()
            .chain(&bytes[4..])
            .all(u8::is_ascii_digit)
    {
        return None;
    }
    let (hours, minutes): (u32, u32) = (text[1..3].parse().ok()?, text[4..].parse().ok()?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    Some(if hours + minutes == 0 {
        "Z".to_owned()
    } else {
        text.to_owned()
    })
}

fn days_in(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_means_what_go_yaml_says() {
        let rows: [(&str, Tag, Tag); 40] = [
            ("", Tag::Null, Tag::Null),
            ("~", Tag::Null, Tag::Null),
            ("null", Tag::Null, Tag::Null),
            ("nUll", Tag::Str, Tag::Str),
            ("yes", Tag::Str, Tag::Bool),
            ("On", Tag::Str, Tag::Bool),
            ("oN", Tag::Str, Tag::Str),
            ("true", Tag::Bool, Tag::Bool),
            ("010", Tag::Int, Tag::Int),
            ("0o10", Tag::Int, Tag::Int),
            ("08", Tag::Float, Tag::Float),
            ("0x1F", Tag::Int, Tag::Int),
            ("0x", Tag::Str, Tag::Str),
            ("0b101", Tag::Int, Tag::Int),
            ("1_000", Tag::Int, Tag::Int),
            ("1__0_", Tag::Int, Tag::Int),
            ("-0", Tag::Int, Tag::Int),
            ("+12", Tag::Int, Tag::Int),
            ("1.", Tag::Float, Tag::Float),
            (".5", Tag::Float, Tag::Float),
            (".", Tag::Str, Tag::Str),
            ("1e3", Tag::Float, Tag::Float),
            ("1e", Tag::Str, Tag::Str),
            ("1e400", Tag::Str, Tag::Str),
            ("1_0.5", Tag::Float, Tag::Float),
            ("._5", Tag::Str, Tag::Str),
            (".inf", Tag::Float, Tag::Float),
            ("+.inf", Tag::Float, Tag::Float),
            (".iNf", Tag::Str, Tag::Str),
            ("18446744073709551615", Tag::Int, Tag::Int),
            ("18446744073709551616", Tag::Float, Tag::Float),
            ("-9223372036854775809", Tag::Float, Tag::Float),
            ("+9223372036854775808", Tag::Float, Tag::Float),
            ("12:30:45", Tag::Str, Tag::Str),
            ("2024-01-01", Tag::Timestamp, Tag::Str),
            ("2024-02-30", Tag::Str, Tag::Str),
            ("2024-1-1 2:3:4.50", Tag::Timestamp, Tag::Str),
            ("2024-01-01T00:00:00", Tag::Str, Tag::Str),
            ("2024-01-01T00:00:00+01:00", Tag::Timestamp, Tag::Str),
            ("1.2.3", Tag::Str, Tag::Str),
        ];
        for (text, in_kyaml, in_sigs) in rows {
            assert_eq!(plain(text, Dialect::Kyaml), in_kyaml, "{text} in kyaml");
            assert_eq!(plain(text, Dialect::Sigs), in_sigs, "{text} in sigs");
        }
    }

    #[test]
    fn timestamps_are_written_as_go_writes_them() {
        assert_eq!(timestamp("2024-1-2").unwrap(), "2024-01-02T00:00:00Z");
        assert_eq!(
            timestamp("2001-12-14t21:59:43.10-05:00").unwrap(),
            "2001-12-14T21:59:43.1-05:00"
        );
        assert_eq!(
            timestamp("2001-12-14 21:59:43.123456789123").unwrap(),
            "2001-12-14T21:59:43.123456789Z"
        );
    }
}
