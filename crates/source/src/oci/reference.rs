//! Which revision of an artifact a reference means.

use regex::RegexBuilder;

use super::manifest::is_digest;
use super::{OciError, Registry};
use crate::semver::{Constraint, Version};

/// Charts have versions with `+`, which tags may not have.
const CHART_LAYER: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
const DEFAULT_TAG: &str = "latest";
/// A pattern that compiles to more is an attack rather than a filter.
const MAX_FILTER: usize = 1 << 20;

/// What an object asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    Digest(String),
    Semver {
        range: String,
        filter: Option<String>,
    },
    Tag(String),
}

/// A manifest, and the tag by which it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    pub tag: Option<String>,
    /// Of the manifest.
    pub digest: String,
}

impl Resolved {
    /// `<tag>@<digest>`, or the digest alone where that was asked for.
    #[must_use]
    pub fn revision(&self) -> String {
        match &self.tag {
            Some(tag) => format!("{tag}@{}", self.digest),
            None => self.digest.clone(),
        }
    }
}

impl Reference {
    /// Digest > semver > tag > `latest`; what is empty does not count.
    #[must_use]
    pub fn choose(
        digest: Option<&str>,
        semver: Option<&str>,
        filter: Option<&str>,
        tag: Option<&str>,
    ) -> Self {
        let some = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        if let Some(digest) = some(digest) {
            return Self::Digest(digest);
        }
        if let Some(range) = some(semver) {
            return Self::Semver {
                range,
                filter: some(filter),
            };
        }
        Self::Tag(some(tag).unwrap_or_else(|| DEFAULT_TAG.to_owned()))
    }

    /// The tag that is meant, if it is a tag; only a range asks the registry.
    ///
    /// # Errors
    /// When no tag fits, or the registry does not answer.
    pub async fn tag(
        &self,
        registry: &Registry,
        media_type: Option<&str>,
    ) -> Result<Option<String>, OciError> {
        match self {
            Self::Digest(digest) if is_digest(digest) => Ok(None),
            Self::Digest(digest) => Err(OciError::InvalidDigest(digest.clone())),
            Self::Tag(tag) if is_tag(tag) => Ok(Some(tag.clone())),
            Self::Tag(tag) => Err(OciError::InvalidTag(tag.clone())),
            Self::Semver { range, filter } => {
                let tags = registry.tags().await?;
                highest(
                    &tags,
                    range,
                    filter.as_deref(),
                    media_type == Some(CHART_LAYER),
                )
                .map(Some)
            }
        }
    }

    /// The manifest of the tag that [`Reference::tag`] gave.
    ///
    /// # Errors
    /// When the registry has none or does not answer.
    pub async fn resolve(
        &self,
        registry: &Registry,
        tag: Option<String>,
    ) -> Result<Resolved, OciError> {
        let digest = match (self, &tag) {
            (_, Some(tag)) => registry.digest(tag).await?,
            (Self::Digest(digest), None) => digest.clone(),
            (_, None) => registry.digest(DEFAULT_TAG).await?,
        };
        Ok(Resolved { tag, digest })
    }
}

fn highest(
    tags: &[String],
    range: &str,
    filter: Option<&str>,
    is_chart: bool,
) -> Result<String, OciError> {
    let filter = filter
        .map(|filter| {
            RegexBuilder::new(filter)
                .size_limit(MAX_FILTER)
                .build()
                .map_err(|_| OciError::Filter(filter.to_owned()))
        })
        .transpose()?;
    let constraint = Constraint::parse(range).map_err(|error| OciError::Range {
        range: range.to_owned(),
        error,
    })?;
    let highest = tags
        .iter()
        .filter(|tag| filter.as_ref().is_none_or(|filter| filter.is_match(tag)))
        .filter_map(|tag| {
            let text = if is_chart {
                tag.replace('_', "+")
            } else {
                tag.clone()
            };
            Version::parse_tag(&text)
        })
        .filter(|version| constraint.matches(version))
        .max_by(|left, right| {
            left.cmp(right)
                .then_with(|| left.original().cmp(right.original()))
        });
    let Some(version) = highest else {
        return Err(OciError::NoMatch(range.to_owned()));
    };
    let original = version.original();
    Ok(if is_chart {
        original.replace('+', "_")
    } else {
        original.to_owned()
    })
}

/// What may stand in the path of a request.
fn is_tag(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    (1..=128).contains(&text.len()) && text.bytes().all(allowed) && !text.starts_with(['.', '-'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_beats_semver_beats_tag_beats_latest() {
        // parity: SRC-OCI-002
        let (digest, range, tag) = (Some("sha256:1"), Some("1.x"), Some("v1"));
        assert_eq!(
            Reference::choose(digest, range, None, tag),
            Reference::Digest("sha256:1".into())
        );
        let semver = Reference::Semver {
            range: "1.x".into(),
            filter: None,
        };
        assert_eq!(Reference::choose(Some(""), range, Some(""), tag), semver);
        assert_eq!(
            Reference::choose(None, None, None, tag),
            Reference::Tag("v1".into())
        );
        assert_eq!(
            Reference::choose(None, None, Some("x"), None),
            Reference::Tag("latest".into())
        );
    }

    #[test]
    fn revisions_name_tag_and_digest() {
        // parity: SRC-OCI-004
        let mut resolved = Resolved {
            tag: Some("v1".into()),
            digest: "sha256:ab".into(),
        };
        assert_eq!(resolved.revision(), "v1@sha256:ab");
        resolved.tag = None;
        assert_eq!(resolved.revision(), "sha256:ab");
    }

    #[test]
    fn the_highest_version_that_the_filter_lets_through_wins() {
        // parity: SRC-OCI-003
        let tags = [
            "1.0.0",
            "v1.2.0",
            "1.3.0-rc.1",
            "1.9.0-debug",
            "1.2",
            "latest",
            "1.1.0_build.2",
        ];
        let tags = tags.map(str::to_owned);
        let pick =
            |range, filter, chart| highest(&tags, range, filter, chart).map_err(|e| e.to_string());
        assert_eq!(pick("1.x", None, false), Ok("v1.2.0".into()));
        assert_eq!(
            pick(">=1.0.0-0", Some(".*-rc.*"), false),
            Ok("1.3.0-rc.1".into())
        );
        assert_eq!(
            pick("~1.1", None, false),
            Err("no match found for semver: ~1.1".into())
        );
        assert_eq!(pick("~1.1", None, true), Ok("1.1.0_build.2".into()));
        assert!(pick("1.x", Some("("), false).is_err_and(|e| e.contains("regular expression")));
        assert!(pick("one", None, false).is_err_and(|e| e.starts_with("semver 'one' parse error")));
    }

    #[test]
    fn tags_never_lead_out_of_their_place() {
        for bad in ["", "../x", "a/b", "a?b", ".a", "a b", &"a".repeat(129)] {
            assert!(!is_tag(bad), "{bad:?}");
        }
        assert!(is_tag("v1.2.3-rc_1"));
    }
}
