//! Tags: `!local`, `!!str`, `!handle!suffix`, `!<uri>`.

use std::borrow::Cow;

use super::cursor::is_word;
use super::{Scanner, TokenKind};
use crate::yaml::error::{Mark, ReadError};

impl<'a> Scanner<'a> {
    pub(super) fn fetch_tag(&mut self) -> Result<(), ReadError> {
        self.save_key()?;
        self.key_allowed = false;
        let start = self.cursor.mark;
        let (handle, suffix);
        if self.cursor.peek(1) == b'<' {
            self.cursor.skip_ascii(2);
            suffix = self.tag_uri("", start)?;
            handle = "";
            if self.cursor.byte() != b'>' {
                return Err(self.error(start, "did not find the expected '>'"));
            }
            self.cursor.skip_ascii(1);
        } else {
            let head = self.tag_handle(false, start)?;
            if head.len() > 1 && head.ends_with('!') {
                handle = head;
                suffix = self.tag_uri("", start)?;
            } else {
                let rest = self.tag_uri(head, start)?;
                // `!` alone has no handle and is its own suffix.
                (handle, suffix) = if rest.is_empty() {
                    ("", Cow::Borrowed("!"))
                } else {
                    ("!", rest)
                };
            }
        }
        if !self.cursor.is_space() {
            return Err(self.error(start, "did not find expected whitespace or line break"));
        }
        self.push(TokenKind::Tag { handle, suffix }, start);
        Ok(())
    }

    pub(super) fn tag_handle(
        &mut self,
        directive: bool,
        start: Mark,
    ) -> Result<&'a str, ReadError> {
        if self.cursor.byte() != b'!' {
            return Err(self.error(start, "did not find expected '!'"));
        }
        let from = self.cursor.at;
        self.cursor.skip_ascii(1);
        self.cursor.read_word();
        if self.cursor.byte() == b'!' {
            self.cursor.skip_ascii(1);
        } else if directive && self.cursor.at - from != 1 {
            return Err(self.error(start, "did not find expected '!'"));
        }
        Ok(&self.cursor.text[from..self.cursor.at])
    }

    /// The characters of a URI, escapes decoded. `head` was read already; its `!` does not belong to the result.
    pub(super) fn tag_uri(
        &mut self,
        head: &'a str,
        start: Mark,
    ) -> Result<Cow<'a, str>, ReadError> {
        let mut uri = head.get(1..).unwrap_or_default().as_bytes().to_vec();
        let from = self.cursor.at;
        loop {
            match self.cursor.byte() {
                b'%' => self.tag_escape(&mut uri, start)?,
                byte if is_word(byte) || b";/?:@&=+$,.!~*'()[]".contains(&byte) => {
                    uri.push(byte);
                    self.cursor.skip_ascii(1);
                }
                _ => break,
            }
        }
        if head.is_empty() && self.cursor.at == from {
            return Err(self.error(start, "did not find expected tag URI"));
        }
        Ok(Cow::Owned(String::from_utf8_lossy(&uri).into_owned()))
    }

    /// One character written as `%XX`, by octets.
    fn tag_escape(&mut self, uri: &mut Vec<u8>, start: Mark) -> Result<(), ReadError> {
        let mut left = None;
        while left != Some(0) {
            let digit = |at| char::from(self.cursor.peek(at)).to_digit(16);
            let octet = match (self.cursor.byte(), digit(1), digit(2)) {
                (b'%', Some(high), Some(low)) => u8::try_from(high << 4 | low).unwrap_or_default(),
                _ => return Err(self.error(start, "did not find URI escaped octet")),
            };
            left = Some(match (left, octet) {
                (None, 0..0x80) => 0,
                (None, 0xC0..0xE0) => 1,
                (None, 0xE0..0xF0) => 2,
                (None, 0xF0..0xF8) => 3,
                (None, _) => {
                    return Err(self.error(start, "found an incorrect leading UTF-8 octet"));
                }
                (Some(left), 0x80..0xC0) => left - 1,
                (Some(_), _) => {
                    return Err(self.error(start, "found an incorrect trailing UTF-8 octet"));
                }
            });
            uri.push(octet);
            self.cursor.skip_ascii(3);
        }
        Ok(())
    }
}
