//! What a running reconcile knows of its own run: whether it still holds a worker, and whether newer work has arrived.

use std::sync::{Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, watch};

/// New work arrived for this object while its reconcile waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("newer work has arrived")]
pub struct Interrupted;

/// Handed to each reconcile.
#[derive(Debug)]
pub struct Run {
    worker: Mutex<Option<OwnedSemaphorePermit>>,
    state: watch::Sender<State>,
}

#[derive(Debug, Clone, Copy, Default)]
struct State {
    resting: bool,
    stale: bool,
}

impl Run {
    /// A run that has no worker yet.
    pub(super) fn waiting() -> Self {
        Self {
            worker: Mutex::default(),
            state: watch::Sender::new(State {
                resting: true,
                stale: false,
            }),
        }
    }

    pub(super) fn work(&self, permit: OwnedSemaphorePermit) {
        *self.worker.lock().unwrap_or_else(PoisonError::into_inner) = Some(permit);
        self.state.send_modify(|state| state.resting = false);
    }

    /// Gives the worker back. Called before waiting for something that may take long: waiting is a state, not a busy worker.
    pub fn rest(&self) {
        self.worker
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        self.state.send_modify(|state| state.resting = true);
    }

    /// Resolves when newer work for this object is there. A reconcile selects on it where it waits, and returns.
    pub async fn interrupted(&self) -> Interrupted {
        // The sender lives in `self`, so that waiting cannot fail.
        let _ = self.state.subscribe().wait_for(|state| state.stale).await;
        Interrupted
    }

    /// Resolves when the run waits and may be dropped.
    pub(super) async fn resting(&self) {
        let _ = self.state.subscribe().wait_for(|state| state.resting).await;
    }

    pub(super) fn interrupt(&self) {
        self.state.send_modify(|state| state.stale = true);
    }
}
