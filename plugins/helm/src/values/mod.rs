//! Values: defaults of charts and subcharts under what the user gave.

mod coalesce;
mod path;
pub mod strvals;
mod user;

pub use crate::chart::merge_maps;
pub(crate) use coalesce::copied;
pub use coalesce::{coalesce_tables, coalesce_values, merge_tables, merge_values};
pub(crate) use path::{at_path, table};
pub(crate) use user::user_values;
