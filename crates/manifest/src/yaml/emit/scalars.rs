//! The five ways to write a scalar.

use super::analysis::{is_break, is_printable, width};
use super::writer::Writer;

const BOM: char = '\u{FEFF}';

impl Writer {
    /// Copies one character.
    fn copy(&mut self, text: &str, at: &mut usize) {
        let end = *at + width(text.as_bytes()[*at]);
        self.out.push_str(&text[*at..end]);
        self.column += 1;
        *at = end;
    }

    /// Copies one character, and those behind it up to one that may mean something.
    fn copy_run(&mut self, text: &str, at: &mut usize) {
        self.copy(text, at);
        let run = text[*at..]
            .bytes()
            .take_while(|byte| byte.is_ascii_graphic() && *byte != b'\'')
            .count();
        self.out.push_str(&text[*at..*at + run]);
        self.column += run;
        *at += run;
    }

    /// Copies a line break: LF starts a line, others are kept.
    fn copy_break(&mut self, text: &str, at: &mut usize) {
        if text.as_bytes()[*at] == b'\n' {
            self.put_break();
            *at += 1;
        } else {
            self.copy(text, at);
            self.column = 0;
        }
        self.indention = true;
    }

    pub(super) fn plain(&mut self, text: &str, folds: bool) {
        let writes = !(self.is_v3() && text.is_empty());
        if writes && !self.whitespace {
            self.put(' ');
        }
        self.lines(text, folds, false);
        self.whitespace &= !writes;
        self.indention = false;
    }

    pub(super) fn single_quoted(&mut self, text: &str, folds: bool) {
        self.indicator("'", true, false, false);
        self.lines(text, folds, true);
        self.indicator("'", false, false, false);
        self.whitespace = false;
        self.indention = false;
    }

    /// The text of plain and single-quoted scalars, folded at single spaces.
    fn lines(&mut self, text: &str, folds: bool, quoted: bool) {
        let bytes = text.as_bytes();
        let (mut spaces, mut breaks) = (false, false);
        let mut at = 0;
        while at < bytes.len() {
            if bytes[at] == b' ' {
                let inside = !quoted || (at > 0 && at + 1 < bytes.len());
                let single = bytes.get(at + 1) != Some(&b' ');
                if folds && !spaces && self.column > self.width() && inside && single {
                    self.write_indent();
                    at += 1;
                } else {
                    self.copy(text, &mut at);
                }
                spaces = true;
            } else if is_break(bytes, at) {
                if !breaks && bytes[at] == b'\n' {
                    self.put_break();
                }
                self.copy_break(text, &mut at);
                breaks = true;
            } else {
                if breaks {
                    self.write_indent();
                }
                if quoted && bytes[at] == b'\'' {
                    self.put('\'');
                }
                self.copy_run(text, &mut at);
                self.indention = false;
                spaces = false;
                breaks = false;
            }
        }
    }

    pub(super) fn double_quoted(&mut self, text: &str, folds: bool) {
        self.indicator("\"", true, false, false);
        let bytes = text.as_bytes();
        // The original looks for the mark at the start of the text, whatever character it is about to write.
        let escape_all = text.starts_with(BOM);
        let mut spaces = false;
        let mut at = 0;
        for character in text.chars() {
            let needs_escape = escape_all
                || matches!(character, '"' | '\\')
                || !is_printable(bytes, at)
                || is_break(bytes, at);
            if needs_escape {
                self.escape(character);
                spaces = false;
            } else if character == ' ' {
                if folds && !spaces && self.column > self.width() && at > 0 && at + 1 < bytes.len()
                {
                    self.write_indent();
                    if bytes[at + 1] == b' ' {
                        self.put('\\');
                    }
                } else {
                    self.put(' ');
                }
                spaces = true;
            } else {
                self.put(character);
                spaces = false;
            }
            at += character.len_utf8();
        }
        self.indicator("\"", false, false, false);
        self.whitespace = false;
        self.indention = false;
    }

    fn escape(&mut self, character: char) {
        let short = match character {
            '\0' => '0',
            '\x07' => 'a',
            '\x08' => 'b',
            '\t' => 't',
            '\n' => 'n',
            '\x0B' => 'v',
            '\x0C' => 'f',
            '\r' => 'r',
            '\x1B' => 'e',
            '"' => '"',
            '\\' => '\\',
            '\u{85}' => 'N',
            '\u{A0}' => '_',
            '\u{2028}' => 'L',
            '\u{2029}' => 'P',
            _ => {
                let code = u32::from(character);
                let escaped = match code {
                    0..=0xFF => format!("\\x{code:02X}"),
                    0x100..=0xFFFF => format!("\\u{code:04X}"),
                    _ => format!("\\U{code:08X}"),
                };
                self.column += escaped.len();
                self.out.push_str(&escaped);
                return;
            }
        };
        self.put('\\');
        self.put(short);
    }

    /// The indentation, where the text hides it, and what becomes of the breaks at the end.
    fn block_hints(&mut self, text: &str) {
        let bytes = text.as_bytes();
        if bytes
            .first()
            .is_some_and(|byte| *byte == b' ' || is_break(bytes, 0))
        {
            let hint = self.columns.to_string();
            self.indicator(&hint, false, false, false);
        }
        let mut backwards = text.char_indices().rev();
        let mut ends_with_break = || backwards.next().map(|(at, _)| is_break(bytes, at));
        match (ends_with_break(), ends_with_break()) {
            (None | Some(false), _) => self.indicator("-", false, false, false),
            (Some(true), None | Some(true)) => self.indicator("+", false, false, false),
            (Some(true), Some(false)) => {}
        }
    }

    pub(super) fn literal(&mut self, text: &str) {
        self.indicator("|", true, false, false);
        self.block_hints(text);
        self.put_break();
        self.indention = true;
        self.whitespace = true;
        let bytes = text.as_bytes();
        let mut breaks = true;
        let mut at = 0;
        while at < bytes.len() {
            if is_break(bytes, at) {
                self.copy_break(text, &mut at);
                breaks = true;
                continue;
            }
            if breaks {
                self.write_indent();
            }
            let from = at;
            while at < bytes.len() && !is_break(bytes, at) {
                at += width(bytes[at]);
                self.column += 1;
            }
            self.out.push_str(&text[from..at]);
            self.indention = false;
            breaks = false;
        }
    }

    pub(super) fn folded(&mut self, text: &str) {
        self.indicator(">", true, false, false);
        self.block_hints(text);
        self.put_break();
        self.indention = true;
        self.whitespace = true;
        let bytes = text.as_bytes();
        let (mut breaks, mut leading_spaces) = (true, true);
        let mut at = 0;
        // The original looks at the start of the text for what follows the breaks.
        let starts_with_text = {
            let mut k = 0;
            while k < bytes.len() && is_break(bytes, k) {
                k += width(bytes[k]);
            }
            bytes
                .get(k)
                .is_some_and(|byte| !matches!(byte, b' ' | b'\t' | 0))
        };
        while at < bytes.len() {
            if is_break(bytes, at) {
                if !breaks && !leading_spaces && bytes[at] == b'\n' && starts_with_text {
                    self.put_break();
                }
                self.copy_break(text, &mut at);
                breaks = true;
                continue;
            }
            if breaks {
                self.write_indent();
                leading_spaces = matches!(bytes[at], b' ' | b'\t');
            }
            let single_space = bytes[at] == b' ' && bytes.get(at + 1) != Some(&b' ');
            if !breaks && single_space && self.column > self.width() {
                self.write_indent();
                at += 1;
            } else {
                self.copy(text, &mut at);
            }
            self.indention = false;
            breaks = false;
        }
    }
}
