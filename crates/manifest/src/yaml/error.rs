//! What is wrong with a text, in the words that users of kustomize know, and where.

use std::fmt;

use super::Dialect;

/// A position, counted from 0; columns and indexes in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Mark {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// Which stage found the error: go-yaml counts its lines differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Scanner,
    Parser,
}

/// A document that cannot be read. `Display` is go-yaml's text, whose line is that of the enclosing construct and for some causes one
/// too low; `line` and `column` (from 1) tell the true position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadError {
    pub line: u32,
    pub column: u32,
    /// The cause without a position.
    pub cause: String,
    /// The line that go-yaml prints, 0 where it prints none.
    pub(crate) reported: u32,
    /// The cause is not go-yaml's.
    pub(super) bare: bool,
}

impl ReadError {
    pub(crate) fn new(
        dialect: Dialect,
        stage: Stage,
        context: Option<Mark>,
        problem: Mark,
        cause: impl Into<String>,
    ) -> Self {
        let context = context.map_or(0, |mark| mark.line);
        let scanner = u32::from(stage == Stage::Scanner);
        let reported = match dialect {
            Dialect::Kyaml if context > 0 => context + scanner,
            _ if problem.line > 0 => problem.line + scanner,
            _ => context,
        };
        Self {
            line: problem.line + 1,
            column: problem.column + 1,
            cause: cause.into(),
            reported,
            bare: false,
        }
    }

    pub(crate) fn at(mark: Mark, cause: impl Into<String>) -> Self {
        Self {
            line: mark.line + 1,
            column: mark.column + 1,
            cause: cause.into(),
            reported: mark.line + 1,
            bare: false,
        }
    }

    /// For errors that go-yaml reports without a line.
    pub(crate) fn unplaced(mark: Mark, cause: impl Into<String>) -> Self {
        Self {
            reported: 0,
            ..Self::at(mark, cause)
        }
    }

    /// For errors that do not come from the YAML library.
    pub(crate) fn bare(mark: Mark, cause: impl Into<String>) -> Self {
        Self {
            bare: true,
            ..Self::unplaced(mark, cause)
        }
    }

    /// Moves the position down by the lines before the document in its file.
    pub(crate) fn below(mut self, lines: u32) -> Self {
        self.line += lines;
        self
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reported {
            _ if self.bare => f.write_str(&self.cause),
            0 => write!(f, "yaml: {}", self.cause),
            line => write!(f, "yaml: line {line}: {}", self.cause),
        }
    }
}

impl std::error::Error for ReadError {}
