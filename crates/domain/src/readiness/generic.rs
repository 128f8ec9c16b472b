//! The rules for all kinds: deletion, generations, and the conditions by which controllers say that they are at work or stuck.

use super::Readiness;
use super::view::{View, in_progress};

/// What decides before the rule of a kind.
pub(super) fn common(view: &View<'_>) -> Option<Readiness> {
    if !view.text("/metadata/deletionTimestamp").is_empty() {
        return Some(Readiness::Terminating);
    }
    if let (Some(generation), Some(observed)) = (
        view.maybe_int("/metadata/generation"),
        view.maybe_int("/status/observedGeneration"),
    ) && generation != observed
    {
        let kind = view.kind();
        return Some(in_progress(format!(
            "{kind} generation is {generation}, but latest observed generation is {observed}"
        )));
    }
    view.conditions()
        .find_map(|condition| match (condition.type_, condition.status) {
            ("Reconciling", "True") => Some(in_progress(condition.message)),
            ("Stalled", "True") => Some(Readiness::Failed(condition.message.to_owned())),
            _ => None,
        })
}

/// The last word where a kind has no rule. Nobody can tell whether a `Ready` that is not true is on its way or doomed.
pub(super) fn ready_condition(view: &View<'_>) -> Readiness {
    let ready = view
        .conditions()
        .find(|condition| condition.type_ == "Ready");
    match ready {
        Some(condition) if matches!(condition.status, "False" | "Unknown") => {
            in_progress(condition.message)
        }
        _ => Readiness::Current,
    }
}
