//! Which ways of writing a scalar keep its value.

/// What a text allows, by libyaml's rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Analysis {
    pub(super) multiline: bool,
    pub(super) flow_plain: bool,
    pub(super) block_plain: bool,
    pub(super) single_quoted: bool,
    pub(super) block: bool,
}

/// go-yaml v2 quotes tabs, v3 lets them stand in block scalars.
pub(super) fn analyze(text: &str, tabs_in_blocks: bool) -> Analysis {
    if text.is_empty() {
        return Analysis {
            multiline: false,
            flow_plain: false,
            block_plain: true,
            single_quoted: true,
            block: false,
        };
    }
    if is_word(text) {
        return Analysis {
            multiline: false,
            flow_plain: true,
            block_plain: true,
            single_quoted: true,
            block: true,
        };
    }
    let seen = Seen::in_text(text, tabs_in_blocks);
    let edges = seen.space_at_edge || seen.break_at_edge;
    let escapes = seen.space_before_break || seen.special;
    let plain = !(edges || seen.space_after_break || escapes || seen.tab || seen.breaks);
    Analysis {
        multiline: seen.breaks,
        flow_plain: plain && !seen.flow_indicators,
        block_plain: plain && !seen.block_indicators,
        single_quoted: !(seen.space_after_break || escapes || seen.tab),
        block: !(seen.trailing_space || escapes),
    }
}

/// Most scalars: letters, digits and marks that mean nothing where they are.
fn is_word(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes[0].is_ascii_alphanumeric()
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'/' | b'_'))
}

#[derive(Default)]
struct Seen {
    block_indicators: bool,
    flow_indicators: bool,
    breaks: bool,
    /// Needs an escape.
    special: bool,
    tab: bool,
    space_at_edge: bool,
    trailing_space: bool,
    break_at_edge: bool,
    space_after_break: bool,
    space_before_break: bool,
}

impl Seen {
    fn in_text(text: &str, tabs_in_blocks: bool) -> Self {
        let bytes = text.as_bytes();
        let mut seen = Self::default();
        if text.starts_with("---") || text.starts_with("...") {
            seen.block_indicators = true;
            seen.flow_indicators = true;
        }
        let (mut previous_space, mut previous_break, mut after_white) = (false, false, true);
        let mut at = 0;
        while at < bytes.len() {
            let width = width(bytes[at]);
            let is_last = at + width >= bytes.len();
            seen.indicator(
                bytes,
                at,
                after_white,
                is_last || matches!(bytes[at + width], b' ' | b'\t'),
            );
            let (space, is_break) = (bytes[at] == b' ', is_break(bytes, at));
            if bytes[at] == b'\t' && tabs_in_blocks {
                seen.tab = true;
            } else if !is_printable(bytes, at) {
                seen.special = true;
            }
            seen.space_at_edge |= space && (at == 0 || is_last);
            seen.trailing_space |= space && is_last;
            seen.space_after_break |= space && previous_break;
            seen.breaks |= is_break;
            seen.break_at_edge |= is_break && (at == 0 || is_last);
            seen.space_before_break |= is_break && previous_space;
            (previous_space, previous_break) = (space, is_break);
            after_white = space || is_break || matches!(bytes[at], b'\t' | 0);
            at += width;
        }
        seen
    }

    fn indicator(&mut self, bytes: &[u8], at: usize, after_white: bool, before_white: bool) {
        let (flow, block) = match bytes[at] {
            b'#' if at > 0 => (after_white, after_white),
            b'?' if at > 0 => (true, false),
            b',' | b'[' | b']' | b'{' | b'}' if at > 0 => (true, false),
            b'#' | b',' | b'[' | b']' | b'{' | b'}' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\''
            | b'"' | b'%' | b'@' | b'`'
                if at == 0 =>
            {
                (true, true)
            }
            b'?' | b':' => (true, before_white),
            b'-' if at == 0 => (before_white, before_white),
            _ => return,
        };
        self.flow_indicators |= flow;
        self.block_indicators |= block;
    }
}

pub(super) fn width(byte: u8) -> usize {
    match byte {
        0..0x80 => 1,
        0x80..0xE0 => 2,
        0xE0..0xF0 => 3,
        _ => 4,
    }
}

pub(super) fn is_break(bytes: &[u8], at: usize) -> bool {
    let follows = |distance: usize| bytes.get(at + distance).copied().unwrap_or(0);
    match bytes[at] {
        b'\r' | b'\n' => true,
        0xC2 => follows(1) == 0x85,
        0xE2 => follows(1) == 0x80 && matches!(follows(2), 0xA8 | 0xA9),
        _ => false,
    }
}

/// What libyaml prints as it is: not controls (tab among them), not the byte order mark, and nothing beyond 16 bits.
pub(super) fn is_printable(bytes: &[u8], at: usize) -> bool {
    let follows = |distance: usize| bytes.get(at + distance).copied().unwrap_or(0);
    match bytes[at] {
        b'\n' | b' '..=b'~' => true,
        0xC2 => follows(1) >= 0xA0,
        0xC3..=0xEE => true,
        0xEF => {
            !(follows(1) == 0xBB && follows(2) == 0xBF || follows(1) == 0xBF && follows(2) >= 0xBE)
        }
        _ => false,
    }
}
