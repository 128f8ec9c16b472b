//! A range of versions: `||` between alternatives, space or comma between conditions, `x`, `~`, `^`, hyphen ranges.

use super::version::{Version, compare_prereleases};

const MAX_LENGTH: usize = 512;
const MAX_ALTERNATIVES: usize = 32;

#[derive(Debug, Clone)]
pub struct Constraint {
    alternatives: Vec<Alternative>,
}

#[derive(Debug, Clone)]
struct Alternative {
    conditions: Vec<Condition>,
    /// Prereleases count only where a condition names one: `>=1.0.0-0`.
    prereleases: bool,
}

#[derive(Debug, Clone)]
struct Condition {
    operator: Operator,
    version: Version,
    /// Which number was left out or written as `x`.
    open: Open,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    None,
    Patch,
    Minor,
    Major,
}

#[derive(Debug, Clone, Copy)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterEqual,
    LessEqual,
    Tilde,
    Caret,
}

/// Longer spellings first, so that the first that fits is the right one.
const OPERATORS: [(&str, Operator); 12] = [
    ("!=", Operator::NotEqual),
    (">=", Operator::GreaterEqual),
    ("=>", Operator::GreaterEqual),
    ("<=", Operator::LessEqual),
    ("=<", Operator::LessEqual),
    ("~>", Operator::Tilde),
    ("=", Operator::Equal),
    (">", Operator::Greater),
    ("<", Operator::Less),
    ("~", Operator::Tilde),
    ("^", Operator::Caret),
    ("", Operator::Equal),
];

/// The texts are those of Flux's conditions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConstraintError {
    #[error("improper constraint: {0:?}")]
    Improper(String),
    #[error("constraint parser error")]
    Number,
    #[error("constraint string is too long (max {MAX_LENGTH} bytes)")]
    TooLong,
    #[error("too many constraint groups (max {MAX_ALTERNATIVES})")]
    TooManyAlternatives,
}

impl Constraint {
    /// # Errors
    /// When the text is no range.
    pub fn parse(text: &str) -> Result<Self, ConstraintError> {
        if text.len() > MAX_LENGTH {
            return Err(ConstraintError::TooLong);
        }
        let text = rewrite_hyphen_ranges(text);
        let alternatives: Vec<&str> = text.split("||").collect();
        if alternatives.len() > MAX_ALTERNATIVES {
            return Err(ConstraintError::TooManyAlternatives);
        }
        let alternatives = alternatives
            .into_iter()
            .map(Alternative::parse)
            .collect::<Result<_, _>>()?;
        Ok(Self { alternatives })
    }

    #[must_use]
    pub fn matches(&self, version: &Version) -> bool {
        self.alternatives
            .iter()
            .any(|alternative| alternative.matches(version))
    }
}

impl Alternative {
    fn parse(text: &str) -> Result<Self, ConstraintError> {
        let improper = || ConstraintError::Improper(text.to_owned());
        let mut conditions = Vec::new();
        let mut rest = text.trim_start_matches(is_space);
        loop {
            let (written, after) = Written::read(rest).ok_or_else(improper)?;
            conditions.push(written);
            let next = after.trim_start_matches(is_space);
            if next.is_empty() {
                break;
            }
            rest = match next.strip_prefix(',') {
                Some(next) => next.trim_start_matches(is_space),
                None if next.len() < after.len() => next,
                None => return Err(improper()),
            };
        }
        let conditions = conditions
            .into_iter()
            .map(Written::into_condition)
            .collect::<Result<Vec<_>, _>>()?;
        let prereleases = conditions
            .iter()
            .any(|condition| !condition.version.prerelease.is_empty());
        Ok(Self {
            conditions,
            prereleases,
        })
    }

    fn matches(&self, version: &Version) -> bool {
        (version.prerelease.is_empty() || self.prereleases)
            && self
                .conditions
                .iter()
                .all(|condition| condition.matches(version))
    }
}

impl Condition {
    fn matches(&self, version: &Version) -> bool {
        match self.operator {
            Operator::Equal if self.open == Open::None => *version == self.version,
            Operator::Equal | Operator::Tilde => self.matches_tilde(version),
            Operator::NotEqual => self.differs(version),
            Operator::Greater => self.is_below(version),
            Operator::Less => *version < self.version,
            Operator::GreaterEqual => *version >= self.version,
            Operator::LessEqual => self.is_at_least(version),
            Operator::Caret => self.matches_caret(version),
        }
    }

    fn differs(&self, version: &Version) -> bool {
        let own = &self.version;
        match self.open {
            Open::None | Open::Major => version != own,
            Open::Minor => version.major != own.major,
            Open::Patch => {
                (version.major, version.minor) != (own.major, own.minor)
                    || compare_prereleases(&version.prerelease, &own.prerelease).is_ne()
            }
        }
    }

    /// `>11` means 12 or later, `>11.1` means 11.2 or later.
    fn is_below(&self, version: &Version) -> bool {
        let own = &self.version;
        match self.open {
            Open::None | Open::Major => version > own,
            Open::Minor => version.major > own.major,
            Open::Patch => (version.major, version.minor) > (own.major, own.minor),
        }
    }

    /// `<=11` includes all of 11, `<=11.1` all of 11.1.
    fn is_at_least(&self, version: &Version) -> bool {
        let own = &self.version;
        match self.open {
            Open::None => version <= own,
            Open::Minor => version.major <= own.major,
            Open::Patch | Open::Major => (version.major, version.minor) <= (own.major, own.minor),
        }
    }

    fn matches_tilde(&self, version: &Version) -> bool {
        let own = &self.version;
        if version < own {
            return false;
        }
        let closed = matches!(self.open, Open::None | Open::Major);
        if closed && (own.major, own.minor, own.patch) == (0, 0, 0) {
            // `~0.0.0` and `*` take everything.
            return true;
        }
        version.major == own.major && (version.minor == own.minor || self.open == Open::Minor)
    }

    /// The leftmost number that is not zero must not change.
    fn matches_caret(&self, version: &Version) -> bool {
        let own = &self.version;
        if version < own {
            return false;
        }
        if own.major > 0 || self.open == Open::Minor {
            return version.major == own.major;
        }
        if version.major > 0 {
            return false;
        }
        if own.minor > 0 || self.open == Open::Patch {
            return version.minor == own.minor;
        }
        version.minor == 0 && version.patch == own.patch
    }
}

/// A condition as it is spelled, before its numbers are looked at.
struct Written<'a> {
    operator: Operator,
    numbers: Numbers<'a>,
}

impl<'a> Written<'a> {
    fn read(text: &'a str) -> Option<(Self, &'a str)> {
        OPERATORS.iter().find_map(|(spelling, operator)| {
            let rest = text.strip_prefix(spelling)?.trim_start_matches(is_space);
            let (numbers, rest) = Numbers::read(rest)?;
            Some((
                Self {
                    operator: *operator,
                    numbers,
                },
                rest,
            ))
        })
    }

    fn into_condition(self) -> Result<Condition, ConstraintError> {
        let Numbers {
            major,
            minor,
            patch,
            prerelease,
            ..
        } = self.numbers;
        let is_open = |number: Option<&str>| matches!(number, None | Some("x" | "X" | "*"));
        let (open, text) = if is_open(Some(major)) {
            (Open::Major, format!("0.0.0{prerelease}"))
        } else if is_open(minor) {
            (Open::Minor, format!("{major}.0.0{prerelease}"))
        } else if is_open(patch) {
            (
                Open::Patch,
                format!("{major}.{}.0{prerelease}", minor.unwrap_or("0")),
            )
        } else {
            (Open::None, self.numbers.text.to_owned())
        };
        let version = Version::parse(&text).ok_or(ConstraintError::Number)?;
        Ok(Condition {
            operator: self.operator,
            version,
            open,
        })
    }
}

/// What looks like a version in a range. Whether the parts are numbers is checked later, with another error, as in Go.
struct Numbers<'a> {
    text: &'a str,
    major: &'a str,
    minor: Option<&'a str>,
    patch: Option<&'a str>,
    /// With its hyphen.
    prerelease: &'a str,
}

impl<'a> Numbers<'a> {
    fn read(text: &'a str) -> Option<(Self, &'a str)> {
        let after_v = text.strip_prefix('v').unwrap_or(text);
        let (major, rest) = take(after_v, is_number_character)?;
        let (minor, rest) = dotted(rest);
        let (patch, rest) = if minor.is_some() {
            dotted(rest)
        } else {
            (None, rest)
        };
        let (prerelease, rest) = identifiers(rest, '-');
        let (_, rest) = identifiers(rest, '+');
        let text = &text[..text.len() - rest.len()];
        Some((
            Self {
                text,
                major,
                minor,
                patch,
                prerelease,
            },
            rest,
        ))
    }
}

fn dotted(text: &str) -> (Option<&str>, &str) {
    match text
        .strip_prefix('.')
        .and_then(|rest| take(rest, is_number_character))
    {
        Some((part, rest)) => (Some(part), rest),
        None => (None, text),
    }
}

/// Dot-separated words after `mark`, the mark included; empty when there are none.
fn identifiers(text: &str, mark: char) -> (&str, &str) {
    let is_word = |character: char| character.is_ascii_alphanumeric() || character == '-';
    let Some((_, mut rest)) = text.strip_prefix(mark).and_then(|rest| take(rest, is_word)) else {
        return ("", text);
    };
    while let Some((_, next)) = rest.strip_prefix('.').and_then(|next| take(next, is_word)) {
        rest = next;
    }
    text.split_at(text.len() - rest.len())
}

fn take(text: &str, allowed: impl Fn(char) -> bool) -> Option<(&str, &str)> {
    let end = text
        .find(|character| !allowed(character))
        .unwrap_or(text.len());
    if end == 0 {
        None
    } else {
        Some(text.split_at(end))
    }
}

/// The bar is a slip of the original's expression; such numbers are refused later.
fn is_number_character(character: char) -> bool {
    character.is_ascii_digit() || matches!(character, 'x' | 'X' | '*' | '|')
}

fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r' | '\x0c')
}

/// `1.2 - 2.0` becomes `>= 1.2, <= 2.0`.
fn rewrite_hyphen_ranges(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some((from, to, after)) = hyphen_range(rest) {
            out.push_str(&format!(">= {from}, <= {to} "));
            rest = after;
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

fn hyphen_range(text: &str) -> Option<(&str, &str, &str)> {
    let (from, rest) = Numbers::read(text.trim_start_matches(is_space))?;
    let (_, rest) = take(rest, is_space)?;
    let (_, rest) = take(rest.strip_prefix('-')?, is_space)?;
    let (to, rest) = Numbers::read(rest)?;
    Some((from.text, to.text, rest.trim_start_matches(is_space)))
}
