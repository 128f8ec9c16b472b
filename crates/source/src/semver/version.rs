//! One version. Missing numbers count as zero, leading zeros and a `v` are allowed.

use std::cmp::Ordering;

/// Longer texts are no versions.
const MAX_LENGTH: usize = 256;

/// Compares by number and prerelease; equal versions may differ in build metadata and spelling.
#[derive(Debug, Clone)]
pub struct Version {
    pub(super) major: u64,
    pub(super) minor: u64,
    pub(super) patch: u64,
    pub(super) prerelease: String,
    original: String,
}

impl Version {
    /// A version as it appears in tags and chart versions: all three numbers must be there.
    #[must_use]
    pub fn parse_tag(text: &str) -> Option<Self> {
        if text.split('.').count() < 3 {
            None
        } else {
            Self::parse(text)
        }
    }

    /// A version that may leave out minor and patch.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_LENGTH {
            return None;
        }
        let (text_without_build, build) = match text.split_once('+') {
            Some((before, build)) => (before, Some(build)),
            None => (text, None),
        };
        let (numbers, prerelease) = match text_without_build.split_once('-') {
            Some((numbers, prerelease)) => (numbers, Some(prerelease)),
            None => (text_without_build, None),
        };
        if !build.is_none_or(has_identifiers) || !prerelease.is_none_or(is_prerelease) {
            return None;
        }
        let mut parts = numbers.strip_prefix('v').unwrap_or(numbers).split('.');
        let major = number(parts.next()?)?;
        let minor = parts.next().map_or(Some(0), number)?;
        let patch = parts.next().map_or(Some(0), number)?;
        if parts.next().is_some() {
            return None;
        }
        let prerelease = prerelease.unwrap_or_default().to_owned();
        Some(Self {
            major,
            minor,
            patch,
            prerelease,
            original: text.to_owned(),
        })
    }

    /// In full, without `v`, with other build metadata than it had; `None` when these are none.
    #[must_use]
    pub fn with_build(&self, build: &str) -> Option<String> {
        if !has_identifiers(build) {
            return None;
        }
        let mut text = format!("{}.{}.{}", self.major, self.minor, self.patch);
        if !self.prerelease.is_empty() {
            text.push('-');
            text.push_str(&self.prerelease);
        }
        Some(format!("{text}+{build}"))
    }

    /// As it was written: the name of the tag.
    #[must_use]
    pub fn original(&self) -> &str {
        &self.original
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let numbers =
            (self.major, self.minor, self.patch).cmp(&(other.major, other.minor, other.patch));
        numbers.then_with(|| compare_prereleases(&self.prerelease, &other.prerelease))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

/// A release comes after its prereleases; otherwise part by part, numbers before words, and the longer one last.
pub(super) fn compare_prereleases(left: &str, right: &str) -> Ordering {
    match (left.is_empty(), right.is_empty()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    left.split('.')
        .map(Part::of)
        .cmp(right.split('.').map(Part::of))
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Part<'a> {
    Number(u64),
    Word(&'a str),
}

impl<'a> Part<'a> {
    fn of(text: &'a str) -> Self {
        // Digits that overflow count as a word, as in Go.
        number(text).map_or(Self::Word(text), Self::Number)
    }
}

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

fn has_identifiers(text: &str) -> bool {
    text.split('.').all(|part| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    })
}

fn is_prerelease(text: &str) -> bool {
    let leading_zero = |part: &str| {
        part.len() > 1 && part.starts_with('0') && part.bytes().all(|b| b.is_ascii_digit())
    };
    has_identifiers(text) && !text.split('.').any(leading_zero)
}
