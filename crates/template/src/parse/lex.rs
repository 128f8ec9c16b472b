//! Cuts template text into tokens. Works on bytes, since text outside of actions may be anything.

use std::rc::Rc;

use crate::strconv::quote;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Error,
    Bool,
    Char,
    CharConstant,
    Assign,
    Complex,
    Declare,
    Eof,
    Field,
    Identifier,
    LeftDelim,
    LeftParen,
    Number,
    Pipe,
    RawString,
    RightDelim,
    RightParen,
    Space,
    String,
    Text,
    Variable,
    Dot,
    Nil,
    Keyword(Keyword),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyword {
    Block,
    Break,
    Continue,
    Define,
    Else,
    End,
    If,
    Range,
    Template,
    With,
}

#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) pos: usize,
    pub(super) end: usize,
    pub(super) line: usize,
    /// The message of an error; all other tokens are cut from the text.
    pub(super) error: Option<Rc<str>>,
}

const SPACES: &[u8] = b" \t\r\n";

pub(super) struct Lexer {
    text: Rc<[u8]>,
    pos: usize,
    start: usize,
    at_end: bool,
    failed: bool,
    parens: i32,
    line: usize,
    start_line: usize,
    inside: bool,
}

/// The first rune of some bytes and its size; offending bytes count one each.
fn decode(bytes: &[u8]) -> Option<(char, usize)> {
    let first = *bytes.first()?;
    if first < 0x80 {
        return Some((char::from(first), 1));
    }
    let chunk = bytes[..bytes.len().min(4)].utf8_chunks().next()?;
    match chunk.valid().chars().next() {
        Some(c) => Some((c, c.len_utf8())),
        None => Some(('\u{FFFD}', 1)),
    }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

pub(super) fn is_alphanumeric(c: char) -> bool {
    c == '_'
        || c.is_alphabetic()
        || (if c.is_ascii() {
            c.is_ascii_digit()
        } else {
            is_decimal(c)
        })
}

/// Go's letters exclude the letter-like marks and numbers that Rust calls alphabetic; digits are decimal digits only.
fn is_decimal(c: char) -> bool {
    c.is_numeric()
        && !c.is_alphabetic()
        && c.to_digit(36).is_none()
        && !matches!(c, '²' | '³' | '¹' | '¼' | '½' | '¾')
}

fn left_trim_marker(text: &[u8]) -> bool {
    matches!(text, [b'-', space, ..] if SPACES.contains(space))
}

fn right_trim_marker(text: &[u8]) -> bool {
    matches!(text, [space, b'-', ..] if SPACES.contains(space))
}

fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, needle)
}

/// Where the next `{{` is. Texts between are short: a search that prepares itself costs more than it saves.
fn opening(text: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'{', text).find(|at| text.get(at + 1) == Some(&b'{'))
}

fn newlines(text: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', text).count()
}

impl Lexer {
    pub(super) fn new(text: Rc<[u8]>) -> Self {
        Self {
            text,
            pos: 0,
            start: 0,
            at_end: false,
            failed: false,
            parens: 0,
            line: 1,
            start_line: 1,
            inside: false,
        }
    }

    fn rest(&self) -> &[u8] {
        &self.text[self.pos..]
    }

    fn next(&mut self) -> Option<char> {
        let Some((c, size)) = decode(self.rest()) else {
            self.at_end = true;
            return None;
        };
        self.pos += size;
        if c == '\n' {
            self.line += 1;
        }
        Some(c)
    }

    fn peek(&self) -> Option<char> {
        decode(self.rest()).map(|(c, _)| c)
    }

    fn take(&mut self, kind: Kind) -> Token {
        let token = Token {
            kind,
            pos: self.start,
            end: self.pos,
            line: self.start_line,
            error: None,
        };
        self.start = self.pos;
        self.start_line = self.line;
        token
    }

    fn ignore(&mut self) {
        self.line += newlines(&self.text[self.start..self.pos]);
        self.start = self.pos;
        self.start_line = self.line;
    }

    fn fail(&mut self, message: String) -> Token {
        self.failed = true;
        Token {
            kind: Kind::Error,
            pos: self.start,
            end: self.start,
            line: self.start_line,
            error: Some(message.into()),
        }
    }

    pub(super) fn token(&mut self) -> Token {
        if self.failed {
            return Token {
                kind: Kind::Eof,
                pos: 0,
                end: 0,
                line: self.start_line,
                error: None,
            };
        }
        if self.inside {
            self.action()
        } else {
            self.text()
        }
    }

    fn text(&mut self) -> Token {
        loop {
            let Some(offset) = opening(self.rest()) else {
                self.pos = self.text.len();
                if self.pos > self.start {
                    self.line += newlines(&self.text[self.start..self.pos]);
                    return self.take(Kind::Text);
                }
                return self.take(Kind::Eof);
            };
            if offset > 0 {
                self.pos += offset;
                let before = &self.text[self.start..self.pos];
                let trim = if left_trim_marker(&self.text[self.pos + 2..]) {
                    before
                        .iter()
                        .rev()
                        .take_while(|byte| SPACES.contains(byte))
                        .count()
                } else {
                    0
                };
                self.pos -= trim;
                self.line += newlines(&self.text[self.start..self.pos]);
                let token = self.take(Kind::Text);
                self.pos += trim;
                self.ignore();
                if token.end > token.pos {
                    return token;
                }
            }
            match self.left_delimiter() {
                Some(token) => return token,
                None => continue,
            }
        }
    }

    /// `{{`, or a whole comment, which yields nothing.
    fn left_delimiter(&mut self) -> Option<Token> {
        self.pos += 2;
        let marker = if left_trim_marker(self.rest()) { 2 } else { 0 };
        if self.text[self.pos + marker..].starts_with(b"/*") {
            self.pos += marker;
            self.ignore();
            return self.comment();
        }
        let token = self.take(Kind::LeftDelim);
        self.inside = true;
        self.pos += marker;
        self.ignore();
        self.parens = 0;
        Some(token)
    }

    fn comment(&mut self) -> Option<Token> {
        self.pos += 2;
        let Some(end) = find(self.rest(), b"*/") else {
            return Some(self.fail("unclosed comment".into()));
        };
        self.pos += end + 2;
        let (delimiter, trim) = self.at_right_delimiter();
        if !delimiter {
            return Some(self.fail("comment ends before closing delimiter".into()));
        }
        self.line += newlines(&self.text[self.start..self.pos]);
        self.start = self.pos;
        self.start_line = self.line;
        self.pos += if trim { 4 } else { 2 };
        if trim {
            self.pos += self
                .rest()
                .iter()
                .take_while(|byte| SPACES.contains(byte))
                .count();
        }
        self.ignore();
        None
    }

    fn at_right_delimiter(&self) -> (bool, bool) {
        let rest = self.rest();
        if right_trim_marker(rest) && rest[2..].starts_with(b"}}") {
            return (true, true);
        }
        (rest.starts_with(b"}}"), false)
    }

    fn right_delimiter(&mut self) -> Token {
        let (_, trim) = self.at_right_delimiter();
        if trim {
            self.pos += 2;
            self.ignore();
        }
        self.pos += 2;
        let token = self.take(Kind::RightDelim);
        if trim {
            self.pos += self
                .rest()
                .iter()
                .take_while(|byte| SPACES.contains(byte))
                .count();
            self.ignore();
        }
        self.inside = false;
        token
    }

    fn action(&mut self) -> Token {
        if self.at_right_delimiter().0 {
            if self.parens == 0 {
                return self.right_delimiter();
            }
            return self.fail("unclosed left paren".into());
        }
        let Some(c) = self.next() else {
            return self.fail("unclosed action".into());
        };
        match c {
            c if is_space(c) => {
                self.step_back(c);
                self.space()
            }
            '=' => self.take(Kind::Assign),
            ':' => {
                if self.next() == Some('=') {
                    self.take(Kind::Declare)
                } else {
                    self.fail("expected :=".into())
                }
            }
            '|' => self.take(Kind::Pipe),
            '"' => self.quoted(),
            '`' => self.raw(),
            '$' => {
                if self.at_terminator() {
                    return self.take(Kind::Variable);
                }
                self.field_or_variable(Kind::Variable)
            }
            '\'' => self.character(),
            '.' if self
                .rest()
                .first()
                .is_some_and(|byte| !byte.is_ascii_digit()) =>
            {
                self.field_or_variable(Kind::Field)
            }
            '.' | '+' | '-' | '0'..='9' => {
                self.pos -= 1;
                self.number()
            }
            c if is_alphanumeric(c) => {
                self.pos -= c.len_utf8();
                self.identifier()
            }
            '(' => {
                self.parens += 1;
                self.take(Kind::LeftParen)
            }
            ')' => {
                self.parens -= 1;
                if self.parens < 0 {
                    return self.fail("unexpected right paren".into());
                }
                self.take(Kind::RightParen)
            }
            ' '..='~' => self.take(Kind::Char),
            c => self.fail(format!("unrecognized character in action: {}", describe(c))),
        }
    }

    fn step_back(&mut self, c: char) {
        self.pos -= c.len_utf8();
        if c == '\n' {
            self.line -= 1;
        }
    }

    fn space(&mut self) -> Token {
        let mut count = 0;
        let mut last = ' ';
        while let Some(c) = self.peek().filter(|c| is_space(*c)) {
            self.next();
            last = c;
            count += 1;
        }
        // A trim marker needs a space before it, which belongs to the delimiter then.
        let tail = &self.text[self.pos - 1..];
        if right_trim_marker(tail) && tail[2..].starts_with(b"}}") {
            self.step_back(last);
            if count == 1 {
                return self.right_delimiter();
            }
        }
        self.take(Kind::Space)
    }

    fn identifier(&mut self) -> Token {
        self.word();
        if !self.at_terminator() {
            return self.bad_character();
        }
        let kind = match &self.text[self.start..self.pos] {
            b"block" => Kind::Keyword(Keyword::Block),
            b"break" => Kind::Keyword(Keyword::Break),
            b"continue" => Kind::Keyword(Keyword::Continue),
            b"define" => Kind::Keyword(Keyword::Define),
            b"else" => Kind::Keyword(Keyword::Else),
            b"end" => Kind::Keyword(Keyword::End),
            b"if" => Kind::Keyword(Keyword::If),
            b"range" => Kind::Keyword(Keyword::Range),
            b"nil" => Kind::Nil,
            b"template" => Kind::Keyword(Keyword::Template),
            b"with" => Kind::Keyword(Keyword::With),
            b"true" | b"false" => Kind::Bool,
            _ => Kind::Identifier,
        };
        self.take(kind)
    }

    fn bad_character(&mut self) -> Token {
        let text = match self.peek() {
            Some(c) => describe(c),
            None => describe('\u{FFFD}'),
        };
        self.fail(format!("bad character {text}"))
    }

    fn field_or_variable(&mut self, kind: Kind) -> Token {
        if self.at_terminator() {
            return self.take(if kind == Kind::Variable {
                kind
            } else {
                Kind::Dot
            });
        }
        self.word();
        if !self.at_terminator() {
            return self.bad_character();
        }
        self.take(kind)
    }

    /// Passes letters, digits and underscores.
    fn word(&mut self) {
        let ascii = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        loop {
            self.pos += self.rest().iter().take_while(|byte| ascii(byte)).count();
            match self.peek() {
                Some(c) if !c.is_ascii() && is_alphanumeric(c) => self.pos += c.len_utf8(),
                _ => return,
            }
        }
    }

    fn at_terminator(&self) -> bool {
        match self.peek() {
            None | Some('.' | ',' | '|' | ':' | ')' | '(') => true,
            Some(c) => is_space(c) || self.rest().starts_with(b"}}"),
        }
    }

    /// Reads up to the closing mark of a literal; a newline ends it too early.
    fn literal(&mut self, mark: char) -> bool {
        loop {
            match self.next() {
                Some('\\') => {
                    if matches!(self.next(), None | Some('\n')) {
                        return false;
                    }
                }
                None | Some('\n') => return false,
                Some(c) if c == mark => return true,
                Some(_) => {}
            }
        }
    }

    fn character(&mut self) -> Token {
        if self.literal('\'') {
            self.take(Kind::CharConstant)
        } else {
            self.fail("unterminated character constant".into())
        }
    }

    fn quoted(&mut self) -> Token {
        if self.literal('"') {
            self.take(Kind::String)
        } else {
            self.fail("unterminated quoted string".into())
        }
    }

    fn raw(&mut self) -> Token {
        loop {
            match self.next() {
                None => return self.fail("unterminated raw quoted string".into()),
                Some('`') => return self.take(Kind::RawString),
                Some(_) => {}
            }
        }
    }

    fn accept(&mut self, valid: &[u8]) -> bool {
        let found = self.rest().first().is_some_and(|byte| valid.contains(byte));
        if found {
            self.pos += 1;
        }
        found
    }

    fn accept_run(&mut self, valid: &[u8]) {
        while self.accept(valid) {}
    }

    fn number(&mut self) -> Token {
        if !self.scan_number() {
            return self.bad_number();
        }
        if matches!(self.peek(), Some('+' | '-')) {
            if !self.scan_number() || self.text[self.pos - 1] != b'i' {
                return self.bad_number();
            }
            return self.take(Kind::Complex);
        }
        self.take(Kind::Number)
    }

    fn bad_number(&mut self) -> Token {
        let text = quote(&self.text[self.start..self.pos]);
        self.fail(format!("bad number syntax: {text}"))
    }

    fn scan_number(&mut self) -> bool {
        self.accept(b"+-");
        let mut digits: &[u8] = b"0123456789_";
        if self.accept(b"0") {
            if self.accept(b"xX") {
                digits = b"0123456789abcdefABCDEF_";
            } else if self.accept(b"oO") {
                digits = b"01234567_";
            } else if self.accept(b"bB") {
                digits = b"01_";
            }
        }
        self.accept_run(digits);
        if self.accept(b".") {
            self.accept_run(digits);
        }
        let exponent: &[u8] = match digits.len() {
            11 => b"eE",
            23 => b"pP",
            _ => b"",
        };
        if self.accept(exponent) {
            self.accept(b"+-");
            self.accept_run(b"0123456789_");
        }
        self.accept(b"i");
        if self.peek().is_some_and(is_alphanumeric) {
            self.next();
            return false;
        }
        true
    }
}

/// A character as Go's `%#U` shows it.
fn describe(c: char) -> String {
    let shown = if crate::strconv::is_print(c) {
        format!(" '{c}'")
    } else {
        String::new()
    };
    format!("U+{:04X}{shown}", c as u32)
}
