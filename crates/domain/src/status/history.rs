//! The history of a Kustomization: the last few sets of objects and how their runs ended, newest first.

use std::collections::BTreeMap;

use rosin_api::kustomization::{History, Snapshot};
use rosin_api::{Duration, Time};

/// More are not kept.
pub const HISTORY_LENGTH: usize = 5;

/// The end of a run, from apply onwards.
#[derive(Clone, Debug, PartialEq)]
pub struct Run<'a> {
    /// Digest of the objects.
    pub digest: &'a str,
    /// Reason of the condition that it ended with.
    pub status: &'a str,
    pub revision: &'a str,
    pub origin_revision: Option<&'a str>,
    pub duration: Duration,
    pub end: Time,
}

/// Books a run. One with the digest and status of an earlier one counts as its repetition.
pub fn record(history: &mut History, run: Run<'_>) {
    let Run {
        digest,
        status,
        revision,
        origin_revision,
        duration,
        end,
    } = run;
    let mut metadata = BTreeMap::from([("revision".to_owned(), revision.to_owned())]);
    metadata.extend(origin_revision.map(|origin| ("originRevision".to_owned(), origin.to_owned())));
    let earlier = history
        .iter()
        .position(|snapshot| snapshot.digest == digest && snapshot.last_reconciled_status == status)
        .map(|index| history.remove(index));
    let snapshot = Snapshot {
        digest: digest.to_owned(),
        first_reconciled: earlier
            .as_ref()
            .map_or_else(|| end.clone(), |earlier| earlier.first_reconciled.clone()),
        last_reconciled: end,
        last_reconciled_duration: duration,
        last_reconciled_status: status.to_owned(),
        metadata,
        total_reconciliations: earlier
            .map_or(0, |earlier| earlier.total_reconciliations)
            .saturating_add(1),
    };
    history.insert(0, snapshot);
    history.truncate(HISTORY_LENGTH);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run<'a>(digest: &'a str, status: &'a str, second: i64) -> Run<'a> {
        Run {
            digest,
            status,
            revision: "main@sha1:1",
            origin_revision: None,
            duration: Duration::from_millis(1500),
            end: Time(jiff::Timestamp::from_second(second).unwrap()),
        }
    }

    #[test]
    fn equal_ends_of_equal_sets_are_counted_together() {
        // parity: KS-STATUS-011
        let mut history = Vec::new();
        for (digest, status, second) in [
            ("a", "ok", 1),
            ("b", "ok", 2),
            ("b", "failed", 3),
            ("a", "ok", 4),
        ] {
            record(&mut history, run(digest, status, second));
        }
        let shown: Vec<_> = history
            .iter()
            .map(|s| {
                (
                    s.digest.as_str(),
                    s.last_reconciled_status.as_str(),
                    s.total_reconciliations,
                    s.first_reconciled.0.as_second(),
                )
            })
            .collect();
        assert_eq!(
            shown,
            [("a", "ok", 2, 1), ("b", "failed", 1, 3), ("b", "ok", 1, 2)]
        );
        assert_eq!(history[0].last_reconciled_duration.to_string(), "1.5s");
        for (second, digest) in (5..).zip(["c", "d", "e", "f", "g"]) {
            record(&mut history, run(digest, "ok", second));
        }
        assert_eq!(history.len(), HISTORY_LENGTH);
        assert_eq!(history[0].digest, "g");
    }

    #[test]
    fn the_origin_is_kept_where_there_is_one() {
        // parity: KS-SRC-014
        let mut history = Vec::new();
        record(
            &mut history,
            Run {
                origin_revision: Some("v1@sha1:2"),
                ..run("a", "ok", 1)
            },
        );
        assert_eq!(history[0].metadata["originRevision"], "v1@sha1:2");
    }
}
