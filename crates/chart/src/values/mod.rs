//! Values: defaults of charts and subcharts under what the user gave.

mod coalesce;
mod path;
pub mod strvals;

pub use coalesce::{coalesce_tables, coalesce_values, copied, merge_tables, merge_values};
pub(crate) use path::{at_path, table};
