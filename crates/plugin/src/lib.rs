//! Guest kit for renderer plugins of Rosin: the contract of `wit/` as Rust types, one trait, one macro.
//!
//! A plugin is a library whose logic reads files through [`Files`] and is tested natively, on [`MemoryFiles`], with plain
//! `cargo test`. A few lines of glue make it a component:
//!
//! ```
//! use rosin_plugin::{Descriptor, Failure, Files, Location, Manifest, Output, Renderer, Request};
//!
//! /// The library: every `*.json` below the path is an object.
//! pub fn render(path: &str, files: &dyn Files) -> Result<Output, Failure> {
//!     let mut output = Output::empty();
//!     for path in files.files(path)?.into_iter().filter(|path| path.ends_with(".json")) {
//!         let object: serde_json::Value = serde_json::from_slice(&files.read(&path)?)
//!             .map_err(|error| Failure::invalid(format!("{path}:{}: {error}", error.line())))?;
//!         output.manifests.push(Manifest::new(Location::line(path, 1), object.to_string()));
//!     }
//!     Ok(output)
//! }
//!
//! /// The glue, in `component.rs`.
//! struct Component;
//!
//! impl Renderer for Component {
//!     fn describe() -> Descriptor {
//!         Descriptor {
//!             name: "json".to_owned(),
//!             version: env!("CARGO_PKG_VERSION").to_owned(),
//!             options_schema: r#"{"type": "object", "additionalProperties": false}"#.to_owned(),
//!         }
//!     }
//!
//!     fn render(request: Request, source: &dyn Files) -> Result<Output, Failure> {
//!         render(&request.path, source)
//!     }
//! }
//!
//! rosin_plugin::export_renderer!(Component);
//!
//! // A test of the library, without WebAssembly.
//! let files = rosin_plugin::MemoryFiles::from([("app/a.json", r#"{"apiVersion": "v1", "kind": "Namespace"}"#)]);
//! assert_eq!(render("app", &files).unwrap().manifests.len(), 1);
//! ```
//!
//! The crate of a plugin is both a `cdylib` (the component) and an `rlib` (the library); `cargo xtask plugins` builds it for
//! `wasm32-unknown-unknown` and makes it a component. There is no WASI in the sandbox: `std::fs`, `std::env`, `SystemTime`
//! and `println!` fail, panic or do nothing. What a plugin may ask the host for are functions of this crate, each of which adds
//! its interface to the component's import list, if it is called: [`report`] (granted to all), [`cluster`], [`ambient`],
//! [`crypto`], [`remote`]. Natively they panic, so give libraries a trait or a closure for them and pass these in the glue.
//!
//! A panic ends the render as the plugin's fault, with the panic's message in the error. Nothing survives a render: every
//! call gets a new instance.

#[cfg(any(all(target_family = "wasm", feature = "allocator"), test))]
mod alloc;
#[doc(hidden)]
pub mod bindings;
mod export;
mod files;
pub mod path;

pub use bindings::exports::rosin::render::renderer::{
    Descriptor, Failure, Manifest, Output, Request, Subject,
};
pub use bindings::rosin::render::diagnostics::{Location, Severity, report};
pub use bindings::rosin::render::source::{AccessError, Kind, Tree};
pub use files::{Files, MemoryFiles, ReadError};

/// Imports `rosin:render/cluster`: the cluster that the output is meant for. Has to be granted.
pub mod cluster {
    pub use crate::bindings::rosin::render::cluster::{Capabilities, discover, lookup};
}

/// Imports `rosin:render/ambient`: time and randomness. Has to be granted, and ends the reuse of output.
pub mod ambient {
    pub use crate::bindings::rosin::render::ambient::{now, random};
}

/// Imports `rosin:render/crypto`: keys, signatures and slow hashes. Has to be granted, and ends the reuse of output.
pub mod crypto {
    pub use crate::bindings::rosin::render::crypto::{
        KeyKind, bcrypt, generate_key, public_key, scrypt, sign,
    };
}

/// Imports `rosin:render/compose`: other renderers of the host, on the files of this render. Has to be granted.
pub mod compose {
    pub use crate::bindings::rosin::render::compose::{Failure, File, Manifest, Output, render};
}

/// Imports `rosin:render/remote`: files from elsewhere. Has to be granted.
pub mod remote {
    pub use crate::bindings::rosin::render::remote::{FetchError, fetch};
}

#[doc(hidden)]
pub use export::Guest;

/// A renderer: a function from a request and files to objects.
pub trait Renderer {
    /// Says what the plugin is; see `descriptor` in `wit/renderer.wit`.
    fn describe() -> Descriptor;

    /// Renders one request. The options have been checked against [`Descriptor::options_schema`].
    fn render(request: Request, source: &dyn Files) -> Result<Output, Failure>;
}
