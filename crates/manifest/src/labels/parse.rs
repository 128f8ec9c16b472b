//! The grammar of selectors.

use smol_str::SmolStr;

use super::valid::{label_key_error, label_value_error};
use super::{Operator, Requirement, SelectorError};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Error,
    End,
    Close,
    Open,
    Comma,
    Not,
    Equal,
    NotEqual,
    Greater,
    Less,
    In,
    NotIn,
    Identifier,
}

fn token(text: &str) -> Option<Token> {
    Some(match text {
        ")" => Token::Close,
        "(" => Token::Open,
        "," => Token::Comma,
        "!" => Token::Not,
        "=" | "==" => Token::Equal,
        "!=" => Token::NotEqual,
        ">" => Token::Greater,
        "<" => Token::Less,
        "in" => Token::In,
        "notin" => Token::NotIn,
        _ => return None,
    })
}

fn is_symbol(byte: u8) -> bool {
    b"=!(),><".contains(&byte)
}

fn is_white(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

fn tokens(text: &str) -> Vec<(Token, SmolStr)> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if is_white(bytes[at]) {
            at += 1;
        } else if is_symbol(bytes[at]) {
            let (kind, literal, length) = symbol(&text[at..]);
            found.push((kind, literal));
            at += length;
        } else {
            let length = bytes[at..]
                .iter()
                .take_while(|byte| !is_symbol(**byte) && !is_white(**byte))
                .count();
            let word = &text[at..at + length];
            found.push((token(word).unwrap_or(Token::Identifier), word.into()));
            at += length;
        }
    }
    found.push((Token::End, SmolStr::default()));
    found
}

/// The longest operator at the start. The original reads on until what it has is no operator any more.
fn symbol(text: &str) -> (Token, SmolStr, usize) {
    let run = text.bytes().take_while(|byte| is_symbol(*byte)).count();
    let mut best = None;
    for length in 1..=run {
        match token(&text[..length]) {
            Some(kind) => best = Some((kind, text[..length].into(), length)),
            None if best.is_some() => break,
            None => {}
        }
    }
    best.unwrap_or_else(|| {
        (
            Token::Error,
            format!("error expected: keyword found '{}'", &text[..run]).into(),
            run,
        )
    })
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<(Token, SmolStr)>>,
}

type Parsed<T> = Result<T, SelectorError>;

fn failed<T>(message: String) -> Parsed<T> {
    Err(SelectorError(message))
}

/// Sorted by key, as the original sorts them.
pub(super) fn requirements(text: &str) -> Parsed<Vec<Requirement>> {
    let mut parser = Parser {
        tokens: tokens(text).into_iter().peekable(),
    };
    let mut found = Vec::new();
    loop {
        match parser.peek() {
            (Token::Identifier | Token::Not, _) => {
                let requirement = parser.requirement();
                found.push(requirement.map_err(|error| {
                    SelectorError(format!("unable to parse requirement: {error}"))
                })?);
                match parser.next() {
                    (Token::End, _) => break,
                    (Token::Comma, _) => {
                        let (kind, literal) = parser.peek();
                        if !matches!(kind, Token::Identifier | Token::Not) {
                            return failed(format!(
                                "found '{literal}', expected: identifier after ','"
                            ));
                        }
                    }
                    (_, literal) => {
                        return failed(format!(
                            "found '{literal}', expected: ',' or 'end of string'"
                        ));
                    }
                }
            }
            (Token::End, _) => break,
            (_, literal) => {
                return failed(format!(
                    "found '{literal}', expected: !, identifier, or 'end of string'"
                ));
            }
        }
    }
    found.sort_by(|a: &Requirement, b| a.key.cmp(&b.key));
    Ok(found)
}

impl Parser {
    /// In the place of a key or value, `in` and `notin` are words like others.
    fn peek(&mut self) -> (Token, SmolStr) {
        self.tokens
            .peek()
            .cloned()
            .map_or((Token::End, SmolStr::default()), as_value)
    }

    fn next(&mut self) -> (Token, SmolStr) {
        as_value(self.next_raw())
    }

    fn next_raw(&mut self) -> (Token, SmolStr) {
        self.tokens
            .next()
            .unwrap_or((Token::End, SmolStr::default()))
    }

    fn requirement(&mut self) -> Parsed<Requirement> {
        let (mut kind, mut key) = self.next();
        let negated = kind == Token::Not;
        if negated {
            (kind, key) = self.next();
        }
        if kind != Token::Identifier {
            return failed(format!("found '{key}', expected: identifier"));
        }
        if let Some(error) = label_key_error(&key) {
            return failed(error);
        }
        if matches!(self.peek().0, Token::End | Token::Comma) {
            let operator = if negated {
                Operator::DoesNotExist
            } else {
                Operator::Exists
            };
            return Ok(Requirement {
                key,
                operator,
                values: Vec::new(),
            });
        }
        if negated {
            return Ok(Requirement {
                key,
                operator: Operator::DoesNotExist,
                values: Vec::new(),
            });
        }
        let (kind, literal) = self.next_raw();
        let (operator, values) = match kind {
            Token::In => (Operator::In, self.values()?),
            Token::NotIn => (Operator::NotIn, self.values()?),
            Token::Equal => (Operator::In, self.value()?),
            Token::NotEqual => (Operator::NotIn, self.value()?),
            Token::Greater => (Operator::GreaterThan, self.value()?),
            Token::Less => (Operator::LessThan, self.value()?),
            _ => {
                return failed(format!(
                    "found '{literal}', expected: '=', '!=', '==', 'in', notin'"
                ));
            }
        };
        if matches!(operator, Operator::GreaterThan | Operator::LessThan)
            && values.iter().any(|value| value.parse::<i64>().is_err())
        {
            return failed("for 'Gt', 'Lt' operators, the value must be an integer".to_owned());
        }
        if let Some(error) = values
            .iter()
            .find_map(|value| label_value_error(&key, value))
        {
            return failed(error);
        }
        Ok(Requirement {
            key,
            operator,
            values,
        })
    }

    fn value(&mut self) -> Parsed<Vec<SmolStr>> {
        if matches!(self.peek().0, Token::End | Token::Comma) {
            return Ok(vec![SmolStr::default()]);
        }
        match self.next() {
            (Token::Identifier, value) => Ok(vec![value]),
            (_, literal) => failed(format!("found '{literal}', expected: identifier")),
        }
    }

    fn values(&mut self) -> Parsed<Vec<SmolStr>> {
        let (kind, literal) = self.next();
        if kind != Token::Open {
            return failed(format!("found '{literal}' expected: '('"));
        }
        let (kind, literal) = self.peek();
        match kind {
            Token::Identifier | Token::Comma => {
                let mut values = self.list()?;
                if self.next().0 != Token::Close {
                    return failed(format!("found '{literal}', expected: ')'"));
                }
                values.sort_unstable();
                values.dedup();
                Ok(values)
            }
            Token::Close => {
                self.next();
                Ok(vec![SmolStr::default()])
            }
            _ => failed(format!(
                "found '{literal}', expected: ',', ')' or identifier"
            )),
        }
    }

    /// Values between commas, which may be left out.
    fn list(&mut self) -> Parsed<Vec<SmolStr>> {
        let mut values = Vec::new();
        loop {
            match self.next() {
                (Token::Identifier, value) => {
                    values.push(value);
                    match self.peek() {
                        (Token::Comma, _) => {}
                        (Token::Close, _) => return Ok(values),
                        (_, literal) => {
                            return failed(format!("found '{literal}', expected: ',' or ')'"));
                        }
                    }
                }
                (Token::Comma, _) => {
                    if values.is_empty() {
                        values.push(SmolStr::default());
                    }
                    match self.peek().0 {
                        Token::Close => {
                            values.push(SmolStr::default());
                            return Ok(values);
                        }
                        Token::Comma => {
                            self.next();
                            values.push(SmolStr::default());
                        }
                        _ => {}
                    }
                }
                (_, literal) => {
                    return failed(format!("found '{literal}', expected: ',', or identifier"));
                }
            }
        }
    }
}

fn as_value((kind, literal): (Token, SmolStr)) -> (Token, SmolStr) {
    match kind {
        Token::In | Token::NotIn => (Token::Identifier, literal),
        _ => (kind, literal),
    }
}
