//! Quoted scalars.

use std::borrow::Cow;

use super::cursor::is_blank;
use super::plain::{Breaks, append};
use super::{Scanner, Token, TokenKind};
use crate::node::Style;
use crate::yaml::error::{Mark, ReadError};

impl<'a> Scanner<'a> {
    pub(super) fn fetch_quoted(&mut self, style: Style) -> Result<(), ReadError> {
        self.save_key()?;
        self.key_allowed = false;
        let start = self.cursor.mark;
        let quote = self.cursor.byte();
        self.cursor.skip_ascii(1);
        let mut text: Cow<'a, str> = Cow::Borrowed("");
        loop {
            if self.cursor.is_document_indicator() {
                return Err(self.error(start, "found unexpected document indicator"));
            }
            if self.cursor.is_end() {
                return Err(self.error(start, "found unexpected end of stream"));
            }
            let escaped_break = self.quoted_word(&mut text, quote, start)?;
            if self.cursor.byte() == quote {
                break;
            }
            let from = self.cursor.at;
            let mut breaks = escaped_break.then(|| Breaks::new(""));
            while is_blank(self.cursor.byte()) || self.cursor.is_break() {
                if self.cursor.is_break() {
                    let found = self.cursor.read_break();
                    match &mut breaks {
                        None => breaks = Some(Breaks::new(found)),
                        Some(breaks) => breaks.push(found),
                    }
                } else {
                    self.cursor.skip_ascii(1);
                }
            }
            match breaks {
                Some(breaks) => breaks.fold_into(text.to_mut()),
                None => append(
                    &mut text,
                    self.cursor.text,
                    &self.cursor.text[from..self.cursor.at],
                ),
            }
        }
        self.cursor.skip_ascii(1);
        self.tokens.push_back(Token {
            kind: TokenKind::Scalar(text, style),
            start,
            end: self.cursor.mark,
        });
        Ok(())
    }

    /// Reads up to a blank, a break or the closing quote. True when it ended with an escaped line break.
    fn quoted_word(
        &mut self,
        text: &mut Cow<'a, str>,
        quote: u8,
        start: Mark,
    ) -> Result<bool, ReadError> {
        while !self.cursor.is_space() {
            let byte = self.cursor.byte();
            if byte == quote {
                if quote == b'\'' && self.cursor.peek(1) == b'\'' {
                    text.to_mut().push('\'');
                    self.cursor.skip_ascii(2);
                    continue;
                }
                break;
            }
            if quote == b'"' && byte == b'\\' {
                if self.cursor.break_at(1) > 0 {
                    self.cursor.skip_ascii(1);
                    self.cursor.skip_break();
                    return Ok(true);
                }
                let character = self.escape(start)?;
                text.to_mut().push(character);
                continue;
            }
            let from = self.cursor.at;
            self.cursor.skip();
            while !matches!(
                self.cursor.byte(),
                0..=b' ' | b'\'' | b'"' | b'\\' | 0xC2 | 0xE2
            ) {
                self.cursor.skip();
            }
            append(
                text,
                self.cursor.text,
                &self.cursor.text[from..self.cursor.at],
            );
        }
        Ok(false)
    }

    fn escape(&mut self, start: Mark) -> Result<char, ReadError> {
        let (character, digits) = match self.cursor.peek(1) {
            b'0' => ('\0', 0),
            b'a' => ('\x07', 0),
            b'b' => ('\x08', 0),
            b't' | b'\t' => ('\t', 0),
            b'n' => ('\n', 0),
            b'v' => ('\x0B', 0),
            b'f' => ('\x0C', 0),
            b'r' => ('\r', 0),
            b'e' => ('\x1B', 0),
            b' ' => (' ', 0),
            b'"' => ('"', 0),
            b'\'' => ('\'', 0),
            b'\\' => ('\\', 0),
            b'N' => ('\u{85}', 0),
            b'_' => ('\u{A0}', 0),
            b'L' => ('\u{2028}', 0),
            b'P' => ('\u{2029}', 0),
            b'x' => ('\0', 2),
            b'u' => ('\0', 4),
            b'U' => ('\0', 8),
            _ => return Err(self.error(start, "found unknown escape character")),
        };
        self.cursor.skip_ascii(2);
        if digits == 0 {
            return Ok(character);
        }
        let code = (0..digits).try_fold(0u32, |code, at| {
            Some(code << 4 | char::from(self.cursor.peek(at)).to_digit(16)?)
        });
        let Some(code) = code else {
            return Err(self.error(start, "did not find expected hexdecimal number"));
        };
        let Some(character) = char::from_u32(code) else {
            return Err(self.error(start, "found invalid Unicode character escape code"));
        };
        self.cursor.skip_ascii(digits);
        Ok(character)
    }
}
