//! When an object is looked at again, and how long one run may take.

use std::time::Duration;

use rosin_api::KustomizationSpec;

const LEAST_TIMEOUT: Duration = Duration::from_secs(30);

/// `spec.timeout`, or else the interval less 30 seconds; never below 30 seconds.
pub fn timeout(spec: &KustomizationSpec) -> Duration {
    let timeout = match spec.timeout {
        Some(timeout) => timeout.to_std(),
        None => spec
            .interval
            .to_std()
            .saturating_sub(Duration::from_secs(30)),
    };
    timeout.max(LEAST_TIMEOUT)
}

/// How soon a failed run is tried again.
pub fn retry_interval(spec: &KustomizationSpec) -> Duration {
    spec.retry_interval.unwrap_or(spec.interval).to_std()
}

/// An interval, more or less by up to `percentage` per cent of it. `random` is uniform in `[0, 1)`.
pub fn jittered(interval: Duration, percentage: u8, random: f64) -> Duration {
    let share = f64::from(percentage.min(99)) / 100.0;
    interval.mul_f64(1.0 + share * (2.0 * random.clamp(0.0, 1.0) - 1.0))
}

/// The delay before a run is repeated whose fault is not the object's: doubled with each failure in a row.
pub fn backoff(failures: u32, least: Duration, most: Duration) -> Duration {
    let factor = 1_u32
        .checked_shl(failures.saturating_sub(1))
        .unwrap_or(u32::MAX);
    least.saturating_mul(factor).min(most)
}

#[cfg(test)]
mod tests {
    use rosin_api::Kustomization;

    use super::*;

    fn spec(interval: &str, retry: Option<&str>, timeout: Option<&str>) -> KustomizationSpec {
        let mut spec = Kustomization::test("app").spec;
        spec.interval = interval.parse().unwrap();
        spec.retry_interval = retry.map(|text| text.parse().unwrap());
        spec.timeout = timeout.map(|text| text.parse().unwrap());
        spec
    }

    #[test]
    fn the_timeout_follows_from_the_interval() {
        // parity: KS-SCHED-004
        for (interval, given, expected) in [
            ("10m", None, 570),
            ("30s", None, 30),
            ("1m", None, 30),
            ("1h", Some("2m"), 120),
            ("1h", Some("5s"), 30),
            ("0s", None, 30),
        ] {
            assert_eq!(
                timeout(&spec(interval, None, given)),
                Duration::from_secs(expected),
                "{interval} {given:?}"
            );
        }
    }

    #[test]
    fn a_failure_is_retried_after_the_retry_interval_or_else_the_interval() {
        // parity: KS-SCHED-002
        assert_eq!(
            retry_interval(&spec("10m", Some("1m"), None)),
            Duration::from_secs(60)
        );
        assert_eq!(
            retry_interval(&spec("10m", None, None)),
            Duration::from_secs(600)
        );
    }

    #[test]
    fn jitter_stays_within_its_share() {
        // parity: KS-SCHED-001, SRC-GEN-020
        let interval = Duration::from_secs(100);
        assert_eq!(jittered(interval, 5, 0.0), Duration::from_secs(95));
        assert_eq!(jittered(interval, 5, 0.5), Duration::from_secs(100));
        assert!(jittered(interval, 5, 0.999_999) < Duration::from_secs(105));
        assert_eq!(jittered(interval, 0, 0.3), interval);
    }

    #[test]
    fn delays_double_up_to_the_most() {
        // parity: KS-SCHED-003, SRC-GEN-021
        let (least, most) = (Duration::from_millis(750), Duration::from_secs(900));
        let delays = [1, 2, 3, 40, 4_000_000_000].map(|failures| backoff(failures, least, most));
        assert_eq!(
            delays,
            [750, 1_500, 3_000, 900_000, 900_000].map(Duration::from_millis)
        );
    }
}
