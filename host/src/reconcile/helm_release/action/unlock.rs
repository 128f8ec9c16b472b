//! A record that says that something is under way, and nothing is: whoever was at it is gone.

use rosin_release::{Release, Status};

use crate::reconcile::helm_release::{objects::Failure, storage::Storage};

/// Marks the last record as failed. Says which it was, and what it said before.
pub(in super::super) async fn unlock(
    storage: &mut Storage<'_>,
) -> Option<(Release, Status, Result<(), Failure>)> {
    let release = storage.last()?.clone();
    let status = release.info.status.clone();
    if !status.is_pending() {
        return None;
    }
    let mut unlocked = release.clone();
    let text = format!("Release unlocked from stale '{status}' state");
    unlocked.set_status(Status::Failed, text);
    let written = storage.update(&unlocked).await;
    Some((release, status, written))
}
