//! Walks over the characters of a document and counts lines and columns. The text is valid UTF-8 without control characters, so a
//! zero byte always means the end.

use crate::yaml::error::Mark;

pub(super) struct Cursor<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    pub(super) mark: Mark,
}

pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// `[0-9A-Za-z_-]`: what anchors and tag handles are made of.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            mark: Mark::default(),
        }
    }

    /// The byte at a distance; 0 behind the end.
    pub(super) fn peek(&self, distance: usize) -> u8 {
        self.text
            .as_bytes()
            .get(self.at + distance)
            .copied()
            .unwrap_or(0)
    }

    pub(super) fn byte(&self) -> u8 {
        self.peek(0)
    }

    pub(super) fn is_end(&self) -> bool {
        self.at >= self.text.len()
    }

    /// The length of the line break at a distance: CR LF, CR, LF, NEL, LS or PS; 0 for anything else.
    pub(super) fn break_at(&self, distance: usize) -> usize {
        match self.peek(distance) {
            b'\n' => 1,
            b'\r' => 1 + usize::from(self.peek(distance + 1) == b'\n'),
            0xC2 if self.peek(distance + 1) == 0x85 => 2,
            0xE2 if self.peek(distance + 1) == 0x80
                && matches!(self.peek(distance + 2), 0xA8 | 0xA9) =>
            {
                3
            }
            _ => 0,
        }
    }

    pub(super) fn is_break(&self) -> bool {
        self.break_at(0) > 0
    }

    pub(super) fn is_break_or_end(&self) -> bool {
        self.is_end() || self.is_break()
    }

    /// A space, tab, line break or the end.
    pub(super) fn is_space_at(&self, distance: usize) -> bool {
        is_blank(self.peek(distance))
            || self.at + distance >= self.text.len()
            || self.break_at(distance) > 0
    }

    pub(super) fn is_space(&self) -> bool {
        self.is_space_at(0)
    }

    /// Steps over one character that is no line break.
    pub(super) fn skip(&mut self) {
        self.at += match self.byte() {
            0..0x80 => 1,
            0x80..0xE0 => 2,
            0xE0..0xF0 => 3,
            _ => 4,
        };
        self.mark.column += 1;
    }

    /// Steps over ASCII characters.
    pub(super) fn skip_ascii(&mut self, count: usize) {
        self.at += count;
        self.mark.column += u32::try_from(count).unwrap_or(u32::MAX);
    }

    pub(super) fn skip_blanks(&mut self) {
        while is_blank(self.byte()) {
            self.skip_ascii(1);
        }
    }

    pub(super) fn skip_break(&mut self) {
        let length = self.break_at(0);
        if length > 0 {
            self.at += length;
            self.mark.line += 1;
            self.mark.column = 0;
        }
    }

    /// Steps over a line break and returns what it means in a scalar: LF, or LS and PS as they are.
    pub(super) fn read_break(&mut self) -> &'a str {
        let start = self.at;
        self.skip_break();
        match self.at - start {
            3 => &self.text[start..self.at],
            _ => "\n",
        }
    }

    /// Steps to the end of the line and returns what was there.
    pub(super) fn read_line(&mut self) -> &'a str {
        let start = self.at;
        while !self.is_end() {
            match self.byte() {
                b'\n' | b'\r' => break,
                0xC2 | 0xE2 if self.is_break() => break,
                byte => {
                    self.at += 1;
                    self.mark.column += u32::from(byte & 0xC0 != 0x80);
                }
            }
        }
        &self.text[start..self.at]
    }

    /// `---` or `...` alone at the start of a line.
    pub(super) fn is_document_indicator(&self) -> bool {
        self.mark.column == 0
            && matches!(
                (self.peek(0), self.peek(1), self.peek(2)),
                (b'-', b'-', b'-') | (b'.', b'.', b'.')
            )
            && self.is_space_at(3)
    }

    pub(super) fn read_word(&mut self) -> &'a str {
        let start = self.at;
        while is_word(self.byte()) {
            self.skip_ascii(1);
        }
        &self.text[start..self.at]
    }
}
