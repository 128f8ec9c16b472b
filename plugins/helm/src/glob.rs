//! Patterns of `.Files.Glob`: gobwas/glob with `/` as separator. `*` stays inside a folder, `**` does not.

#[derive(Debug)]
enum Part {
    Text(char),
    /// Any character but the separator.
    One,
    /// Any run without separator, or with.
    Many {
        across: bool,
    },
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
    AnyOf(Vec<Vec<Self>>),
}

/// A compiled pattern.
#[derive(Debug)]
pub(crate) struct Glob(Vec<Part>);

struct Parser<'p> {
    chars: std::iter::Peekable<std::str::Chars<'p>>,
}

impl Glob {
    /// A malformed pattern matches everything, as in Helm.
    pub(crate) fn new(pattern: &str) -> Self {
        let mut parser = Parser {
            chars: pattern.chars().peekable(),
        };
        Self(match parser.sequence(0) {
            Some(parts) if parser.chars.peek().is_none() => parts,
            _ => vec![Part::Many { across: true }],
        })
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        let chars: Vec<char> = text.chars().collect();
        let parts: Vec<&Part> = self.0.iter().collect();
        matches(&parts, &chars)
    }
}

impl Parser<'_> {
    /// Parts up to the end, or inside braces up to a comma or the closing brace.
    fn sequence(&mut self, depth: usize) -> Option<Vec<Part>> {
        let mut parts = Vec::new();
        while let Some(c) = self.chars.peek().copied() {
            if depth > 0 && matches!(c, ',' | '}') {
                break;
            }
            self.chars.next();
            parts.push(match c {
                '*' => {
                    let mut across = false;
                    while self.chars.next_if_eq(&'*').is_some() {
                        across = true;
                    }
                    Part::Many { across }
                }
                '?' => Part::One,
                '\\' => Part::Text(self.chars.next()?),
                '[' => self.class()?,
                '{' if depth < 16 => self.alternatives(depth + 1)?,
                '{' => return None,
                c => Part::Text(c),
            });
        }
        Some(parts)
    }

    fn class(&mut self) -> Option<Part> {
        let negated = self.chars.next_if(|c| matches!(c, '!' | '^')).is_some();
        let mut ranges = Vec::new();
        loop {
            let low = match self.chars.next()? {
                ']' if !ranges.is_empty() => return Some(Part::Class { negated, ranges }),
                '\\' => self.chars.next()?,
                c => c,
            };
            let mut high = low;
            if self.chars.peek() == Some(&'-') {
                self.chars.next();
                high = self.chars.next()?;
            }
            ranges.push((low, high));
        }
    }

    fn alternatives(&mut self, depth: usize) -> Option<Part> {
        let mut options = Vec::new();
        loop {
            options.push(self.sequence(depth)?);
            match self.chars.next()? {
                ',' => {}
                '}' => return Some(Part::AnyOf(options)),
                _ => return None,
            }
        }
    }
}

fn matches(parts: &[&Part], text: &[char]) -> bool {
    let Some((first, rest)) = parts.split_first() else {
        return text.is_empty();
    };
    match first {
        Part::Text(c) => text.first() == Some(c) && matches(rest, &text[1..]),
        Part::One => text.first().is_some_and(|c| *c != '/') && matches(rest, &text[1..]),
        Part::Class { negated, ranges } => {
            text.first()
                .is_some_and(|c| ranges.iter().any(|(low, high)| low <= c && c <= high) != *negated)
                && matches(rest, &text[1..])
        }
        Part::Many { across } => {
            let most = if *across {
                text.len()
            } else {
                text.iter().take_while(|c| **c != '/').count()
            };
            (0..=most).any(|count| matches(rest, &text[count..]))
        }
        Part::AnyOf(options) => options.iter().any(|option| {
            let parts: Vec<&Part> = option.iter().chain(rest.iter().copied()).collect();
            matches(&parts, text)
        }),
    }
}
