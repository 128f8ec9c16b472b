//! Files of resources as kyaml's `ByteReader` takes them: cut at lines that begin with `---`, and of each piece its first document.

use super::error::{Mark, ReadError};
use super::{Dialect, read::read_below};
use crate::node::Node;

/// The documents of a file of resources, empty ones left out. Differs from [`super::read`] where kustomize differs from YAML: behind
/// `---` only a comment may stand, and what follows `...` is not read.
pub fn read_resources(bytes: &[u8]) -> Result<Vec<Node>, ReadError> {
    let unix = find(bytes, b"\r\n").map(|_| without_carriage_returns(bytes));
    let bytes = unix.as_deref().unwrap_or(bytes);
    let mut documents = Vec::new();
    let mut line = 0;
    let mut from = 0;
    loop {
        let (end, next) = match separator(bytes, from)? {
            // The break before the separator belongs to the piece: a block scalar may end with it.
            Some((start, next)) => (start + 1, next),
            None => (bytes.len(), bytes.len() + 1),
        };
        let document = read_below(&bytes[from..end], Dialect::Kyaml, line)?;
        if !document.is_null() {
            documents.push(document);
        }
        if next > bytes.len() {
            return Ok(documents);
        }
        line += count_lines(&bytes[from..next]);
        from = next;
    }
}

/// The next separator: where the break before its line is, and where the line behind it begins.
fn separator(bytes: &[u8], from: usize) -> Result<Option<(usize, usize)>, ReadError> {
    let Some(found) = find(&bytes[from..], b"\n---") else {
        return Ok(None);
    };
    let start = from + found;
    // Without a line break behind it, it is for the parser.
    let Some(length) = find(&bytes[start + 4..], b"\n") else {
        return Ok(None);
    };
    let rest = bytes[start + 4..start + 4 + length].trim_ascii();
    if !rest.is_empty() && rest[0] != b'#' {
        let mark = Mark {
            line: count_lines(&bytes[..=start]),
            column: 0,
        };
        let line = String::from_utf8_lossy(&bytes[start + 1..start + 4 + length]);
        return Err(ReadError::bare(
            mark,
            format!("invalid document separator: {}", line.trim()),
        ));
    }
    Ok(Some((start, start + 4 + length + 1)))
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, wanted)
}

fn count_lines(bytes: &[u8]) -> u32 {
    u32::try_from(memchr::memchr_iter(b'\n', bytes).count()).unwrap_or(u32::MAX)
}

fn without_carriage_returns(bytes: &[u8]) -> Vec<u8> {
    let mut unix = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = find(rest, b"\r\n") {
        unix.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
    }
    unix.extend_from_slice(rest);
    unix
}
