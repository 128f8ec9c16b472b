//! Template text to trees, with Go's rules and Go's error texts.

mod lex;
mod names;
mod node;
mod number;

use std::collections::HashMap;
use std::rc::Rc;

pub use node::Tree;
pub(crate) use node::{Branch, Call, Command, Expr, Literal, Node, Number, Pipe};

use crate::func::Functions;
use crate::strconv::{quote, unquote};
use crate::value::Str;
use lex::{Keyword, Kind, Lexer, Token};
use names::Names;

/// How deep controls and parentheses may nest: people write a dozen levels, and each takes stack. Go stops at 10,000
/// parentheses, at 1,000 when built for WebAssembly, and does not bound controls.
const MAX_NESTING: usize = 250;

/// Why a template could not be parsed, in Go's words.
#[derive(Clone, Debug, thiserror::Error)]
#[error("template: {name}:{line}: {message}")]
pub struct ParseError {
    pub name: Str,
    pub line: usize,
    pub message: String,
}

/// Templates by name, as one text defines them.
pub type Trees = HashMap<Str, Rc<Tree>>;

/// Parses a text with its `define` and `block` parts. The text's own template is among them, under `name`.
pub fn parse(
    name: impl Into<Str>,
    text: impl Into<Str>,
    functions: &Functions,
) -> Result<Trees, ParseError> {
    parse_text(name.into(), text.into().shared(), functions)
}

/// Never a part of its caller: the parser's frame must be gone when what it parsed runs, and parses again.
#[inline(never)]
fn parse_text(name: Str, text: Rc<[u8]>, functions: &Functions) -> Result<Trees, ParseError> {
    let mut parser = Parser {
        name: name.clone(),
        lexer: Lexer::new(text.clone()),
        text,
        functions,
        tokens: std::array::from_fn(|_| Token {
            kind: Kind::Eof,
            pos: 0,
            end: 0,
            line: 0,
            error: None,
        }),
        peeked: 0,
        variables: vec![Str::from("$")],
        action_line: 0,
        range_depth: 0,
        nesting: 0,
        names: Names::default(),
        trees: HashMap::new(),
    };
    let root = parser.file()?;
    parser.add(name, root)?;
    Ok(parser.trees)
}

/// What ends a list of nodes.
enum End {
    End,
    Else,
}

impl End {
    fn text(&self) -> &'static str {
        match self {
            Self::End => "{{end}}",
            Self::Else => "{{else}}",
        }
    }
}

enum Item {
    Node(Node),
    End(End),
}

struct Parser<'f> {
    name: Str,
    text: Rc<[u8]>,
    lexer: Lexer,
    functions: &'f Functions,
    tokens: [Token; 3],
    peeked: usize,
    variables: Vec<Str>,
    action_line: usize,
    range_depth: usize,
    nesting: usize,
    names: Names,
    trees: Trees,
}

type Parsed<T> = Result<T, ParseError>;

impl Parser<'_> {
    fn next(&mut self) -> Token {
        if self.peeked > 0 {
            self.peeked -= 1;
        } else {
            self.tokens[0] = self.lexer.token();
        }
        self.tokens[self.peeked].clone()
    }

    fn backup(&mut self) {
        self.peeked += 1;
    }

    fn backup2(&mut self, first: Token) {
        self.tokens[1] = first;
        self.peeked = 2;
    }

    fn backup3(&mut self, first: Token, second: Token) {
        self.tokens[1] = second;
        self.tokens[2] = first;
        self.peeked = 3;
    }

    fn peek(&mut self) -> Token {
        if self.peeked == 0 {
            self.peeked = 1;
            self.tokens[0] = self.lexer.token();
        }
        self.tokens[self.peeked - 1].clone()
    }

    fn next_non_space(&mut self) -> Token {
        loop {
            let token = self.next();
            if token.kind != Kind::Space {
                return token;
            }
        }
    }

    fn peek_non_space(&mut self) -> Token {
        let token = self.next_non_space();
        self.backup();
        token
    }

    fn slice(&self, token: &Token) -> &[u8] {
        &self.text[token.pos..token.end]
    }

    fn string(&self, token: &Token) -> Str {
        Str::from(self.slice(token))
    }

    /// The token's text without so many bytes before it: a name, of which templates have few.
    fn named(&mut self, token: &Token, before: usize) -> Str {
        self.names.get(&self.text[token.pos + before..token.end])
    }

    fn error<T>(&self, message: impl Into<String>) -> Parsed<T> {
        Err(ParseError {
            name: self.name.clone(),
            line: self.tokens[0].line,
            message: message.into(),
        })
    }

    fn show(&self, token: &Token) -> String {
        match (&token.error, token.kind) {
            (Some(message), _) => message.to_string(),
            (_, Kind::Eof) => "EOF".into(),
            (_, Kind::Keyword(_) | Kind::Dot | Kind::Nil) => {
                format!("<{}>", String::from_utf8_lossy(self.slice(token)))
            }
            _ => {
                let text = self.slice(token);
                if text.len() <= 10 {
                    return quote(text);
                }
                let short: String = String::from_utf8_lossy(text).chars().take(10).collect();
                format!("{}...", quote(short.as_bytes()))
            }
        }
    }

    fn unexpected<T>(&self, token: &Token, context: &str) -> Parsed<T> {
        if let Some(message) = &token.error {
            let mut extra = String::new();
            if self.action_line != 0 && self.action_line != token.line {
                let action = if message.ends_with(" action") {
                    ""
                } else {
                    " in action"
                };
                extra = format!("{action} started at {}:{}", self.name, self.action_line);
            }
            return self.error(format!("{message}{extra}"));
        }
        self.error(format!("unexpected {} in {context}", self.show(token)))
    }

    fn expect(&mut self, kind: Kind, context: &str) -> Parsed<Token> {
        let token = self.next_non_space();
        if token.kind == kind {
            Ok(token)
        } else {
            self.unexpected(&token, context)
        }
    }

    fn unquoted(&self, token: &Token) -> Parsed<Str> {
        match unquote(self.slice(token)) {
            Ok(text) => Ok(text.into()),
            Err(message) => self.error(message),
        }
    }

    fn add(&mut self, name: Str, root: Vec<Node>) -> Parsed<()> {
        let tree = Tree {
            name: name.clone(),
            parse_name: self.name.clone(),
            text: self.text.clone(),
            root,
        };
        if let Some(old) = self.trees.get(&name)
            && !old.is_empty()
        {
            if tree.is_empty() {
                return Ok(());
            }
            return self.error(format!(
                "template: multiple definition of template {}",
                quote(&name)
            ));
        }
        self.trees.insert(name, Rc::new(tree));
        Ok(())
    }

    fn file(&mut self) -> Parsed<Vec<Node>> {
        let mut root = Vec::new();
        while self.peek().kind != Kind::Eof {
            if self.peek().kind == Kind::LeftDelim {
                let delimiter = self.next();
                if self.next_non_space().kind == Kind::Keyword(Keyword::Define) {
                    self.definition()?;
                    continue;
                }
                self.backup2(delimiter);
            }
            match self.text_or_action()? {
                Item::Node(node) => root.push(node),
                Item::End(end) => return self.error(format!("unexpected {}", end.text())),
            }
        }
        Ok(root)
    }

    /// Runs a parse with variables and loops of its own: another template begins.
    fn fresh<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        let variables = std::mem::replace(&mut self.variables, vec![Str::from("$")]);
        let range_depth = std::mem::take(&mut self.range_depth);
        let action_line = std::mem::take(&mut self.action_line);
        let result = parse(self);
        self.variables = variables;
        self.range_depth = range_depth;
        self.action_line = action_line;
        result
    }

    fn definition(&mut self) -> Parsed<()> {
        self.fresh(|parser| {
            let context = "define clause";
            let token = parser.next_non_space();
            if !matches!(token.kind, Kind::String | Kind::RawString) {
                return parser.unexpected(&token, context);
            }
            let name = parser.unquoted(&token)?;
            parser.expect(Kind::RightDelim, context)?;
            let root = parser.body(context)?;
            parser.add(name, root)
        })
    }

    /// The nodes up to `{{end}}`.
    fn body(&mut self, context: &str) -> Parsed<Vec<Node>> {
        let (nodes, end) = self.list()?;
        match end {
            End::End => Ok(nodes),
            end => self.error(format!("unexpected {} in {context}", end.text())),
        }
    }

    fn list(&mut self) -> Parsed<(Vec<Node>, End)> {
        let mut nodes = Vec::new();
        while self.peek_non_space().kind != Kind::Eof {
            match self.text_or_action()? {
                Item::Node(node) => nodes.push(node),
                Item::End(end) => return Ok((nodes, end)),
            }
        }
        self.error("unexpected EOF")
    }

    fn text_or_action(&mut self) -> Parsed<Item> {
        let token = self.next_non_space();
        match token.kind {
            Kind::Text => Ok(Item::Node(Node::Text(token.pos, token.end))),
            Kind::LeftDelim => {
                self.action_line = token.line;
                let item = self.action();
                if item.is_ok() {
                    self.action_line = 0;
                }
                item
            }
            _ => self.unexpected(&token, "input"),
        }
    }

    fn action(&mut self) -> Parsed<Item> {
        let token = self.next_non_space();
        let node = match token.kind {
            Kind::Keyword(Keyword::Block) => self.block()?,
            Kind::Keyword(Keyword::Break) => {
                self.loop_control("{{break}}")?;
                Node::Break
            }
            Kind::Keyword(Keyword::Continue) => {
                self.loop_control("{{continue}}")?;
                Node::Continue
            }
            Kind::Keyword(Keyword::Else) => {
                let peek = self.peek_non_space();
                if matches!(peek.kind, Kind::Keyword(Keyword::If | Keyword::With)) {
                    return Ok(Item::End(End::Else));
                }
                self.expect(Kind::RightDelim, "else")?;
                return Ok(Item::End(End::Else));
            }
            Kind::Keyword(Keyword::End) => {
                self.expect(Kind::RightDelim, "end")?;
                return Ok(Item::End(End::End));
            }
            Kind::Keyword(Keyword::If) => Node::If(Box::new(self.control("if")?)),
            Kind::Keyword(Keyword::Range) => Node::Range(Box::new(self.control("range")?)),
            Kind::Keyword(Keyword::Template) => self.template()?,
            Kind::Keyword(Keyword::With) => Node::With(Box::new(self.control("with")?)),
            _ => {
                self.backup();
                let token = self.peek();
                Node::Action(
                    token.pos,
                    Box::new(self.pipeline("command", Kind::RightDelim)?),
                )
            }
        };
        Ok(Item::Node(node))
    }

    fn loop_control(&mut self, text: &str) -> Parsed<()> {
        let token = self.next_non_space();
        if token.kind != Kind::RightDelim {
            return self.unexpected(&token, text);
        }
        if self.range_depth == 0 {
            return self.error(format!("{text} outside {{{{range}}}}"));
        }
        Ok(())
    }

    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.nesting >= MAX_NESTING {
            return self.error("max expression depth exceeded");
        }
        self.nesting += 1;
        let result = parse(self);
        self.nesting -= 1;
        result
    }

    fn control(&mut self, context: &'static str) -> Parsed<Branch> {
        let variables = self.variables.len();
        let branch = self.nested(|parser| parser.branch(context));
        self.variables.truncate(variables);
        branch
    }

    fn branch(&mut self, context: &'static str) -> Parsed<Branch> {
        let pipe = self.pipeline(context, Kind::RightDelim)?;
        let ranged = usize::from(context == "range");
        self.range_depth += ranged;
        let (list, next) = self.list()?;
        self.range_depth -= ranged;
        let otherwise = match next {
            End::End => None,
            End::Else => Some(match (context, self.peek().kind) {
                ("if", Kind::Keyword(Keyword::If)) => {
                    self.next();
                    vec![Node::If(Box::new(self.control("if")?))]
                }
                ("with", Kind::Keyword(Keyword::With)) => {
                    self.next();
                    vec![Node::With(Box::new(self.control("with")?))]
                }
                _ => {
                    let (list, next) = self.list()?;
                    if !matches!(next, End::End) {
                        return self.error(format!("expected end; found {}", next.text()));
                    }
                    list
                }
            }),
        };
        Ok(Branch {
            pipe,
            list,
            otherwise,
        })
    }

    fn template_name(&mut self, token: &Token, context: &str) -> Parsed<Str> {
        match token.kind {
            Kind::String | Kind::RawString => self.unquoted(token),
            _ => self.unexpected(token, context),
        }
    }

    fn block(&mut self) -> Parsed<Node> {
        let context = "block clause";
        let token = self.next_non_space();
        let name = self.template_name(&token, context)?;
        let pipe = self.pipeline(context, Kind::RightDelim)?;
        self.nested(|parser| {
            parser.fresh(|parser| {
                let root = parser.body(context)?;
                parser.add(name.clone(), root)
            })
        })?;
        Ok(Node::Template(Box::new(Call {
            pos: token.pos,
            name,
            pipe: Some(pipe),
        })))
    }

    fn template(&mut self) -> Parsed<Node> {
        let context = "template clause";
        let token = self.next_non_space();
        let name = self.template_name(&token, context)?;
        let mut pipe = None;
        if self.next_non_space().kind != Kind::RightDelim {
            self.backup();
            pipe = Some(self.pipeline(context, Kind::RightDelim)?);
        }
        Ok(Node::Template(Box::new(Call {
            pos: token.pos,
            name,
            pipe,
        })))
    }

    fn pipeline(&mut self, context: &str, end: Kind) -> Parsed<Pipe> {
        let token = self.peek_non_space();
        let mut pipe = Pipe {
            pos: token.pos,
            assign: false,
            declared: Vec::new(),
            // Most have one, and room for more costs.
            commands: Vec::with_capacity(1),
        };
        self.declarations(&mut pipe, context)?;
        loop {
            let token = self.next_non_space();
            match token.kind {
                kind if kind == end => {
                    self.check_pipeline(&pipe, context)?;
                    return Ok(pipe);
                }
                Kind::Bool
                | Kind::CharConstant
                | Kind::Complex
                | Kind::Dot
                | Kind::Field
                | Kind::Identifier
                | Kind::Number
                | Kind::Nil
                | Kind::RawString
                | Kind::String
                | Kind::Variable
                | Kind::LeftParen => {
                    self.backup();
                    let command = self.command()?;
                    pipe.commands.push(command);
                }
                _ => return self.unexpected(&token, context),
            }
        }
    }

    /// `$x :=`, `$x =`, and `$i, $x :=` of a range.
    fn declarations(&mut self, pipe: &mut Pipe, context: &str) -> Parsed<()> {
        loop {
            let variable = self.peek_non_space();
            if variable.kind != Kind::Variable {
                return Ok(());
            }
            self.next();
            let after = self.peek();
            let next = self.peek_non_space();
            let comma = next.kind == Kind::Char && self.slice(&next) == b",";
            if !comma && !matches!(next.kind, Kind::Assign | Kind::Declare) {
                if after.kind == Kind::Space {
                    self.backup3(variable, after);
                } else {
                    self.backup2(variable);
                }
                return Ok(());
            }
            self.next_non_space();
            let name = self.named(&variable, 0);
            pipe.declared.push(name.clone());
            self.variables.push(name);
            if !comma {
                pipe.assign = next.kind == Kind::Assign;
                return Ok(());
            }
            if context == "range" && pipe.declared.len() < 2 {
                match self.peek_non_space().kind {
                    Kind::Variable | Kind::RightDelim | Kind::RightParen => continue,
                    _ => return self.error("range can only initialize variables"),
                }
            }
            return self.error(format!("too many declarations in {context}"));
        }
    }

    fn check_pipeline(&self, pipe: &Pipe, context: &str) -> Parsed<()> {
        if pipe.commands.is_empty() {
            return self.error(format!("missing value for {context}"));
        }
        for (index, command) in pipe.commands.iter().enumerate().skip(1) {
            if matches!(
                command.args[0],
                Expr::Bool(..) | Expr::Dot(_) | Expr::Nil(_) | Expr::Number(..) | Expr::String(..)
            ) {
                return self.error(format!(
                    "non executable command in pipeline stage {}",
                    index + 1
                ));
            }
        }
        Ok(())
    }

    fn command(&mut self) -> Parsed<Command> {
        let mut command = Command {
            pos: self.peek_non_space().pos,
            args: Vec::new(),
        };
        loop {
            self.peek_non_space();
            if let Some(operand) = self.operand()? {
                command.args.push(operand);
            }
            let token = self.next();
            match token.kind {
                Kind::Space => continue,
                Kind::RightDelim | Kind::RightParen => self.backup(),
                Kind::Pipe => {}
                _ => return self.unexpected(&token, "operand"),
            }
            break;
        }
        if command.args.is_empty() {
            return self.error("empty command");
        }
        Ok(command)
    }

    fn operand(&mut self) -> Parsed<Option<Expr>> {
        let Some(node) = self.term()? else {
            return Ok(None);
        };
        let first = self.peek();
        if first.kind != Kind::Field {
            return Ok(Some(node));
        }
        let mut fields = Vec::new();
        while self.peek().kind == Kind::Field {
            let token = self.next();
            fields.push(self.named(&token, 1));
        }
        // A field or variable swallows what follows; its place is that of the first dot after it.
        Ok(Some(match node {
            Expr::Field(_, mut names) => {
                names.extend(fields);
                Expr::Field(first.pos, names)
            }
            Expr::Variable(_, mut names) => {
                names.extend(fields);
                Expr::Variable(first.pos, names)
            }
            Expr::Bool(..) | Expr::String(..) | Expr::Number(..) | Expr::Nil(_) | Expr::Dot(_) => {
                return self.error(format!(
                    "unexpected . after term {}",
                    quote(node.to_string().as_bytes())
                ));
            }
            node => Expr::Chain(first.pos, Box::new(node), fields),
        }))
    }

    fn term(&mut self) -> Parsed<Option<Expr>> {
        let token = self.next_non_space();
        Ok(Some(match token.kind {
            Kind::Identifier => {
                let name = self.slice(&token);
                match self.functions.get(name) {
                    Some(function) => Expr::Function(token.pos, function),
                    None => return self.error(format!("function {} not defined", quote(name))),
                }
            }
            Kind::Dot => Expr::Dot(token.pos),
            Kind::Nil => Expr::Nil(token.pos),
            Kind::Variable => {
                let name = self.named(&token, 0);
                if !self.variables.contains(&name) {
                    return self.error(format!("undefined variable {}", quote(&name)));
                }
                Expr::Variable(token.pos, vec![name])
            }
            Kind::Field => Expr::Field(token.pos, vec![self.named(&token, 1)]),
            Kind::Bool => Expr::Bool(token.pos, self.slice(&token) == b"true"),
            Kind::CharConstant | Kind::Complex | Kind::Number => {
                match number::number(self.slice(&token), token.kind) {
                    Ok(number) => Expr::Number(token.pos, Box::new(number)),
                    Err(message) => return self.error(message),
                }
            }
            Kind::LeftParen => {
                let pipe = self
                    .nested(|parser| parser.pipeline("parenthesized pipeline", Kind::RightParen))?;
                Expr::Pipe(Box::new(pipe))
            }
            Kind::String | Kind::RawString => {
                let value = self.unquoted(&token)?;
                Expr::String(
                    token.pos,
                    Literal {
                        value,
                        text: self.string(&token),
                    },
                )
            }
            _ => {
                self.backup();
                return Ok(None);
            }
        }))
    }
}
