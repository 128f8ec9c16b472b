//! libyaml's emitter: where lines break, what is indented, how scalars are written.

use super::analysis::{Analysis, analyze};
use crate::node::Style;

/// Which fork of the emitter is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fork {
    /// go-yaml v2 as sigs.k8s.io/yaml calls it: lines are folded behind column 80.
    V2,
    /// go-yaml v3 as kyaml calls it: two columns of indentation, lists not indented, no folding.
    V3,
}

/// How a scalar is to be written if its text allows it.
#[derive(Clone, Copy)]
pub(super) struct ScalarStyle<'a> {
    pub(super) style: Style,
    /// An explicit tag in front, such as `!!binary`.
    pub(super) tag: Option<&'a str>,
}

enum Frame {
    Block,
    Flow { first: bool },
}

/// Where lists in mappings begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lists {
    AtKey,
    Indented,
}

pub(super) struct Writer {
    pub(super) out: String,
    fork: Fork,
    lists: Lists,
    /// Columns of one level of indentation.
    pub(super) columns: usize,
    frames: Vec<Frame>,
    pub(super) indent: Option<usize>,
    indents: Vec<Option<usize>>,
    flow_level: usize,
    pub(super) column: usize,
    /// The last character was white space.
    pub(super) whitespace: bool,
    /// The line holds nothing but indentation (and indicators that count as such).
    pub(super) indention: bool,
    in_mapping: bool,
    in_sequence_item: bool,
}

const INDENT: usize = 2;

impl Writer {
    pub(super) fn new(fork: Fork) -> Self {
        Self::indenting(fork, Lists::AtKey, INDENT)
    }

    pub(super) fn indenting(fork: Fork, lists: Lists, columns: usize) -> Self {
        Self {
            out: String::new(),
            fork,
            lists,
            columns,
            frames: Vec::new(),
            indent: None,
            indents: Vec::new(),
            flow_level: 0,
            column: 0,
            whitespace: true,
            indention: true,
            in_mapping: false,
            in_sequence_item: false,
        }
    }

    /// Columns behind which scalars are folded.
    pub(super) fn width(&self) -> usize {
        match self.fork {
            Fork::V2 => 80,
            Fork::V3 => usize::MAX,
        }
    }

    /// The end of the document.
    pub(super) fn finish(mut self) -> String {
        self.write_indent();
        self.out
    }

    pub(super) fn put(&mut self, character: char) {
        self.out.push(character);
        self.column += 1;
    }

    pub(super) fn put_break(&mut self) {
        self.out.push('\n');
        self.column = 0;
        if self.fork == Fork::V3 {
            self.indention = true;
        }
    }

    pub(super) fn write_indent(&mut self) {
        let indent = self.indent.unwrap_or(0);
        if !self.indention || self.column > indent || (self.column == indent && !self.whitespace) {
            self.put_break();
        }
        while self.column < indent {
            self.put(' ');
        }
        self.whitespace = true;
        if self.fork == Fork::V2 {
            self.indention = true;
        }
    }

    pub(super) fn indicator(
        &mut self,
        text: &str,
        needs_space: bool,
        is_space: bool,
        is_indention: bool,
    ) {
        if needs_space && !self.whitespace {
            self.put(' ');
        }
        self.out.push_str(text);
        self.column += text.len();
        self.whitespace = is_space;
        self.indention = self.indention && is_indention;
    }

    fn push_indent(&mut self, flow: bool, indentless: bool) {
        self.indents.push(self.indent);
        self.indent = match (self.indent, self.fork) {
            (None, _) => Some(if flow { self.columns } else { 0 }),
            (Some(indent), Fork::V2) => Some(if indentless { indent } else { indent + INDENT }),
            (Some(indent), Fork::V3) => {
                // Two columns more inside of a list; else to the next multiple, less the width of `- `.
                if self.in_sequence_item {
                    Some(indent + 2)
                } else {
                    let deeper = self.columns * ((indent + self.columns) / self.columns);
                    Some(if indentless { deeper - 2 } else { deeper })
                }
            }
        };
    }

    fn pop_indent(&mut self) {
        self.indent = self.indents.pop().flatten();
    }

    pub(super) fn open_sequence(&mut self, flow: bool) {
        if flow || self.flow_level > 0 {
            return self.open_flow("[");
        }
        let indentless = match self.fork {
            _ if self.lists == Lists::Indented => false,
            Fork::V2 => self.in_mapping && !self.indention,
            Fork::V3 => self.in_mapping && (self.column == 0 || !self.indention),
        };
        self.push_indent(false, indentless);
        self.frames.push(Frame::Block);
    }

    pub(super) fn open_mapping(&mut self, flow: bool) {
        if flow || self.flow_level > 0 {
            return self.open_flow("{");
        }
        self.push_indent(false, false);
        self.frames.push(Frame::Block);
    }

    fn open_flow(&mut self, bracket: &str) {
        self.indicator(bracket, true, true, false);
        self.push_indent(true, false);
        self.flow_level += 1;
        self.frames.push(Frame::Flow { first: true });
    }

    /// Closes the innermost collection; the bracket is for flow collections.
    pub(super) fn close(&mut self, bracket: &str) {
        self.pop_indent();
        if let Some(Frame::Flow { .. }) = self.frames.pop() {
            self.flow_level -= 1;
            self.indicator(bracket, false, false, false);
        }
    }

    pub(super) fn empty_collection(&mut self, brackets: &str) {
        self.indicator(brackets, true, false, false);
    }

    /// Goes to the next entry; true inside of flow collections.
    fn next_entry(&mut self) -> bool {
        match self.frames.last_mut() {
            Some(Frame::Flow { first }) => {
                if !std::mem::replace(first, false) {
                    self.indicator(",", false, false, false);
                }
                true
            }
            _ => {
                self.write_indent();
                false
            }
        }
    }

    /// Begins an item of a sequence.
    pub(super) fn item(&mut self) {
        if !self.next_entry() {
            self.indicator("-", true, false, true);
        }
        self.in_mapping = false;
        self.in_sequence_item = self.flow_level == 0;
    }

    /// Writes a key and what separates it from its value.
    pub(super) fn key(&mut self, text: &str, style: ScalarStyle<'_>) {
        self.in_mapping = true;
        self.in_sequence_item = false;
        let flow = self.next_entry();
        let analysis = analyze(text, self.fork == Fork::V3);
        let length = text.len() + style.tag.map_or(0, str::len);
        if !analysis.multiline && length <= 128 {
            self.write_scalar(text, style, analysis, true);
            self.indicator(":", false, false, false);
            return;
        }
        self.indicator("?", true, false, !flow);
        self.write_scalar(text, style, analysis, false);
        if !flow {
            self.write_indent();
        }
        self.indicator(":", true, false, !flow);
    }

    pub(super) fn scalar(&mut self, text: &str, style: ScalarStyle<'_>) {
        let analysis = analyze(text, self.fork == Fork::V3);
        self.write_scalar(text, style, analysis, false);
    }

    fn write_scalar(&mut self, text: &str, wanted: ScalarStyle<'_>, analysis: Analysis, key: bool) {
        let style = self.style(text, wanted, analysis, key);
        if let Some(tag) = wanted.tag {
            self.indicator(tag, true, false, false);
        }
        self.push_indent(true, false);
        match style {
            Style::Plain => self.plain(text, !key),
            Style::SingleQuoted => self.single_quoted(text, !key),
            Style::DoubleQuoted => self.double_quoted(text, !key),
            Style::Literal => self.literal(text),
            Style::Folded => self.folded(text),
        }
        self.pop_indent();
    }

    /// The wanted style, or the next one that keeps the text.
    fn style(&self, text: &str, wanted: ScalarStyle<'_>, analysis: Analysis, key: bool) -> Style {
        let mut style = wanted.style;
        let in_flow = self.flow_level > 0;
        if key && analysis.multiline {
            style = Style::DoubleQuoted;
        }
        if style == Style::Plain {
            let allowed = if in_flow {
                analysis.flow_plain
            } else {
                analysis.block_plain
            };
            if !allowed || (text.is_empty() && (in_flow || key)) {
                style = Style::SingleQuoted;
            }
        }
        if style == Style::SingleQuoted && !analysis.single_quoted {
            style = Style::DoubleQuoted;
        }
        if matches!(style, Style::Literal | Style::Folded) && (!analysis.block || in_flow || key) {
            style = Style::DoubleQuoted;
        }
        style
    }

    /// Comments on lines of their own. An empty line ends the one before it and stays empty.
    pub(super) fn comment_lines(&mut self, text: &str) {
        if self.flow_level > 0 {
            return;
        }
        for line in text.lines() {
            if line.is_empty() {
                self.put_break();
                self.put_break();
                self.whitespace = true;
                continue;
            }
            self.write_indent();
            self.comment(line);
        }
        if text.ends_with('\n') {
            self.put_break();
            self.put_break();
            self.whitespace = true;
        }
    }

    /// A comment behind what was written.
    pub(super) fn comment_behind(&mut self, text: &str) {
        if self.flow_level == 0 && !text.is_empty() {
            self.put(' ');
            self.comment(text);
        }
    }

    fn comment(&mut self, line: &str) {
        self.out.push_str(line);
        self.column += line.chars().count();
        self.whitespace = false;
        self.indention = false;
    }

    /// The style that a value of a block mapping would get.
    pub(super) fn style_of_value(&self, text: &str, style: Style) -> Style {
        self.style(
            text,
            ScalarStyle { style, tag: None },
            analyze(text, self.fork == Fork::V3),
            false,
        )
    }

    pub(super) fn is_v3(&self) -> bool {
        self.fork == Fork::V3
    }
}
