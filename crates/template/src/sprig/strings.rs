//! Text: trimming, padding, quoting, joining, splitting, wrapping.

use super::args::{any, int, items, string, text};
use crate::error::CallError;
use crate::fmt::{display, sprintf};
use crate::func::{Functions, Param};
use crate::strconv::quote;
use crate::value::{List, Map, MapType, Str, Value, lossy};

/// What one call may produce: `repeat` and `indent` multiply their input.
pub(super) const MAX_RESULT: usize = 64 << 20;

type Called = Result<Value, CallError>;

pub(super) fn register(functions: &mut Functions) {
    use Param::{Any, Int, String as Text};
    let mut add = |name, params, body| functions.add(name, params, body);
    add("trim", &[Text], |_, a| {
        Ok(Value::string(lossy_trim(text(a, 0))))
    });
    add("upper", &[Text], |_, a| {
        Ok(Value::from(
            lossy(text(a, 0)).chars().map(upper).collect::<String>(),
        ))
    });
    add("lower", &[Text], |_, a| {
        Ok(Value::from(
            lossy(text(a, 0)).chars().map(lower).collect::<String>(),
        ))
    });
    add("trunc", &[Int, Text], |_, a| {
        Ok(Value::string(trunc(int(a, 0), text(a, 1))))
    });
    add("substr", &[Int, Int, Text], |_, a| {
        substr(int(a, 0), int(a, 1), text(a, 2))
    });
    add("repeat", &[Int, Text], |_, a| repeat(int(a, 0), text(a, 1)));
    for name in ["trimAll", "trimall"] {
        add(name, &[Text, Text], |_, a| {
            Ok(Value::from(trim_all(
                &lossy(text(a, 1)),
                &lossy(text(a, 0)),
            )))
        });
    }
    add("trimSuffix", &[Text, Text], |_, a| {
        Ok(Value::string(
            text(a, 1).strip_suffix(text(a, 0)).unwrap_or(text(a, 1)),
        ))
    });
    add("trimPrefix", &[Text, Text], |_, a| {
        Ok(Value::string(
            text(a, 1).strip_prefix(text(a, 0)).unwrap_or(text(a, 1)),
        ))
    });
    add("contains", &[Text, Text], |_, a| {
        Ok(Value::Bool(
            memchr::memmem::find(text(a, 1), text(a, 0)).is_some(),
        ))
    });
    add("hasPrefix", &[Text, Text], |_, a| {
        Ok(Value::Bool(text(a, 1).starts_with(text(a, 0))))
    });
    add("hasSuffix", &[Text, Text], |_, a| {
        Ok(Value::Bool(text(a, 1).ends_with(text(a, 0))))
    });
    add("indent", &[Int, Text], |_, a| {
        Ok(Value::string(indent(int(a, 0), text(a, 1), false)?))
    });
    add("nindent", &[Int, Text], |_, a| {
        Ok(Value::string(indent(int(a, 0), text(a, 1), true)?))
    });
    add("replace", &[Text, Text, Text], |_, a| {
        replace(text(a, 2), text(a, 0), text(a, 1))
    });
    add("plural", &[Text, Text, Int], |_, a| {
        Ok(Value::Str(string(a, usize::from(int(a, 2) != 1))))
    });
    add("toString", &[Any], |_, a| {
        Ok(Value::Str(text_of(any(a, 0))))
    });
    add("toStrings", &[Any], |_, a| {
        Ok(Value::List(texts_of(any(a, 0))))
    });
    add("join", &[Text, Any], |_, a| {
        Ok(Value::string(join(text(a, 0), &texts_of(any(a, 1)))))
    });
    add("splitList", &[Text, Text], |_, a| {
        Ok(Value::List(List::strings(split(
            text(a, 1),
            text(a, 0),
            -1,
        ))))
    });
    add("split", &[Text, Text], |_, a| {
        Ok(numbered(split(text(a, 1), text(a, 0), -1)))
    });
    add("splitn", &[Text, Int, Text], |_, a| {
        Ok(numbered(split(text(a, 2), text(a, 0), int(a, 1))))
    });
    add("wrap", &[Int, Text], |_, a| {
        Ok(Value::string(wrap(text(a, 1), int(a, 0), b"\n", false)))
    });
    add("wrapWith", &[Int, Text, Text], |_, a| {
        Ok(Value::string(wrap(text(a, 2), int(a, 0), text(a, 1), true)))
    });
    add("abbrev", &[Int, Text], |_, a| {
        let (width, source) = (int(a, 0), text(a, 1));
        Ok(Value::string(if width < 4 {
            source.to_vec()
        } else {
            abbreviate(source, 0, width as usize)
        }))
    });
    add("abbrevboth", &[Int, Int, Text], |_, a| {
        let (left, right, source) = (int(a, 0), int(a, 1), text(a, 2));
        if right < 4 || left > 0 && right < 7 {
            return Ok(Value::string(source));
        }
        Ok(Value::string(abbreviate(source, left, right as usize)))
    });
    functions.add("hello", &[], |_, _| Ok(Value::from("Hello!")));
    functions.add_variadic("quote", &[], Any, |_, a| {
        Ok(Value::from(each(a, |value| quote(&text_of(value)))))
    });
    functions.add_variadic("squote", &[], Any, |_, a| {
        let quoted: Vec<Vec<u8>> = a
            .iter()
            .filter(|value| !matches!(value, Value::Nil))
            .map(|v| [b"'", &display(v)[..], b"'"].concat())
            .collect();
        Ok(Value::string(quoted.join(&b' ')))
    });
    functions.add_variadic("cat", &[], Any, |_, a| {
        let values: Vec<Value> = a
            .iter()
            .filter(|value| !matches!(value, Value::Nil))
            .cloned()
            .collect();
        let format = vec!["%v"; values.len()].join(" ");
        Ok(Value::Str(sprintf(format.as_bytes(), &values)))
    });
}

fn each(values: &[Value], show: impl Fn(&Value) -> String) -> String {
    let shown: Vec<String> = values
        .iter()
        .filter(|value| !matches!(value, Value::Nil))
        .map(show)
        .collect();
    shown.join(" ")
}

/// Sprig's `strval`.
#[must_use]
pub fn text_of(value: &Value) -> Str {
    match value {
        Value::Str(text) | Value::Bytes(text) => text.clone(),
        other => display(other),
    }
}

/// Sprig's `strslice`: the texts of a list without its nils; anything else is a list of one.
#[must_use]
pub fn texts_of(value: &Value) -> List {
    match value {
        Value::List(list) if list.kind() == crate::value::ListType::String => list.clone(),
        Value::Nil => List::strings(Vec::<Str>::new()),
        value => match items(value) {
            Some(items) => List::strings(
                items
                    .iter()
                    .filter(|item| !matches!(item, Value::Nil))
                    .map(text_of),
            ),
            None => List::strings([text_of(value)]),
        },
    }
}

fn join(separator: &[u8], list: &List) -> Vec<u8> {
    let items = list.items();
    let parts: Vec<&[u8]> = items
        .iter()
        .filter_map(|item| item.as_str().map(Str::as_bytes))
        .collect();
    parts.join(separator)
}

/// Go maps each rune to one rune, so `ß` stays as it is.
pub(super) fn upper(c: char) -> char {
    let mut mapped = c.to_uppercase();
    match (mapped.next(), mapped.next()) {
        (Some(only), None) => only,
        _ => c,
    }
}

/// The form at the beginning of a word: letters that are two in one have a third case.
pub(super) fn title(c: char) -> char {
    match c {
        '\u{1c4}'..='\u{1c6}' => '\u{1c5}',
        '\u{1c7}'..='\u{1c9}' => '\u{1c8}',
        '\u{1ca}'..='\u{1cc}' => '\u{1cb}',
        '\u{1f1}'..='\u{1f3}' => '\u{1f2}',
        // Georgian has capitals, but not at the beginning of words.
        '\u{10d0}'..='\u{10ff}' => c,
        c => upper(c),
    }
}

pub(super) fn lower(c: char) -> char {
    let mut mapped = c.to_lowercase();
    match (mapped.next(), mapped.next()) {
        (Some(only), None) => only,
        (Some(first), Some(_)) if c == '\u{130}' => first,
        _ => c,
    }
}

fn lossy_trim(source: &[u8]) -> &[u8] {
    match std::str::from_utf8(source) {
        Ok(source) => source.trim_matches(is_space).as_bytes(),
        Err(_) => source.trim_ascii(),
    }
}

/// Go's `unicode.IsSpace`.
pub(super) fn is_space(c: char) -> bool {
    matches!(
        c,
        '\t' | '\n' | '\x0b' | '\x0c' | '\r' | ' ' | '\u{85}' | '\u{a0}'
    ) || (c > '\u{ff}' && c.is_whitespace())
}

fn trim_all(source: &str, set: &str) -> String {
    source.trim_matches(|c| set.contains(c)).to_owned()
}

fn trunc(count: i64, source: &[u8]) -> &[u8] {
    let length = source.len() as i64;
    if count < 0 && length + count > 0 {
        return &source[(length + count) as usize..];
    }
    if count >= 0 && length > count {
        return &source[..count as usize];
    }
    source
}

fn out_of_range(what: &str) -> CallError {
    format!("runtime error: slice bounds out of range [{what}]").into()
}

fn substr(start: i64, end: i64, source: &[u8]) -> Called {
    let length = source.len() as i64;
    let part = |from: i64, to: i64| {
        if to < 0 {
            return Err(out_of_range(&format!(":{to}")));
        }
        if to > length {
            return Err(out_of_range(
                &format!(":{to}] with length [{length}")
                    .replace("] with length [", "] with length "),
            ));
        }
        if from > to {
            return Err(out_of_range(&format!("{from}:{to}")));
        }
        Ok(Value::string(&source[from as usize..to as usize]))
    };
    if start < 0 {
        return part(0, end);
    }
    if end < 0 || end > length {
        if start > length {
            return Err(out_of_range(&format!("{start}:{length}")));
        }
        return part(start, length);
    }
    part(start, end)
}

fn too_large(length: usize) -> CallError {
    format!("result of {length} bytes is too large").into()
}

fn repeat(count: i64, source: &[u8]) -> Called {
    let Ok(count) = usize::try_from(count) else {
        return Err("strings: negative Repeat count".into());
    };
    match source.len().checked_mul(count) {
        Some(length) if length <= MAX_RESULT => Ok(Value::string(source.repeat(count))),
        _ => Err(too_large(source.len().saturating_mul(count))),
    }
}

fn indent(spaces: i64, source: &[u8], newline: bool) -> Result<Vec<u8>, CallError> {
    let Ok(spaces) = usize::try_from(spaces) else {
        return Err("strings: negative Repeat count".into());
    };
    let lines = memchr::memchr_iter(b'\n', source).count() + 1;
    let length = source.len().saturating_add(lines.saturating_mul(spaces));
    if length > MAX_RESULT {
        return Err(too_large(length));
    }
    let mut out = Vec::with_capacity(length + 1);
    if newline {
        out.push(b'\n');
    }
    for (index, line) in source.split(|byte| *byte == b'\n').enumerate() {
        if index > 0 {
            out.push(b'\n');
        }
        out.extend(std::iter::repeat_n(b' ', spaces));
        out.extend_from_slice(line);
    }
    Ok(out)
}

fn replace(source: &[u8], old: &[u8], new: &[u8]) -> Called {
    if old.is_empty() {
        // Between all runes, and at both ends.
        let source = lossy(source);
        let new = lossy(new);
        let mut out = new.to_string();
        for c in source.chars() {
            out.push(c);
            out.push_str(&new);
        }
        return Ok(Value::from(out));
    }
    let mut out = Vec::with_capacity(source.len());
    let mut rest = source;
    while let Some(at) = memchr::memmem::find(rest, old) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(new);
        rest = &rest[at + old.len()..];
        if out.len() > MAX_RESULT {
            return Err(too_large(out.len()));
        }
    }
    out.extend_from_slice(rest);
    Ok(Value::string(out))
}

/// `strings.SplitN`.
pub(super) fn split(source: &[u8], separator: &[u8], limit: i64) -> Vec<Str> {
    if limit == 0 {
        return Vec::new();
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut parts = Vec::new();
    let mut rest = source;
    if separator.is_empty() {
        while !rest.is_empty() && parts.len() + 1 < limit {
            let size = rest
                .utf8_chunks()
                .next()
                .and_then(|chunk| chunk.valid().chars().next())
                .map_or(1, char::len_utf8);
            parts.push(Str::from(&rest[..size]));
            rest = &rest[size..];
        }
        if !rest.is_empty() {
            parts.push(Str::from(rest));
        }
        return parts;
    }
    while parts.len() + 1 < limit
        && let Some(at) = memchr::memmem::find(rest, separator)
    {
        parts.push(Str::from(&rest[..at]));
        rest = &rest[at + separator.len()..];
    }
    parts.push(Str::from(rest));
    parts
}

fn numbered(parts: Vec<Str>) -> Value {
    let entries = parts
        .into_iter()
        .enumerate()
        .map(|(index, part)| (Str::from(format!("_{index}")), Value::Str(part)));
    Value::Map(Map::typed(MapType::String, entries.collect()))
}

/// Word wrapping; `long` also breaks words that are longer than a line.
fn wrap(source: &[u8], width: i64, newline: &[u8], long: bool) -> Vec<u8> {
    let newline: &[u8] = if newline.is_empty() { b"\n" } else { newline };
    let width = width.max(1) as usize;
    let mut out = Vec::with_capacity(source.len());
    let mut offset = 0;
    while source.len() - offset > width {
        if source[offset] == b' ' {
            offset += 1;
            continue;
        }
        let window = &source[offset..offset + width + 1];
        if let Some(space) = memchr::memrchr(b' ', window) {
            out.extend_from_slice(&window[..space]);
            out.extend_from_slice(newline);
            offset += space + 1;
        } else if long {
            out.extend_from_slice(&source[offset..offset + width]);
            out.extend_from_slice(newline);
            offset += width;
        } else if let Some(space) = memchr::memchr(b' ', &source[offset + width..]) {
            out.extend_from_slice(&source[offset..offset + width + space]);
            out.extend_from_slice(newline);
            offset += width + space + 1;
        } else {
            break;
        }
    }
    out.extend_from_slice(&source[offset..]);
    out
}

fn abbreviate(source: &[u8], offset: i64, width: usize) -> Vec<u8> {
    let length = source.len();
    if length <= width {
        return source.to_vec();
    }
    let keep = width - 3;
    let mut offset = offset.min(length as i64);
    if (length as i64) - offset < keep as i64 {
        offset = (length - keep) as i64;
    }
    if offset <= 4 {
        return [&source[..keep], b"..."].concat();
    }
    if width < 7 {
        return Vec::new();
    }
    let offset = offset as usize;
    if offset + keep < length {
        return [b"...", &abbreviate(&source[offset..], 0, keep)[..]].concat();
    }
    [b"...", &source[length - keep..]].concat()
}
