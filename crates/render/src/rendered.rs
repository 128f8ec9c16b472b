//! What a render gives.

use std::fmt;
use std::time::Duration;

use crate::{ReadSet, bindings, guest_text};

/// Objects and everything that is known about how they came to be.
#[derive(Debug)]
pub struct Rendered {
    /// Definitions that have to be in the cluster before anything else, such as a chart's `crds/`.
    pub definitions: Vec<Manifest>,
    /// Objects, in the order of the original tool.
    pub manifests: Vec<Manifest>,
    /// Text for people.
    pub notes: Option<String>,
    pub diagnostics: Vec<Diagnostic>,
    /// Diagnostics that were not kept.
    pub diagnostics_dropped: u64,
    /// What the output depends on.
    pub reads: ReadSet,
    pub stats: Stats,
}

/// One object. Its JSON was checked to be an object; nothing else about it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    pub origin: Location,
    pub json: String,
    /// The object as the renderer wrote it, where that text is itself the product.
    pub text: Option<String>,
}

/// A place in the source. Lines and columns are counted from 1; 0 is the file, or the line, as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Location {
    pub path: String,
    pub line: u32,
    pub column: u32,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
            if self.column > 0 {
                write!(f, ":{}", self.column)?;
            }
        }
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Error,
    Warning,
    Info,
    Debug,
}

/// A message of the plugin for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub severity: Severity,
    pub message: String,
    pub at: Option<Location>,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.at {
            Some(at) => write!(f, "{at}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// What a render cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Until other renders left a place.
    pub queued: Duration,
    /// Making the instance.
    pub instantiate: Duration,
    /// From the call to its result, time for others included.
    pub run: Duration,
    /// Linear memory, in bytes.
    pub peak_memory: usize,
}

impl From<bindings::rosin::render::diagnostics::Location> for Location {
    fn from(at: bindings::rosin::render::diagnostics::Location) -> Self {
        Self {
            path: guest_text::clean(&at.path, guest_text::PATH),
            line: at.line,
            column: at.column,
        }
    }
}

impl From<bindings::rosin::render::diagnostics::Severity> for Severity {
    fn from(severity: bindings::rosin::render::diagnostics::Severity) -> Self {
        use bindings::rosin::render::diagnostics::Severity as Wit;
        match severity {
            Wit::Error => Self::Error,
            Wit::Warning => Self::Warning,
            Wit::Info => Self::Info,
            Wit::Debug => Self::Debug,
        }
    }
}
