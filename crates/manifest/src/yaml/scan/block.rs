//! Literal and folded block scalars.

use std::borrow::Cow;

use super::cursor::is_blank;
use super::{Scanner, Token, TokenKind};
use crate::node::Style;
use crate::yaml::error::{Mark, ReadError};

/// What happens to the line breaks at the end.
#[derive(Clone, Copy, PartialEq)]
enum Chomp {
    Strip,
    Clip,
    Keep,
}

impl Scanner<'_> {
    pub(super) fn fetch_block_scalar(&mut self, style: Style) -> Result<(), ReadError> {
        self.drop_key()?;
        self.key_allowed = true;
        let start = self.cursor.mark;
        self.cursor.skip_ascii(1);
        let (chomp, increment) = self.block_header(start)?;
        let mut indent = increment.map(|increment| self.indent.max(0) + i64::from(increment));
        let mut text = String::new();
        let mut leading_break = "";
        let mut trailing = String::new();
        let mut after_blank = false;
        let mut end = self.block_breaks(&mut indent, &mut trailing, start)?;
        let indent = indent.unwrap_or(1);
        while i64::from(self.cursor.mark.column) == indent && !self.cursor.is_end() {
            let blank = is_blank(self.cursor.byte());
            if style == Style::Folded && !after_blank && !blank && leading_break == "\n" {
                if trailing.is_empty() {
                    text.push(' ');
                }
            } else {
                text.push_str(leading_break);
            }
            text.push_str(&trailing);
            trailing.clear();
            after_blank = blank;
            text.push_str(self.cursor.read_line());
            leading_break = if self.cursor.is_break() {
                self.cursor.read_break()
            } else {
                ""
            };
            end = self.block_breaks(&mut Some(indent), &mut trailing, start)?;
        }
        if chomp != Chomp::Strip {
            text.push_str(leading_break);
        }
        if chomp == Chomp::Keep {
            text.push_str(&trailing);
        }
        self.tokens.push_back(Token {
            kind: TokenKind::Scalar(Cow::Owned(text), style),
            start,
            end,
        });
        Ok(())
    }

    /// `+`, `-` and the indentation behind `|` and `>`, up to the end of the line.
    fn block_header(&mut self, start: Mark) -> Result<(Chomp, Option<u8>), ReadError> {
        let mut chomp = None;
        let mut increment = None;
        loop {
            match self.cursor.byte() {
                sign @ (b'+' | b'-') if chomp.is_none() => {
                    chomp = Some(if sign == b'+' {
                        Chomp::Keep
                    } else {
                        Chomp::Strip
                    })
                }
                b'0' if increment.is_none() => {
                    return Err(self.error(start, "found an indentation indicator equal to 0"));
                }
                digit @ b'1'..=b'9' if increment.is_none() => increment = Some(digit - b'0'),
                _ => break,
            }
            self.cursor.skip_ascii(1);
        }
        self.cursor.skip_blanks();
        if self.cursor.byte() == b'#' {
            self.cursor.read_line();
        }
        if !self.cursor.is_break_or_end() {
            return Err(self.error(start, "did not find expected comment or line break"));
        }
        self.cursor.skip_break();
        Ok((chomp.unwrap_or(Chomp::Clip), increment))
    }

    /// Indentation and empty lines; finds out the indentation where it is not known. Returns where the last break ended.
    fn block_breaks(
        &mut self,
        indent: &mut Option<i64>,
        breaks: &mut String,
        start: Mark,
    ) -> Result<Mark, ReadError> {
        let mut end = self.cursor.mark;
        let mut deepest = 0;
        loop {
            let limit = indent.unwrap_or(i64::MAX);
            while i64::from(self.cursor.mark.column) < limit && self.cursor.byte() == b' ' {
                self.cursor.skip_ascii(1);
            }
            let column = i64::from(self.cursor.mark.column);
            deepest = deepest.max(column);
            if column < limit && self.cursor.byte() == b'\t' {
                return Err(self.error(
                    start,
                    "found a tab character where an indentation space is expected",
                ));
            }
            if !self.cursor.is_break() {
                break;
            }
            breaks.push_str(self.cursor.read_break());
            end = self.cursor.mark;
        }
        indent.get_or_insert(deepest.max(self.indent + 1).max(1));
        Ok(end)
    }
}
