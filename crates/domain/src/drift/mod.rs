//! What differs between a live object and the one that is wanted, and how fields become ours.

mod compare;
mod difference;
mod error;
mod handover;
mod ignore;
mod selector;

pub use compare::differs;
pub use difference::difference;
pub use error::{DryRunError, dry_run_message, is_immutable, namespace_missing_message};
pub use handover::{TakeOver, handover, migrate_manager, migrate_version};
pub use ignore::{IgnoreError, IgnorePaths, IgnoreRules};
