//! Decisions: what to apply, in which order, what to delete, what is ready, what to say about it.
//!
//! Everything here is a function of its arguments. There is no client, no file, no task and no clock: time and randomness are
//! arguments too. The host reads the world, asks here, and acts.
//!
//! | question | answer |
//! |---|---|
//! | is this rendered document an object? | [`Object::new`] |
//! | what is it called in inventories and messages? | [`ObjectId`], [`ObjectRef`] |
//! | what is applied, in which stages; what is claimed before and stale after? | [`plan::ApplyPlan`], [`plan::ChangeSet`] |

mod identity;
mod object;
pub mod plan;

pub use identity::{IdError, ObjectId, ObjectRef};
pub use object::{Object, ObjectError, split_api_version};
