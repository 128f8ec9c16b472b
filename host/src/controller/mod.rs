//! The loop that every kind shares: watch, queue, run, delay, write status, tell.
//!
//! kube's `watcher` feeds it; its `Controller` queue is not used because its error policy never hears of success, so that delays
//! per object cannot grow and fall. A reconcile here is a future that may be dropped at any `.await` while it waits, and that
//! holds no worker while it does.

mod event;
mod key;
mod leader;
mod progress;
mod references;
mod run;
mod scheduler;
mod status;
mod watched;

pub use event::{Event, Events, Severity, annotated, involved};
pub use key::Key;
pub use leader::{LeaderConfig, lead};
pub use progress::Progress;
pub use references::References;
pub use run::{Interrupted, Run};
pub use scheduler::{Next, Reconcile, Scheduler, SchedulerConfig, Wake, WakeHandle};
pub use status::{StatusWriter, ensure_finalizer, has_finalizer, now, remove_finalizer};
pub use watched::{Change, Watched, watch};
