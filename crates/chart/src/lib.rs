//! Helm charts, for whoever renders or stores them: the Helm plugin and the host's releases.
//!
//! | want | take |
//! |---|---|
//! | a chart of a folder or an archive | [`load`], [`load_archive`], [`load_files`] |
//! | which subcharts take part, and what they hand up | [`dependencies`] |
//! | defaults under what the user gave; `--set` | [`values`] |
//! | YAML as sigs.k8s.io/yaml reads and writes it | [`yaml`] |
//!
//! It does no I/O and builds for wasm.

mod archive;
mod chart;
pub mod dependencies;
mod error;
mod ignore;
mod load;
mod metadata;
pub mod values;
pub mod yaml;

pub use chart::{Chart, File};
pub use error::Error;
pub use ignore::matches;
pub use load::{Folder, load, load_archive, load_files, merge as merge_maps, read_values};
pub use metadata::{Dependency, Maintainer, Metadata};
