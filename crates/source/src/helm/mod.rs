//! Helm repositories: a server with an index, or a part of a registry.
//!
//! [`Repository`] downloads; [`index::store`] turns an index, however large, into an artifact chart by chart; [`index::find`] reads the
//! versions of one chart from there and [`Versions::choose`] picks one of them.

pub mod index;
mod layout;
mod repository;
mod versions;

pub use index::IndexError;
pub use repository::{Download, Repository, RepositoryError, RepositoryOptions};
pub use versions::{ChartVersion, ChoiceError, Versions, choose_tag, tag_of};
