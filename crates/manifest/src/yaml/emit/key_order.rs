//! The order of keys that go-yaml prints: letters by code, runs of digits by value, other characters before letters.

use std::cmp::Ordering;

/// Sorts entries by key. A merge sort of our own, because the standard library's may panic on an order with cycles, which this one
/// has: `a12` < `a1x` < `a2` < `a12`.
pub(crate) fn sort<T: Copy>(entries: &mut Vec<(&str, T)>) {
    if entries.is_sorted_by(|(a, _), (b, _)| !less(b, a)) {
        return;
    }
    let mut from = std::mem::take(entries);
    let mut to = Vec::with_capacity(from.len());
    let mut run = 1;
    while run < from.len() {
        for pair in from.chunks(2 * run) {
            let (mut left, mut right) = pair.split_at(run.min(pair.len()));
            while let (Some(a), Some(b)) = (left.first(), right.first()) {
                let side = if less(b.0, a.0) {
                    &mut right
                } else {
                    &mut left
                };
                to.push(side[0]);
                *side = &side[1..];
            }
            to.extend_from_slice(left);
            to.extend_from_slice(right);
        }
        std::mem::swap(&mut from, &mut to);
        to.clear();
        run *= 2;
    }
    *entries = from;
}

fn less(a: &str, b: &str) -> bool {
    // Equal beginnings are skipped bytewise, then the characters are compared from where they differ.
    let common = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let mut start = common;
    while !a.is_char_boundary(start) {
        start -= 1;
    }
    let (Some(x), Some(y)) = (a[start..].chars().next(), b[start..].chars().next()) else {
        return a.len() < b.len();
    };
    match (is_letter(x), is_letter(y)) {
        (true, true) => return x < y,
        (false, false) => {}
        (_, y_is_letter) => return y_is_letter,
    }
    let mut seed = 0i64;
    if x == '0' || y == '0' {
        // A zero inside of a number counts as a digit, at its start it does not.
        let digits = a[..start].chars().rev().take_while(|c| is_digit(*c));
        if digits.into_iter().any(|digit| digit != '0') {
            seed = 1;
        }
    }
    let (x_value, x_length) = number(&a[start..], seed);
    let (y_value, y_length) = number(&b[start..], seed);
    (x_value, x_length, x).cmp(&(y_value, y_length, y)) == Ordering::Less
}

/// The value and length of the digits at the start.
fn number(text: &str, seed: i64) -> (i64, usize) {
    text.chars()
        .take_while(|c| is_digit(*c))
        .fold((seed, 0), |(value, length), digit| {
            let digit = i64::from(u32::from(digit)) - i64::from(b'0');
            (value.wrapping_mul(10).wrapping_add(digit), length + 1)
        })
}

fn is_letter(c: char) -> bool {
    c.is_alphabetic()
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
        || (!c.is_ascii() && c.is_numeric() && c.to_digit(10).is_none() && is_decimal(c))
}

/// The decimal digits of other scripts that come in runs of ten.
fn is_decimal(c: char) -> bool {
    matches!(u32::from(c), 0x660..=0x669 | 0x6F0..=0x6F9 | 0x7C0..=0x7C9 | 0x966..=0x96F | 0xFF10..=0xFF19)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_keys_count_by_value() {
        let mut keys: Vec<(&str, ())> = [
            "b", "a10", "a2", "a-1", "a1x", "A", "a", "1", "a01", "a001", "_a", "aé", "a.b",
        ]
        .map(|key| (key, ()))
        .to_vec();
        sort(&mut keys);
        let keys: Vec<&str> = keys.into_iter().map(|(key, ())| key).collect();
        assert_eq!(
            keys,
            [
                "_a", "1", "A", "a", "a-1", "a.b", "a1x", "a01", "a001", "a2", "a10", "aé", "b"
            ]
        );
    }

    #[test]
    fn an_order_with_cycles_does_not_panic() {
        let mut keys: Vec<(&str, ())> = ["a12", "a1x", "a2"]
            .iter()
            .cycle()
            .take(999)
            .map(|key| (*key, ()))
            .collect();
        sort(&mut keys);
        assert_eq!(keys.len(), 999);
    }
}
