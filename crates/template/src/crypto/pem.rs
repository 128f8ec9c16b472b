//! PEM as Go writes and reads it.

use crate::base64;
use crate::value::lossy;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";
const LINE: usize = 64;

/// A block: its type, and what it holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) kind: String,
    pub(crate) bytes: Vec<u8>,
}

pub(crate) fn encode(kind: &str, bytes: &[u8]) -> String {
    let mut out = format!("-----BEGIN {kind}-----\n");
    let text = base64::encode(bytes);
    for line in text.as_bytes().chunks(LINE) {
        out.push_str(&lossy(line));
        out.push('\n');
    }
    out.push_str(&format!("-----END {kind}-----\n"));
    out
}

/// The first block that is well formed; text around it and headers in it are passed over.
pub(crate) fn decode(text: &[u8]) -> Option<Block> {
    let mut rest = text;
    loop {
        let at = line_start(rest, BEGIN)?;
        rest = &rest[at + BEGIN.len()..];
        if let Some(block) = block(rest) {
            return Some(block);
        }
    }
}

/// Where a line begins so.
fn line_start(text: &[u8], wanted: &[u8]) -> Option<usize> {
    memchr::memmem::find_iter(text, wanted).find(|at| *at == 0 || text[at - 1] == b'\n')
}

/// A block from behind its `BEGIN`.
fn block(text: &[u8]) -> Option<Block> {
    let (first, mut rest) = line(text);
    let kind = first.strip_suffix(DASHES)?;
    // Headers are lines with a colon.
    loop {
        let (next, after) = line(rest);
        if !next.contains(&b':') || after.is_empty() {
            break;
        }
        rest = after;
    }
    let end = if rest.starts_with(END) {
        0
    } else {
        line_start(rest, END)?
    };
    let (last, _) = line(&rest[end + END.len()..]);
    if last.strip_suffix(DASHES)? != kind {
        return None;
    }
    let content: Vec<u8> = rest[..end]
        .iter()
        .copied()
        .filter(|byte| !b"\n\r\t ".contains(byte))
        .collect();
    Some(Block {
        kind: lossy(kind).into_owned(),
        bytes: base64::decode(&content).ok()?,
    })
}

/// A line without blanks at its end, and what follows.
fn line(text: &[u8]) -> (&[u8], &[u8]) {
    let (line, rest) = match memchr::memchr(b'\n', text) {
        Some(end) => (&text[..end], &text[end + 1..]),
        None => (text, &text[text.len()..]),
    };
    (line.trim_ascii_end(), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_among_other_text() {
        let bytes: Vec<u8> = (0..100).collect();
        let text = encode("THING", &bytes);
        assert!(text.lines().all(|line| line.len() <= LINE));
        let block = |text: &str| decode(text.as_bytes());
        let expected = Some(Block {
            kind: "THING".into(),
            bytes,
        });
        assert_eq!(block(&text), expected);
        assert_eq!(block(&format!("words\n{text}words")), expected);
        assert_eq!(block(&text.replace('\n', "\r\n")), expected);
        let with_header = text.replacen("-----\n", "-----\nProc-Type: 4\n\n", 1);
        assert_eq!(block(&with_header), expected);
        assert_eq!(block(&format!("-----BEGIN X-----\n{text}")), expected);
        for broken in ["", "x", "-----BEGIN A-----\nAA==\n-----END B-----\n"] {
            assert_eq!(block(broken), None);
        }
        assert_eq!(block(&text[..text.len() - 8]), None);
    }
}
