//! Names in messages: what a terminal or a reader could be deceived by is written out.

use std::borrow::Cow;

/// The text with control characters, and those that turn the direction of writing, as escapes.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(deceives) {
        return Cow::Borrowed(text);
    }
    let escaped = text.chars().map(|c| {
        if deceives(c) {
            c.escape_unicode().to_string()
        } else {
            c.to_string()
        }
    });
    Cow::Owned(escaped.collect())
}

fn deceives(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_deceives_is_written_out() {
        assert_eq!(visible("web-\u{fc}.a:b"), "web-\u{fc}.a:b");
        assert_eq!(
            visible("a\u{1b}[31m\nb\u{202e}c"),
            "a\\u{1b}[31m\\u{a}b\\u{202e}c"
        );
    }
}
