//! Shell patterns for one name, with the grammar of Go's `filepath.Match`: `*`, `?`, `[a-z]`, `[^a]`, backslash.

#[derive(Debug)]
pub(super) struct Glob(Vec<Token>);

#[derive(Debug)]
enum Token {
    Star,
    Any,
    Literal(char),
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Glob {
    /// `None` when the pattern is malformed: it then matches nothing.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut tokens = Vec::new();
        let mut rest = text.chars();
        while let Some(next) = rest.next() {
            tokens.push(match next {
                '*' => Token::Star,
                '?' => Token::Any,
                '\\' => Token::Literal(rest.next()?),
                '[' => class(&mut rest)?,
                other => Token::Literal(other),
            });
        }
        Some(Self(tokens))
    }

    /// Time is bounded by the product of the lengths: only the last star is ever tried again.
    pub(super) fn matches(&self, name: &str) -> bool {
        let tokens = &self.0;
        let name: Vec<char> = name.chars().collect();
        let (mut token, mut at) = (0, 0);
        let mut retry: Option<(usize, usize)> = None;
        loop {
            match tokens.get(token) {
                Some(Token::Star) => {
                    retry = Some((token, at));
                    token += 1;
                    continue;
                }
                Some(single)
                    if name
                        .get(at)
                        .is_some_and(|&character| single.takes(character)) =>
                {
                    token += 1;
                    at += 1;
                    continue;
                }
                None if at == name.len() => return true,
                _ => {}
            }
            match retry {
                Some((star, from)) if from < name.len() => {
                    retry = Some((star, from + 1));
                    token = star + 1;
                    at = from + 1;
                }
                _ => return false,
            }
        }
    }
}

impl Token {
    fn takes(&self, character: char) -> bool {
        match self {
            Self::Star => false,
            Self::Any => character != '/',
            Self::Literal(literal) => *literal == character,
            Self::Class { negated, ranges } => {
                ranges
                    .iter()
                    .any(|(low, high)| (*low..=*high).contains(&character))
                    != *negated
            }
        }
    }
}

/// The rest of a class after its `[`.
fn class(rest: &mut std::str::Chars<'_>) -> Option<Token> {
    let negated = rest.as_str().starts_with('^');
    if negated {
        rest.next();
    }
    let mut ranges = Vec::new();
    loop {
        if rest.as_str().starts_with(']') && !ranges.is_empty() {
            rest.next();
            return Some(Token::Class { negated, ranges });
        }
        let low = class_character(rest)?;
        let mut high = low;
        if rest.as_str().starts_with('-') {
            rest.next();
            high = class_character(rest)?;
        }
        ranges.push((low, high));
    }
}

fn class_character(rest: &mut std::str::Chars<'_>) -> Option<char> {
    let character = match rest.next()? {
        '-' | ']' => return None,
        '\\' => rest.next()?,
        other => other,
    };
    // An unfinished class is malformed, even after a whole character.
    (!rest.as_str().is_empty()).then_some(character)
}
