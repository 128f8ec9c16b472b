//! RE2 patterns to those of the `regex` crate: nearly the same language, but Go's classes are ASCII, some characters
//! that Rust reads as syntax are literal in Go, and errors are worded as Go words them.

const MAX_REPEAT: u32 = 1_000;

struct Translator<'p> {
    pattern: &'p str,
    at: usize,
    out: String,
    open: usize,
}

/// The pattern for the `regex` crate, or Go's words for what is wrong with it.
pub fn translate(pattern: &str) -> Result<String, String> {
    let mut translator = Translator {
        pattern,
        at: 0,
        out: String::with_capacity(pattern.len() + 8),
        open: 0,
    };
    translator.run()?;
    Ok(translator.out)
}

/// What a repetition operator may follow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    Atom,
    Repetition(usize),
}

impl Translator<'_> {
    fn rest(&self) -> &str {
        &self.pattern[self.at..]
    }

    fn eat(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    fn run(&mut self) -> Result<(), String> {
        let mut before = Before::Nothing;
        while let Some(c) = self.rest().chars().next() {
            let start = self.at;
            self.at += c.len_utf8();
            before = match c {
                '\\' => self.escape(start, false)?,
                '[' => {
                    self.class(start)?;
                    Before::Atom
                }
                '(' => {
                    self.open += 1;
                    self.group(start)?
                }
                ')' => {
                    if self.open == 0 {
                        return Err(format!("unexpected ): `{}`", self.pattern));
                    }
                    self.open -= 1;
                    self.out.push(')');
                    Before::Atom
                }
                '|' => {
                    self.out.push('|');
                    Before::Nothing
                }
                '*' | '+' | '?' => {
                    self.out.push(c);
                    self.repeated(start, before)?
                }
                '{' => match self.counts() {
                    Some((low, high)) => {
                        let text = &self.pattern[start..self.at];
                        if low > MAX_REPEAT
                            || high.is_some_and(|high| high > MAX_REPEAT || high < low)
                        {
                            return Err(format!("invalid repeat count: `{text}`"));
                        }
                        let text = text.to_owned();
                        self.out.push_str(&text);
                        self.repeated(start, before)?
                    }
                    None => {
                        self.out.push_str("\\{");
                        Before::Atom
                    }
                },
                '}' | ']' => {
                    self.out.push('\\');
                    self.out.push(c);
                    Before::Atom
                }
                '^' | '$' => {
                    self.out.push(c);
                    Before::Atom
                }
                c => {
                    self.out.push(c);
                    Before::Atom
                }
            };
        }
        if self.open > 0 {
            return Err(format!("missing closing ): `{}`", self.pattern));
        }
        Ok(())
    }

    /// After an operator: a lazy mark, and what may not come before or after it.
    fn repeated(&mut self, start: usize, before: Before) -> Result<Before, String> {
        let from = match before {
            Before::Nothing => {
                let shown = &self.pattern[start..self.at];
                return Err(format!(
                    "missing argument to repetition operator: `{shown}`"
                ));
            }
            Before::Repetition(from) => {
                self.eat("?");
                let shown = &self.pattern[from..self.at];
                return Err(format!("invalid nested repetition operator: `{shown}`"));
            }
            Before::Atom => start,
        };
        if self.eat("?") {
            self.out.push('?');
        }
        Ok(Before::Repetition(from))
    }

    /// `{2}`, `{2,}`, `{2,5}` behind the brace; anything else is literal text.
    fn counts(&mut self) -> Option<(u32, Option<u32>)> {
        let rest = self.rest();
        let close = rest.find('}')?;
        let body = &rest[..close];
        let number = |text: &str| {
            let canonical = text == "0" || !text.starts_with('0');
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            (canonical && digits).then(|| text.parse().unwrap_or(u32::MAX))
        };
        let counts = match body.split_once(',') {
            None => number(body).map(|count| (count, Some(count))),
            Some((low, "")) => number(low).map(|low| (low, None)),
            Some((low, high)) => Some((number(low)?, Some(number(high)?))),
        }?;
        self.at += close + 1;
        Some(counts)
    }

    fn group(&mut self, start: usize) -> Result<Before, String> {
        self.out.push('(');
        if !self.eat("?") {
            return Ok(Before::Nothing);
        }
        self.out.push('?');
        for mark in ["P<", "<"] {
            if !self.eat(mark) {
                continue;
            }
            let Some(end) = self.rest().find('>') else {
                return Err(format!(
                    "invalid named capture: `{}`",
                    &self.pattern[start..]
                ));
            };
            let name = &self.rest()[..end];
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                return Err(format!(
                    "invalid named capture: `{}`",
                    &self.pattern[start..self.at + end + 1]
                ));
            }
            let name = format!("P<{name}>");
            self.out.push_str(&name);
            self.at += end + 1;
            return Ok(Before::Nothing);
        }
        let flags = self
            .rest()
            .find(|c: char| !"imsU-".contains(c))
            .unwrap_or(self.rest().len());
        let text = self.rest()[..flags].to_owned();
        self.at += flags;
        match self.rest().chars().next() {
            Some(end @ (':' | ')')) if !text.ends_with('-') && (end == ':' || !text.is_empty()) => {
                self.at += 1;
                self.out.push_str(&text);
                self.out.push(end);
                if end == ')' {
                    self.open -= 1;
                }
                Ok(Before::Nothing)
            }
            None => Err(format!("missing closing ): `{}`", self.pattern)),
            Some(other) => {
                let end = self.at + other.len_utf8();
                Err(format!(
                    "invalid or unsupported Perl syntax: `{}`",
                    &self.pattern[start..end]
                ))
            }
        }
    }

    fn escape(&mut self, start: usize, in_class: bool) -> Result<Before, String> {
        let Some(c) = self.rest().chars().next() else {
            return Err("trailing backslash at end of expression: ``".into());
        };
        self.at += c.len_utf8();
        let invalid = |this: &Self| {
            format!(
                "invalid escape sequence: `{}`",
                &this.pattern[start..this.at]
            )
        };
        let text = match (c, in_class) {
            ('d', false) => "[0-9]".into(),
            ('D', false) => "[^0-9]".into(),
            ('w', false) => "[0-9A-Za-z_]".into(),
            ('W', false) => "[^0-9A-Za-z_]".into(),
            ('s', false) => "[\\t\\n\\x0c\\r ]".into(),
            ('S', false) => "[^\\t\\n\\x0c\\r ]".into(),
            ('d', true) => "0-9".into(),
            ('D', true) => "[^0-9]".into(),
            ('w', true) => "0-9A-Za-z_".into(),
            ('W', true) => "[^0-9A-Za-z_]".into(),
            ('s', true) => "\\t\\n\\x0c\\r ".into(),
            ('S', true) => "[^\\t\\n\\x0c\\r ]".into(),
            ('b', false) => "(?-u:\\b)".into(),
            ('B', false) => "(?-u:\\B)".into(),
            ('A', false) => "\\A".into(),
            ('z', false) => "\\z".into(),
            ('C', false) => "(?s-u:.)".into(),
            ('Q', false) => return Ok(self.literal()),
            ('p' | 'P', _) => self.unicode_class(c, start)?,
            ('a', _) => "\\x07".into(),
            ('f', _) => "\\x0c".into(),
            ('n', _) => "\\n".into(),
            ('r', _) => "\\r".into(),
            ('t', _) => "\\t".into(),
            ('v', _) => "\\x0b".into(),
            ('x', _) => self.hex().ok_or_else(|| invalid(self))?,
            ('0'..='7', _) => {
                let zero = c == '0';
                let more = self
                    .rest()
                    .chars()
                    .take(2)
                    .take_while(|c| c.is_digit(8))
                    .count();
                if !zero && more == 0 {
                    return Err(invalid(self));
                }
                let digits = format!("{c}{}", &self.rest()[..more]);
                self.at += more;
                format!("\\x{{{:x}}}", u32::from_str_radix(&digits, 8).unwrap_or(0))
            }
            (c, _) if c.is_ascii() && !c.is_ascii_alphanumeric() => {
                format!("\\x{{{:x}}}", c as u32)
            }
            _ => return Err(invalid(self)),
        };
        self.out.push_str(&text);
        Ok(Before::Atom)
    }

    /// `\Q...\E`
    fn literal(&mut self) -> Before {
        let rest = self.rest();
        let (text, used) = match rest.find("\\E") {
            Some(end) => (&rest[..end], end + 2),
            None => (rest, rest.len()),
        };
        let escaped = ::regex::escape(text);
        self.out.push_str(&escaped);
        self.at += used;
        Before::Atom
    }

    fn hex(&mut self) -> Option<String> {
        let rest = self.rest();
        let (digits, used) = if let Some(body) = rest.strip_prefix('{') {
            let end = body.find('}')?;
            (&body[..end], end + 2)
        } else {
            (rest.get(..2)?, 2)
        };
        let code = u32::from_str_radix(digits, 16)
            .ok()
            .filter(|code| *code <= 0x10FFFF)?;
        self.at += used;
        Some(format!("\\x{{{code:x}}}"))
    }

    fn unicode_class(&mut self, c: char, start: usize) -> Result<String, String> {
        let rest = self.rest();
        let (name, used) = match rest.strip_prefix('{') {
            Some(body) => match body.find('}') {
                Some(end) => (&body[..end], end + 2),
                None => {
                    return Err(format!(
                        "invalid character class range: `{}`",
                        &self.pattern[start..]
                    ));
                }
            },
            None => {
                let size = rest.chars().next().map_or(0, char::len_utf8);
                (&rest[..size], size)
            }
        };
        let (negated, name) = match name.strip_prefix('^') {
            Some(name) => (c == 'p', name),
            None => (c == 'P', name),
        };
        let name = name.to_owned();
        let text = format!("\\{}{{{name}}}", if negated { 'P' } else { 'p' });
        self.at += used;
        if name != "Any" && ::regex::Regex::new(&text).is_err() {
            return Err(format!(
                "invalid character class range: `{}`",
                &self.pattern[start..self.at]
            ));
        }
        Ok(text)
    }

    fn class(&mut self, start: usize) -> Result<(), String> {
        self.out.push('[');
        if self.eat("^") {
            self.out.push('^');
        }
        let mut first = true;
        let mut low: Option<char> = None;
        loop {
            let Some(c) = self.rest().chars().next() else {
                return Err(format!("missing closing ]: `{}`", &self.pattern[start..]));
            };
            let here = self.at;
            if c == ']' && !first {
                self.at += 1;
                self.out.push(']');
                return Ok(());
            }
            first = false;
            if c == '[' && self.rest().starts_with("[:") && self.rest()[2..].contains(":]") {
                let end = self.rest()[2..].find(":]").unwrap_or(0);
                let name = self.rest()[2..2 + end].to_owned();
                let known = name.trim_start_matches('^');
                let names = "alnum alpha ascii blank cntrl digit graph lower print punct space upper word xdigit";
                if !names.split(' ').any(|name| name == known) {
                    let shown = &self.pattern[here..here + end + 4];
                    return Err(format!("invalid character class range: `{shown}`"));
                }
                self.out.push_str(&format!("[:{name}:]"));
                self.at += end + 4;
                low = None;
                continue;
            }
            self.at += c.len_utf8();
            match c {
                '\\' => {
                    let mark = self.out.len();
                    self.escape(here, true)?;
                    low = single(&self.out[mark..]);
                }
                '-' if low.is_some()
                    && !self.rest().starts_with(']')
                    && !self.rest().is_empty() =>
                {
                    self.out.push('-');
                    let high_at = self.at;
                    let next = self.rest().chars().next().unwrap_or('-');
                    self.at += next.len_utf8();
                    let mark = self.out.len();
                    if next == '\\' {
                        self.escape(high_at, true)?;
                    } else {
                        self.out.push_str(&format!("\\x{{{:x}}}", next as u32));
                    }
                    if let (Some(low), Some(high)) = (low, single(&self.out[mark..]))
                        && high < low
                    {
                        let shown = &self.pattern[here - low.len_utf8()..self.at];
                        return Err(format!("invalid character class range: `{shown}`"));
                    }
                    low = None;
                }
                c => {
                    // Spelled as a number, no character has a meaning of its own.
                    if c.is_alphanumeric() {
                        self.out.push(c);
                    } else {
                        self.out.push_str(&format!("\\x{{{:x}}}", c as u32));
                    }
                    low = Some(c);
                }
            }
        }
    }
}

/// The character that a piece of a class stands for, if it is one.
fn single(text: &str) -> Option<char> {
    if let Some(code) = text.strip_prefix("\\x") {
        let code = code.trim_start_matches('{').trim_end_matches('}');
        return u32::from_str_radix(code, 16).ok().and_then(char::from_u32);
    }
    match text {
        "\\n" => Some('\n'),
        "\\r" => Some('\r'),
        "\\t" => Some('\t'),
        text => {
            let mut chars = text.chars();
            chars.next().filter(|_| chars.next().is_none())
        }
    }
}
