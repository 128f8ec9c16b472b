//! Helm releases as values: what Helm's storage and a HelmRelease's status say, to the byte, and what is to be done next.
//!
//! | question | answer |
//! |---|---|
//! | what is in a record, and how is it written? | [`Release`], [`record`] |
//! | what are the values of a release; did they change? | [`values`] |
//! | what is it called? | [`names`] |
//! | is it still the one that was made? | [`observe`], [`history`] |
//! | what state is it in, and what comes next? | [`state::determine`], [`decide::next`], [`decide::Course`], [`remedy`] |
//! | what is rendered into the record? | [`postrender`] |
//! | how is an object changed that the server does not merge? | [`merge`] |
//! | what do conditions and events say? | [`messages`] |
//!
//! Everything here is a function of its arguments; the clock is one of them.

pub mod decide;
pub mod digest;
pub mod history;
pub mod json;
pub mod log;
pub mod merge;
pub mod messages;
pub mod names;
pub mod observe;
pub mod postrender;
pub mod record;
pub mod remedy;
pub mod state;
mod time;
pub mod values;

pub use digest::Algorithm;
pub use record::{
    ApplyMethod, Chart, File, Hook, HookEvent, HookExecution, Info, RecordError, Release, Status,
};
pub use time::Time;
pub use values::Values;
