//! Artifacts: one archive per revision of a source, kept on disk, served over HTTP, unpacked once for all who read it.

mod archive;
mod blob;
mod digest;
mod download;
mod key;
mod store;
mod trees;
mod unpack;
mod writer;

pub use blob::{Blob, StoredFile};
pub use digest::{ArtifactDigest, InvalidDigest};
pub use download::{DownloadError, Downloads};
pub use key::{InvalidKey, ObjectKey};
pub use store::{Condition, Retention, Store, StoreError, Stored};
pub use trees::Capacity;
pub use unpack::{UnpackError, unpack};
pub(crate) use writer::walk_order;
pub use writer::{TreeWriter, WriteError};
