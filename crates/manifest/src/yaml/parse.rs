//! Tokens to events: the grammar of documents, blocks and flow collections, as a machine with an explicit stack.

use std::borrow::Cow;

use super::Dialect;
use super::error::{Mark, ReadError, Stage};
use super::scan::{Comment, Scanner, Token, TokenKind};
use crate::node::Style;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event<'a> {
    pub(crate) kind: EventKind<'a>,
    pub(crate) mark: Mark,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum EventKind<'a> {
    StreamEnd,
    DocumentStart,
    DocumentEnd,
    Alias(&'a str),
    Scalar {
        value: Cow<'a, str>,
        style: Style,
        properties: Properties<'a>,
        end: u32,
    },
    SequenceStart {
        flow: bool,
        properties: Properties<'a>,
    },
    MappingStart {
        flow: bool,
        properties: Properties<'a>,
    },
    SequenceEnd,
    MappingEnd,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Properties<'a> {
    pub(crate) anchor: Option<&'a str>,
    pub(crate) tag: Option<Cow<'a, str>>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    ImplicitDocumentStart,
    DocumentStart,
    DocumentContent,
    DocumentEnd,
    End,
    BlockNode,
    BlockSequenceFirst,
    BlockSequenceEntry,
    IndentlessEntry,
    BlockMappingFirst,
    BlockMappingKey,
    BlockMappingValue,
    FlowSequenceFirst,
    FlowSequenceEntry,
    FlowPairKey,
    FlowPairValue,
    FlowPairEnd,
    FlowMappingFirst,
    FlowMappingKey,
    FlowMappingValue,
    FlowMappingEmptyValue,
}

pub(crate) struct Parser<'a> {
    scanner: Scanner<'a>,
    dialect: Dialect,
    state: State,
    states: Vec<State>,
    /// Where the open collections began, for errors.
    marks: Vec<Mark>,
    tags: Vec<(&'a str, Cow<'a, str>)>,
}

type Parsed<'a> = Result<Event<'a>, ReadError>;

const STANDARD_TAGS: &str = "tag:yaml.org,2002:";

impl<'a> Parser<'a> {
    pub(crate) fn new(text: &'a str, dialect: Dialect) -> Self {
        Self {
            scanner: Scanner::new(text, dialect),
            dialect,
            state: State::ImplicitDocumentStart,
            states: Vec::new(),
            marks: Vec::new(),
            tags: Vec::new(),
        }
    }

    pub(crate) fn next(&mut self) -> Parsed<'a> {
        match self.state {
            State::ImplicitDocumentStart => self.document_start(true),
            State::DocumentStart => self.document_start(false),
            State::DocumentContent => self.document_content(),
            State::DocumentEnd => self.document_end(),
            State::End => Ok(Event {
                kind: EventKind::StreamEnd,
                mark: Mark::default(),
            }),
            State::BlockNode => self.node(true, false),
            State::BlockSequenceFirst => self.opened(Self::block_sequence_entry),
            State::BlockSequenceEntry => self.block_sequence_entry(),
            State::IndentlessEntry => self.indentless_entry(),
            State::BlockMappingFirst => self.opened(Self::block_mapping_key),
            State::BlockMappingKey => self.block_mapping_key(),
            State::BlockMappingValue => self.block_mapping_value(),
            State::FlowSequenceFirst => self.opened(|parser| parser.flow_sequence_entry(true)),
            State::FlowSequenceEntry => self.flow_sequence_entry(false),
            State::FlowPairKey => self.flow_pair_key(),
            State::FlowPairValue => self.flow_pair_value(),
            State::FlowPairEnd => {
                self.state = State::FlowSequenceEntry;
                Ok(Event {
                    kind: EventKind::MappingEnd,
                    mark: self.scanner.peek()?.start,
                })
            }
            State::FlowMappingFirst => self.opened(|parser| parser.flow_mapping_key(true)),
            State::FlowMappingKey => self.flow_mapping_key(false),
            State::FlowMappingValue => self.flow_mapping_value(),
            State::FlowMappingEmptyValue => {
                let mark = self.scanner.peek()?.start;
                self.empty(mark, State::FlowMappingKey)
            }
        }
    }

    /// The first comment before a place.
    pub(crate) fn comment_before(&mut self, mark: Mark) -> Option<Comment<'a>> {
        self.scanner.comment_before(mark)
    }

    /// The comment behind something that ends on a line.
    pub(crate) fn comment_on(&mut self, line: u32) -> Option<Comment<'a>> {
        self.scanner.comment_on(line)
    }

    fn error(&self, context: Option<Mark>, problem: Mark, cause: &str) -> ReadError {
        ReadError::new(self.dialect, Stage::Parser, context, problem, cause)
    }

    /// An error inside of the innermost open collection.
    fn error_in_collection(&self, problem: Mark, cause: &str) -> ReadError {
        self.error(self.marks.last().copied(), problem, cause)
    }

    fn pop(&mut self) {
        self.state = self.states.pop().unwrap_or(State::End);
    }

    /// Takes the token that opens a collection, then its first entry.
    fn opened(&mut self, entry: impl FnOnce(&mut Self) -> Parsed<'a>) -> Parsed<'a> {
        let token = self.scanner.next()?;
        self.marks.push(token.start);
        entry(self)
    }

    /// Takes the token that closes a collection.
    fn closed(&mut self, kind: EventKind<'a>) -> Parsed<'a> {
        self.pop();
        self.marks.pop();
        let token = self.scanner.next()?;
        Ok(Event {
            kind,
            mark: token.start,
        })
    }

    /// A value that is not there is null.
    fn empty(&mut self, mark: Mark, state: State) -> Parsed<'a> {
        self.state = state;
        let kind = EventKind::Scalar {
            value: Cow::Borrowed(""),
            style: Style::Plain,
            properties: Properties::default(),
            end: mark.line,
        };
        Ok(Event { kind, mark })
    }

    fn document_start(&mut self, implicit: bool) -> Parsed<'a> {
        if !implicit {
            while self.scanner.peek()?.kind == TokenKind::DocumentEnd {
                self.scanner.next()?;
            }
        }
        let Token { kind, start, .. } = self.scanner.peek()?;
        let mark = *start;
        match kind {
            TokenKind::StreamEnd => {
                self.state = State::End;
                return Ok(Event {
                    kind: EventKind::StreamEnd,
                    mark,
                });
            }
            TokenKind::Version { .. }
            | TokenKind::TagDirective { .. }
            | TokenKind::DocumentStart => {
                self.directives()?;
                let token = self.scanner.peek()?;
                if token.kind != TokenKind::DocumentStart {
                    let problem = token.start;
                    return Err(self.error(
                        None,
                        problem,
                        "did not find expected <document start>",
                    ));
                }
                self.scanner.next()?;
                self.state = State::DocumentContent;
            }
            _ if implicit => self.state = State::BlockNode,
            _ => return Err(self.error(None, mark, "did not find expected <document start>")),
        }
        self.states.push(State::DocumentEnd);
        Ok(Event {
            kind: EventKind::DocumentStart,
            mark,
        })
    }

    fn directives(&mut self) -> Result<(), ReadError> {
        let mut version = false;
        loop {
            let mark = self.scanner.peek()?.start;
            match &self.scanner.peek()?.kind {
                TokenKind::Version { major, minor } => {
                    let known = (*major, *minor) == (1, 1);
                    if version {
                        return Err(self.error(None, mark, "found duplicate %YAML directive"));
                    }
                    if !known {
                        return Err(self.error(None, mark, "found incompatible YAML document"));
                    }
                    version = true;
                }
                TokenKind::TagDirective { handle, prefix } => {
                    let tag = (*handle, prefix.clone());
                    if self.tags.iter().any(|(known, _)| *known == tag.0) {
                        return Err(self.error(None, mark, "found duplicate %TAG directive"));
                    }
                    self.tags.push(tag);
                }
                _ => return Ok(()),
            }
            self.scanner.next()?;
        }
    }

    fn document_content(&mut self) -> Parsed<'a> {
        let Token { kind, start, .. } = self.scanner.peek()?;
        match kind {
            TokenKind::Version { .. }
            | TokenKind::TagDirective { .. }
            | TokenKind::DocumentStart
            | TokenKind::DocumentEnd
            | TokenKind::StreamEnd => {
                let mark = *start;
                let state = self.states.pop().unwrap_or(State::End);
                self.empty(mark, state)
            }
            _ => self.node(true, false),
        }
    }

    fn document_end(&mut self) -> Parsed<'a> {
        let token = self.scanner.peek()?;
        let mark = token.start;
        if token.kind == TokenKind::DocumentEnd {
            self.scanner.next()?;
        }
        self.tags.clear();
        self.state = State::DocumentStart;
        Ok(Event {
            kind: EventKind::DocumentEnd,
            mark,
        })
    }

    /// `block` allows block collections, `indentless` a sequence at the column of its key.
    fn node(&mut self, block: bool, indentless: bool) -> Parsed<'a> {
        let start = self.scanner.peek()?.start;
        if let TokenKind::Alias(name) = self.scanner.peek()?.kind {
            self.pop();
            self.scanner.next()?;
            return Ok(Event {
                kind: EventKind::Alias(name),
                mark: start,
            });
        }
        let properties = self.properties(start)?;
        let token = self.scanner.peek()?;
        let found = token.start;
        let kind = match &token.kind {
            TokenKind::BlockEntry if indentless => {
                self.state = State::IndentlessEntry;
                EventKind::SequenceStart {
                    flow: false,
                    properties,
                }
            }
            TokenKind::Scalar(..) => {
                self.pop();
                let token = self.scanner.next()?;
                let TokenKind::Scalar(value, style) = token.kind else {
                    return self.empty(found, self.state);
                };
                EventKind::Scalar {
                    value,
                    style,
                    properties,
                    end: token.end.line,
                }
            }
            TokenKind::FlowSequenceStart => {
                self.state = State::FlowSequenceFirst;
                EventKind::SequenceStart {
                    flow: true,
                    properties,
                }
            }
            TokenKind::FlowMappingStart => {
                self.state = State::FlowMappingFirst;
                EventKind::MappingStart {
                    flow: true,
                    properties,
                }
            }
            TokenKind::BlockSequenceStart if block => {
                self.state = State::BlockSequenceFirst;
                EventKind::SequenceStart {
                    flow: false,
                    properties,
                }
            }
            TokenKind::BlockMappingStart if block => {
                self.state = State::BlockMappingFirst;
                EventKind::MappingStart {
                    flow: false,
                    properties,
                }
            }
            _ if properties != Properties::default() => {
                self.pop();
                EventKind::Scalar {
                    value: Cow::Borrowed(""),
                    style: Style::Plain,
                    properties,
                    end: start.line,
                }
            }
            _ => return Err(self.error(Some(start), found, "did not find expected node content")),
        };
        Ok(Event { kind, mark: start })
    }

    /// An anchor and a tag, in either order.
    fn properties(&mut self, start: Mark) -> Result<Properties<'a>, ReadError> {
        let mut properties = Properties::default();
        loop {
            let token = self.scanner.peek()?;
            let mark = token.start;
            match &token.kind {
                TokenKind::Anchor(name) if properties.anchor.is_none() => {
                    properties.anchor = Some(name)
                }
                TokenKind::Tag { handle, suffix } if properties.tag.is_none() => {
                    let (handle, suffix) = (*handle, suffix.clone());
                    let Some(tag) = self.tag(handle, suffix) else {
                        return Err(self.error(Some(start), mark, "found undefined tag handle"));
                    };
                    properties.tag = Some(tag);
                }
                _ => return Ok(properties),
            }
            self.scanner.next()?;
        }
    }

    fn tag(&self, handle: &str, suffix: Cow<'a, str>) -> Option<Cow<'a, str>> {
        if handle.is_empty() {
            return Some(suffix);
        }
        let declared = self
            .tags
            .iter()
            .find(|(known, _)| *known == handle)
            .map(|(_, prefix)| &**prefix);
        let prefix = declared.or(match handle {
            "!" => Some("!"),
            "!!" => Some(STANDARD_TAGS),
            _ => None,
        })?;
        Some(Cow::Owned(format!("{prefix}{suffix}")))
    }

    fn block_sequence_entry(&mut self) -> Parsed<'a> {
        let token = self.scanner.peek()?;
        let mark = token.start;
        match token.kind {
            TokenKind::BlockEntry => {
                let mark = self.scanner.next()?.end;
                match self.scanner.peek()?.kind {
                    TokenKind::BlockEntry | TokenKind::BlockEnd => {
                        self.empty(mark, State::BlockSequenceEntry)
                    }
                    _ => self.child(State::BlockSequenceEntry, true, false),
                }
            }
            TokenKind::BlockEnd => self.closed(EventKind::SequenceEnd),
            _ => Err(self.error_in_collection(mark, "did not find expected '-' indicator")),
        }
    }

    /// Parses a node and comes back to `state`.
    fn child(&mut self, state: State, block: bool, indentless: bool) -> Parsed<'a> {
        self.states.push(state);
        self.node(block, indentless)
    }

    fn indentless_entry(&mut self) -> Parsed<'a> {
        let token = self.scanner.peek()?;
        let mark = token.start;
        if token.kind != TokenKind::BlockEntry {
            self.pop();
            return Ok(Event {
                kind: EventKind::SequenceEnd,
                mark,
            });
        }
        let mark = self.scanner.next()?.end;
        match self.scanner.peek()?.kind {
            TokenKind::BlockEntry | TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd => {
                self.empty(mark, State::IndentlessEntry)
            }
            _ => self.child(State::IndentlessEntry, true, false),
        }
    }

    fn block_mapping_key(&mut self) -> Parsed<'a> {
        let token = self.scanner.peek()?;
        let mark = token.start;
        match token.kind {
            TokenKind::Key => {
                let mark = self.scanner.next()?.end;
                match self.scanner.peek()?.kind {
                    TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd => {
                        self.empty(mark, State::BlockMappingValue)
                    }
                    _ => self.child(State::BlockMappingValue, true, true),
                }
            }
            TokenKind::BlockEnd => self.closed(EventKind::MappingEnd),
            _ => Err(self.error_in_collection(mark, "did not find expected key")),
        }
    }

    fn block_mapping_value(&mut self) -> Parsed<'a> {
        let token = self.scanner.peek()?;
        if token.kind != TokenKind::Value {
            let mark = token.start;
            return self.empty(mark, State::BlockMappingKey);
        }
        let mark = self.scanner.next()?.end;
        match self.scanner.peek()?.kind {
            TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd => {
                self.empty(mark, State::BlockMappingKey)
            }
            _ => self.child(State::BlockMappingKey, true, true),
        }
    }

    fn flow_sequence_entry(&mut self, first: bool) -> Parsed<'a> {
        self.flow_separator(
            first,
            &TokenKind::FlowSequenceEnd,
            "did not find expected ',' or ']'",
        )?;
        match self.scanner.peek()?.kind {
            TokenKind::FlowSequenceEnd => self.closed(EventKind::SequenceEnd),
            TokenKind::Key => {
                self.state = State::FlowPairKey;
                let mark = self.scanner.next()?.start;
                Ok(Event {
                    kind: EventKind::MappingStart {
                        flow: true,
                        properties: Properties::default(),
                    },
                    mark,
                })
            }
            _ => self.child(State::FlowSequenceEntry, false, false),
        }
    }

    /// The comma between two entries.
    fn flow_separator(
        &mut self,
        first: bool,
        end: &TokenKind<'_>,
        cause: &str,
    ) -> Result<(), ReadError> {
        let token = self.scanner.peek()?;
        if first || token.kind == *end {
            return Ok(());
        }
        if token.kind != TokenKind::FlowEntry {
            let mark = token.start;
            return Err(self.error_in_collection(mark, cause));
        }
        self.scanner.next().map(drop)
    }

    fn flow_pair_key(&mut self) -> Parsed<'a> {
        match self.scanner.peek()?.kind {
            TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowSequenceEnd => {
                // go-yaml takes the token here, so `[? : a]` is an error.
                let mark = self.scanner.next()?.end;
                self.empty(mark, State::FlowPairValue)
            }
            _ => self.child(State::FlowPairValue, false, false),
        }
    }

    fn flow_pair_value(&mut self) -> Parsed<'a> {
        if self.scanner.peek()?.kind == TokenKind::Value {
            self.scanner.next()?;
            if !matches!(
                self.scanner.peek()?.kind,
                TokenKind::FlowEntry | TokenKind::FlowSequenceEnd
            ) {
                return self.child(State::FlowPairEnd, false, false);
            }
        }
        let mark = self.scanner.peek()?.start;
        self.empty(mark, State::FlowPairEnd)
    }

    fn flow_mapping_key(&mut self, first: bool) -> Parsed<'a> {
        self.flow_separator(
            first,
            &TokenKind::FlowMappingEnd,
            "did not find expected ',' or '}'",
        )?;
        match self.scanner.peek()?.kind {
            TokenKind::FlowMappingEnd => self.closed(EventKind::MappingEnd),
            TokenKind::Key => {
                self.scanner.next()?;
                let token = self.scanner.peek()?;
                let mark = token.start;
                match token.kind {
                    TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowMappingEnd => {
                        self.empty(mark, State::FlowMappingValue)
                    }
                    _ => self.child(State::FlowMappingValue, false, false),
                }
            }
            _ => self.child(State::FlowMappingEmptyValue, false, false),
        }
    }

    fn flow_mapping_value(&mut self) -> Parsed<'a> {
        if self.scanner.peek()?.kind == TokenKind::Value {
            self.scanner.next()?;
            if !matches!(
                self.scanner.peek()?.kind,
                TokenKind::FlowEntry | TokenKind::FlowMappingEnd
            ) {
                return self.child(State::FlowMappingKey, false, false);
            }
        }
        let mark = self.scanner.peek()?.start;
        self.empty(mark, State::FlowMappingKey)
    }
}
