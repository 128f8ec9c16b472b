//! What a build fails with: the original's words, and where we know more than it says, the place.
//!
//! People search the web for kustomize's messages and tools match on them, so layers are joined into one text as the original
//! joins them (`outer: inner`) instead of being chained as sources.

use std::fmt;

/// Why a build failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// In the words of `kustomize build`, all layers joined.
    pub message: String,
    /// The file that is at fault, as a path in the tree.
    pub file: Option<String>,
    /// Counted from 1.
    pub line: Option<u32>,
    /// The field at fault, as a path of names separated by dots or slashes.
    pub field: Option<String>,
    kind: Kind,
}

/// What callers inside the crate choose by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Kind {
    #[default]
    Other,
    /// The text is not YAML. A resource entry with such an error is surely a file: the attempt to read it as a folder is not
    /// reported.
    MalformedYaml,
    /// A field had another shape than the field specification expects.
    WrongNode { scalar: bool },
}

pub(crate) type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            file: None,
            line: None,
            field: None,
            kind: Kind::Other,
        }
    }

    pub(crate) fn malformed_yaml(message: impl Into<String>) -> Self {
        Self {
            kind: Kind::MalformedYaml,
            ..Self::new(message)
        }
    }

    /// A node that is not of the kind that was asked for; `scalar` says whether it was a scalar.
    pub(crate) fn node_kind(message: impl Into<String>, scalar: bool) -> Self {
        Self {
            kind: Kind::WrongNode { scalar },
            ..Self::new(message)
        }
    }

    /// The message with the place behind it.
    #[must_use]
    pub fn with_place(&self) -> String {
        let message = self.message.trim_end();
        let mut place = Vec::new();
        match (&self.file, self.line) {
            (Some(file), Some(line)) => place.push(format!("{file}:{line}")),
            (Some(file), None) => place.push(file.clone()),
            (None, _) => {}
        }
        if let Some(field) = &self.field {
            place.push(format!("field {field}"));
        }
        if place.is_empty() {
            message.to_owned()
        } else {
            format!("{message} ({})", place.join(", "))
        }
    }

    pub(crate) fn is_malformed_yaml(&self) -> bool {
        self.kind == Kind::MalformedYaml
    }

    pub(crate) fn is_kind_other_than_scalar(&self) -> bool {
        self.kind == Kind::WrongNode { scalar: false }
    }

    /// Puts `prefix: ` before the message.
    #[must_use]
    pub(crate) fn wrap(mut self, prefix: impl fmt::Display) -> Self {
        self.message = format!("{prefix}: {}", self.message);
        self
    }

    /// Replaces the message by one that is made from it.
    #[must_use]
    pub(crate) fn map(mut self, message: impl FnOnce(&str) -> String) -> Self {
        self.message = message(&self.message);
        self
    }

    /// Notes the file, unless an inner layer already did.
    #[must_use]
    pub(crate) fn in_file(mut self, file: &str) -> Self {
        if self.file.is_none() && !file.is_empty() {
            self.file = Some(file.to_owned());
        }
        self
    }

    #[must_use]
    pub(crate) fn at_line(mut self, line: u32) -> Self {
        if self.line.is_none() && line > 0 {
            self.line = Some(line);
        }
        self
    }

    #[must_use]
    pub(crate) fn at_field(mut self, field: &str) -> Self {
        if self.field.is_none() && !field.is_empty() {
            self.field = Some(field.to_owned());
        }
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// `Result` with the wrapping of [`Error`].
pub(crate) trait Wrap<T> {
    fn wrap(self, prefix: impl fmt::Display) -> Result<T>;
    fn in_file(self, file: &str) -> Result<T>;
}

impl<T> Wrap<T> for Result<T> {
    fn wrap(self, prefix: impl fmt::Display) -> Self {
        self.map_err(|error| error.wrap(prefix))
    }

    fn in_file(self, file: &str) -> Self {
        self.map_err(|error| error.in_file(file))
    }
}

macro_rules! bail {
    ($($arg:tt)*) => { return Err($crate::error::Error::new(format!($($arg)*))) };
}
pub(crate) use bail;
