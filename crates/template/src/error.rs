//! Errors of a rendering: Go's text, and beside it what a person or a program wants to know about them.

use std::fmt;

use crate::value::Str;

/// Where in which template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub template: Str,
    pub line: usize,
    /// In bytes from 0, as Go counts.
    pub column: usize,
}

/// A path that was not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The path up to the name that is missing, as the template writes it.
    pub path: String,
    /// The key that exists there and is most like it.
    pub nearest: Option<String>,
}

/// An error of Go's: a text that contains the texts of its causes, and the causes.
#[derive(Debug)]
pub struct RenderError {
    pub text: String,
    /// Did the template engine report it, or a function?
    pub executing: bool,
    pub place: Option<Place>,
    pub missing: Option<Missing>,
    pub cause: Option<Box<Self>>,
}

/// Longer texts are cut: each level of a recursion repeats, and may quote, the text of the level below.
const MAX_TEXT: usize = 1 << 16;

impl RenderError {
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            executing: false,
            place: None,
            missing: None,
            cause: None,
        }
    }

    /// An error around this one, with a text in front of this one's.
    #[must_use]
    pub fn context(self, text: impl fmt::Display) -> Self {
        let mut text = format!("{text}: {}", self.text);
        if text.len() > MAX_TEXT {
            let cut = (0..=MAX_TEXT)
                .rev()
                .find(|at| text.is_char_boundary(*at))
                .unwrap_or(0);
            text.truncate(cut);
        }
        Self {
            text,
            executing: false,
            place: None,
            missing: None,
            cause: Some(Box::new(self)),
        }
    }

    /// This error and its causes, outermost first.
    pub fn chain(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |error| error.cause.as_deref())
    }

    /// The innermost place that is known: where the fault is, not where the outermost include stands.
    #[must_use]
    pub fn origin(&self) -> Option<&Place> {
        self.chain().filter_map(|error| error.place.as_ref()).last()
    }

    #[must_use]
    pub fn missing(&self) -> Option<&Missing> {
        self.chain().find_map(|error| error.missing.as_ref())
    }
}

impl fmt::Display for RenderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The cause is part of the text already, hence no `source`.
impl std::error::Error for RenderError {}

/// What a function may fail with.
#[derive(Debug)]
pub struct CallError(pub Box<RenderError>);

impl From<RenderError> for CallError {
    fn from(error: RenderError) -> Self {
        Self(Box::new(error))
    }
}

impl From<String> for CallError {
    fn from(text: String) -> Self {
        Self(Box::new(RenderError::new(text)))
    }
}

impl From<&str> for CallError {
    fn from(text: &str) -> Self {
        Self(Box::new(RenderError::new(text)))
    }
}
