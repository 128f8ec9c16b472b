//! Letter case: titles, snakes, camels, kebabs.

use super::args::text;
use super::strings::{self, is_space, lower, upper};
use crate::func::{Body, Functions, Param};
use crate::value::{Value, lossy};

pub(super) fn register(functions: &mut Functions) {
    let mut add = |name, body: Body| functions.add(name, &[Param::String], body);
    add("title", |_, a| Ok(Value::from(title(&lossy(text(a, 0))))));
    add("untitle", |_, a| {
        Ok(Value::from(untitle(&lossy(text(a, 0)))))
    });
    add("nospace", |_, a| Ok(Value::from(no_space(text(a, 0)))));
    add("initials", |_, a| Ok(Value::from(initials(text(a, 0)))));
    add("swapcase", |_, a| {
        Ok(Value::from(swap_case(&lossy(text(a, 0)))))
    });
    add("snakecase", |_, a| {
        Ok(Value::from(separated(&lossy(text(a, 0)), '_')))
    });
    add("kebabcase", |_, a| {
        Ok(Value::from(separated(&lossy(text(a, 0)), '-')))
    });
    add("camelcase", |_, a| {
        Ok(Value::from(pascal(&lossy(text(a, 0)))))
    });
}

/// Go's deprecated `strings.Title`: words are separated by anything but letters, digits and underscores.
fn title(source: &str) -> String {
    let mut previous = ' ';
    source
        .chars()
        .map(|c| {
            let start = separates(previous);
            previous = c;
            if start { strings::title(c) } else { c }
        })
        .collect()
}

fn separates(c: char) -> bool {
    if c.is_ascii() {
        return !(c.is_ascii_alphanumeric() || c == '_');
    }
    !c.is_alphanumeric() && is_space(c)
}

fn untitle(source: &str) -> String {
    let mut next = true;
    source
        .chars()
        .map(|c| {
            if is_space(c) {
                next = true;
                c
            } else if std::mem::take(&mut next) {
                lower(c)
            } else {
                c
            }
        })
        .collect()
}

/// Byte by byte, each taken as a rune, as the original does: text beyond ASCII only survives without spaces.
fn no_space(source: &[u8]) -> String {
    let kept: String = source
        .iter()
        .map(|byte| char::from(*byte))
        .filter(|c| !is_space(*c))
        .collect();
    if kept.chars().count() == source.len() {
        lossy(source).into_owned()
    } else {
        kept
    }
}

fn initials(source: &[u8]) -> String {
    let mut gap = true;
    let mut out = String::new();
    for byte in source {
        let c = char::from(*byte);
        if is_space(c) {
            gap = true;
        } else if std::mem::take(&mut gap) {
            out.push(c);
        }
    }
    out
}

fn swap_case(source: &str) -> String {
    let mut space = true;
    source
        .chars()
        .map(|c| {
            if c.is_uppercase() {
                space = false;
                lower(c)
            } else if c.is_lowercase() {
                if std::mem::take(&mut space) {
                    strings::title(c)
                } else {
                    upper(c)
                }
            } else {
                space = is_space(c);
                c
            }
        })
        .collect()
}

fn connects(c: char) -> bool {
    c == '-' || c == '_' || is_space(c)
}

/// xstrings' `ToPascalCase`.
fn pascal(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut chars = source.chars();
    let mut current = None;
    let mut upper_run = false;
    for c in chars.by_ref() {
        if !connects(c) {
            upper_run = c.is_uppercase();
            current = Some(upper(c));
            break;
        }
        out.push(c);
        current = None;
    }
    let Some(mut current) = current else {
        return out;
    };
    for c in chars {
        let previous = std::mem::replace(&mut current, c);
        if connects(c) && connects(previous) {
            out.push(previous);
            continue;
        }
        if connects(previous) {
            upper_run = c.is_uppercase();
            current = upper(c);
            continue;
        }
        if upper_run {
            if c.is_uppercase() {
                current = lower(c);
            } else {
                upper_run = false;
            }
        }
        out.push(previous);
    }
    out.push(current);
    out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Number,
    Upper,
    Letters,
    Connector,
    Punctuation,
    Other,
}

fn is_punctuation(c: char) -> bool {
    use regex::Regex;
    use std::sync::LazyLock;
    static PUNCTUATION: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\p{P}$").ok());
    if c.is_ascii() {
        return c.is_ascii_punctuation() && !"$+<=>^`|~".contains(c);
    }
    PUNCTUATION
        .as_ref()
        .is_some_and(|regex| regex.is_match(c.encode_utf8(&mut [0; 4])))
}

/// Letters of scripts that have case and those that have not, except the ones written without spaces between words.
fn is_letter(c: char) -> bool {
    c.is_alphabetic()
        && !matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}')
}

/// Cuts off the next run of characters of one sort.
fn next_word(source: &[char]) -> Option<(Word, usize)> {
    let first = *source.first()?;
    let run = |belongs: &dyn Fn(char) -> bool| source.iter().take_while(|c| belongs(**c)).count();
    Some(if connects(first) {
        (Word::Connector, run(&connects))
    } else if is_punctuation(first) {
        (Word::Punctuation, run(&is_punctuation))
    } else if first.is_uppercase() {
        let capitals = run(&char::is_uppercase);
        match (capitals, source.get(capitals)) {
            // The last capital of a run belongs to the word that follows.
            (2.., Some(next)) if is_letter(*next) => (Word::Upper, capitals - 1),
            (2.., _) => (Word::Upper, capitals),
            _ => {
                let rest = source[1..]
                    .iter()
                    .take_while(|c| is_letter(**c) && !c.is_uppercase())
                    .count();
                (Word::Upper, 1 + rest)
            }
        }
    } else if is_letter(first) {
        (Word::Letters, run(&|c| is_letter(c) && !c.is_uppercase()))
    } else if first.is_numeric() {
        (Word::Number, run(&char::is_numeric))
    } else {
        let rest = source[1..]
            .iter()
            .take_while(|c| {
                !(connects(**c) || is_letter(**c) || c.is_numeric() || is_punctuation(**c))
            })
            .count();
        (Word::Other, 1 + rest)
    })
}

fn lowered(out: &mut String, kind: Word, word: &[char], connector: char) {
    for c in word {
        out.push(match kind {
            Word::Upper | Word::Connector if connects(*c) => connector,
            Word::Upper | Word::Connector if c.is_uppercase() => lower(*c),
            _ => *c,
        });
    }
}

/// xstrings' `ToSnakeCase` and `ToKebabCase`.
fn separated(source: &str, connector: char) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut words = Vec::new();
    let mut at = 0;
    while let Some((kind, length)) = next_word(&chars[at..]) {
        words.push((kind, &chars[at..at + length]));
        at += length;
    }
    let mut out = String::with_capacity(source.len() + 8);
    let mut index = 0;
    let breaks = |kind: Option<Word>| {
        kind.is_some_and(|kind| !matches!(kind, Word::Connector | Word::Punctuation))
    };
    let kind_at = |index: usize| words.get(index).map(|(kind, _): &(Word, &[char])| *kind);
    while index < words.len() {
        let (kind, word) = words[index];
        let last = index + 1 == words.len();
        lowered(&mut out, kind, word, connector);
        index += 1;
        if last {
            break;
        }
        match kind {
            Word::Number => {
                while let Some(next @ (Word::Letters | Word::Number)) = kind_at(index) {
                    lowered(&mut out, next, words[index].1, connector);
                    index += 1;
                }
                if breaks(kind_at(index)) {
                    out.push(connector);
                }
            }
            Word::Connector | Word::Punctuation => {}
            _ => {
                if kind_at(index) != Some(Word::Number) {
                    if breaks(kind_at(index)) {
                        out.push(connector);
                    }
                    continue;
                }
                if index + 1 == words.len() {
                    continue;
                }
                let number = words[index].1;
                index += 1;
                if kind_at(index) != Some(Word::Letters) {
                    lowered(&mut out, Word::Number, number, connector);
                    if breaks(kind_at(index)) {
                        out.push(connector);
                    }
                    continue;
                }
                out.push(connector);
                lowered(&mut out, Word::Number, number, connector);
                while let Some(next @ (Word::Letters | Word::Number)) = kind_at(index) {
                    lowered(&mut out, next, words[index].1, connector);
                    index += 1;
                }
                if breaks(kind_at(index)) {
                    out.push(connector);
                }
            }
        }
    }
    out
}
