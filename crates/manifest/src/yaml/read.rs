//! From bytes to documents.

use std::borrow::Cow;

use super::Dialect;
use super::compose::Composer;
use super::error::{Mark, ReadError};
use super::parse::{EventKind, Parser};
use crate::node::Node;

/// Larger inputs are refused: no manifest is, and their lines and columns must stay countable.
pub const MAX_SIZE: usize = 128 << 20;

/// All documents of a stream; empty ones (null, or nothing but comments) are left out.
pub fn read(text: &[u8], dialect: Dialect) -> Result<Vec<Node>, ReadError> {
    let text = decode(text)?;
    let mut parser = Parser::new(&text, dialect);
    let mut documents = Vec::new();
    while parser.next()?.kind != EventKind::StreamEnd {
        let document = Composer::new(dialect, 0).document(&mut parser)?;
        if !document.is_null() {
            documents.push(document);
        }
    }
    Ok(documents)
}

/// The first document, null where there is none. What follows it is not looked at, as by Go's `yaml.Unmarshal`.
pub fn read_one(text: &[u8], dialect: Dialect) -> Result<Node, ReadError> {
    read_below(text, dialect, 0)
}

/// The first document of a text that begins some lines down in its file.
pub(super) fn read_below(text: &[u8], dialect: Dialect, above: u32) -> Result<Node, ReadError> {
    let text = decode(text)?;
    let mut parser = Parser::new(&text, dialect);
    let document = match parser.next().map_err(|error| error.below(above))?.kind {
        EventKind::StreamEnd => Ok(Node::null()),
        _ => Composer::new(dialect, above).document(&mut parser),
    };
    document.map_err(|error| error.below(above))
}

/// UTF-8 and UTF-16 (with a byte order mark) to text without characters that YAML forbids.
fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, ReadError> {
    if bytes.len() > MAX_SIZE {
        return Err(ReadError::unplaced(
            Mark::default(),
            format!("document is larger than {} MiB", MAX_SIZE >> 20),
        ));
    }
    let text: Cow<'_, str> = match bytes {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes)?.into(),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes)?.into(),
        _ => {
            let text = std::str::from_utf8(bytes).map_err(|error| {
                let octet = bytes[error.valid_up_to()];
                let leading = matches!(octet, 0x80..0xC0 | 0xF8..);
                let cause = match error.error_len() {
                    None => "incomplete UTF-8 octet sequence",
                    Some(_) if leading => "invalid leading UTF-8 octet",
                    Some(_) => "invalid trailing UTF-8 octet",
                };
                ReadError::unplaced(mark_of(bytes, error.valid_up_to()), cause)
            })?;
            text.strip_prefix('\u{FEFF}').unwrap_or(text).into()
        }
    };
    if let Some(at) = forbidden(text.as_bytes()) {
        return Err(ReadError::unplaced(
            mark_of(text.as_bytes(), at),
            "control characters are not allowed",
        ));
    }
    Ok(text)
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, ReadError> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let wrong = |cause| ReadError::unplaced(Mark::default(), cause);
    if !rest.is_empty() {
        return Err(wrong("incomplete UTF-16 character"));
    }
    let units = pairs.iter().map(|pair| unit(*pair));
    char::decode_utf16(units)
        .collect::<Result<_, _>>()
        .map_err(|_| wrong("unexpected low surrogate area"))
}

/// Bytes that are or begin a forbidden character, or may: controls, and the first bytes of C1 controls, U+FFFE and U+FFFF.
const SUSPECT: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = true;
        byte += 1;
    }
    table[b'\n' as usize] = false;
    table[b'\t' as usize] = false;
    table[b'\r' as usize] = false;
    table[0x7F] = true;
    table[0xC2] = true;
    table[0xEF] = true;
    table
};

/// Where the first forbidden character is: C0 and C1 controls but for tab, line breaks and NEL; U+FFFE and U+FFFF.
fn forbidden(bytes: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from
            + bytes[from..]
                .iter()
                .position(|byte| SUSPECT[usize::from(*byte)])?;
        let follows = |distance: usize| bytes.get(at + distance).copied().unwrap_or(0);
        let bad = match bytes[at] {
            0xC2 => follows(1) < 0xA0 && follows(1) != 0x85,
            0xEF => follows(1) == 0xBF && follows(2) >= 0xBE,
            _ => true,
        };
        if bad {
            return Some(at);
        }
        from = at + 1;
    }
}

fn mark_of(bytes: &[u8], at: usize) -> Mark {
    let before = &bytes[..at];
    let count = |bytes: &[u8], keep: fn(&u8) -> bool| {
        u32::try_from(bytes.iter().filter(|byte| keep(byte)).count()).unwrap_or(u32::MAX)
    };
    let line_start = before
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |newline| newline + 1);
    Mark {
        line: count(before, |byte| *byte == b'\n'),
        column: count(&before[line_start..], |byte| byte & 0xC0 != 0x80),
    }
}
