//! The one way to the API server: who asks (`Identity`), what exists (`Discovery`), and the few verbs that a controller needs.
//!
//! Objects travel as `serde_json::Value`: what is applied is what a renderer made, never what a Rust type happens to know of it.

mod discovery;
mod error;
mod gvk;
mod identity;
mod session;

pub use discovery::{Discovery, DiscoveryError, Resource};
pub use error::ApiError;
pub use gvk::Gvk;
pub use identity::Identity;
pub use session::{Apply, PatchKind, Session};
