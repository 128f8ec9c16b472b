//! Decisions: what to apply, in which order, what to delete, what is ready, what to say about it.
//!
//! Everything here is a function of its arguments. There is no client, no file, no task and no clock: time and randomness are
//! arguments too. The host reads the world, asks here, and acts.
//!
//! | question | answer |
//! |---|---|
//! | is this rendered document an object? | [`finish::flatten`], [`Object::new`] |
//! | what is it called in inventories and messages? | [`ObjectId`], [`ObjectRef`] |
//! | what do `${variables}` in it become? | [`substitution`] |
//! | what is added to and taken from it before it is applied? | [`finish`] |
//! | what is applied, in which stages; what is claimed before and stale after? | [`plan::ApplyPlan`], [`plan::ChangeSet`] |
//! | is a render suspiciously empty? | [`empty`] |
//! | how does an object want to be treated? | [`control`] |
//! | did a live object drift; whose are its fields; what does a refusal mean? | [`drift`] |
//! | is an object ready; are all of them? | [`readiness`], [`health`] |
//! | are the dependencies ready; which comes first? | [`dependencies`] |
//! | when is it looked at again? | [`schedule`] |
//! | what does the status say? | [`status`] |
//! | is a tenant's expression true? | [`cel`] |

pub mod cel;
pub mod control;
pub mod dependencies;
pub mod drift;
pub mod empty;
pub mod finish;
pub mod health;
mod identity;
mod object;
pub mod plan;
pub mod readiness;
pub mod schedule;
pub mod status;
pub mod substitution;
mod visible;

pub use identity::{IdError, ObjectId, ObjectRef};
pub use object::{Object, ObjectError, split_api_version};
