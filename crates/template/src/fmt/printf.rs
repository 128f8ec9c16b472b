//! The format string: flags, width, precision, explicit argument indexes.

use super::{Flags, Printer};
use crate::value::Value;

/// Widths and precisions beyond this are not honoured.
const MAX_NUMBER: i64 = 1_000_000;

struct Arguments<'v> {
    values: &'v [Value],
    next: usize,
    /// The previous item was an index such as `[3]`.
    after_index: bool,
    reordered: bool,
    good: bool,
}

impl Arguments<'_> {
    /// `[n]` at this place selects the argument.
    fn index(&mut self, format: &[u8], at: usize) -> (usize, bool) {
        if format.get(at) != Some(&b'[') {
            return (at, false);
        }
        self.reordered = true;
        let rest = &format[at..];
        if rest.len() < 3 {
            self.good = false;
            return (at + 1, false);
        }
        let Some(close) = rest.iter().position(|byte| *byte == b']') else {
            self.good = false;
            return (at + 1, false);
        };
        let number = number(rest, 1, close);
        match number {
            (Some(wanted), end) if end == close => {
                if wanted >= 1 && (wanted as usize) <= self.values.len() {
                    self.next = wanted as usize - 1;
                } else {
                    self.good = false;
                }
                (at + close + 1, true)
            }
            _ => {
                self.good = false;
                (at + close + 1, false)
            }
        }
    }

    /// An argument used as width or precision (`*`).
    fn number(&mut self) -> Option<i64> {
        let value = self.values.get(self.next)?;
        self.next += 1;
        let number = match value {
            Value::Int(_, number) => Some(*number),
            Value::Uint(_, number) => i64::try_from(*number).ok(),
            _ => None,
        };
        number.filter(|number| number.abs() <= MAX_NUMBER)
    }
}

/// Decimal digits between two places of the text: the number, and where it ends.
fn number(text: &[u8], start: usize, end: usize) -> (Option<i64>, usize) {
    let mut value = None;
    let mut at = start;
    while at < end && text[at].is_ascii_digit() {
        let current = value.unwrap_or(0);
        if current > MAX_NUMBER {
            return (None, end);
        }
        value = Some(current * 10 + i64::from(text[at] - b'0'));
        at += 1;
    }
    (value, at)
}

impl Printer {
    pub(super) fn format(&mut self, format: &[u8], values: &[Value]) {
        let mut args = Arguments {
            values,
            next: 0,
            after_index: false,
            reordered: false,
            good: true,
        };
        let mut at = 0;
        while at < format.len() && !self.full() {
            let text = at;
            while at < format.len() && format[at] != b'%' {
                at += 1;
            }
            self.out.extend_from_slice(&format[text..at]);
            if at >= format.len() {
                break;
            }
            at = self.directive(format, at + 1, &mut args);
        }
        if !args.reordered && args.next < values.len() {
            self.flags = Flags::default();
            self.out.extend_from_slice(b"%!(EXTRA ");
            for (index, value) in values[args.next..].iter().enumerate() {
                if index > 0 {
                    self.out.extend_from_slice(b", ");
                }
                if matches!(value, Value::Nil) {
                    self.out.extend_from_slice(b"<nil>");
                } else {
                    self.out.extend_from_slice(value.type_name().as_bytes());
                    self.out.push(b'=');
                    self.argument(value, 'v');
                }
            }
            self.out.push(b')');
        }
    }

    /// One `%...` from behind the percent sign; returns where it ends.
    fn directive(&mut self, format: &[u8], mut at: usize, args: &mut Arguments<'_>) -> usize {
        self.flags = Flags::default();
        args.good = true;
        while let Some(c) = format.get(at) {
            match c {
                b'#' => self.flags.sharp = true,
                b'0' => self.flags.zero = true,
                b'+' => self.flags.plus = true,
                b'-' => self.flags.minus = true,
                b' ' => self.flags.space = true,
                b'a'..=b'z' if args.next < args.values.len() => {
                    self.verb(char::from(*c), args);
                    return at + 1;
                }
                _ => break,
            }
            at += 1;
        }
        (at, args.after_index) = args.index(format, at);
        if format.get(at) == Some(&b'*') {
            at += 1;
            match args.number() {
                Some(width) => {
                    if width < 0 {
                        self.flags.minus = true;
                        self.flags.zero = false;
                    }
                    self.flags.width = Some(width.unsigned_abs() as usize);
                }
                None => self.out.extend_from_slice(b"%!(BADWIDTH)"),
            }
            args.after_index = false;
        } else {
            let (width, end) = number(format, at, format.len());
            if args.after_index && width.is_some() {
                args.good = false;
            }
            self.flags.width = width.map(|width| width as usize);
            at = end;
        }
        if format.get(at) == Some(&b'.') && at + 1 < format.len() {
            at = self.precision(format, at + 1, args);
        }
        if !args.after_index {
            (at, args.after_index) = args.index(format, at);
        }
        if at >= format.len() {
            self.out.extend_from_slice(b"%!(NOVERB)");
            return at;
        }
        let rest = &format[at..];
        let verb = rest
            .utf8_chunks()
            .next()
            .and_then(|chunk| chunk.valid().chars().next())
            .unwrap_or('\u{FFFD}');
        let size = if rest[0] < 0x80 || verb != '\u{FFFD}' {
            verb.len_utf8()
        } else {
            1
        };
        if verb == '%' {
            self.out.push(b'%');
        } else if !args.good {
            self.report(verb, "(BADINDEX)");
        } else if args.next >= args.values.len() {
            self.report(verb, "(MISSING)");
        } else {
            self.verb(verb, args);
        }
        at + size
    }

    fn precision(&mut self, format: &[u8], mut at: usize, args: &mut Arguments<'_>) -> usize {
        if args.after_index {
            args.good = false;
        }
        (at, args.after_index) = args.index(format, at);
        if format.get(at) == Some(&b'*') {
            at += 1;
            match args.number() {
                Some(precision) if precision >= 0 => {
                    self.flags.precision = Some(precision as usize)
                }
                Some(_) | None => self.out.extend_from_slice(b"%!(BADPREC)"),
            }
            args.after_index = false;
            return at;
        }
        let (precision, end) = number(format, at, format.len());
        self.flags.precision = Some(precision.unwrap_or(0) as usize);
        end
    }

    fn report(&mut self, verb: char, what: &str) {
        self.out
            .extend_from_slice(format!("%!{verb}{what}").as_bytes());
    }

    fn verb(&mut self, verb: char, args: &mut Arguments<'_>) {
        if verb == 'v' {
            self.flags.sharp_v = std::mem::take(&mut self.flags.sharp);
            self.flags.plus_v = std::mem::take(&mut self.flags.plus);
        }
        let value = &args.values[args.next];
        args.next += 1;
        if verb == 'w' && !matches!(value, Value::Nil) {
            return self.bad_verb(value, verb);
        }
        self.argument(value, verb);
    }
}
