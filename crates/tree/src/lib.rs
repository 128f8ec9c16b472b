//! The files of one source revision, as everybody but the artifact store sees them: a listing that never changes, the
//! content digest of every file, and a way to read them that cannot leave the folder.
//!
//! Renderers are handed a [`Tree`], the host records what they read by [`Digest`], and decrypted files are laid over it
//! in memory ([`Tree::overlay`]). Symbolic links and special files do not exist here.

mod builder;
mod digest;
mod error;
#[cfg(unix)]
mod pack;
pub mod path;
mod tree;

pub use builder::{Limits, TreeBuilder};
pub use digest::{Digest, ParseDigestError};
pub use error::TreeError;
#[cfg(unix)]
pub use pack::PackWriter;
pub use tree::{Entry, Tree};
