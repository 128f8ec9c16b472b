//! What a running reconcile knows of its own run: whether it still holds a worker, and whether newer work has arrived.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, watch};

/// New work arrived for this object while its reconcile waited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("newer work has arrived from {by}")]
pub struct Interrupted {
    /// What changed first, as `<Kind>/<namespace>/<name>`.
    pub by: Arc<str>,
}

/// Handed to each reconcile.
#[derive(Debug)]
pub struct Run {
    worker: Mutex<Option<OwnedSemaphorePermit>>,
    state: watch::Sender<State>,
}

#[derive(Debug, Clone, Default)]
struct State {
    resting: bool,
    interrupted: Option<Arc<str>>,
}

impl Run {
    /// A run that has no worker yet.
    pub(super) fn waiting() -> Self {
        Self {
            worker: Mutex::default(),
            state: watch::Sender::new(State {
                resting: true,
                interrupted: None,
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
        let mut states = self.state.subscribe();
        let by = states.wait_for(|state| state.interrupted.is_some()).await;
        // The sender lives in `self`, so that waiting cannot fail.
        let by = by.ok().and_then(|state| state.interrupted.clone());
        Interrupted {
            by: by.unwrap_or_default(),
        }
    }

    /// Resolves when the run waits and may be dropped.
    pub(super) async fn resting(&self) {
        let _ = self.state.subscribe().wait_for(|state| state.resting).await;
    }

    pub(super) fn interrupt(&self, by: Arc<str>) {
        self.state.send_modify(|state| {
            state.interrupted.get_or_insert(by);
        });
    }
}
