//! Comments, for those who keep them.

use super::Scanner;
use crate::yaml::error::Mark;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Comment<'a> {
    pub(crate) mark: Mark,
    /// With its `#`.
    pub(crate) text: &'a str,
    /// Nothing but blanks stands before it.
    pub(crate) alone: bool,
}

impl<'a> Scanner<'a> {
    /// Reads the comment at the cursor.
    pub(super) fn read_comment(&mut self) {
        let mark = self.cursor.mark;
        let before = &self.cursor.text.as_bytes()[..self.cursor.at];
        let alone = before
            .iter()
            .rev()
            .find(|byte| !matches!(byte, b' ' | b'\t'))
            .is_none_or(|byte| matches!(byte, b'\n' | b'\r'));
        let text = self.cursor.read_line();
        if self.keeps_comments {
            self.comments.push_back(Comment { mark, text, alone });
        }
    }

    /// The first comment before a place.
    pub(crate) fn comment_before(&mut self, mark: Mark) -> Option<Comment<'a>> {
        let first = self.comments.front()?;
        if (first.mark.line, first.mark.column) < (mark.line, mark.column) {
            self.comments.pop_front()
        } else {
            None
        }
    }

    /// The comment behind something that ends on a line.
    pub(crate) fn comment_on(&mut self, line: u32) -> Option<Comment<'a>> {
        self.comments
            .front()
            .filter(|comment| !comment.alone && comment.mark.line == line)?;
        self.comments.pop_front()
    }
}
