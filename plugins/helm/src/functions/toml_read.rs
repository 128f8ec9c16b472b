//! Reading TOML 1.0 into values: integers are int64, dates are times.

use rosin_template::sprig::Time;
use rosin_template::strconv::{parse_float, parse_int, quote_rune};
use rosin_template::{Map, Value};

const MAX_DEPTH: usize = 200;

struct Reader<'t> {
    text: &'t str,
    at: usize,
    line: usize,
    last_key: String,
    depth: usize,
    /// Tables that a header defined, by path: a second header for them is an error.
    defined: Vec<String>,
}

/// Reads a document. Errors are worded as by Go's BurntSushi/toml.
pub(super) fn read(text: &str) -> Result<Map, String> {
    let control = control(text);
    let length = control.map_or(text.len(), |(at, _)| at);
    let mut reader = Reader {
        text: &text[..length],
        at: 0,
        line: 1,
        last_key: String::new(),
        depth: 0,
        defined: Vec::new(),
    };
    let result = reader.document();
    match control {
        // What is wrong before it is said first.
        Some((_, c)) if result.is_ok() || reader.at >= length => reader.error(format!(
            "TOML files cannot contain control characters: '0x{:02x}'",
            u32::from(c)
        )),
        _ => result,
    }
}

/// The first control character that no document may have.
fn control(text: &str) -> Option<(usize, char)> {
    text.char_indices().find(|(at, c)| match c {
        '\t' | '\n' => false,
        '\r' => !text[at + 1..].starts_with('\n'),
        c => c.is_ascii_control(),
    })
}

impl<'t> Reader<'t> {
    fn document(&mut self) -> Result<Map, String> {
        let root = Map::default();
        let mut current = root.clone();
        let mut prefix = String::new();
        loop {
            self.blank_lines();
            match self.peek() {
                None => return Ok(root),
                Some('[') => {
                    (current, prefix) = self.header(&root)?;
                }
                Some(_) => self.pair(&current, &prefix)?,
            }
            self.end_of_line()?;
        }
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn eat(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.line += text.matches('\n').count();
            self.at += text.len();
        }
        found
    }

    fn error<T>(&self, why: impl std::fmt::Display) -> Result<T, String> {
        if self.last_key.is_empty() {
            return Err(format!("toml: line {}: {why}", self.line));
        }
        Err(format!(
            "toml: line {} (last key {:?}): {why}",
            self.line, self.last_key
        ))
    }

    fn spaces(&mut self) {
        while self.eat(" ") || self.eat("\t") {}
    }

    fn blank_lines(&mut self) {
        loop {
            self.spaces();
            if self.peek() == Some('#') {
                self.at += self.rest().find('\n').unwrap_or(self.rest().len());
            }
            if !(self.eat("\n") || self.eat("\r\n")) {
                return;
            }
        }
    }

    fn end_of_line(&mut self) -> Result<(), String> {
        self.spaces();
        match self.peek() {
            None | Some('#' | '\n') => Ok(()),
            Some('\r') if self.rest().starts_with("\r\n") => Ok(()),
            Some(c) => self.error(format!("expected a top-level item to end with a newline, comment, or EOF, but got {} instead", quote_rune(c))),
        }
    }

    fn key_part(&mut self, place: Place) -> Result<String, String> {
        match self.peek() {
            Some('"') => {
                self.at += 1;
                self.basic_string()
            }
            Some('\'') => {
                self.at += 1;
                self.literal_string()
            }
            _ => {
                let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
                let length = self.rest().find(|c| !fits(c)).unwrap_or(self.rest().len());
                if length == 0 {
                    return self.no_key(place);
                }
                let key = self.rest()[..length].to_owned();
                self.at += length;
                Ok(key)
            }
        }
    }

    /// What is said where a part of a name should be and is not.
    fn no_key<T>(&mut self, place: Place) -> Result<T, String> {
        match (place, self.peek()) {
            (Place::Table, None | Some(']')) => {
                self.error("unexpected end of table name (table names cannot be empty)")
            }
            (Place::Table, Some('.')) => {
                self.error("unexpected table separator (table names cannot be empty)")
            }
            (Place::Table, Some(_)) => self.no_end_of_table(),
            (Place::First, Some('=')) => self.error("unexpected '=': key name appears blank"),
            (Place::Further, Some('=')) => self.error("unexpected '='"),
            (Place::First, Some('.')) => self.error("unexpected '.': keys cannot start with a '.'"),
            (Place::Further, Some('.')) => self.error("unexpected '.'"),
            (_, Some(c)) => self.error(format!(
                "expected '.' or '=', but got {} instead",
                quote_rune(c)
            )),
            (_, None) => self.error("unexpected EOF"),
        }
    }

    fn no_end_of_table<T>(&mut self) -> Result<T, String> {
        let got = self.peek();
        // The original has counted the line when it looks at what ends it.
        self.line += usize::from(got == Some('\n'));
        let got = shown(got);
        self.error(format!(
            "expected '.' or ']' to end table name, but got {got} instead"
        ))
    }

    fn key(&mut self, table: bool) -> Result<Vec<String>, String> {
        let mut parts = Vec::new();
        loop {
            self.spaces();
            let place = match (table, parts.is_empty()) {
                (true, _) => Place::Table,
                (false, true) => Place::First,
                (false, false) => Place::Further,
            };
            parts.push(self.key_part(place)?);
            self.spaces();
            if !self.eat(".") {
                return Ok(parts);
            }
        }
    }

    /// The table at a path below a table; in an array of tables its last one.
    fn descend(&self, from: &Map, path: &[String]) -> Result<Map, String> {
        let mut current = from.clone();
        for part in path {
            current = match current.get(part.as_bytes()) {
                None => {
                    let next = Map::default();
                    current.insert(part.as_str(), Value::Map(next.clone()));
                    next
                }
                Some(Value::Map(map)) => map,
                Some(Value::List(list)) => match list.items().last() {
                    Some(Value::Map(map)) => map.clone(),
                    _ => return self.error(format!("Key '{part}' has already been defined.")),
                },
                Some(_) => return self.error(format!("Key '{part}' has already been defined.")),
            };
        }
        Ok(current)
    }

    fn header(&mut self, root: &Map) -> Result<(Map, String), String> {
        let array = self.eat("[[");
        if !array {
            self.eat("[");
        }
        let path = self.key(true)?;
        if !self.eat(if array { "]]" } else { "]" }) {
            if array && self.eat("]") {
                let got = shown(self.peek());
                return self.error(format!(
                    "expected end of table array name delimiter ']', but got {got} instead"
                ));
            }
            return self.no_end_of_table();
        }
        let joined = path.join(".");
        self.last_key.clone_from(&joined);
        let Some((name, folder)) = path.split_last() else {
            return self.error("empty table name");
        };
        let parent = self.descend(root, folder)?;
        if array {
            let table = Map::default();
            let mut items = match parent.get(name.as_bytes()) {
                None => Vec::new(),
                Some(Value::List(list)) => list.to_vec(),
                Some(_) => return self.error(format!("Key '{joined}' has already been defined.")),
            };
            items.push(Value::Map(table.clone()));
            parent.insert(name.as_str(), Value::from(items));
            // What was defined below the previous element may be defined again below this one.
            let below = format!("{joined}.");
            self.defined.retain(|known| !known.starts_with(&below));
            return Ok((table, joined));
        }
        if self.defined.contains(&joined) {
            return self.error(format!("Key '{joined}' has already been defined."));
        }
        let table = self.descend(&parent, std::slice::from_ref(name))?;
        self.defined.push(joined.clone());
        Ok((table, joined))
    }

    fn pair(&mut self, table: &Map, prefix: &str) -> Result<(), String> {
        let path = self.key(false)?;
        if !self.eat("=") {
            return match self.peek() {
                Some(c) => self.error(format!(
                    "expected '.' or '=', but got {} instead",
                    quote_rune(c)
                )),
                None => self.error("unexpected EOF; expected key separator '='"),
            };
        }
        let joined = path.join(".");
        self.last_key = if prefix.is_empty() {
            joined
        } else {
            format!("{prefix}.{joined}")
        };
        self.spaces();
        let value = self.value()?;
        let Some((name, folder)) = path.split_last() else {
            return Ok(());
        };
        let table = self.descend(table, folder)?;
        if table.contains(name.as_bytes()) {
            return self.error(format!("Key '{}' has already been defined.", self.last_key));
        }
        table.insert(name.as_str(), value);
        Ok(())
    }

    fn value(&mut self) -> Result<Value, String> {
        if self.depth > MAX_DEPTH {
            return self.error("nested too deeply");
        }
        self.depth += 1;
        let value = self.value_inside();
        self.depth -= 1;
        value
    }

    fn value_inside(&mut self) -> Result<Value, String> {
        if self.eat("\"\"\"") {
            return self.multiline("\"\"\"").map(Value::from);
        }
        if self.eat("'''") {
            return self.multiline("'''").map(Value::from);
        }
        match self.peek() {
            Some('"') => {
                self.at += 1;
                self.basic_string().map(Value::from)
            }
            Some('\'') => {
                self.at += 1;
                self.literal_string().map(Value::from)
            }
            Some('[') => self.array(),
            Some('{') => self.inline_table(),
            Some(_) => self.scalar(),
            None => self.error("unexpected EOF; expected value"),
        }
    }

    fn scalar(&mut self) -> Result<Value, String> {
        let fits = |c: char| c.is_ascii_alphanumeric() || "+-_.:".contains(c);
        let mut length = self.rest().find(|c| !fits(c)).unwrap_or(self.rest().len());
        // A date and a time may be separated by a blank.
        let rest = self.rest().as_bytes();
        if length == 10
            && rest.get(4) == Some(&b'-')
            && rest.get(10) == Some(&b' ')
            && rest.get(11).is_some_and(u8::is_ascii_digit)
        {
            length = 11
                + self.rest()[11..]
                    .find(|c| !fits(c))
                    .unwrap_or(self.rest().len() - 11);
        }
        let text = &self.rest()[..length];
        self.at += length;
        let plain = text.replace('_', "");
        let unsigned = plain.trim_start_matches(['+', '-']);
        match text {
            "true" => return Ok(Value::Bool(true)),
            "false" => return Ok(Value::Bool(false)),
            "inf" | "+inf" => return Ok(Value::Float(f64::INFINITY)),
            "-inf" => return Ok(Value::Float(f64::NEG_INFINITY)),
            "nan" | "+nan" | "-nan" => return Ok(Value::Float(f64::NAN)),
            _ => {}
        }
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        if digits >= 4
            && (text.contains(':') || (text.len() >= 8 && text.as_bytes().get(4) == Some(&b'-')))
        {
            let text = text.replacen([' ', 't'], "T", 1).replace('z', "Z");
            return match Time::from_toml(&text) {
                Some(time) => Ok(Value::object(time)),
                None => self.error(format!("Invalid TOML Datetime: {text:?}.")),
            };
        }
        let based =
            unsigned.starts_with("0x") || unsigned.starts_with("0o") || unsigned.starts_with("0b");
        if based && let Ok(value) = parse_int(plain.as_bytes(), 0) {
            return Ok(Value::int64(value));
        }
        if unsigned.bytes().all(|byte| byte.is_ascii_digit()) && !unsigned.is_empty() {
            if unsigned.len() > 1 && unsigned.starts_with('0') {
                return self.error(format!(
                    "Invalid integer {text:?}: cannot have leading zeroes"
                ));
            }
            return match parse_int(plain.as_bytes(), 10) {
                Ok(value) => Ok(Value::int64(value)),
                Err(_) => self.error(format!("{text} is out of range for int64")),
            };
        }
        match parse_float(plain.as_bytes()) {
            Ok(value) if unsigned.starts_with(|c: char| c.is_ascii_digit()) => {
                Ok(Value::Float(value))
            }
            _ => match text.chars().next().or_else(|| self.peek()) {
                Some(c) => self.error(format!(
                    "expected value but found {} instead",
                    quote_rune(c)
                )),
                None => self.error("unexpected EOF; expected value"),
            },
        }
    }

    fn array(&mut self) -> Result<Value, String> {
        self.at += 1;
        let mut items = Vec::new();
        loop {
            self.blank_lines();
            if self.eat("]") {
                return Ok(Value::from(items));
            }
            items.push(self.value()?);
            self.blank_lines();
            if !self.eat(",") && self.peek() != Some(']') {
                return match self.peek() {
                    Some(c) => self.error(format!(
                        "expected a comma (',') or array terminator (']'), but got {}",
                        quote_rune(c)
                    )),
                    None => self
                        .error("unexpected EOF; expected a comma (',') or array terminator (']')"),
                };
            }
        }
    }

    fn inline_table(&mut self) -> Result<Value, String> {
        self.at += 1;
        let table = Map::default();
        self.spaces();
        if self.eat("}") {
            return Ok(Value::Map(table));
        }
        let prefix = self.last_key.clone();
        loop {
            self.spaces();
            self.pair(&table, &prefix)?;
            self.spaces();
            if self.eat("}") {
                return Ok(Value::Map(table));
            }
            if !self.eat(",") {
                return self.error("expected a comma or an inline table terminator '}'");
            }
        }
    }

    fn literal_string(&mut self) -> Result<String, String> {
        let rest = self.rest();
        match rest.find(['\'', '\n']) {
            Some(end) if rest[end..].starts_with('\'') => {
                self.at += end + 1;
                Ok(rest[..end].to_owned())
            }
            Some(_) => self.error("strings cannot contain newlines"),
            None => self.error("unexpected EOF; expected \"'\""),
        }
    }

    fn basic_string(&mut self) -> Result<String, String> {
        let mut out = String::new();
        loop {
            let Some(c) = self.peek() else {
                return self.error("unexpected EOF; expected '\"'");
            };
            self.at += c.len_utf8();
            match c {
                '"' => return Ok(out),
                '\n' => return self.error("strings cannot contain newlines"),
                '\\' => self.escape(&mut out)?,
                c => out.push(c),
            }
        }
    }

    fn multiline(&mut self, mark: &str) -> Result<String, String> {
        let basic = mark.starts_with('"');
        let quote = if basic { '"' } else { '\'' };
        if !self.eat("\n") {
            self.eat("\r\n");
        }
        let mut out = String::new();
        loop {
            if self.rest().starts_with(mark) {
                // Up to two more marks belong to the text.
                let run = self
                    .rest()
                    .chars()
                    .take_while(|c| *c == quote)
                    .count()
                    .min(5);
                out.extend(std::iter::repeat_n(quote, run - 3));
                self.at += run;
                return Ok(out);
            }
            let Some(c) = self.peek() else {
                return self.error(format!("unexpected EOF; expected {mark:?}"));
            };
            self.at += c.len_utf8();
            self.line += usize::from(c == '\n');
            if !basic || c != '\\' {
                out.push(c);
                continue;
            }
            let line_end = self.rest().trim_start_matches([' ', '\t']);
            if line_end.starts_with('\n') || line_end.starts_with("\r\n") {
                let skipped = self.rest().len() - self.rest().trim_start().len();
                self.line += self.rest()[..skipped].matches('\n').count();
                self.at += skipped;
            } else {
                self.escape(&mut out)?;
            }
        }
    }

    fn escape(&mut self, out: &mut String) -> Result<(), String> {
        let Some(c) = self.peek() else {
            return self.error("unexpected EOF");
        };
        self.at += c.len_utf8();
        let plain = match c {
            'b' => '\x08',
            't' => '\t',
            'n' => '\n',
            'f' => '\x0c',
            'r' => '\r',
            '"' | '\\' => c,
            'u' | 'U' => return self.unicode(if c == 'u' { 4 } else { 8 }, out),
            c => {
                return self.error(format!(
                    "invalid escape character {}; only the following escape characters are allowed: \\b, \\t, \\n, \\f, \\r, \\\", \\\\, \\uXXXX, and \\UXXXXXXXX",
                    quote_rune(c)
                ));
            }
        };
        out.push(plain);
        Ok(())
    }

    fn unicode(&mut self, length: usize, out: &mut String) -> Result<(), String> {
        let code = self
            .rest()
            .get(..length)
            .and_then(|digits| u32::from_str_radix(digits, 16).ok());
        match code.and_then(char::from_u32) {
            Some(c) => {
                self.at += length;
                out.push(c);
                Ok(())
            }
            None => self.error("invalid Unicode escape"),
        }
    }
}

/// Where a part of a name stands.
#[derive(Clone, Copy)]
enum Place {
    Table,
    First,
    Further,
}

/// A character as Go quotes it; the end is a zero byte.
fn shown(c: Option<char>) -> String {
    c.map_or_else(|| "'\\x00'".to_owned(), quote_rune)
}
