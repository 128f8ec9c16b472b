//! Versions and constraints of Masterminds/semver 3.5.

use std::any::Any;
use std::cmp::Ordering;

use super::args::text;
use crate::func::{Functions, Param, Signature};
use crate::strconv::quote;
use crate::value::{Kind, Object, UintType, Value, lossy};

const MAX_VERSION: usize = 256;
const MAX_CONSTRAINT: usize = 512;
const MAX_GROUPS: usize = 32;

pub(super) fn register(functions: &mut Functions) {
    functions.add("semver", &[Param::String], |_, a| {
        Ok(Value::object(Version::parse(&lossy(text(a, 0)))?))
    });
    functions.add("semverCompare", &[Param::String, Param::String], |_, a| {
        let constraints = Constraints::parse(&lossy(text(a, 0)))?;
        Ok(Value::Bool(
            constraints.check(&Version::parse(&lossy(text(a, 1)))?),
        ))
    });
}

/// A semantic version.
#[derive(Clone, Debug, Default)]
pub struct Version {
    pub major: u64,
    pub minor: u64,
    pub patch: u64,
    pub pre: String,
    pub metadata: String,
    original: String,
}

/// Takes the longest head of `text` that fits; empty if there is none.
fn head(text: &str, fits: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !fits(c)).unwrap_or(text.len()))
}

fn identifiers(text: &str) -> (&str, &str) {
    let mut end = 0;
    loop {
        let (part, _) = head(&text[end..], |c| c.is_ascii_alphanumeric() || c == '-');
        if part.is_empty() {
            // A dot without anything behind it is not taken.
            return text.split_at(end.saturating_sub(usize::from(end > 0)));
        }
        end += part.len();
        if !text[end..].starts_with('.') {
            return text.split_at(end);
        }
        end += 1;
    }
}

/// `-pre` and `+metadata` behind a version, and what is left.
fn suffixes(text: &str) -> (&str, &str, &str) {
    let mut rest = text;
    let (mut pre, mut metadata) = ("", "");
    if let Some(tail) = rest.strip_prefix('-') {
        let (found, left) = identifiers(tail);
        if !found.is_empty() {
            (pre, rest) = (found, left);
        }
    }
    if let Some(tail) = rest.strip_prefix('+') {
        let (found, left) = identifiers(tail);
        if !found.is_empty() {
            (metadata, rest) = (found, left);
        }
    }
    (pre, metadata, rest)
}

impl Version {
    /// Reads `1`, `v1.2`, `1.2.3-pre+meta`; leading zeros in numbers are tolerated.
    pub fn parse(text: &str) -> Result<Self, String> {
        const INVALID: &str = "invalid semantic version";
        if text.len() > MAX_VERSION {
            return Err(format!(
                "version string is too long (max {MAX_VERSION} bytes)"
            ));
        }
        let mut rest = text.strip_prefix('v').unwrap_or(text);
        let mut numbers = [0; 3];
        for (index, slot) in numbers.iter_mut().enumerate() {
            let source = if index == 0 {
                Some(rest)
            } else {
                rest.strip_prefix('.')
            };
            let Some(source) = source else { break };
            let (digits, tail) = head(source, |c| c.is_ascii_digit());
            if digits.is_empty() {
                return Err(INVALID.into());
            }
            *slot = digits.parse().map_err(|_| {
                let error = crate::strconv::NumberError::Range.text("ParseUint", digits.as_bytes());
                format!("error parsing version segment: {error}")
            })?;
            rest = tail;
        }
        let (pre, metadata, rest) = suffixes(rest);
        if !rest.is_empty() {
            return Err(INVALID.into());
        }
        for part in pre.split('.') {
            if part.len() > 1
                && part.starts_with('0')
                && part.bytes().all(|byte| byte.is_ascii_digit())
            {
                return Err("version segment starts with 0".into());
            }
        }
        let [major, minor, patch] = numbers;
        Ok(Self {
            major,
            minor,
            patch,
            pre: pre.into(),
            metadata: metadata.into(),
            original: text.into(),
        })
    }

    #[must_use]
    pub fn compare(&self, other: &Self) -> Ordering {
        (self.major, self.minor, self.patch)
            .cmp(&(other.major, other.minor, other.patch))
            .then_with(|| match (self.pre.is_empty(), other.pre.is_empty()) {
                (true, true) => Ordering::Equal,
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                (false, false) => compare_pre(&self.pre, &other.pre),
            })
    }

    fn next(&self, part: usize) -> Result<Self, String> {
        let mut next = Self {
            pre: String::new(),
            metadata: String::new(),
            ..self.clone()
        };
        let overflow = |name: &str| format!("{name} version increment would overflow uint64");
        match part {
            0 => next.major = self.major.checked_add(1).ok_or_else(|| overflow("major"))?,
            1 => next.minor = self.minor.checked_add(1).ok_or_else(|| overflow("minor"))?,
            // A prerelease is followed by its release.
            _ if !self.pre.is_empty() => {}
            _ => next.patch = self.patch.checked_add(1).ok_or_else(|| overflow("patch"))?,
        }
        if part < 2 {
            next.patch = 0;
        }
        if part < 1 {
            next.minor = 0;
        }
        let prefix = if self.original.starts_with('v') {
            "v"
        } else {
            ""
        };
        next.original = format!("{prefix}{next}");
        Ok(next)
    }
}

fn compare_pre(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.split('.'), b.split('.'));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(a), Some(b)) => match (a.parse::<u64>(), b.parse::<u64>()) {
                (Ok(a), Ok(b)) => a.cmp(&b),
                (Ok(_), Err(_)) => Ordering::Less,
                (Err(_), Ok(_)) => Ordering::Greater,
                (Err(_), Err(_)) => a.cmp(b),
            },
        };
        if order.is_ne() {
            return order;
        }
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)?;
        if !self.pre.is_empty() {
            write!(f, "-{}", self.pre)?;
        }
        if !self.metadata.is_empty() {
            write!(f, "+{}", self.metadata)?;
        }
        Ok(())
    }
}

const VERSION_TYPE: &str = "*semver.Version";

impl Object for Version {
    fn type_name(&self) -> &str {
        VERSION_TYPE
    }

    fn kind(&self) -> Kind {
        Kind::Pointer
    }

    fn method(&self, name: &str) -> Option<Signature> {
        let params: &[Param] = match name {
            "Major" | "Minor" | "Patch" | "Prerelease" | "Metadata" | "Original" | "String"
            | "IncMajor" | "IncMinor" | "IncPatch" => &[],
            "Compare" | "Equal" | "LessThan" | "GreaterThan" | "LessThanEqual"
            | "GreaterThanEqual" => &[Param::Object("semver.Version")],
            _ => return None,
        };
        Some(Signature {
            params,
            variadic: None,
        })
    }

    fn call(&self, name: &str, args: &[Value]) -> Result<Value, String> {
        let number = |value| Value::Uint(UintType::Uint64, value);
        let order = || match args.first() {
            Some(Value::Object(other)) => other
                .as_any()
                .downcast_ref::<Self>()
                .map(|other| self.compare(other)),
            _ => None,
        };
        let ordered = |test: fn(Ordering) -> bool| Value::Bool(order().is_some_and(test));
        Ok(match name {
            "Major" => number(self.major),
            "Minor" => number(self.minor),
            "Patch" => number(self.patch),
            "Prerelease" => Value::from(self.pre.as_str()),
            "Metadata" => Value::from(self.metadata.as_str()),
            "Original" => Value::from(self.original.as_str()),
            "String" => Value::from(self.to_string()),
            "IncMajor" => Value::object(self.next(0)?),
            "IncMinor" => Value::object(self.next(1)?),
            "IncPatch" => Value::object(self.next(2)?),
            "Compare" => Value::int(order().map_or(0, |order| order as i64)),
            "Equal" => ordered(Ordering::is_eq),
            "LessThan" => ordered(Ordering::is_lt),
            "LessThanEqual" => ordered(Ordering::is_le),
            "GreaterThan" => ordered(Ordering::is_gt),
            "GreaterThanEqual" => ordered(Ordering::is_ge),
            _ => return Err(format!("no method {name}")),
        })
    }

    fn string(&self) -> Option<String> {
        Some(self.to_string())
    }

    fn plain(&self) -> Value {
        Value::from(self.to_string())
    }

    fn copied(&self) -> Option<Value> {
        Some(Value::object(Self::parse("0.0.0").ok()?))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    /// None, or `=`.
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterEqual,
    LessEqual,
    Tilde,
    Caret,
}

#[derive(Debug)]
struct Constraint {
    operator: Operator,
    version: Version,
    /// Parts are missing or wildcards: any, the minor (and with it the patch), only the patch.
    dirty: bool,
    minor_dirty: bool,
    patch_dirty: bool,
}

/// Groups joined by `||`; in a group all must hold.
#[derive(Debug)]
pub struct Constraints {
    groups: Vec<Vec<Constraint>>,
}

const OPERATORS: [(&str, Operator); 12] = [
    ("!=", Operator::NotEqual),
    (">=", Operator::GreaterEqual),
    ("=>", Operator::GreaterEqual),
    ("<=", Operator::LessEqual),
    ("=<", Operator::LessEqual),
    ("~>", Operator::Tilde),
    (">", Operator::Greater),
    ("<", Operator::Less),
    ("~", Operator::Tilde),
    ("^", Operator::Caret),
    ("=", Operator::Equal),
    ("", Operator::Equal),
];

fn wildcard(part: &str) -> bool {
    matches!(part, "" | "x" | "X" | "*")
}

fn spaces(text: &str) -> &str {
    text.trim_start_matches([' ', '\t', '\n', '\r', '\x0c'])
}

/// A version in a constraint, cut from the text: its parts, and the rest.
fn version_parts(text: &str) -> Option<([&str; 3], &str, &str, &str)> {
    let numeric = |c: char| c.is_ascii_digit() || "|xX*".contains(c);
    let mut rest = text.strip_prefix('v').unwrap_or(text);
    let mut parts = [""; 3];
    for (index, part) in parts.iter_mut().enumerate() {
        let source = if index == 0 {
            Some(rest)
        } else {
            rest.strip_prefix('.')
        };
        let Some(source) = source else { break };
        let (found, tail) = head(source, numeric);
        if found.is_empty() {
            if index == 0 {
                return None;
            }
            break;
        }
        *part = found;
        rest = tail;
    }
    let (pre, _, rest) = suffixes(rest);
    let whole = &text[..text.len() - rest.len()];
    Some((parts, pre, whole, rest))
}

impl Constraint {
    /// One constraint from the head of the text.
    fn take(text: &str) -> Option<(Result<Self, String>, &str)> {
        let (sign, operator) = OPERATORS
            .into_iter()
            .find(|(sign, _)| text.starts_with(sign))?;
        let (parts, pre, _, rest) = version_parts(spaces(&text[sign.len()..]))?;
        let pre = if pre.is_empty() {
            String::new()
        } else {
            format!("-{pre}")
        };
        let [major, minor, patch] = parts;
        let (mut dirty, mut minor_dirty, mut patch_dirty) = (true, false, false);
        let version = if wildcard(major) {
            format!("0.0.0{pre}")
        } else if wildcard(minor) {
            minor_dirty = true;
            format!("{major}.0.0{pre}")
        } else if wildcard(patch) {
            patch_dirty = true;
            format!("{major}.{minor}.0{pre}")
        } else {
            dirty = false;
            format!("{major}.{minor}.{patch}{pre}")
        };
        let constraint = Version::parse(&version)
            .map(|version| Self {
                operator,
                version,
                dirty,
                minor_dirty,
                patch_dirty,
            })
            .map_err(|_| "constraint parser error".to_owned());
        Some((constraint, rest))
    }

    fn check(&self, version: &Version, prereleases: bool) -> bool {
        if !version.pre.is_empty() && !prereleases {
            return false;
        }
        let order = version.compare(&self.version);
        let own = &self.version;
        match self.operator {
            Operator::Equal if self.dirty => self.tilde(version, order),
            Operator::Equal => order.is_eq(),
            Operator::NotEqual if self.dirty => {
                if own.major != version.major || (own.minor != version.minor && !self.minor_dirty) {
                    true
                } else if self.minor_dirty {
                    false
                } else if own.patch != version.patch && !self.patch_dirty {
                    true
                } else if self.patch_dirty {
                    version.pre != own.pre && compare_pre(&version.pre, &own.pre).is_ne()
                } else {
                    order.is_ne()
                }
            }
            Operator::NotEqual => order.is_ne(),
            Operator::Greater if self.dirty => {
                if version.major != own.major {
                    version.major > own.major
                } else if self.minor_dirty {
                    false
                } else if self.patch_dirty {
                    version.minor > own.minor
                } else {
                    order.is_gt()
                }
            }
            Operator::Greater => order.is_gt(),
            Operator::Less => order.is_lt(),
            Operator::GreaterEqual => order.is_ge(),
            Operator::LessEqual if self.dirty => {
                version.major <= own.major
                    && !(version.major == own.major
                        && version.minor > own.minor
                        && !self.minor_dirty)
            }
            Operator::LessEqual => order.is_le(),
            Operator::Tilde => self.tilde(version, order),
            Operator::Caret => self.caret(version, order),
        }
    }

    fn tilde(&self, version: &Version, order: Ordering) -> bool {
        let own = &self.version;
        if order.is_lt() {
            return false;
        }
        if (own.major, own.minor, own.patch) == (0, 0, 0) && !self.minor_dirty && !self.patch_dirty
        {
            return true;
        }
        version.major == own.major && (version.minor == own.minor || self.minor_dirty)
    }

    fn caret(&self, version: &Version, order: Ordering) -> bool {
        let own = &self.version;
        if order.is_lt() {
            return false;
        }
        if own.major > 0 || self.minor_dirty {
            return version.major == own.major;
        }
        if version.major > 0 {
            return false;
        }
        if own.minor > 0 || self.patch_dirty {
            return version.minor == own.minor;
        }
        version.minor == 0 && version.patch == own.patch
    }
}

/// `1.2 - 1.4` means `>= 1.2, <= 1.4`.
fn rewrite_ranges(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(" - ") {
        let before = rest[..at].trim_end();
        let start = before.char_indices().map(|(index, _)| index).find(|index| {
            version_parts(&before[*index..]).is_some_and(|(_, _, _, left)| left.is_empty())
        });
        let after = spaces(&rest[at + 3..]);
        match (start, version_parts(after)) {
            (Some(start), Some((_, _, high, left))) => {
                out.push_str(before[..start].trim_end());
                out.push_str(&format!(">= {}, <= {high} ", &before[start..]));
                rest = spaces(left);
            }
            _ => {
                out.push_str(&rest[..at + 3]);
                rest = &rest[at + 3..];
            }
        }
    }
    out + rest
}

impl Constraints {
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_CONSTRAINT {
            return Err(format!(
                "version constraint is too long (max {MAX_CONSTRAINT} bytes)"
            ));
        }
        let text = if text.contains(" - ") {
            rewrite_ranges(text)
        } else {
            text.to_owned()
        };
        let sources: Vec<&str> = text.split("||").collect();
        if sources.len() > MAX_GROUPS {
            return Err(format!(
                "too many version constraint groups (max {MAX_GROUPS})"
            ));
        }
        let groups: Result<_, String> = sources.into_iter().map(Self::group).collect();
        Ok(Self { groups: groups? })
    }

    fn group(source: &str) -> Result<Vec<Constraint>, String> {
        let improper = || format!("improper constraint: {}", quote(source.as_bytes()));
        let mut found = Vec::new();
        let mut failed = None;
        let mut rest = spaces(source);
        loop {
            let (constraint, tail) = Constraint::take(rest).ok_or_else(improper)?;
            match constraint {
                Ok(constraint) => found.push(constraint),
                Err(error) => failed = failed.or(Some(error)),
            }
            let trimmed = spaces(tail);
            if trimmed.is_empty() {
                // The whole group must have the right form before the numbers in it count.
                return failed.map_or(Ok(found), Err);
            }
            rest = match trimmed.strip_prefix(',') {
                Some(next) => spaces(next),
                None if trimmed.len() < tail.len() => trimmed,
                None => return Err(improper()),
            };
        }
    }

    #[must_use]
    pub fn check(&self, version: &Version) -> bool {
        self.groups.iter().any(|group| {
            let prereleases = group
                .iter()
                .any(|constraint| !constraint.version.pre.is_empty());
            group
                .iter()
                .all(|constraint| constraint.check(version, prereleases))
        })
    }
}
