//! The versions of a chart, and which of them a range means.

use std::cmp::Ordering;

use serde::Deserialize;

use crate::semver::{Constraint, ConstraintError, Version};

/// One version in an index.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ChartVersion {
    #[serde(deserialize_with = "crate::null::as_default")]
    pub name: String,
    #[serde(deserialize_with = "crate::null::as_default")]
    pub version: String,
    #[serde(deserialize_with = "crate::null::as_default")]
    pub created: String,
    #[serde(deserialize_with = "crate::null::as_default")]
    pub urls: Vec<String>,
}

/// All versions of a chart, as an index lists them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Versions(pub Vec<ChartVersion>);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError {
    #[error("no chart name found")]
    Name,
    #[error("no chart version found")]
    Empty,
    #[error(transparent)]
    Range(#[from] ConstraintError),
    #[error("no '{name}' chart with version matching '{range}' found")]
    NoMatch { name: String, range: String },
    #[error("could not locate a version matching provided version string {0}")]
    NoTag(String),
}

impl Versions {
    /// The version that is called so, or the highest in the range; of equal ones the newest. Nothing and `*` mean the highest stable
    /// one.
    ///
    /// # Errors
    /// When the range is none, or nothing is in it.
    pub fn choose(&self, name: &str, range: &str) -> Result<&ChartVersion, ChoiceError> {
        if self.0.is_empty() {
            return Err(ChoiceError::Empty);
        }
        let exact = self.0.iter().find(|chart| chart.version == range);
        if let Some(exact) = exact.filter(|_| !range.is_empty()) {
            return Ok(exact);
        }
        let constraint = parse(range)?;
        let matching = self.0.iter().filter_map(|chart| {
            let version = Version::parse_tag(&chart.version)?;
            constraint.matches(&version).then_some((version, chart))
        });
        let highest = matching.max_by(|(left, one), (right, other)| {
            left.cmp(right).then_with(|| compare_times(one, other))
        });
        highest
            .map(|(_, chart)| chart)
            .ok_or_else(|| ChoiceError::NoMatch {
                name: name.to_owned(),
                range: range.to_owned(),
            })
    }
}

fn parse(range: &str) -> Result<Constraint, ConstraintError> {
    Constraint::parse(if range.is_empty() { "*" } else { range })
}

/// A time that cannot be read is before all others.
fn compare_times(left: &ChartVersion, right: &ChartVersion) -> Ordering {
    let time = |chart: &ChartVersion| chart.created.parse::<jiff::Timestamp>().ok();
    time(left).cmp(&time(right))
}

/// The tag of a chart in a registry that a version or range means. A version needs no list of tags.
///
/// # Errors
/// When the range is none, or nothing is in it.
pub fn choose_tag(tags: &[String], range: &str) -> Result<String, ChoiceError> {
    let versions: Vec<String> = tags.iter().map(|tag| tag.replace('_', "+")).collect();
    if let Some(exact) = versions.iter().find(|version| *version == range) {
        return Ok(exact.clone());
    }
    let constraint = parse(range)?;
    let matching = versions
        .iter()
        .filter_map(|version| Version::parse_tag(version))
        .filter(|version| constraint.matches(version));
    matching
        .max()
        .map(|version| version.original().to_owned())
        .ok_or_else(|| ChoiceError::NoTag(range.to_owned()))
}

/// Tags may not have the `+` of versions.
#[must_use]
pub fn tag_of(version: &str) -> String {
    version.replace('+', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(all: &[(&str, &str)]) -> Versions {
        let chart = |(version, created): &(&str, &str)| ChartVersion {
            name: "app".into(),
            version: (*version).into(),
            created: (*created).into(),
            urls: Vec::new(),
        };
        Versions(all.iter().map(chart).collect())
    }

    // parity: SRC-HC-002
    #[test]
    fn the_highest_in_the_range_is_chosen() {
        let all = versions(&[
            ("2.0.0-beta.1", ""),
            ("1.1.0", ""),
            ("1.0.0", ""),
            ("junk", ""),
            ("1.2", ""),
        ]);
        let choose = |range: &str| all.choose("app", range).map(|chart| chart.version.clone());
        assert_eq!(choose("*").as_deref(), Ok("1.1.0"));
        assert_eq!(choose("").as_deref(), Ok("1.1.0"));
        assert_eq!(choose("1.0.x").as_deref(), Ok("1.0.0"));
        assert_eq!(choose(">=1.0.0-0").as_deref(), Ok("2.0.0-beta.1"));
        assert_eq!(choose("junk").as_deref(), Ok("junk"));
        assert_eq!(
            choose("7.x").unwrap_err().to_string(),
            "no 'app' chart with version matching '7.x' found"
        );
        assert_eq!(
            choose("what").unwrap_err().to_string(),
            "improper constraint: \"what\""
        );
        assert_eq!(
            Versions::default().choose("app", "*"),
            Err(ChoiceError::Empty)
        );
    }

    // parity: SRC-HC-002
    #[test]
    fn of_equal_versions_the_newest_is_chosen() {
        let all = versions(&[
            ("1.0.0+a", "2024-01-01T00:00:00Z"),
            ("1.0.0+c", "2024-03-01T00:00:00+02:00"),
            ("1.0.0+b", "2024-02-01T00:00:00.5Z"),
        ]);
        assert_eq!(all.choose("app", "1.x").unwrap().version, "1.0.0+c");
    }

    // parity: SRC-HC-002
    #[test]
    fn tags_stand_for_versions() {
        let tags = ["1.0.0_build.1", "0.9.0", "latest", "2.0.0-rc.1"].map(str::to_owned);
        assert_eq!(choose_tag(&tags, "1.x").as_deref(), Ok("1.0.0+build.1"));
        assert_eq!(tag_of("1.0.0+build.1"), "1.0.0_build.1");
        assert_eq!(
            choose_tag(&tags, "9.x").unwrap_err().to_string(),
            "could not locate a version matching provided version string 9.x"
        );
    }
}
