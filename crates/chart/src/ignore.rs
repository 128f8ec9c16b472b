//! `.helmignore`: shell patterns, one a line. Not gitignore: the first pattern that matches decides, `**` is refused, and
//! a negated pattern ignores everything else.

use crate::Error;

/// A pattern, prepared: charts have hundreds of files, and the usual patterns are names and endings.
enum Pattern {
    Name(String),
    /// `*` and an ending.
    Ending(String),
    /// With what it begins as it is written.
    Any(String, Vec<char>),
}

impl Pattern {
    fn new(text: &str) -> Self {
        let special = |text: &str| text.find(['*', '?', '[', '\\']);
        if special(text).is_none() {
            return Self::Name(text.to_owned());
        }
        if let Some(ending) = text.strip_prefix('*')
            && special(ending).is_none()
            && !ending.contains('/')
        {
            return Self::Ending(ending.to_owned());
        }
        let literal = &text[..special(text).unwrap_or_default()];
        Self::Any(literal.to_owned(), text.chars().collect())
    }

    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Name(wanted) => name == wanted,
            Self::Ending(ending) => name
                .strip_suffix(ending.as_str())
                .is_some_and(|rest| !rest.contains('/')),
            Self::Any(literal, pattern) => {
                name.starts_with(literal.as_str())
                    && matches_from(pattern, &name.chars().collect::<Vec<_>>())
            }
        }
    }
}

struct Rule {
    pattern: Pattern,
    negated: bool,
    folder: bool,
    /// Matched against the whole path; otherwise against the last part of it.
    whole: bool,
}

pub(super) struct Rules(Vec<Rule>);

impl Rules {
    /// The rules of a file, and the one that Helm always adds.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let mut rules = Vec::new();
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for line in text.lines().map(str::trim).chain(["templates/.?*"]) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if line.contains("**") {
                return Err(Error::Read(
                    "double-star (**) syntax is not supported".into(),
                ));
            }
            if matches(line, "abc").is_none() {
                return Err(Error::Read("syntax error in pattern".into()));
            }
            let (negated, rest) = line
                .strip_prefix('!')
                .map_or((false, line), |rest| (true, rest));
            let (folder, rest) = rest
                .strip_suffix('/')
                .map_or((false, rest), |rest| (true, rest));
            let whole = rest.contains('/');
            let pattern = rest.strip_prefix('/').unwrap_or(rest);
            rules.push(Rule {
                pattern: Pattern::new(pattern),
                negated,
                folder,
                whole,
            });
        }
        Ok(Self(rules))
    }

    fn ignores_entry(&self, path: &str, folder: bool) -> bool {
        for rule in &self.0 {
            let name = if rule.whole {
                path
            } else {
                path.rsplit('/').next().unwrap_or(path)
            };
            let matched = rule.pattern.matches(name);
            if rule.negated {
                if (rule.folder && !folder) || !matched {
                    return true;
                }
            } else if matched && (folder || !rule.folder) {
                return true;
            }
        }
        false
    }

    /// Is a file left out, by itself or with a folder that holds it?
    pub(super) fn ignores(&self, path: &str) -> bool {
        let folders = path.match_indices('/').map(|(at, _)| &path[..at]);
        folders
            .into_iter()
            .any(|folder| self.ignores_entry(folder, true))
            || self.ignores_entry(path, false)
    }
}

/// Go's `filepath.Match`; `None` for a malformed pattern.
#[must_use]
pub fn matches(pattern: &str, name: &str) -> Option<bool> {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    check(&pattern)?;
    Some(matches_from(&pattern, &name))
}

fn check(pattern: &[char]) -> Option<()> {
    let mut at = 0;
    while let Some(c) = pattern.get(at) {
        at += match c {
            '\\' => {
                pattern.get(at + 1)?;
                2
            }
            '[' => class(&pattern[at..], None)?.1,
            _ => 1,
        };
    }
    Some(())
}

/// Does a class match the character, and how long is it?
fn class(pattern: &[char], c: Option<char>) -> Option<(bool, usize)> {
    let mut at = 1;
    let negated = pattern.get(at) == Some(&'^');
    at += usize::from(negated);
    let mut found = false;
    let mut count = 0;
    loop {
        if pattern.get(at) == Some(&']') && count > 0 {
            return Some((found != negated, at + 1));
        }
        let mut next = || {
            let mut c = *pattern.get(at)?;
            if matches!(c, '-' | ']') {
                return None;
            }
            if c == '\\' {
                at += 1;
                c = *pattern.get(at)?;
            }
            at += 1;
            pattern.get(at)?;
            Some(c)
        };
        let low = next()?;
        let mut high = low;
        if pattern.get(at) == Some(&'-') {
            at += 1;
            let mut next = || {
                let mut c = *pattern.get(at)?;
                if matches!(c, '-' | ']') {
                    return None;
                }
                if c == '\\' {
                    at += 1;
                    c = *pattern.get(at)?;
                }
                at += 1;
                pattern.get(at)?;
                Some(c)
            };
            high = next()?;
        }
        found |= c.is_some_and(|c| low <= c && c <= high);
        count += 1;
    }
}

fn matches_from(pattern: &[char], name: &[char]) -> bool {
    // The classic two-pointer walk: only the last star needs to be remembered.
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    loop {
        if p == pattern.len() && n == name.len() {
            return true;
        }
        let step = match (pattern.get(p), name.get(n)) {
            (Some('*'), _) => {
                star = Some((p, n));
                p += 1;
                continue;
            }
            (Some('?'), Some(c)) if *c != '/' => Some(1),
            (Some('['), Some(c)) => class(&pattern[p..], Some(*c))
                .filter(|(found, _)| *found && *c != '/')
                .map(|(_, size)| size),
            (Some('\\'), Some(c)) => (pattern.get(p + 1) == Some(c)).then_some(2),
            (Some(expected), Some(c)) if expected == c && !matches!(expected, '?') => Some(1),
            _ => None,
        };
        if let Some(size) = step {
            p += size;
            n += 1;
            continue;
        }
        match star {
            Some((at, from)) if from < name.len() && name[from] != '/' => {
                star = Some((at, from + 1));
                p = at + 1;
                n = from + 1;
            }
            _ => return false,
        }
    }
}
