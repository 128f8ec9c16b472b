//! Padding and the verbs for text.

use super::Printer;
use crate::strconv;

impl Printer {
    pub(super) fn padding(&mut self, count: usize) {
        // Zeros only fill on the left.
        let fill = if self.flags.zero && !self.flags.minus {
            b'0'
        } else {
            b' '
        };
        self.out.extend(std::iter::repeat_n(fill, count));
    }

    pub(super) fn pad(&mut self, text: &[u8]) {
        let Some(width) = self.flags.width.filter(|width| *width > 0) else {
            self.out.extend_from_slice(text);
            return;
        };
        let runes: usize = text
            .utf8_chunks()
            .map(|chunk| chunk.valid().chars().count() + chunk.invalid().len())
            .sum();
        let missing = width.saturating_sub(runes);
        if self.flags.minus {
            self.out.extend_from_slice(text);
            self.padding(missing);
        } else {
            self.padding(missing);
            self.out.extend_from_slice(text);
        }
    }

    fn truncated<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        let Some(mut left) = self.flags.precision else {
            return text;
        };
        let mut end = 0;
        for chunk in text.utf8_chunks() {
            let sizes = chunk
                .valid()
                .chars()
                .map(char::len_utf8)
                .chain(chunk.invalid().iter().map(|_| 1));
            for size in sizes {
                if left == 0 {
                    return &text[..end];
                }
                left -= 1;
                end += size;
            }
        }
        text
    }

    pub(super) fn text(&mut self, text: &[u8]) {
        let text = self.truncated(text);
        self.pad(text);
    }

    pub(super) fn quoted(&mut self, text: &[u8]) {
        let text = self.truncated(text);
        let quoted = if self.flags.sharp && strconv::can_backquote(text) {
            format!("`{}`", String::from_utf8_lossy(text))
        } else if self.flags.plus {
            strconv::quote_ascii(text)
        } else {
            strconv::quote(text)
        };
        self.pad(quoted.as_bytes());
    }

    pub(super) fn hex_text(&mut self, text: &[u8], upper: bool) {
        let length = self
            .flags
            .precision
            .map_or(text.len(), |precision| precision.min(text.len()));
        let mark: &[u8] = if upper { b"0X" } else { b"0x" };
        if length == 0 {
            let width = self.flags.width.unwrap_or(0);
            return self.padding(width);
        }
        let mut size = 2 * length;
        if self.flags.space {
            if self.flags.sharp {
                size *= 2;
            }
            size += length - 1;
        } else if self.flags.sharp {
            size += 2;
        }
        let missing = self.flags.width.unwrap_or(0).saturating_sub(size);
        if !self.flags.minus {
            self.padding(missing);
        }
        for (index, byte) in text[..length].iter().enumerate() {
            if self.flags.space && index > 0 {
                self.out.push(b' ');
            }
            if self.flags.sharp && (index == 0 || self.flags.space) {
                self.out.extend_from_slice(mark);
            }
            let pair = if upper {
                format!("{byte:02X}")
            } else {
                format!("{byte:02x}")
            };
            self.out.extend_from_slice(pair.as_bytes());
        }
        if self.flags.minus {
            self.padding(missing);
        }
    }
}
