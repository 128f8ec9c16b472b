//! The `Ready` condition of a source: a summary of its other conditions.

use rosin_api::condition_type::{
    ARTIFACT_IN_STORAGE, ARTIFACT_OUTDATED, BUILD_FAILED, FETCH_FAILED, INCLUDE_UNAVAILABLE, READY,
    RECONCILING, SOURCE_VERIFIED, STALLED, STORAGE_OPERATION_FAILED,
};
use rosin_api::{Condition, ConditionStatus, Reason, Time};

use super::condition::{Wording, find, set};

/// What counts, the gravest first.
const ORDER: [&str; 9] = [
    STORAGE_OPERATION_FAILED,
    FETCH_FAILED,
    INCLUDE_UNAVAILABLE,
    BUILD_FAILED,
    ARTIFACT_OUTDATED,
    ARTIFACT_IN_STORAGE,
    SOURCE_VERIFIED,
    STALLED,
    RECONCILING,
];

/// Conditions that are bad news when they hold.
const NEGATIVE: [&str; 7] = [
    STORAGE_OPERATION_FAILED,
    FETCH_FAILED,
    INCLUDE_UNAVAILABLE,
    BUILD_FAILED,
    ARTIFACT_OUTDATED,
    STALLED,
    RECONCILING,
];

/// Sets `Ready` from the other conditions. While new work is under way and nothing failed, it is unknown.
pub fn summarise(conditions: &mut Vec<Condition>, generation: Option<i64>, now: &Time) {
    let (status, reason, message) = summary(conditions);
    set(
        conditions,
        Wording {
            type_: READY,
            status,
            reason: &reason,
            message: &message,
        },
        generation,
        now,
    );
}

fn summary(conditions: &[Condition]) -> (ConditionStatus, String, String) {
    let say = |condition: &Condition| (condition.reason.clone(), condition.message.clone());
    let holds = |type_: &str| {
        find(conditions, type_).filter(|condition| condition.status == ConditionStatus::True)
    };

    let failures = ORDER.iter().filter(|type_| {
        NEGATIVE.contains(type_) && !matches!(**type_, RECONCILING | ARTIFACT_OUTDATED)
    });
    let failure = failures.filter_map(|type_| holds(type_)).next();
    let unverified = find(conditions, SOURCE_VERIFIED)
        .filter(|condition| condition.status == ConditionStatus::False);
    if let Some(condition) = failure.or(unverified) {
        let (reason, message) = say(condition);
        return (ConditionStatus::False, reason, message);
    }
    // A run that ended in an error leaves `Reconciling` behind with its reason to retry: then an outdated artifact is its failure.
    let reconciling = holds(RECONCILING);
    if let Some(outdated) = holds(ARTIFACT_OUTDATED) {
        let (reason, message) = say(outdated);
        return match reconciling {
            Some(progress) if progress.reason == Reason::Progressing.as_str() => {
                let (reason, message) = say(progress);
                (ConditionStatus::Unknown, reason, message)
            }
            _ => (ConditionStatus::False, reason, message),
        };
    }
    if let Some(condition) = reconciling {
        let (reason, message) = say(condition);
        return (ConditionStatus::Unknown, reason, message);
    }
    match holds(ARTIFACT_IN_STORAGE) {
        Some(condition) => {
            let (_, message) = say(condition);
            (
                ConditionStatus::True,
                Reason::Succeeded.as_str().to_owned(),
                message,
            )
        }
        None => (
            ConditionStatus::Unknown,
            Reason::Progressing.as_str().to_owned(),
            "reconciliation in progress".to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summarised(
        conditions: &[(&str, ConditionStatus, &str, &str)],
    ) -> (ConditionStatus, String, String) {
        let now = Time(jiff::Timestamp::UNIX_EPOCH);
        let mut all = Vec::new();
        for (type_, status, reason, message) in conditions {
            set(
                &mut all,
                Wording {
                    type_,
                    status: *status,
                    reason,
                    message,
                },
                Some(1),
                &now,
            );
        }
        summarise(&mut all, Some(1), &now);
        let ready = find(&all, READY).unwrap();
        (ready.status, ready.reason.clone(), ready.message.clone())
    }

    #[test]
    fn ready_says_what_weighs_most() {
        // parity: SRC-GEN-015, SRC-GEN-017
        use ConditionStatus::{False, True, Unknown};
        let stored = (ARTIFACT_IN_STORAGE, True, "Succeeded", "stored");
        let verdict =
            |status, reason: &str, message: &str| (status, reason.to_owned(), message.to_owned());
        assert_eq!(summarised(&[stored]), verdict(True, "Succeeded", "stored"));
        let failed = (FETCH_FAILED, True, "GitOperationFailed", "no route");
        assert_eq!(
            summarised(&[stored, failed]),
            verdict(False, "GitOperationFailed", "no route")
        );
        let storage = (
            STORAGE_OPERATION_FAILED,
            True,
            "ArchiveOperationFailed",
            "disk full",
        );
        assert_eq!(
            summarised(&[stored, failed, storage]),
            verdict(False, "ArchiveOperationFailed", "disk full")
        );
        let stalled = (STALLED, True, "URLInvalid", "bad");
        assert_eq!(
            summarised(&[stored, stalled]),
            verdict(False, "URLInvalid", "bad")
        );
        assert_eq!(
            summarised(&[stored, stalled, failed]),
            verdict(False, "GitOperationFailed", "no route")
        );
        let unverified = (SOURCE_VERIFIED, False, "VerificationError", "no key");
        assert_eq!(
            summarised(&[stored, unverified]),
            verdict(False, "VerificationError", "no key")
        );
        let working = (RECONCILING, True, "Progressing", "building artifact");
        assert_eq!(
            summarised(&[stored, working]),
            verdict(Unknown, "Progressing", "building artifact")
        );
        let outdated = (
            ARTIFACT_OUTDATED,
            True,
            "NewRevision",
            "new upstream revision",
        );
        assert_eq!(
            summarised(&[stored, outdated, working]),
            verdict(Unknown, "Progressing", "building artifact")
        );
        assert_eq!(
            summarised(&[]),
            verdict(Unknown, "Progressing", "reconciliation in progress")
        );
    }
}
