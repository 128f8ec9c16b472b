//! Scalars without quotes.

use std::borrow::Cow;

use super::cursor::is_blank;
use super::{Scanner, TokenKind};
use crate::node::Style;
use crate::yaml::error::ReadError;

/// Bytes that are part of a plain scalar wherever they stand: no blank, break or indicator, and not the first byte of NEL, LS or PS.
const ORDINARY: [bool; 256] = {
    let mut table = [true; 256];
    let special = b"\0\t\n\r :,?[]{}#\xC2\xE2";
    let mut i = 0;
    while i < special.len() {
        table[special[i] as usize] = false;
        i += 1;
    }
    table
};

impl<'a> Scanner<'a> {
    pub(super) fn fetch_plain(&mut self) -> Result<(), ReadError> {
        self.save_key()?;
        self.key_allowed = false;
        let start = self.cursor.mark;
        let flow = self.flow_level() > 0;
        let indent = self.indent + 1;
        let mut text: Cow<'a, str> = Cow::Borrowed("");
        let mut end = start;
        // What separates the next word from the text: blanks of the same line, or line breaks.
        let mut blanks = "";
        let mut breaks: Option<Breaks<'a>> = None;
        loop {
            if self.cursor.is_document_indicator() || self.cursor.byte() == b'#' {
                break;
            }
            let word = self.plain_word(flow);
            if !word.is_empty() {
                match breaks.take() {
                    Some(breaks) => breaks.fold_into(text.to_mut()),
                    None => append(&mut text, self.cursor.text, blanks),
                }
                append(&mut text, self.cursor.text, word);
                end = self.cursor.mark;
                blanks = "";
            }
            if !is_blank(self.cursor.byte()) && !self.cursor.is_break() {
                break;
            }
            let from = self.cursor.at;
            while is_blank(self.cursor.byte()) || self.cursor.is_break() {
                if self.cursor.is_break() {
                    let found = self.cursor.read_break();
                    match &mut breaks {
                        None => breaks = Some(Breaks::new(found)),
                        Some(breaks) => breaks.push(found),
                    }
                    continue;
                }
                if breaks.is_some()
                    && i64::from(self.cursor.mark.column) < indent
                    && self.cursor.byte() == b'\t'
                {
                    return Err(
                        self.error(start, "found a tab character that violates indentation")
                    );
                }
                self.cursor.skip_ascii(1);
            }
            if breaks.is_none() {
                blanks = &self.cursor.text[from..self.cursor.at];
            }
            if !flow && i64::from(self.cursor.mark.column) < indent {
                break;
            }
        }
        self.tokens.push_back(super::Token {
            kind: TokenKind::Scalar(text, Style::Plain),
            start,
            end,
        });
        if breaks.is_some() {
            self.key_allowed = true;
        }
        Ok(())
    }

    /// The characters up to a blank, a break or an indicator that ends the scalar.
    fn plain_word(&mut self, flow: bool) -> &'a str {
        let from = self.cursor.at;
        let bytes = self.cursor.text.as_bytes();
        while let Some(&byte) = bytes.get(self.cursor.at) {
            if !ORDINARY[byte as usize] {
                match byte {
                    b' ' | b'\t' | b'\n' | b'\r' => break,
                    b':' if self.cursor.is_space_at(1) => break,
                    b',' | b'?' | b'[' | b']' | b'{' | b'}' if flow => break,
                    0xC2 | 0xE2 if self.cursor.is_break() => break,
                    _ => {}
                }
            }
            self.cursor.at += 1;
            self.cursor.mark.column += u32::from(byte & 0xC0 != 0x80);
        }
        &self.cursor.text[from..self.cursor.at]
    }
}

/// Appends a part of the source; stays borrowed while the parts adjoin.
pub(super) fn append<'a>(text: &mut Cow<'a, str>, source: &'a str, part: &'a str) {
    if part.is_empty() {
        return;
    }
    if text.is_empty() {
        *text = Cow::Borrowed(part);
        return;
    }
    if let Cow::Borrowed(before) = text {
        let from = before.as_ptr() as usize - source.as_ptr() as usize;
        if before.as_ptr() as usize + before.len() == part.as_ptr() as usize {
            *text = Cow::Borrowed(&source[from..from + before.len() + part.len()]);
            return;
        }
    }
    text.to_mut().push_str(part);
}

/// Line breaks inside of a flow or plain scalar: one alone becomes a space, of several the first is dropped.
pub(super) struct Breaks<'a> {
    first: &'a str,
    others: String,
}

impl<'a> Breaks<'a> {
    pub(super) fn new(first: &'a str) -> Self {
        Self {
            first,
            others: String::new(),
        }
    }

    pub(super) fn push(&mut self, other: &str) {
        self.others.push_str(other);
    }

    pub(super) fn fold_into(self, text: &mut String) {
        match (self.first, self.others.as_str()) {
            ("\n", "") => text.push(' '),
            ("\n", others) => text.push_str(others),
            // LS and PS are kept; so is the empty break of an escaped line end.
            (first, others) => {
                text.push_str(first);
                text.push_str(others);
            }
        }
    }
}
