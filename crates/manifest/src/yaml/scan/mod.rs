//! Text to tokens, by the rules of libyaml, which go-yaml (and with it all of Kubernetes) inherits: YAML 1.1 with its own opinions on
//! tabs, simple keys and `---`. Written from those rules rather than on a YAML 1.2 crate because the documents that differ are exactly
//! the ones that must not be read differently by us and by the API server.

mod block;
mod comment;
mod cursor;
mod directive;
mod flow;
mod plain;
mod tag;
mod token;

use std::collections::VecDeque;

pub(crate) use comment::Comment;
use cursor::Cursor;
pub(crate) use token::{Token, TokenKind};

use super::Dialect;
use super::error::{Mark, ReadError, Stage};
use crate::node::Style;

/// Nesting that kustomize still reads.
pub(crate) const MAX_DEPTH: usize = 10_000;
/// A key without `?` ends on its line, within so many characters.
const MAX_SIMPLE_KEY: u32 = 1024;

/// A place where a key may have begun; whether it did is known at the `:`.
#[derive(Debug, Clone, Copy, Default)]
struct SimpleKey {
    possible: bool,
    required: bool,
    token: usize,
    mark: Mark,
}

pub(crate) struct Scanner<'a> {
    cursor: Cursor<'a>,
    tokens: VecDeque<Token<'a>>,
    /// How many tokens have left the queue.
    taken: usize,
    /// The first token is known to be what it is.
    ready: bool,
    ended: bool,
    /// -1 outside of all blocks.
    indent: i64,
    indents: Vec<i64>,
    /// One for each flow level, and one for the block context.
    keys: Vec<SimpleKey>,
    key_allowed: bool,
    dialect: Dialect,
    keeps_comments: bool,
    comments: VecDeque<Comment<'a>>,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str, dialect: Dialect) -> Self {
        Self {
            cursor: Cursor::new(text),
            tokens: VecDeque::new(),
            taken: 0,
            ready: false,
            ended: false,
            indent: -1,
            indents: Vec::new(),
            keys: vec![SimpleKey::default()],
            key_allowed: true,
            dialect,
            keeps_comments: dialect == Dialect::Kyaml,
            comments: VecDeque::new(),
        }
    }

    /// The next token, which stays in the queue.
    pub(crate) fn peek(&mut self) -> Result<&Token<'a>, ReadError> {
        if !self.ready {
            while self.needs_more()? {
                self.fetch()?;
            }
            self.ready = true;
        }
        // The queue is never empty here: after the end, the stream-end token stays in it.
        Ok(&self.tokens[0])
    }

    /// Takes the token that was peeked at.
    pub(crate) fn next(&mut self) -> Result<Token<'a>, ReadError> {
        if self.peek()?.kind == TokenKind::StreamEnd {
            return Ok(self.tokens[0].clone());
        }
        self.taken += 1;
        self.ready = false;
        let end = Token {
            kind: TokenKind::StreamEnd,
            start: self.cursor.mark,
            end: self.cursor.mark,
        };
        Ok(self.tokens.pop_front().unwrap_or(end))
    }

    /// Whether the first token is missing, or may yet turn out to be a key.
    fn needs_more(&mut self) -> Result<bool, ReadError> {
        if self.ended {
            return Ok(false);
        }
        // go-yaml v3 looks two tokens further than it needs (for comments), and finds errors there.
        let wanted = if self.dialect == Dialect::Kyaml { 3 } else { 1 };
        if self.tokens.len() < wanted {
            return Ok(true);
        }
        // Token numbers grow with the flow level.
        let Ok(at) = self.keys.binary_search_by_key(&self.taken, |key| key.token) else {
            return Ok(false);
        };
        // Several levels may share a number: only one of them can be possible.
        let first = self.keys[..=at]
            .iter()
            .rposition(|key| key.token != self.taken)
            .map_or(0, |before| before + 1);
        for level in first..self.keys.len() {
            if self.keys[level].token != self.taken {
                break;
            }
            if self.is_valid(level)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn error(&self, context: Mark, cause: impl Into<String>) -> ReadError {
        ReadError::new(
            self.dialect,
            Stage::Scanner,
            Some(context),
            self.cursor.mark,
            cause,
        )
    }

    fn push(&mut self, kind: TokenKind<'a>, start: Mark) {
        self.tokens.push_back(Token {
            kind,
            start,
            end: self.cursor.mark,
        });
    }

    /// Reads one token (and those that it implies) into the queue.
    fn fetch(&mut self) -> Result<(), ReadError> {
        self.skip_to_token();
        self.unroll(i64::from(self.cursor.mark.column));
        let (first, level) = (self.cursor.byte(), self.flow_level());
        if self.cursor.is_end() {
            return self.fetch_end();
        }
        if self.cursor.mark.column == 0 && first == b'%' {
            return self.fetch_directive();
        }
        if self.cursor.is_document_indicator() {
            let kind = if first == b'-' {
                TokenKind::DocumentStart
            } else {
                TokenKind::DocumentEnd
            };
            self.leave_document()?;
            return self.fetch_indicator(kind, 3);
        }
        let spaced = self.cursor.is_space_at(1);
        match first {
            b'[' => self.open_flow(TokenKind::FlowSequenceStart),
            b'{' => self.open_flow(TokenKind::FlowMappingStart),
            b']' => self.close_flow(TokenKind::FlowSequenceEnd),
            b'}' => self.close_flow(TokenKind::FlowMappingEnd),
            b',' => {
                self.drop_key()?;
                self.key_allowed = true;
                self.fetch_indicator(TokenKind::FlowEntry, 1)
            }
            b'-' if spaced => self.fetch_block_entry(),
            b'?' if spaced || level > 0 => self.fetch_key(),
            b':' if spaced || level > 0 => self.fetch_value(),
            b'*' => self.fetch_anchor(TokenKind::Alias),
            b'&' => self.fetch_anchor(TokenKind::Anchor),
            b'!' => self.fetch_tag(),
            b'|' if level == 0 => self.fetch_block_scalar(Style::Literal),
            b'>' if level == 0 => self.fetch_block_scalar(Style::Folded),
            b'\'' => self.fetch_quoted(Style::SingleQuoted),
            b'"' => self.fetch_quoted(Style::DoubleQuoted),
            b'-' if !cursor::is_blank(self.cursor.peek(1)) => self.fetch_plain(),
            b'?' | b':' if level == 0 && !spaced => self.fetch_plain(),
            b' ' | b'\t' | b'\r' | b'\n' | b'-' | b'?' | b':' | b'#' | b'|' | b'>' | b'%'
            | b'@' | b'`' => Err(self.error(
                self.cursor.mark,
                "found character that cannot start any token",
            )),
            _ => self.fetch_plain(),
        }
    }

    fn flow_level(&self) -> usize {
        self.keys.len() - 1
    }

    fn fetch_indicator(&mut self, kind: TokenKind<'a>, length: usize) -> Result<(), ReadError> {
        let start = self.cursor.mark;
        self.cursor.skip_ascii(length);
        self.push(kind, start);
        Ok(())
    }

    fn fetch_end(&mut self) -> Result<(), ReadError> {
        if self.cursor.mark.column != 0 {
            self.cursor.mark = Mark {
                line: self.cursor.mark.line + 1,
                column: 0,
            };
        }
        self.leave_document()?;
        self.push(TokenKind::StreamEnd, self.cursor.mark);
        self.ended = true;
        Ok(())
    }

    /// Closes all blocks: a document ends here.
    fn leave_document(&mut self) -> Result<(), ReadError> {
        self.unroll(-1);
        self.drop_key()?;
        self.key_allowed = false;
        Ok(())
    }

    /// Blanks, comments and line breaks.
    fn skip_to_token(&mut self) {
        loop {
            let tabs = self.flow_level() > 0 || !self.key_allowed;
            while self.cursor.byte() == b' ' || (tabs && self.cursor.byte() == b'\t') {
                self.cursor.skip_ascii(1);
            }
            if self.cursor.byte() == b'#' {
                self.read_comment();
                // go-yaml v3 takes a run of comments as one, whatever blanks are between them.
                while self.dialect == Dialect::Kyaml && self.skip_to_comment() {
                    self.read_comment();
                }
            }
            if !self.cursor.is_break() {
                return;
            }
            self.cursor.skip_break();
            if self.flow_level() == 0 {
                self.key_allowed = true;
            }
        }
    }

    /// Goes to the `#` behind blanks and line breaks, if there is one near.
    fn skip_to_comment(&mut self) -> bool {
        let mut distance = 0;
        while distance < 512 {
            match self.cursor.peek(distance) {
                b'#' => {
                    let target = self.cursor.at + distance;
                    while self.cursor.at < target {
                        if self.cursor.is_break() {
                            self.cursor.skip_break()
                        } else {
                            self.cursor.skip()
                        }
                    }
                    return true;
                }
                b' ' | b'\t' => distance += 1,
                _ => match self.cursor.break_at(distance) {
                    0 => return false,
                    length => distance += length,
                },
            }
        }
        false
    }

    /// Whether the possible key of a level can still be one; an error where it had to be.
    fn is_valid(&mut self, level: usize) -> Result<bool, ReadError> {
        let key = self.keys[level];
        if !key.possible {
            return Ok(false);
        }
        let here = self.cursor.mark;
        if key.mark.line < here.line || key.mark.column + MAX_SIMPLE_KEY < here.column {
            if key.required {
                return Err(self.error(key.mark, "could not find expected ':'"));
            }
            self.keys[level].possible = false;
            return Ok(false);
        }
        Ok(true)
    }

    /// Remembers that a key may begin here.
    fn save_key(&mut self) -> Result<(), ReadError> {
        if self.key_allowed {
            let mark = self.cursor.mark;
            let required = self.flow_level() == 0 && self.indent == i64::from(mark.column);
            self.drop_key()?;
            let token = self.taken + self.tokens.len();
            if let Some(key) = self.keys.last_mut() {
                *key = SimpleKey {
                    possible: true,
                    required,
                    token,
                    mark,
                };
            }
        }
        Ok(())
    }

    /// Forgets the possible key of the current level.
    fn drop_key(&mut self) -> Result<(), ReadError> {
        let Some(key) = self.keys.last_mut() else {
            return Ok(());
        };
        if key.possible && key.required {
            let mark = key.mark;
            return Err(self.error(mark, "could not find expected ':'"));
        }
        key.possible = false;
        Ok(())
    }

    /// Opens a block at a column that is deeper than the current one. `at` is the number of the token it goes in front of.
    fn roll(
        &mut self,
        column: u32,
        at: Option<usize>,
        kind: TokenKind<'a>,
        mark: Mark,
    ) -> Result<(), ReadError> {
        if self.flow_level() > 0 || self.indent >= i64::from(column) {
            return Ok(());
        }
        self.indents.push(self.indent);
        self.indent = i64::from(column);
        if self.indents.len() > MAX_DEPTH {
            return Err(self.error(mark, format!("exceeded max depth of {MAX_DEPTH}")));
        }
        let position = at.map_or(self.tokens.len(), |number| number - self.taken);
        self.tokens.insert(
            position,
            Token {
                kind,
                start: mark,
                end: mark,
            },
        );
        Ok(())
    }

    /// Closes the blocks that are deeper than a column.
    fn unroll(&mut self, column: i64) {
        if self.flow_level() > 0 {
            return;
        }
        while self.indent > column {
            self.push(TokenKind::BlockEnd, self.cursor.mark);
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }

    fn open_flow(&mut self, kind: TokenKind<'a>) -> Result<(), ReadError> {
        self.save_key()?;
        let key = SimpleKey {
            token: self.taken + self.tokens.len(),
            mark: self.cursor.mark,
            ..SimpleKey::default()
        };
        self.keys.push(key);
        if self.flow_level() > MAX_DEPTH {
            return Err(self.error(key.mark, format!("exceeded max depth of {MAX_DEPTH}")));
        }
        self.key_allowed = true;
        self.fetch_indicator(kind, 1)
    }

    fn close_flow(&mut self, kind: TokenKind<'a>) -> Result<(), ReadError> {
        self.drop_key()?;
        if self.flow_level() > 0 {
            self.keys.pop();
        }
        self.key_allowed = false;
        self.fetch_indicator(kind, 1)
    }

    fn fetch_block_entry(&mut self) -> Result<(), ReadError> {
        let mark = self.cursor.mark;
        // Inside of flow collections the parser reports it.
        if self.flow_level() == 0 {
            if !self.key_allowed {
                return Err(self.error(
                    mark,
                    "block sequence entries are not allowed in this context",
                ));
            }
            self.roll(mark.column, None, TokenKind::BlockSequenceStart, mark)?;
        }
        self.drop_key()?;
        self.key_allowed = true;
        self.fetch_indicator(TokenKind::BlockEntry, 1)
    }

    fn fetch_key(&mut self) -> Result<(), ReadError> {
        let mark = self.cursor.mark;
        if self.flow_level() == 0 {
            if !self.key_allowed {
                return Err(self.error(mark, "mapping keys are not allowed in this context"));
            }
            self.roll(mark.column, None, TokenKind::BlockMappingStart, mark)?;
        }
        self.drop_key()?;
        self.key_allowed = self.flow_level() == 0;
        self.fetch_indicator(TokenKind::Key, 1)
    }

    fn fetch_value(&mut self) -> Result<(), ReadError> {
        let (mark, level) = (self.cursor.mark, self.flow_level());
        if self.is_valid(level)? {
            let key = self.keys[level];
            let at = key.token - self.taken;
            self.tokens.insert(
                at,
                Token {
                    kind: TokenKind::Key,
                    start: key.mark,
                    end: key.mark,
                },
            );
            self.roll(
                key.mark.column,
                Some(key.token),
                TokenKind::BlockMappingStart,
                key.mark,
            )?;
            self.keys[level].possible = false;
            self.key_allowed = false;
        } else {
            if level == 0 {
                if !self.key_allowed {
                    return Err(self.error(mark, "mapping values are not allowed in this context"));
                }
                self.roll(mark.column, None, TokenKind::BlockMappingStart, mark)?;
            }
            self.key_allowed = level == 0;
        }
        self.fetch_indicator(TokenKind::Value, 1)
    }

    fn fetch_anchor(&mut self, kind: fn(&'a str) -> TokenKind<'a>) -> Result<(), ReadError> {
        self.save_key()?;
        self.key_allowed = false;
        let start = self.cursor.mark;
        self.cursor.skip();
        let name = self.cursor.read_word();
        let ends = self.cursor.is_space()
            || matches!(
                self.cursor.byte(),
                b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`'
            );
        if name.is_empty() || !ends {
            return Err(self.error(
                start,
                "did not find expected alphabetic or numeric character",
            ));
        }
        self.push(kind(name), start);
        Ok(())
    }
}
