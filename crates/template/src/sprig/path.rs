//! Slash-separated paths. The `os` variants are the same here: charts are rendered as on Linux.

use super::args::text;
use crate::func::{Functions, Param};
use crate::value::Value;

pub(super) fn register(functions: &mut Functions) {
    for (name, os_name, body) in [
        (
            "base",
            "osBase",
            (|_, a| Ok(Value::string(base(text(a, 0))))) as crate::func::Body,
        ),
        ("dir", "osDir", |_, a| Ok(Value::string(dir(text(a, 0))))),
        ("clean", "osClean", |_, a| {
            Ok(Value::string(clean(text(a, 0))))
        }),
        ("ext", "osExt", |_, a| Ok(Value::string(ext(text(a, 0))))),
        ("isAbs", "osIsAbs", |_, a| {
            Ok(Value::Bool(text(a, 0).starts_with(b"/")))
        }),
    ] {
        functions.add(name, &[Param::String], body);
        functions.add(os_name, &[Param::String], body);
    }
}

fn base(path: &[u8]) -> Vec<u8> {
    if path.is_empty() {
        return b".".to_vec();
    }
    let end = path
        .iter()
        .rposition(|byte| *byte != b'/')
        .map_or(0, |at| at + 1);
    if end == 0 {
        return b"/".to_vec();
    }
    let start = path[..end]
        .iter()
        .rposition(|byte| *byte == b'/')
        .map_or(0, |at| at + 1);
    path[start..end].to_vec()
}

fn dir(path: &[u8]) -> Vec<u8> {
    let end = path
        .iter()
        .rposition(|byte| *byte == b'/')
        .map_or(0, |at| at + 1);
    clean(&path[..end])
}

fn ext(path: &[u8]) -> &[u8] {
    let start = path
        .iter()
        .rposition(|byte| *byte == b'/')
        .map_or(0, |at| at + 1);
    match path[start..].iter().rposition(|byte| *byte == b'.') {
        Some(dot) => &path[start + dot..],
        None => b"",
    }
}

/// Go's `path.Clean`.
pub(crate) fn clean(path: &[u8]) -> Vec<u8> {
    let rooted = path.starts_with(b"/");
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => match parts.last() {
                Some(last) if *last != b".." => {
                    parts.pop();
                }
                _ if rooted => {}
                _ => parts.push(part),
            },
            part => parts.push(part),
        }
    }
    let joined = parts.join(&b'/');
    match (rooted, joined.is_empty()) {
        (true, _) => [b"/", &joined[..]].concat(),
        (false, true) => b".".to_vec(),
        (false, false) => joined,
    }
}
