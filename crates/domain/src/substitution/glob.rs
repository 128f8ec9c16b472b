//! Trimming by shell patterns. `*` matches any text, `?` one character, `[…]` one of a class, `\` takes the next literally.
//!
//! All prefixes of a value are tried in one pass, so that a long value and a long pattern cost their product and no more.

use super::SubstitutionError;

/// The product of value and pattern may not be larger.
const MOST_STEPS: usize = 50_000_000;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    Shortest,
    Longest,
}

#[derive(Clone, Debug)]
enum Token {
    Any,
    One,
    Literal(char),
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

pub(super) fn trim_prefix(
    value: &[u8],
    pattern: &[u8],
    extent: Extent,
) -> Result<Vec<u8>, SubstitutionError> {
    let (value, pattern) = (
        String::from_utf8_lossy(value),
        String::from_utf8_lossy(pattern),
    );
    let chars: Vec<char> = value.chars().collect();
    let kept = match matched(&chars, &pattern.chars().collect::<Vec<_>>(), extent)? {
        Some(length) => chars[length..].iter().collect(),
        None => value.into_owned(),
    };
    Ok(String::into_bytes(kept))
}

/// The original turns both value and pattern around, so that a class in a pattern is read backwards too.
pub(super) fn trim_suffix(
    value: &[u8],
    pattern: &[u8],
    extent: Extent,
) -> Result<Vec<u8>, SubstitutionError> {
    let (value, pattern) = (
        String::from_utf8_lossy(value),
        String::from_utf8_lossy(pattern),
    );
    let chars: Vec<char> = value.chars().rev().collect();
    let kept: String = match matched(&chars, &pattern.chars().rev().collect::<Vec<_>>(), extent)? {
        Some(length) => chars[length..].iter().rev().collect(),
        None => value.into_owned(),
    };
    Ok(kept.into_bytes())
}

/// The length of the shortest or longest prefix, at least one character, that the whole pattern matches.
fn matched(
    value: &[char],
    pattern: &[char],
    extent: Extent,
) -> Result<Option<usize>, SubstitutionError> {
    let Some(tokens) = tokens(pattern) else {
        return Ok(None);
    };
    if value.len().saturating_mul(tokens.len() + 1) > MOST_STEPS {
        return Err(SubstitutionError::Limit(
            "a pattern and its value are too long",
        ));
    }
    // `reached[i]`: the first `i` tokens match what has been read.
    let mut reached = vec![false; tokens.len() + 1];
    reached[0] = true;
    close(&tokens, &mut reached);
    let mut found = None;
    for (index, c) in value.iter().enumerate() {
        let mut next = vec![false; tokens.len() + 1];
        for (position, token) in tokens
            .iter()
            .enumerate()
            .filter(|(position, _)| reached[*position])
        {
            match token {
                Token::Any => next[position] = true,
                token => next[position + 1] |= token.takes(*c),
            }
        }
        close(&tokens, &mut next);
        reached = next;
        if reached[tokens.len()] {
            found = Some(index + 1);
            if extent == Extent::Shortest {
                break;
            }
        }
    }
    Ok(found)
}

/// A star may match nothing.
fn close(tokens: &[Token], reached: &mut [bool]) {
    for (position, token) in tokens.iter().enumerate() {
        if reached[position] && matches!(token, Token::Any) {
            reached[position + 1] = true;
        }
    }
}

impl Token {
    fn takes(&self, c: char) -> bool {
        match self {
            Self::Any | Self::One => true,
            Self::Literal(literal) => *literal == c,
            Self::Class { negated, ranges } => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated
            }
        }
    }
}

/// None where the pattern is malformed: then nothing is trimmed.
fn tokens(pattern: &[char]) -> Option<Vec<Token>> {
    let mut tokens = Vec::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        tokens.push(match first {
            '*' => Token::Any,
            '?' => Token::One,
            '\\' => {
                let (literal, after) = rest.split_first()?;
                rest = after;
                Token::Literal(*literal)
            }
            '[' => class(&mut rest)?,
            literal => Token::Literal(*literal),
        });
    }
    Some(tokens)
}

fn class(rest: &mut &[char]) -> Option<Token> {
    let negated = rest.first() == Some(&'^');
    if negated {
        *rest = &rest[1..];
    }
    let mut ranges = Vec::new();
    while ranges.is_empty() || rest.first() != Some(&']') {
        let low = member(rest)?;
        let mut high = low;
        if rest.first() == Some(&'-') {
            *rest = &rest[1..];
            high = member(rest)?;
        }
        ranges.push((low, high));
    }
    *rest = &rest[1..];
    Some(Token::Class { negated, ranges })
}

fn member(rest: &mut &[char]) -> Option<char> {
    let (first, mut after) = rest.split_first()?;
    let mut member = *first;
    if matches!(member, '-' | ']') {
        return None;
    }
    if member == '\\' {
        let (escaped, further) = after.split_first()?;
        member = *escaped;
        after = further;
    }
    *rest = after;
    // The class must be closed behind it.
    (!after.is_empty()).then_some(member)
}
