//! `%YAML` and `%TAG`.

use super::{Scanner, TokenKind};
use crate::yaml::error::{Mark, ReadError};

impl Scanner<'_> {
    pub(super) fn fetch_directive(&mut self) -> Result<(), ReadError> {
        self.leave_document()?;
        let start = self.cursor.mark;
        self.cursor.skip_ascii(1);
        let name = self.cursor.read_word();
        if name.is_empty() {
            return Err(self.error(start, "could not find expected directive name"));
        }
        if !self.cursor.is_space() {
            return Err(self.error(start, "found unexpected non-alphabetical character"));
        }
        let kind = match name {
            "YAML" => self.version(start)?,
            "TAG" => self.tag_directive(start)?,
            _ => return Err(self.error(start, "found unknown directive name")),
        };
        self.push(kind, start);
        self.cursor.skip_blanks();
        if self.cursor.byte() == b'#' {
            self.cursor.read_line();
        }
        if !self.cursor.is_break_or_end() {
            return Err(self.error(start, "did not find expected comment or line break"));
        }
        self.cursor.skip_break();
        Ok(())
    }

    fn version<'a>(&mut self, start: Mark) -> Result<TokenKind<'a>, ReadError> {
        self.cursor.skip_blanks();
        let major = self.version_number(start)?;
        if self.cursor.byte() != b'.' {
            return Err(self.error(start, "did not find expected digit or '.' character"));
        }
        self.cursor.skip_ascii(1);
        let minor = self.version_number(start)?;
        Ok(TokenKind::Version { major, minor })
    }

    fn version_number(&mut self, start: Mark) -> Result<u8, ReadError> {
        let from = self.cursor.at;
        while self.cursor.byte().is_ascii_digit() {
            self.cursor.skip_ascii(1);
        }
        let digits = &self.cursor.text[from..self.cursor.at];
        match digits.len() {
            0 => Err(self.error(start, "did not find expected version number")),
            1 | 2 => Ok(digits.parse().unwrap_or_default()),
            _ => Err(self.error(start, "found extremely long version number")),
        }
    }
}

impl<'a> Scanner<'a> {
    fn tag_directive(&mut self, start: Mark) -> Result<TokenKind<'a>, ReadError> {
        self.cursor.skip_blanks();
        let handle = self.tag_handle(true, start)?;
        if !super::cursor::is_blank(self.cursor.byte()) {
            return Err(self.error(start, "did not find expected whitespace"));
        }
        self.cursor.skip_blanks();
        let prefix = self.tag_uri("", start)?;
        if !self.cursor.is_space() {
            return Err(self.error(start, "did not find expected whitespace or line break"));
        }
        Ok(TokenKind::TagDirective { handle, prefix })
    }
}
