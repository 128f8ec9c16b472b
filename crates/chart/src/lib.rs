//! Helm charts, for whoever renders or stores them: the Helm plugin and the host's releases.
//!
//! | want | take |
//! |---|---|
//! | a chart of a folder or an archive | [`load`], [`load_archive`], [`load_files`] |
//! | which subcharts take part, and what they hand up | [`dependencies`] |
//! | defaults under what the user gave; `--set` | [`values`] |
//! | rendered files as documents, in Helm's order | [`manifests`] |
//! | YAML as sigs.k8s.io/yaml reads and writes it | [`yaml`] |
//!
//! It does no I/O and builds for wasm.

mod archive;
mod chart;
pub mod dependencies;
mod error;
mod ignore;
mod load;
pub mod manifests;
mod metadata;
pub mod values;
pub mod yaml;

pub use chart::{Chart, File, Lock};
pub use error::Error;
pub use ignore::matches;
pub use load::{
    Folder, archive_files, empty_values, folder_files, load, load_archive, load_files,
    merge as merge_maps, read_values,
};
pub use metadata::{Dependency, Maintainer, Metadata};

/// Can a release be called so? A DNS name of at most 53 characters can.
#[must_use]
pub fn is_release_name(name: &str) -> bool {
    let label = |label: &str| {
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let bytes = label.as_bytes();
        bytes.first().copied().is_some_and(inner)
            && bytes.last().copied().is_some_and(inner)
            && bytes.iter().all(|byte| inner(*byte) || *byte == b'-')
    };
    name.len() <= 53 && name.split('.').all(label)
}
