//! Reading Go string and character literals.

const SYNTAX: &str = "invalid syntax";

/// The value of a Go string literal with its quotes.
pub(crate) fn unquote(literal: &[u8]) -> Result<Vec<u8>, &'static str> {
    let (Some(&mark), Some(&end), true) = (literal.first(), literal.last(), literal.len() >= 2)
    else {
        return Err(SYNTAX);
    };
    if mark != end {
        return Err(SYNTAX);
    }
    let mut rest = &literal[1..literal.len() - 1];
    match mark {
        b'`' => {
            if rest.contains(&b'`') {
                return Err(SYNTAX);
            }
            // Go drops carriage returns from raw strings.
            Ok(rest.iter().copied().filter(|byte| *byte != b'\r').collect())
        }
        b'"' => {
            let mut out = Vec::with_capacity(rest.len());
            while !rest.is_empty() {
                if rest[0] == b'\n' {
                    return Err(SYNTAX);
                }
                let (unit, tail) = unquote_char(rest, b'"')?;
                unit.push_to(&mut out);
                rest = tail;
            }
            Ok(out)
        }
        _ => Err(SYNTAX),
    }
}

/// One character of a literal: a rune, or a single byte given by `\x` or an octal escape.
#[derive(Clone, Copy)]
pub(crate) enum Unit {
    Rune(u32),
    Byte(u8),
}

impl Unit {
    pub(crate) fn value(self) -> u32 {
        match self {
            Self::Rune(value) => value,
            Self::Byte(value) => value.into(),
        }
    }

    fn push_to(self, out: &mut Vec<u8>) {
        match self {
            Self::Byte(byte) => out.push(byte),
            Self::Rune(rune) => {
                let c = char::from_u32(rune).unwrap_or('\u{FFFD}');
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
    }
}

pub(crate) fn unquote_char(text: &[u8], mark: u8) -> Result<(Unit, &[u8]), &'static str> {
    let Some(&first) = text.first() else {
        return Err(SYNTAX);
    };
    if first == mark && (mark == b'\'' || mark == b'"') {
        return Err(SYNTAX);
    }
    if first != b'\\' {
        if first < 0x80 {
            return Ok((Unit::Rune(first.into()), &text[1..]));
        }
        let chunk = text.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        return match chunk.chars().next() {
            Some(c) => Ok((Unit::Rune(c as u32), &text[c.len_utf8()..])),
            None => Ok((Unit::Rune(0xFFFD), &text[1..])),
        };
    }
    let Some(&code) = text.get(1) else {
        return Err(SYNTAX);
    };
    let rest = &text[2..];
    let plain = |value: u8| Ok((Unit::Rune(value.into()), rest));
    match code {
        b'a' => plain(7),
        b'b' => plain(8),
        b'f' => plain(12),
        b'n' => plain(b'\n'),
        b'r' => plain(b'\r'),
        b't' => plain(b'\t'),
        b'v' => plain(11),
        b'\\' => plain(b'\\'),
        b'\'' | b'"' if code == mark => plain(code),
        b'x' => hex(rest, 2).map(|(value, tail)| (Unit::Byte(value as u8), tail)),
        b'u' | b'U' => {
            let (value, tail) = hex(rest, if code == b'u' { 4 } else { 8 })?;
            if char::from_u32(value).is_none() {
                return Err(SYNTAX);
            }
            Ok((Unit::Rune(value), tail))
        }
        b'0'..=b'7' => {
            let Some(digits) = text.get(1..4) else {
                return Err(SYNTAX);
            };
            let mut value = 0u32;
            for digit in digits {
                if !(b'0'..=b'7').contains(digit) {
                    return Err(SYNTAX);
                }
                value = value * 8 + u32::from(digit - b'0');
            }
            let byte = u8::try_from(value).map_err(|_| SYNTAX)?;
            Ok((Unit::Byte(byte), &text[4..]))
        }
        _ => Err(SYNTAX),
    }
}

fn hex(text: &[u8], digits: usize) -> Result<(u32, &[u8]), &'static str> {
    let Some(head) = text.get(..digits) else {
        return Err(SYNTAX);
    };
    let mut value = 0u32;
    for byte in head {
        let digit = char::from(*byte).to_digit(16).ok_or(SYNTAX)?;
        value = value.wrapping_mul(16).wrapping_add(digit);
    }
    Ok((value, &text[digits..]))
}
