//! What plain scalars mean: go-yaml v3 (kyaml) and v2 (sigs.k8s.io/yaml) rules.

use crate::node::Tag;

/// The type of a plain scalar in kyaml.
#[must_use]
pub fn kyaml(text: &str) -> Tag {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Tag::Null,
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => Tag::Bool,
        ".nan" | ".NaN" | ".NAN" | ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF"
        | "-.inf" | "-.Inf" | "-.INF" => Tag::Float,
        _ if !matches!(text.as_bytes()[0], b'0'..=b'9' | b'+' | b'-' | b'.') => Tag::Str,
        _ if integer(text).is_some() => Tag::Int,
        _ if float(text).is_some() => Tag::Float,
        _ => Tag::Str,
    }
}

/// The value of an integer's text: decimal, 0x, 0o, 0b, leading-zero octal, with underscores.
#[must_use]
pub fn integer(text: &str) -> Option<i128> {
    let plain: String = text.chars().filter(|c| *c != '_').collect();
    let (negative, digits) = match plain.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let value = i128::from(u64::from_str_radix(digits, radix).ok()?);
    Some(if negative { -value } else { value })
}

/// The value of a float's text.
#[must_use]
pub fn float(text: &str) -> Option<f64> {
    match text {
        ".nan" | ".NaN" | ".NAN" => return Some(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Some(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Some(f64::NEG_INFINITY),
        _ => {}
    }
    let plain: String = text.chars().filter(|c| *c != '_').collect();
    if !plain
        .bytes()
        .all(|b| matches!(b, b'0'..=b'9' | b'.' | b'+' | b'-' | b'e' | b'E'))
    {
        return None;
    }
    plain.parse().ok().filter(|value: &f64| value.is_finite())
}
