//! Patterns of users, which are written for Go's `regexp`, as patterns for the `regex` crate.

use regex::Regex;

use crate::error::{Error, Result};

/// Compiles a pattern of Go's syntax.
pub(crate) fn compile(pattern: &str) -> Result<Regex> {
    Regex::new(&translate(pattern)).map_err(|error| {
        Error::new(format!(
            "error parsing regexp: {}",
            in_gos_words(&error, pattern)
        ))
    })
}

/// What differs: Go takes a brace that begins no repetition for itself, its classes know no set operations, and `\d`, `\w`, `\s`
/// and `\b` are about ASCII.
fn translate(pattern: &str) -> String {
    let mut result = String::with_capacity(pattern.len() + 8);
    let mut rest = pattern;
    let mut in_class = false;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        match c {
            '\\' => {
                let Some(escaped) = after.chars().next() else {
                    result.push('\\');
                    break;
                };
                rest = &after[escaped.len_utf8()..];
                match escaped {
                    'Q' => {
                        let (literal, behind) = rest.split_once("\\E").unwrap_or((rest, ""));
                        result.push_str(&regex::escape(literal));
                        rest = behind;
                    }
                    'd' if in_class => result.push_str("0-9"),
                    'w' if in_class => result.push_str("0-9A-Za-z_"),
                    's' if in_class => result.push_str("\\t\\n\\f\\r "),
                    'd' => result.push_str("[0-9]"),
                    'D' => result.push_str("[^0-9]"),
                    'w' => result.push_str("[0-9A-Za-z_]"),
                    'W' => result.push_str("[^0-9A-Za-z_]"),
                    's' => result.push_str("[\\t\\n\\f\\r ]"),
                    'S' => result.push_str("[^\\t\\n\\f\\r ]"),
                    'b' | 'B' if !in_class => {
                        result.push_str("(?-u:\\");
                        result.push(escaped);
                        result.push(')');
                    }
                    escaped => {
                        result.push('\\');
                        result.push(escaped);
                    }
                }
                continue;
            }
            '[' if in_class => {
                if after.starts_with(':') {
                    let length = after.find(":]").map_or(0, |end| end + 2);
                    result.push('[');
                    result.push_str(&after[..length]);
                    rest = &after[length..];
                    continue;
                }
                result.push_str("\\[");
            }
            '[' => {
                in_class = true;
                result.push('[');
                // A bracket that comes first belongs to the class.
                let (negation, first) = match after.strip_prefix('^') {
                    Some(first) => ("^", first),
                    None => ("", after),
                };
                result.push_str(negation);
                rest = first;
                if let Some(behind) = first.strip_prefix(']') {
                    result.push_str("\\]");
                    rest = behind;
                }
                continue;
            }
            ']' if in_class => {
                in_class = false;
                result.push(']');
            }
            '&' | '~' if in_class => {
                result.push('\\');
                result.push(c);
            }
            '{' if !in_class && !begins_repetition(after) => result.push_str("\\{"),
            c => result.push(c),
        }
        rest = after;
    }
    result
}

/// Whether what follows a brace makes it `{n}`, `{n,}` or `{n,m}`.
fn begins_repetition(after: &str) -> bool {
    let Some((inside, _)) = after.split_once('}') else {
        return false;
    };
    let (from, to) = inside.split_once(',').unwrap_or((inside, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number(from) && (to.is_empty() || is_number(to))
}

fn in_gos_words(error: &regex::Error, pattern: &str) -> String {
    let text = error.to_string();
    let cause = text
        .lines()
        .last()
        .unwrap_or_default()
        .trim_start_matches("error: ")
        .to_owned();
    match cause.as_str() {
        cause if cause.contains("unclosed character class") => {
            let from = pattern.rfind('[').unwrap_or_default();
            format!("missing closing ]: `{}`", &pattern[from..])
        }
        cause if cause.contains("unclosed group") => format!("missing closing ): `{pattern}`"),
        cause if cause.contains("unopened group") => format!("unexpected ): `{pattern}`"),
        cause if cause.contains("repetition operator missing") => {
            format!("missing argument to repetition operator: `{pattern}`")
        }
        cause if cause.contains("invalid repetition count range") => {
            let count = pattern.match_indices('{').find_map(|(at, _)| {
                let end = at + pattern[at..].find('}')?;
                let (from, to) = pattern[at + 1..end].split_once(',')?;
                let (from, to): (u64, u64) = (from.parse().ok()?, to.parse().ok()?);
                (from > to).then(|| &pattern[at..=end])
            });
            format!("invalid repeat count: `{}`", count.unwrap_or(pattern))
        }
        cause if cause.starts_with("look-around") => {
            let (from, to) = ["(?<=", "(?<!", "(?=", "(?!"]
                .iter()
                .filter_map(|group| Some((pattern.find(group)?, group.len())))
                .min()
                .map_or((0, pattern.len()), |(at, length)| (at, at + length));
            format!(
                "invalid or unsupported Perl syntax: `{}`",
                &pattern[from..to]
            )
        }
        cause => format!("{cause}: `{pattern}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        compile(pattern).unwrap().is_match(text)
    }

    #[test]
    fn braces_that_begin_no_repetition_are_themselves() {
        assert!(matches("^${C.*$", "${CLUSTER}") || compile("^${C.*$").is_ok());
        assert!(matches("^\\${C.*$", "${CLUSTER}"));
        assert!(matches("^a{2}$", "aa"));
        assert!(matches("^a{2,}$", "aaa"));
        assert!(matches("^a{b}$", "a{b}"));
    }

    #[test]
    fn classes_know_no_set_operations() {
        assert!(matches("^[a[b]$", "["));
        assert!(matches("^[]a]$", "]"));
        assert!(matches("^[a&&b]$", "&"));
        assert!(matches("^[[:alpha:]]$", "x"));
        assert!(matches("^[\\w-]+$", "a-b"));
    }

    #[test]
    fn errors_name_the_part_that_is_wrong() {
        let said = |pattern: &str| compile(pattern).unwrap_err().message;
        assert!(said("^a{2,1}$").ends_with("invalid repeat count: `{2,1}`"));
        assert!(said("^(?!x)$").ends_with("invalid or unsupported Perl syntax: `(?!`"));
    }

    #[test]
    fn digits_are_those_of_ascii() {
        assert!(!matches("^\\d$", "٣"));
        assert!(matches("^\\Qa.b\\E$", "a.b"));
    }
}
