//! Versions and version ranges as Flux reads them (Go's Masterminds/semver v3): looser than the SemVer specification, so the
//! `semver` crate would pick other tags. The expectations in `semver/cases.tsv` were printed by the Go library.

mod constraint;
mod version;

pub use constraint::{Constraint, ConstraintError};
pub use version::Version;

#[cfg(test)]
mod tests {
    use super::*;

    /// Each line: constraint, version, what Go says: `true`, `false`, or `error` for a constraint that it refuses.
    const CASES: &str = include_str!("semver/cases.tsv");

    #[test]
    fn ranges_match_what_the_go_library_matches() {
        // parity: SRC-GIT-004, SRC-GEN-035
        let mut checked = 0;
        for line in CASES.lines() {
            let mut fields = line.split('\t');
            let (Some(range), Some(version), Some(expected)) =
                (fields.next(), fields.next(), fields.next())
            else {
                panic!("malformed line {line:?}");
            };
            let actual = match Constraint::parse(range) {
                Err(_) => "error".to_owned(),
                Ok(range) => match Version::parse(version) {
                    None => "invalid".to_owned(),
                    Some(version) => range.matches(&version).to_string(),
                },
            };
            assert_eq!(actual, expected, "{range:?} on {version:?}");
            checked += 1;
        }
        assert!(checked > 1000, "only {checked} cases");
    }

    #[test]
    fn tags_need_three_parts_and_may_have_leading_zeros() {
        // parity: SRC-GEN-035
        assert!(Version::parse_tag("1.2").is_none());
        assert!(Version::parse_tag("not-a-version").is_none());
        let version = Version::parse_tag("v2025.02.03-rc.1").expect("calendar version");
        assert_eq!(version.original(), "v2025.02.03-rc.1");
        assert!(version < Version::parse_tag("2025.2.3").expect("release"));
    }

    #[test]
    fn order_ignores_build_metadata() {
        let version = |text| Version::parse(text).expect("valid");
        assert_eq!(
            version("1.0.0+a").cmp(&version("1.0.0+b")),
            std::cmp::Ordering::Equal
        );
        let sorted = [
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0",
            "1.0.1",
        ];
        assert!(
            sorted
                .windows(2)
                .all(|pair| version(pair[0]) < version(pair[1]))
        );
    }

    #[test]
    fn refused_range_is_quoted() {
        let error = Constraint::parse("not a range").expect_err("no range");
        assert_eq!(error.to_string(), "improper constraint: \"not a range\"");
    }
}
