//! The verbs for numbers.

use super::Printer;
use crate::strconv::{self, format_float};

impl Printer {
    pub(super) fn integer(&mut self, value: u64, signed: bool, base: u32, verb: char, upper: bool) {
        let negative = signed && (value as i64) < 0;
        let magnitude = if negative {
            value.wrapping_neg()
        } else {
            value
        };
        let mut precision = 0;
        if let Some(wanted) = self.flags.precision {
            precision = wanted;
            if precision == 0 && value == 0 {
                let zero = std::mem::take(&mut self.flags.zero);
                let width = self.flags.width.unwrap_or(0);
                self.padding(width);
                self.flags.zero = zero;
                return;
            }
        } else if let (true, false, Some(width)) =
            (self.flags.zero, self.flags.minus, self.flags.width)
        {
            precision = width;
            if negative || self.flags.plus || self.flags.space {
                precision = precision.saturating_sub(1);
            }
        }
        let mut digits = match (base, upper) {
            (2, _) => format!("{magnitude:b}"),
            (8, _) => format!("{magnitude:o}"),
            (16, false) => format!("{magnitude:x}"),
            (16, true) => format!("{magnitude:X}"),
            _ => magnitude.to_string(),
        };
        if digits.len() < precision {
            digits.insert_str(0, &"0".repeat(precision - digits.len()));
        }
        let mut text = String::with_capacity(digits.len() + 4);
        if negative {
            text.push('-');
        } else if self.flags.plus {
            text.push('+');
        } else if self.flags.space {
            text.push(' ');
        }
        if verb == 'O' {
            text.push_str("0o");
        }
        if self.flags.sharp {
            match base {
                2 => text.push_str("0b"),
                8 if !digits.starts_with('0') => text.push('0'),
                16 => text.push_str(if upper { "0X" } else { "0x" }),
                _ => {}
            }
        }
        text.push_str(&digits);
        let zero = std::mem::take(&mut self.flags.zero);
        self.pad(text.as_bytes());
        self.flags.zero = zero;
    }

    pub(super) fn rune(&mut self, value: u64, quoted: bool) {
        let c = u32::try_from(value)
            .ok()
            .and_then(char::from_u32)
            .unwrap_or('\u{FFFD}');
        let text = match (quoted, self.flags.plus) {
            (false, _) => c.to_string(),
            (true, false) => strconv::quote_rune(c),
            (true, true) => strconv::quote_rune_ascii(c),
        };
        self.pad(text.as_bytes());
    }

    pub(super) fn unicode(&mut self, value: u64) {
        let digits = self.flags.precision.unwrap_or(4).max(4);
        let mut text = format!("U+{value:0digits$X}");
        if self.flags.sharp
            && let Some(c) = u32::try_from(value).ok().and_then(char::from_u32)
            && strconv::is_print(c)
        {
            text.push_str(&format!(" '{c}'"));
        }
        let zero = std::mem::take(&mut self.flags.zero);
        self.pad(text.as_bytes());
        self.flags.zero = zero;
    }

    pub(super) fn float(&mut self, value: f64, verb: u8, precision: i32) {
        let precision = self
            .flags
            .precision
            .map_or(precision, |precision| precision as i32);
        let mut text = format_float(value, verb, precision);
        if !text.starts_with(['-', '+']) {
            text.insert(0, '+');
        }
        if self.flags.space && text.starts_with('+') && !self.flags.plus {
            text.replace_range(..1, " ");
        }
        if value.is_nan() || value.is_infinite() {
            let zero = std::mem::take(&mut self.flags.zero);
            if value.is_nan() && !self.flags.space && !self.flags.plus {
                text.remove(0);
            } else if value.is_infinite() && text.starts_with('+') && !self.flags.plus {
                text.remove(0);
                text.insert(0, '+');
            }
            self.pad(text.as_bytes());
            self.flags.zero = zero;
            return;
        }
        if self.flags.sharp && verb != b'b' {
            text = with_point(&text, verb, precision);
        }
        if self.flags.plus || !text.starts_with('+') {
            if let (true, false, Some(width)) =
                (self.flags.zero, self.flags.minus, self.flags.width)
                && width > text.len()
            {
                self.out.push(text.as_bytes()[0]);
                self.padding(width - text.len());
                self.out.extend_from_slice(&text.as_bytes()[1..]);
                return;
            }
            return self.pad(text.as_bytes());
        }
        self.pad(&text.as_bytes()[1..]);
    }
}

/// The `#` flag: always a point, and for `%g` no trailing zeros removed. `text` begins with a sign.
fn with_point(text: &str, verb: u8, precision: i32) -> String {
    let mut digits = match verb {
        b'v' | b'g' | b'G' | b'x' => {
            if precision < 0 {
                6
            } else {
                precision
            }
        }
        _ => 0,
    };
    let hexadecimal = matches!(verb, b'x' | b'X');
    let mut point = false;
    let mut significant = false;
    let mut end = text.len();
    for (index, c) in text.bytes().enumerate().skip(1) {
        match c {
            b'.' => point = true,
            b'p' | b'P' => {
                end = index;
                break;
            }
            b'e' | b'E' if !hexadecimal => {
                end = index;
                break;
            }
            c => {
                significant |= c != b'0';
                if significant {
                    digits -= 1;
                }
            }
        }
    }
    let mut out = text[..end].to_owned();
    if !point {
        if out.len() == 2 && out.ends_with('0') {
            digits -= 1;
        }
        out.push('.');
    }
    out.extend(std::iter::repeat_n('0', digits.max(0) as usize));
    out.push_str(&text[end..]);
    out
}
