//! From text to a template: literal text and expressions `${name…}`.
//!
//! The grammar is the original's as it behaves, which is wider and narrower than a shell's: names may begin with digits, `$name` is
//! text, a default may hold several nested expressions but a replacement only one.

use super::ParseError;

/// Expressions may hold expressions; deeper than this nobody reads.
const DEEPEST: usize = 64;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    Text(String),
    Expression(Expression),
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Expression {
    pub name: String,
    pub function: Function,
    pub arguments: Vec<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    /// `${name}`, and casing operators that mean nothing, such as `${name,^}`.
    Value,
    /// `:=` `:-` `:?` `:+` `=`
    Default,
    Length,
    LowerFirst,
    Lower,
    UpperFirst,
    Upper,
    Substring,
    TrimShortestPrefix,
    TrimLongestPrefix,
    TrimShortestSuffix,
    TrimLongestSuffix,
    ReplaceFirst,
    ReplaceAll,
    ReplacePrefix,
    ReplaceSuffix,
}

pub(super) fn parse(text: &str) -> Result<Vec<Part>, ParseError> {
    let mut scanner = Scanner { rest: text };
    let mut parts = Vec::new();
    while !scanner.rest.is_empty() {
        if scanner.take("${") {
            parts.push(Part::Expression(expression(&mut scanner, 0)?));
        } else {
            parts.push(Part::Text(scanner.text(|_| true, Escapes::Dollar)));
        }
    }
    Ok(parts)
}

fn expression(scanner: &mut Scanner<'_>, depth: usize) -> Result<Expression, ParseError> {
    if depth >= DEEPEST {
        return Err(ParseError::TooDeep);
    }
    if scanner.take("#") {
        let name = scanner.name().ok_or(ParseError::BadSubstitution)?;
        scanner.close()?;
        return Ok(Expression {
            name,
            function: Function::Length,
            arguments: Vec::new(),
        });
    }
    let name = scanner.name().ok_or(ParseError::VariableName)?;
    let (function, arguments) = match scanner.peek() {
        Some(':') => match scanner.rest[1..].chars().next() {
            Some('=' | '-' | '?' | '+') => {
                scanner.skip(2);
                (Function::Default, defaults(scanner, depth)?)
            }
            // The original loses its place here.
            Some(c) if !c.is_ascii() => return Err(ParseError::BadSubstitution),
            _ => substring(scanner, depth)?,
        },
        Some('=') => {
            scanner.skip(1);
            (Function::Default, defaults(scanner, depth)?)
        }
        Some(',' | '^') => (casing(scanner), Vec::new()),
        Some('/') => replacement(scanner, depth)?,
        Some('#') => trim(
            scanner,
            depth,
            '#',
            Function::TrimShortestPrefix,
            Function::TrimLongestPrefix,
        )?,
        Some('%') => trim(
            scanner,
            depth,
            '%',
            Function::TrimShortestSuffix,
            Function::TrimLongestSuffix,
        )?,
        Some('}') => (Function::Value, Vec::new()),
        _ => return Err(ParseError::MissingClosingBrace),
    };
    scanner.close()?;
    Ok(Expression {
        name,
        function,
        arguments,
    })
}

/// Everything up to the closing brace: texts and expressions in turn.
fn defaults(scanner: &mut Scanner<'_>, depth: usize) -> Result<Vec<Part>, ParseError> {
    let mut parts = Vec::new();
    while scanner.peek() != Some('}') {
        parts.push(argument(scanner, depth, |c| c != '}', Escapes::None)?);
    }
    Ok(parts)
}

/// One text or one expression. An empty one is an error.
fn argument(
    scanner: &mut Scanner<'_>,
    depth: usize,
    accept: fn(char) -> bool,
    escapes: Escapes,
) -> Result<Part, ParseError> {
    if scanner.take("${") {
        return expression(scanner, depth + 1).map(Part::Expression);
    }
    let before = scanner.rest.len();
    let text = scanner.text(accept, escapes);
    if scanner.rest.len() == before {
        return Err(ParseError::FunctionSubstitution);
    }
    Ok(Part::Text(text))
}

fn substring(scanner: &mut Scanner<'_>, depth: usize) -> Result<(Function, Vec<Part>), ParseError> {
    scanner.skip(1);
    let mut arguments = vec![argument(
        scanner,
        depth,
        |c| c != ':' && c != '}',
        Escapes::None,
    )?];
    match scanner.peek() {
        Some('}') => {}
        Some(':') => {
            scanner.skip_all(':');
            arguments.push(argument(scanner, depth, |c| c != '}', Escapes::None)?);
        }
        _ => return Err(ParseError::BadSubstitution),
    }
    Ok((Function::Substring, arguments))
}

fn casing(scanner: &mut Scanner<'_>) -> Function {
    let operator: String = scanner
        .rest
        .chars()
        .take(2)
        .take_while(|c| matches!(c, ',' | '^'))
        .collect();
    scanner.skip(operator.len());
    match operator.as_str() {
        "," => Function::LowerFirst,
        ",," => Function::Lower,
        "^" => Function::UpperFirst,
        "^^" => Function::Upper,
        _ => Function::Value,
    }
}

fn trim(
    scanner: &mut Scanner<'_>,
    depth: usize,
    sign: char,
    shortest: Function,
    longest: Function,
) -> Result<(Function, Vec<Part>), ParseError> {
    scanner.skip(1);
    let function = if scanner.peek() == Some(sign) {
        scanner.skip(1);
        longest
    } else {
        shortest
    };
    Ok((
        function,
        vec![argument(scanner, depth, |c| c != '}', Escapes::None)?],
    ))
}

fn replacement(
    scanner: &mut Scanner<'_>,
    depth: usize,
) -> Result<(Function, Vec<Part>), ParseError> {
    scanner.skip(1);
    let function = match scanner.peek() {
        Some('/') => Function::ReplaceAll,
        Some('#') => Function::ReplacePrefix,
        Some('%') => Function::ReplaceSuffix,
        _ => Function::ReplaceFirst,
    };
    if function != Function::ReplaceFirst {
        scanner.skip(1);
    }
    // A closing brace does not end the pattern, only a slash does.
    let mut arguments = vec![argument(scanner, depth, |c| c != '/', Escapes::All)?];
    if scanner.peek() != Some('/') {
        return Err(ParseError::BadSubstitution);
    }
    scanner.skip_all('/');
    if scanner.peek() != Some('}') {
        arguments.push(argument(scanner, depth, |c| c != '}', Escapes::All)?);
    }
    Ok((function, arguments))
}

/// Which pairs of characters mean their second one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Escapes {
    None,
    /// `$$`
    Dollar,
    /// `$$`, `\/` and `\\`
    All,
}

struct Scanner<'a> {
    rest: &'a str,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    /// Skips ASCII characters.
    fn skip(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }

    fn skip_all(&mut self, c: char) {
        self.rest = self.rest.trim_start_matches(c);
    }

    fn take(&mut self, prefix: &str) -> bool {
        let Some(rest) = self.rest.strip_prefix(prefix) else {
            return false;
        };
        self.rest = rest;
        true
    }

    fn close(&mut self) -> Result<(), ParseError> {
        if self.take("}") {
            Ok(())
        } else {
            Err(ParseError::BadSubstitution)
        }
    }

    fn name(&mut self) -> Option<String> {
        let end = self
            .rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!name.is_empty()).then(|| name.to_owned())
    }

    /// Text up to the next expression or the first character that is not accepted.
    fn text(&mut self, accept: fn(char) -> bool, escapes: Escapes) -> String {
        let mut text = String::new();
        while let Some(c) = self.peek() {
            if self.rest.starts_with("${") {
                break;
            }
            let second = self.rest[c.len_utf8()..].chars().next();
            let escaped = match (c, second) {
                ('$', Some('$')) => escapes != Escapes::None,
                ('\\', Some('/' | '\\')) => escapes == Escapes::All,
                _ => false,
            };
            if escaped {
                text.extend(second);
                self.skip(2);
                continue;
            }
            if !accept(c) {
                break;
            }
            text.push(c);
            self.rest = &self.rest[c.len_utf8()..];
        }
        text
    }
}
