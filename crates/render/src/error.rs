//! The ways in which loading a plugin and rendering with it fail. Messages reach tenants: they name the plugin, the limit
//! and its value, and nothing of the host.

use std::time::Duration;

use rosin_tree::TreeError;

use crate::guest_text;
use crate::{Diagnostic, Location};

/// Why a component cannot be used as a renderer. Trying again with the same bytes is of no use.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("there is no renderer {name:?}; there are: {known}")]
    Unknown { name: String, known: String },
    #[error(
        "the renderer {0:?} was not built into this program: its plugins are not built, run `make build`"
    )]
    NotBuilt(String),
    #[error("not a WebAssembly component that this host can run: {0}")]
    Invalid(String),
    #[error("the component has {size} bytes, more than the limit of {limit}")]
    TooLarge { size: usize, limit: usize },
    #[error("plugin {plugin} imports {import}: {reason}")]
    MissingImport {
        plugin: String,
        import: String,
        reason: &'static str,
    },
    #[error("plugin {plugin} does not export {wanted}; it exports {exports}")]
    NotRenderer {
        plugin: String,
        wanted: String,
        exports: String,
    },
    #[error("plugin {plugin} does not fit the contract rosin:render@0.1.0: {reason}")]
    Mismatch { plugin: String, reason: String },
    #[error("loading the renderer {}", .0.display())]
    Plugin(std::path::PathBuf, #[source] Box<Self>),
    #[error("reading the renderers in {}", .0.display())]
    Folder(std::path::PathBuf, #[source] std::io::Error),
    #[error("starting the plugin engine failed: {0}")]
    Engine(String),
    #[error("the folder of compiled renderers cannot be used")]
    Cache(#[source] std::io::Error),
}

impl LoadError {
    pub(crate) fn invalid(error: &wasmtime::Error) -> Self {
        Self::Invalid(causes(error))
    }
}

/// Why a render gave no output.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The input is at fault, and the plugin says how.
    #[error("{message}")]
    Invalid {
        plugin: String,
        message: String,
        diagnostics: Vec<Diagnostic>,
    },
    /// Something that the render needs is missing at the moment.
    #[error("{message}")]
    Unavailable { plugin: String, message: String },
    #[error("renderer {plugin} crashed: {crash}{}", message.as_ref().map(|m| format!(": {m}")).unwrap_or_default())]
    Trapped {
        plugin: String,
        crash: Crash,
        message: Option<String>,
    },
    #[error("renderer {plugin} was stopped: it did not end within its deadline of {limit:?}")]
    Deadline { plugin: String, limit: Duration },
    #[error("renderer {plugin} was stopped: it needs more memory than its limit of {}", bytes(*limit))]
    Memory { plugin: String, limit: usize },
    /// All renders together reached the host's limit; on its own, this one may pass.
    #[error("renderer {plugin} was stopped: all renders together need more memory than the host's limit of {}", bytes(*limit))]
    Busy { plugin: String, limit: usize },
    #[error("renderer {plugin} was stopped: its output is larger than its limit of {}", bytes(*limit))]
    OutputTooLarge { plugin: String, limit: usize },
    #[error("renderer {plugin} asked for {path:?}, which is not a path inside the source")]
    InvalidPath { plugin: String, path: String },
    #[error(
        "renderer {plugin} returned an object that is not valid (number {index}{}): {reason}",
        place(origin)
    )]
    Malformed {
        plugin: String,
        index: usize,
        origin: Location,
        reason: String,
    },
    #[error("reading the source failed")]
    Source(#[source] TreeError),
    /// Not the plugin's fault.
    #[error("running renderer {plugin} failed: {reason}")]
    Host { plugin: String, reason: String },
}

impl RenderError {
    /// Whether the same render may pass later, without any change of its input.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable { .. } | Self::Busy { .. } | Self::Source(_) | Self::Host { .. } => {
                true
            }
            // On a loaded machine, time may have been spent on others.
            Self::Deadline { .. } => true,
            Self::Invalid { .. }
            | Self::Trapped { .. }
            | Self::Memory { .. }
            | Self::OutputTooLarge { .. }
            | Self::InvalidPath { .. }
            | Self::Malformed { .. } => false,
        }
    }

    /// A word for metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Invalid { .. } => "invalid",
            Self::Unavailable { .. } => "unavailable",
            Self::Trapped { .. } => "trapped",
            Self::Deadline { .. } => "deadline",
            Self::Memory { .. } => "memory",
            Self::Busy { .. } => "busy",
            Self::OutputTooLarge { .. } => "output",
            Self::InvalidPath { .. } => "path",
            Self::Malformed { .. } => "malformed",
            Self::Source(_) => "source",
            Self::Host { .. } => "host",
        }
    }
}

/// How a guest crashed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Crash {
    /// What panics, failed assertions and aborts compile to.
    #[error("it gave up (unreachable code)")]
    Unreachable,
    #[error("it ran out of stack")]
    StackOverflow,
    #[error("it accessed memory out of bounds")]
    OutOfBounds,
    #[error("it divided by zero or overflowed an integer")]
    Arithmetic,
    #[error("it called a function that does not exist or has another type")]
    IndirectCall,
    /// Values that are none: text that is not UTF-8, lists that reach beyond the memory.
    #[error("it broke the rules of the component model ({0})")]
    Contract(String),
}

impl Crash {
    pub(crate) fn of(error: &wasmtime::Error) -> Self {
        use wasmtime::Trap;
        match error.downcast_ref::<Trap>() {
            Some(Trap::UnreachableCodeReached) => Self::Unreachable,
            Some(Trap::StackOverflow) => Self::StackOverflow,
            Some(Trap::MemoryOutOfBounds) => Self::OutOfBounds,
            Some(
                Trap::IntegerOverflow | Trap::IntegerDivisionByZero | Trap::BadConversionToInteger,
            ) => Self::Arithmetic,
            Some(Trap::TableOutOfBounds | Trap::IndirectCallToNull | Trap::BadSignature) => {
                Self::IndirectCall
            }
            Some(trap) => Self::Contract(trap.to_string()),
            None => Self::Contract(guest_text::clean(
                &error.root_cause().to_string(),
                guest_text::PATH,
            )),
        }
    }
}

/// The chain of an error in one line.
pub(crate) fn causes(error: &wasmtime::Error) -> String {
    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    guest_text::clean(&causes.join(": "), guest_text::MESSAGE)
}

fn bytes(bytes: usize) -> String {
    const MIB: usize = 1 << 20;
    if bytes >= MIB && bytes.is_multiple_of(MIB) {
        format!("{} MiB", bytes / MIB)
    } else {
        format!("{bytes} bytes")
    }
}

fn place(origin: &Location) -> String {
    if origin.path.is_empty() {
        String::new()
    } else {
        format!(", from {origin}")
    }
}
