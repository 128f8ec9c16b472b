//! INI, as go-ini reads and writes it: sections of keys, comments with the key or the section that follows them.

use crate::value::{Field, Fields, Value};

const DEFAULT: &str = "DEFAULT";

/// Every section is a field, the nameless one at the beginning of a file too.
pub(super) fn read(bytes: &[u8]) -> Result<Fields, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    let mut reader = Reader {
        lines: text
            .strip_prefix('\u{FEFF}')
            .unwrap_or(text)
            .split_inclusive('\n')
            .enumerate(),
        comment: String::new(),
    };
    let mut sections = vec![Section::new(DEFAULT)];
    while let Some((at, line)) = reader.lines.next() {
        let line = line.trim_start();
        match line.chars().next() {
            None => {}
            Some('#' | ';') => reader.comment += line,
            Some('[') => {
                let end = line
                    .rfind(']')
                    .ok_or_else(|| format!("line {} has no closing bracket", at + 1))?;
                reader.comment += comment_in(&line[end..]);
                let mut section = Section::new(&line[1..end]);
                section.comment = reader.take_comment();
                sections.push(section);
            }
            Some(_) => {
                let (name, rest) =
                    name(line).ok_or_else(|| format!("line {} is not key = value", at + 1))?;
                let value = reader.value(rest)?;
                let comment = reader.take_comment();
                // The file always has one section.
                if let Some(section) = sections.last_mut() {
                    section.set(name, value, comment);
                }
            }
        }
    }
    Ok(sections.into_iter().map(Section::into_field).collect())
}

struct Section {
    name: String,
    comment: String,
    keys: Vec<(String, String, String)>,
    counter: usize,
}

impl Section {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            comment: String::new(),
            keys: Vec::new(),
            counter: 0,
        }
    }

    fn set(&mut self, name: &str, value: String, comment: String) {
        let name = if name == "-" {
            self.counter += 1;
            format!("#{}", self.counter)
        } else {
            name.to_owned()
        };
        match self.keys.iter_mut().find(|(known, ..)| *known == name) {
            Some(known) => (known.1, known.2) = (value, comment),
            None => self.keys.push((name, value, comment)),
        }
    }

    fn into_field(self) -> Field {
        let mut fields = Fields::new();
        fields.extend(comment_field(&self.comment));
        for (name, value, comment) in self.keys {
            fields.push(Field::text(name, value));
            fields.extend(comment_field(&comment));
        }
        Field::Value(self.name, Value::Map(fields))
    }
}

fn comment_field(comment: &str) -> Option<Field> {
    let text = if comment.starts_with(';') {
        comment.trim_start_matches([';', ' '])
    } else {
        comment.trim_start_matches(['#', ' '])
    };
    (!comment.is_empty()).then(|| Field::comment(text))
}

fn comment_in(text: &str) -> &str {
    text.find(['#', ';']).map_or("", |at| &text[at..])
}

/// The key of a line, and what follows its `=` or `:`.
fn name(line: &str) -> Option<(&str, &str)> {
    let quote = ["\"\"\"", "\"", "`"]
        .into_iter()
        .find(|quote| line.starts_with(quote));
    if let Some(quote) = quote {
        let rest = &line[quote.len()..];
        let end = rest.find(quote)?;
        let behind = &rest[end + quote.len()..];
        let at = behind.find(['=', ':'])?;
        return Some((rest[..end].trim(), &behind[at + 1..]));
    }
    let at = line.find(['=', ':']).filter(|at| *at > 0)?;
    Some((line[..at].trim(), &line[at + 1..]))
}

struct Reader<'a, L: Iterator<Item = (usize, &'a str)>> {
    lines: L,
    /// Comments that no key or section has taken yet.
    comment: String,
}

impl<'a, L: Iterator<Item = (usize, &'a str)>> Reader<'a, L> {
    fn take_comment(&mut self) -> String {
        std::mem::take(&mut self.comment).trim().to_owned()
    }

    fn value(&mut self, text: &str) -> Result<String, String> {
        let line = text.trim_start();
        let quote = if line.len() > 3 && line.starts_with("\"\"\"") {
            Some("\"\"\"")
        } else {
            line.starts_with('`').then_some("`")
        };
        if let Some(quote) = quote {
            let inside = &line[quote.len()..];
            return match inside.rfind(quote) {
                Some(end) => Ok(inside[..end].to_owned()),
                None => self.quoted_lines(inside, quote),
            };
        }
        let line = line.trim();
        if let Some(start) = line.strip_suffix('\\') {
            return Ok(self.continued(start));
        }
        let end = line.find(['#', ';']).unwrap_or(line.len());
        self.comment += &line[end..];
        Ok(unquoted(line[..end].trim()).to_owned())
    }

    fn quoted_lines(&mut self, first: &str, quote: &str) -> Result<String, String> {
        let mut value = first.to_owned();
        for (_, line) in self.lines.by_ref() {
            if let Some(end) = line.rfind(quote) {
                self.comment += comment_in(&line[end..]).trim();
                return Ok(value + &line[..end]);
            }
            value += line;
        }
        Err("a quoted value does not end".to_owned())
    }

    fn continued(&mut self, first: &str) -> String {
        let mut value = first.to_owned();
        for (_, line) in self.lines.by_ref() {
            value += line.trim();
            match value.strip_suffix('\\') {
                Some(start) if !line.trim().is_empty() => value = start.to_owned(),
                _ => break,
            }
        }
        value
    }
}

fn unquoted(text: &str) -> &str {
    ['\'', '"']
        .into_iter()
        .find_map(|quote| {
            let inside = text.strip_prefix(quote)?.strip_suffix(quote)?;
            (!inside.contains(quote)).then_some(inside)
        })
        .unwrap_or(text)
}

pub(super) fn write(documents: &[Fields]) -> Result<Vec<u8>, String> {
    let mut out = String::new();
    let mut sections = documents.iter().flatten().filter_map(|field| match field {
        Field::Value(name, value) => Some((name, value)),
        Field::Comment(_) => None,
    });
    let mut first = true;
    let mut next = sections.next();
    while let Some((name, value)) = next {
        let Value::Map(fields) = value else {
            return Err(format!("'{name}' is not a section of keys"));
        };
        next = sections.next();
        let nameless = std::mem::replace(&mut first, false) && name.eq_ignore_ascii_case(DEFAULT);
        let section = Written::from_fields(fields)?;
        write_comment(&mut out, &section.comment);
        if !nameless {
            out += &format!("[{name}]\n");
        } else if section.keys.is_empty() {
            continue;
        }
        write_keys(&mut out, &section.keys);
        if next.is_some() {
            out.push('\n');
        }
    }
    Ok(out.into_bytes())
}

#[derive(Default)]
struct Written {
    comment: String,
    keys: Vec<(String, String, String)>,
}

impl Written {
    fn from_fields(fields: &Fields) -> Result<Self, String> {
        let mut section = Self::default();
        for (at, field) in fields.iter().enumerate() {
            match field {
                Field::Comment(comment) if at == 0 => section.comment.clone_from(&comment.text),
                Field::Comment(comment) => {
                    if let Some(key) = section.keys.last_mut() {
                        key.2.clone_from(&comment.text);
                    }
                }
                Field::Value(name, value) => {
                    let text = value
                        .to_plain_text()
                        .ok_or_else(|| format!("key '{name}' has more than one value"))?;
                    let text = String::from_utf8_lossy(&text).into_owned();
                    section.keys.push((name.clone(), text, String::new()));
                }
            }
        }
        Ok(section)
    }
}

fn write_keys(out: &mut String, keys: &[(String, String, String)]) {
    let quoted: Vec<String> = keys.iter().map(|(name, ..)| quoted_name(name)).collect();
    let width = quoted.iter().map(String::len).max().unwrap_or(0);
    for ((_, value, comment), name) in keys.iter().zip(quoted) {
        write_comment(out, comment);
        *out += &format!("{name:<width$} = {}\n", quoted_value(value));
    }
}

fn quoted_name(name: &str) -> String {
    if name.contains(['"', '=', ':']) {
        format!("`{name}`")
    } else if name.contains('`') {
        format!("\"\"\"{name}\"\"\"")
    } else {
        name.to_owned()
    }
}

fn quoted_value(value: &str) -> String {
    if value.contains(['\n', '`']) {
        format!("\"\"\"{value}\"\"\"")
    } else if value.contains(['#', ';']) {
        format!("`{value}`")
    } else if value.trim().len() != value.len() {
        format!("\"{value}\"")
    } else {
        value.to_owned()
    }
}

fn write_comment(out: &mut String, comment: &str) {
    if comment.is_empty() {
        return;
    }
    for line in comment.split('\n') {
        let (mark, text) = match line.chars().next() {
            Some(mark @ ('#' | ';')) => (mark, &line[1..]),
            _ => (';', line),
        };
        *out += &format!("{mark} {}\n", text.trim());
    }
}
