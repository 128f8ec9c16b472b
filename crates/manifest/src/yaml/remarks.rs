//! Which comment belongs to which value: the plain cases of go-yaml v3's rules. A comment on a line of its own stands with what follows
//! it, or ends the block that it is indented with; a comment behind something stands with that.

use smol_str::SmolStr;

use super::error::Mark;
use super::scan::Comment;
use crate::node::Comments;

/// Comments that have been passed and not yet given to a value.
#[derive(Default)]
pub(super) struct Remarks<'a> {
    waiting: Vec<Comment<'a>>,
}

impl<'a> Remarks<'a> {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn push(&mut self, comment: Comment<'a>) {
        self.waiting.push(comment);
    }

    /// The comment behind a key on a line, when its block comes later.
    pub(super) fn behind(&mut self, line: u32) -> Option<SmolStr> {
        let at = self
            .waiting
            .iter()
            .position(|comment| !comment.alone && comment.mark.line == line)?;
        Some(self.waiting.remove(at).text.into())
    }

    /// What stands before a field or an item at a place.
    pub(super) fn head(&mut self, mark: Mark) -> SmolStr {
        if self.waiting.is_empty() {
            return SmolStr::default();
        }
        text(self.waiting.drain(..), Some(mark.line))
    }

    /// What ends a block of a column.
    pub(super) fn foot(&mut self, column: u32) -> SmolStr {
        let inside = self
            .waiting
            .iter()
            .take_while(|comment| comment.alone && comment.mark.column >= column)
            .count();
        text(self.waiting.drain(..inside), None)
    }
}

/// The lines of comments; empty lines between them, and before the line that follows, are kept as one.
fn text<'a>(comments: impl Iterator<Item = Comment<'a>>, next: Option<u32>) -> SmolStr {
    let mut lines: Vec<&str> = Vec::new();
    let mut last = None;
    for comment in comments.filter(|comment| comment.alone) {
        if last.is_some_and(|last| last + 1 < comment.mark.line) {
            lines.push("");
        }
        lines.push(comment.text);
        last = Some(comment.mark.line);
    }
    if let (Some(last), Some(next)) = (last, next)
        && last + 1 < next
    {
        lines.push("");
    }
    lines.join("\n").into()
}

/// Nothing is kept for values without comments.
pub(super) fn comments(
    head: SmolStr,
    line: Option<SmolStr>,
    foot: SmolStr,
) -> Option<Box<Comments>> {
    let comments = Comments {
        head,
        line: line.unwrap_or_default(),
        foot,
    };
    (comments != Comments::default()).then(|| Box::new(comments))
}
