//! dotenv: `NAME=value` a line, line breaks in values as `\n`.

use crate::value::{Field, Fields, Value};

pub(super) fn read(bytes: &[u8]) -> Result<Fields, String> {
    bytes
        .split(|byte| *byte == b'\n')
        .enumerate()
        .filter(|(_, line)| !line.is_empty())
        .map(|(at, line)| field(line).ok_or_else(|| format!("line {} is not NAME=value", at + 1)))
        .collect()
}

fn field(line: &[u8]) -> Option<Field> {
    if let Some(comment) = line.strip_prefix(b"#") {
        return Some(Field::comment(String::from_utf8_lossy(comment)));
    }
    let at = line.iter().position(|byte| *byte == b'=')?;
    let name = std::str::from_utf8(&line[..at]).ok()?;
    Some(Field::text(name, replaced(&line[at + 1..], b"\\n", b"\n")))
}

pub(super) fn write(fields: &[Field]) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    for field in fields {
        match field {
            Field::Comment(comment) => {
                out.push(b'#');
                out.extend(comment.text.bytes());
            }
            Field::Value(name, Value::List(_) | Value::Map(_)) => {
                return Err(format!("field '{name}' has more than one value"));
            }
            Field::Value(name, Value::Text(text)) => {
                out.extend(name.bytes());
                out.push(b'=');
                out.extend(replaced(text, b"\n", b"\\n"));
            }
            Field::Value(name, value) => {
                out.extend(name.bytes());
                out.push(b'=');
                out.extend(value.to_plain_text().iter().flat_map(|text| text.iter()));
            }
        }
        out.push(b'\n');
    }
    Ok(out)
}

fn replaced(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memmem::find(rest, from) {
        out.extend(&rest[..at]);
        out.extend(to);
        rest = &rest[at + from.len()..];
    }
    out.extend(rest);
    out
}
