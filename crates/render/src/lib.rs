//! Runs renderer plugins: WebAssembly components behind the contract of `wit/`, each render in an instance of its own that
//! has files, limits, and nothing else.
//!
//! ```text
//! Engine            pool of instances, threads for guests, clock ticks            one per process
//!   └ Renderer      a compiled component whose imports were checked               one per plugin, cheap to clone
//!       └ render    request + Tree → Rendered { manifests, diagnostics, reads }   a fresh store each
//! Registry          name → Renderer; the built-in ones come compiled with the program
//! Memo              earlier output, while everything that it was made from is unchanged
//! ```
//!
//! Guests are hostile: whatever they return is checked and bounded before the host keeps it, and every way in which a
//! render can fail is a [`RenderError`] that names the plugin and the limit.

mod bindings;
mod call;
mod code_cache;
mod code_memory;
mod config;
mod crypto;
mod engine;
mod error;
mod grants;
mod guest_text;
mod imports;
mod limits;
mod memo;
mod output;
mod reads;
mod registry;
mod rendered;
mod renderer;
mod run;
mod services;

pub use code_cache::CodeCache;
pub use config::{CODE_ALIGNMENT, Precompiled, compatibility, precompile};
pub use engine::{Engine, EngineConfig};
pub use error::{Crash, LoadError, RenderError};
pub use grants::{Grants, Import};
pub use limits::Limits;
pub use memo::{Memo, MemoKey, Remembered};
pub use reads::ReadSet;
pub use registry::Registry;
pub use rendered::{Diagnostic, Location, Manifest, Rendered, Severity, Stats};
pub use renderer::{Descriptor, Renderer, Request, Source, Subject};
pub use services::{Capabilities, Cluster, Fetch, FetchError, LookupError, Services};
