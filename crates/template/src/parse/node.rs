//! The parsed template. Nodes print as Go prints them, since error messages quote them.

use std::fmt;
use std::rc::Rc;

use crate::func::Function;
use crate::strconv::quote;
use crate::value::{Str, lossy};

/// One parsed template: a file, or a `define` or `block` in it.
#[derive(Debug)]
pub struct Tree {
    pub name: Str,
    /// The name of the file that the text came from.
    pub parse_name: Str,
    pub(crate) text: Rc<[u8]>,
    pub(crate) root: Vec<Node>,
}

#[derive(Debug)]
pub(crate) enum Node {
    /// A range of the tree's text.
    Text(usize, usize),
    Action(usize, Box<Pipe>),
    If(Box<Branch>),
    With(Box<Branch>),
    Range(Box<Branch>),
    Template(Box<Call>),
    Break,
    Continue,
}

/// `if`, `with` and `range`.
#[derive(Debug)]
pub(crate) struct Branch {
    pub(crate) pipe: Pipe,
    pub(crate) list: Vec<Node>,
    pub(crate) otherwise: Option<Vec<Node>>,
}

/// `{{template "name" pipeline}}`.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) pos: usize,
    pub(crate) name: Str,
    pub(crate) pipe: Option<Pipe>,
}

#[derive(Debug)]
pub(crate) struct Pipe {
    pub(crate) pos: usize,
    pub(crate) assign: bool,
    pub(crate) declared: Vec<Str>,
    pub(crate) commands: Vec<Command>,
}

#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) pos: usize,
    pub(crate) args: Vec<Expr>,
}

#[derive(Debug)]
pub(crate) enum Expr {
    Field(usize, Vec<Str>),
    Variable(usize, Vec<Str>),
    Function(usize, Rc<Function>),
    Chain(usize, Box<Self>, Vec<Str>),
    Pipe(Box<Pipe>),
    Dot(usize),
    Nil(usize),
    Bool(usize, bool),
    Number(usize, Box<Number>),
    String(usize, Literal),
}

/// A string constant: its value, and its text with quotes.
#[derive(Debug)]
pub(crate) struct Literal {
    pub(crate) value: Str,
    pub(crate) text: Str,
}

/// A numeric constant with every reading that fits it.
#[derive(Debug, Default)]
pub(crate) struct Number {
    pub(crate) text: String,
    pub(crate) int: Option<i64>,
    pub(crate) uint: Option<u64>,
    pub(crate) float: Option<f64>,
    pub(crate) complex: Option<(f64, f64)>,
}

impl Expr {
    pub(crate) fn pos(&self) -> usize {
        match self {
            Self::Field(pos, _)
            | Self::Variable(pos, _)
            | Self::Function(pos, _)
            | Self::Chain(pos, ..)
            | Self::Dot(pos)
            | Self::Nil(pos)
            | Self::Bool(pos, _)
            | Self::Number(pos, _)
            | Self::String(pos, _) => *pos,
            Self::Pipe(pipe) => pipe.pos,
        }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(_, names) => names.iter().try_for_each(|name| write!(f, ".{name}")),
            Self::Variable(_, names) => {
                for (index, name) in names.iter().enumerate() {
                    write!(f, "{}{name}", if index > 0 { "." } else { "" })?;
                }
                Ok(())
            }
            Self::Function(_, function) => f.write_str(function.name),
            Self::Chain(_, node, names) => {
                match &**node {
                    Self::Pipe(pipe) => write!(f, "({pipe})")?,
                    node => write!(f, "{node}")?,
                }
                names.iter().try_for_each(|name| write!(f, ".{name}"))
            }
            Self::Pipe(pipe) => pipe.fmt(f),
            Self::Dot(_) => f.write_str("."),
            Self::Nil(_) => f.write_str("nil"),
            Self::Bool(_, value) => write!(f, "{value}"),
            Self::Number(_, number) => f.write_str(&number.text),
            Self::String(_, literal) => literal.text.fmt(f),
        }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, arg) in self.args.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            match arg {
                Expr::Pipe(pipe) => write!(f, "({pipe})")?,
                arg => arg.fmt(f)?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.declared.iter().enumerate() {
            write!(f, "{}{name}", if index > 0 { ", " } else { "" })?;
        }
        if !self.declared.is_empty() {
            f.write_str(if self.assign { " = " } else { " := " })?;
        }
        for (index, command) in self.commands.iter().enumerate() {
            write!(f, "{}{command}", if index > 0 { " | " } else { "" })?;
        }
        Ok(())
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{{template {}", quote(&self.name))?;
        if let Some(pipe) = &self.pipe {
            write!(f, " {pipe}")?;
        }
        f.write_str("}}")
    }
}

impl Node {
    /// Nothing but spaces and definitions: such a template may be defined again.
    fn is_empty(&self, text: &[u8]) -> bool {
        match self {
            Self::Text(start, end) => lossy(&text[*start..*end]).trim().is_empty(),
            _ => false,
        }
    }
}

impl Tree {
    pub(crate) fn is_empty(&self) -> bool {
        self.root.iter().all(|node| node.is_empty(&self.text))
    }

    /// Line and column (both as Go counts: from 1, and in bytes from 0) of a place in the text.
    pub(crate) fn line_column(&self, pos: usize) -> (usize, usize) {
        let before = &self.text[..pos.min(self.text.len())];
        let line = 1 + memchr::memchr_iter(b'\n', before).count();
        let column = match memchr::memrchr(b'\n', before) {
            Some(newline) => pos - newline - 1,
            None => pos,
        };
        (line, column)
    }
}

impl Tree {
    /// A template without text.
    pub(crate) fn empty(name: Str) -> Self {
        Self {
            parse_name: name.clone(),
            name,
            text: Rc::from([]),
            root: Vec::new(),
        }
    }
}
