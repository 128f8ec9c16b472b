//! What statuses say: conditions that keep their transition times, a history that merges, and the summary of a source.

mod condition;
mod history;
mod source;

pub use condition::{Wording, find, remove, set};
pub use history::{HISTORY_LENGTH, Run, record};
pub use source::summarise;
