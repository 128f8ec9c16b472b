//! Text that a guest wrote and that people will read, in a terminal, an event or a status: bounded, and without the
//! characters that command terminals or reorder lines.

/// Of panics and diagnostics.
pub(crate) const MESSAGE: usize = 4 << 10;
/// Of the message that a render fails with: it may list many problems.
pub(crate) const FAILURE: usize = 16 << 10;
/// Of paths.
pub(crate) const PATH: usize = 1 << 10;

/// Cuts after `limit` bytes, and replaces control characters but line breaks and tabs.
pub(crate) fn clean(text: &str, limit: usize) -> String {
    let cut = if text.len() > limit {
        text.floor_char_boundary(limit)
    } else {
        text.len()
    };
    let kept = &text[..cut];
    let mut clean: String = kept
        .chars()
        .map(|c| if is_unsafe(c) { '\u{fffd}' } else { c })
        .collect();
    if cut < text.len() {
        clean.push('…');
    }
    clean
}

fn is_unsafe(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        // Marks that change the direction of the text around them.
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        c => c.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_and_reordering_marks_are_replaced() {
        assert_eq!(clean("a\n\tb", 100), "a\n\tb");
        assert_eq!(
            clean("\u{1b}[2J\r\u{202e}x\0", 100),
            "\u{fffd}[2J\u{fffd}\u{fffd}x\u{fffd}"
        );
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(clean("äää", 3), "ä…");
        assert_eq!(clean("äää", 6), "äää");
    }
}
