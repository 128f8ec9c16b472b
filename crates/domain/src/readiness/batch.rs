//! Jobs: ready when they are done.

use super::Readiness;
use super::view::{View, in_progress};

pub(super) fn job(view: &View<'_>) -> Readiness {
    if view
        .get("/spec/suspend")
        .and_then(serde_json::Value::as_bool)
        == Some(true)
    {
        return Readiness::Current;
    }
    let parallelism = view.int("/spec/parallelism", 1);
    let completions = view.int("/spec/completions", parallelism);
    let succeeded = view.int("/status/succeeded", 0);
    let failed = view.int("/status/failed", 0);
    for condition in view
        .conditions()
        .filter(|condition| condition.status == "True")
    {
        match condition.type_ {
            "Complete" => return Readiness::Current,
            "Failed" => {
                return Readiness::Failed(format!("Job Failed. failed: {failed}/{completions}"));
            }
            _ => {}
        }
    }
    if view.text("/status/startTime").is_empty() {
        return in_progress(format!("Job not started. active: 0/{parallelism}"));
    }
    let active = view.int("/status/active", 0);
    in_progress(format!(
        "Job in progress. success:{succeeded}, active: {active}, failed: {failed}"
    ))
}
