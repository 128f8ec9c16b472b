//! The execution of one template: its variables, where it is, and its errors.

use std::rc::Rc;

use super::{Env, Ev};
use crate::error::{Missing, Place, RenderError};
use crate::parse::{Call, Command, Expr, Pipe, Tree};
use crate::strconv::quote;
use crate::value::Str;

/// The node being evaluated, for errors.
#[derive(Clone, Copy)]
pub(super) enum At<'t> {
    Start,
    Action(usize, &'t Pipe),
    Template(&'t Call),
    Pipe(&'t Pipe),
    Command(&'t Command),
    Expr(&'t Expr),
}

impl At<'_> {
    fn pos(self) -> usize {
        match self {
            Self::Start => 0,
            Self::Action(pos, _) => pos,
            Self::Template(call) => call.pos,
            Self::Pipe(pipe) => pipe.pos,
            Self::Command(command) => command.pos,
            Self::Expr(expr) => expr.pos(),
        }
    }

    fn text(self) -> String {
        match self {
            Self::Start => String::new(),
            Self::Action(_, pipe) => format!("{{{{{pipe}}}}}"),
            Self::Template(call) => call.to_string(),
            Self::Pipe(pipe) => pipe.to_string(),
            Self::Command(command) => command.to_string(),
            Self::Expr(expr) => expr.to_string(),
        }
    }
}

/// Why a walk ended early.
pub(super) enum Stop {
    Break,
    Continue,
    Error(Box<RenderError>),
}

pub(super) type Step<T> = Result<T, Box<RenderError>>;

impl From<Box<RenderError>> for Stop {
    fn from(error: Box<RenderError>) -> Self {
        Self::Error(error)
    }
}

pub(super) struct State<'e, 't> {
    pub(super) env: &'e mut Env,
    pub(super) tree: &'t Tree,
    pub(super) out: &'e mut Vec<u8>,
    pub(super) at: At<'t>,
    pub(super) variables: Vec<(&'t [u8], Ev)>,
}

impl<'e, 't> State<'e, 't> {
    pub(super) fn new(env: &'e mut Env, tree: &'t Rc<Tree>, out: &'e mut Vec<u8>) -> Self {
        State {
            env,
            tree,
            out,
            at: At::Start,
            variables: Vec::new(),
        }
    }

    /// Runs the whole template with `dot` as its data.
    pub(super) fn run(mut self, dot: Ev) -> Result<(), RenderError> {
        if self.env.depth >= self.env.limits.depth {
            let limit = self.env.limits.depth;
            return Err(*self.error(format!("exceeded maximum template depth ({limit})")));
        }
        self.env.depth += 1;
        self.variables.push((b"$", dot.clone()));
        let tree = self.tree;
        let before = self.out.len();
        let result = self.walk_list(&dot, &tree.root);
        self.env.produced += self.out.len().saturating_sub(before);
        self.env.depth -= 1;
        match result {
            Ok(()) | Err(Stop::Break | Stop::Continue) => Ok(()),
            Err(Stop::Error(error)) => Err(*error),
        }
    }

    /// Counts what a statement or a call costs. A rendering that does not end has to be stopped while its place is known.
    pub(super) fn step(&mut self, cost: u64) -> Step<()> {
        self.env.steps = self.env.steps.saturating_add(cost);
        if self.env.steps > self.env.limits.steps {
            let limit = self.env.limits.steps;
            return self.fail(format!(
                "the rendering takes more than {limit} steps: does it end?"
            ));
        }
        Ok(())
    }

    /// Is a text of this size too large, or are all of them together?
    pub(super) fn check_text(&self, length: usize) -> Step<()> {
        let limits = self.env.limits;
        if length > limits.text {
            return self.fail(format!("the text is longer than {} bytes", limits.text));
        }
        if self.env.produced.saturating_add(length) > limits.output {
            return self.fail(format!(
                "all texts together are longer than {} bytes",
                limits.output
            ));
        }
        Ok(())
    }

    pub(super) fn error(&self, message: impl AsRef<str>) -> Box<RenderError> {
        let (line, column) = self.tree.line_column(self.at.pos());
        let place = Place {
            template: self.tree.parse_name.clone(),
            line,
            column,
        };
        let text = match self.at {
            At::Start => format!("template: {}: {}", self.tree.name, message.as_ref()),
            at => format!(
                "template: {}:{line}:{column}: executing {} at <{}>: {}",
                place.template,
                quote(&self.tree.name),
                at.text(),
                message.as_ref()
            ),
        };
        Box::new(RenderError {
            text,
            executing: true,
            place: Some(place),
            missing: None,
            cause: None,
        })
    }

    pub(super) fn fail<T>(&self, message: impl AsRef<str>) -> Step<T> {
        Err(self.error(message))
    }

    pub(super) fn missing(
        &self,
        message: impl AsRef<str>,
        missing: Option<Missing>,
    ) -> Box<RenderError> {
        let mut error = self.error(message);
        error.missing = missing;
        error
    }

    /// A function's error, wrapped with the place of the call.
    pub(super) fn wrap(&self, name: &str, cause: Box<RenderError>) -> Box<RenderError> {
        let mut error = self.error(format!("error calling {name}: {}", cause.text));
        error.cause = Some(cause);
        error
    }

    pub(super) fn variable(&self, name: &Str) -> Step<Ev> {
        match self
            .variables
            .iter()
            .rev()
            .find(|(known, _)| *known == name.as_bytes())
        {
            Some((_, value)) => Ok(value.clone()),
            None => self.fail(format!("undefined variable: {name}")),
        }
    }

    pub(super) fn assign(&mut self, name: &Str, value: Ev) -> Step<()> {
        match self
            .variables
            .iter_mut()
            .rev()
            .find(|(known, _)| *known == name.as_bytes())
        {
            Some((_, slot)) => {
                *slot = value;
                Ok(())
            }
            None => self.fail(format!("undefined variable: {name}")),
        }
    }
}
