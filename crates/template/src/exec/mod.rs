//! Runs templates. [`Env`] is what a rendering shares: templates, functions, limits, and the host's ambient powers;
//! `state` walks one template.

mod arg;
mod call;
mod field;
mod hint;
mod state;
mod trace;
mod walk;

use std::any::Any;
use std::collections::HashMap;
use std::rc::Rc;

use crate::ambient::Ambient;
use crate::error::RenderError;
use crate::func::Functions;
use crate::parse::{self, ParseError, Tree, Trees};
use crate::sprig::Patterns;
use crate::strconv::quote;
use crate::value::{Str, Value};
use state::State;
pub use trace::Trace;

/// A value, and whether it came out of an interface: Go's errors tell the two apart. `Nil` that did not is Go's
/// invalid value, which prints as `<no value>`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ev {
    pub(crate) value: Value,
    pub(crate) boxed: bool,
}

impl Ev {
    pub(crate) fn plain(value: Value) -> Self {
        Self {
            value,
            boxed: false,
        }
    }

    pub(crate) fn boxed(value: Value) -> Self {
        Self { value, boxed: true }
    }

    pub(crate) fn is_valid(&self) -> bool {
        self.boxed || !matches!(self.value, Value::Nil)
    }

    /// What Go calls its type.
    pub(crate) fn type_name(&self) -> &str {
        if self.boxed {
            "interface {}"
        } else {
            self.value.type_name()
        }
    }
}

/// What a map gives for a key that it does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingKey {
    /// Go's default: no value.
    Invalid,
    /// Helm's: the zero value of the element type.
    #[default]
    Zero,
    Error,
}

/// Bounds of a rendering. Memory and time are the sandbox's affair; these end it earlier, and their errors name the place.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Templates in templates, whatever the way: `template`, `include`, `tpl`.
    pub depth: usize,
    /// Bytes of one text: what a template writes, or a function gives.
    pub text: usize,
    /// Bytes of all such texts together, intermediate ones among them.
    pub output: usize,
    /// Statements and calls; a call with long arguments counts as several.
    pub steps: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 2_000,
            text: 64 << 20,
            output: 384 << 20,
            steps: 20_000_000,
        }
    }
}

/// Templates by name; the layers below are those that a `tpl` text sees besides its own.
#[derive(Debug, Default)]
pub struct Templates {
    own: HashMap<Str, Rc<Tree>>,
    below: Option<Rc<Self>>,
}

impl Templates {
    #[must_use]
    pub fn get(&self, name: &[u8]) -> Option<Rc<Tree>> {
        let mut layer = self;
        loop {
            if let Some(tree) = layer.own.get(name) {
                return Some(tree.clone());
            }
            layer = layer.below.as_deref()?;
        }
    }

    /// Adds what a text defined. Later definitions win, unless they are empty.
    pub fn add(&mut self, trees: Trees) {
        for (name, tree) in trees {
            if !tree.is_empty() || self.get(&name).is_none() {
                self.own.insert(name, tree);
            }
        }
    }

    fn over(below: Rc<Self>) -> Self {
        Self {
            own: HashMap::new(),
            below: Some(below),
        }
    }
}

/// Writes a value as text, or says why it cannot.
pub type ToYaml = fn(&Value) -> Result<String, String>;

/// Everything that the templates of one rendering share.
pub struct Env {
    pub functions: Rc<Functions>,
    pub templates: Rc<Templates>,
    pub missing_key: MissingKey,
    pub limits: Limits,
    pub ambient: Rc<dyn Ambient>,
    /// How values write themselves as YAML (`.Values.YAML`); this crate knows none.
    pub to_yaml: Option<ToYaml>,
    /// State of the embedding program for its own functions.
    pub host: Rc<dyn Any>,
    depth: usize,
    produced: usize,
    steps: u64,
    trace: Option<Trace>,
    pub(crate) patterns: Patterns,
}

impl Env {
    #[must_use]
    pub fn new(
        functions: Rc<Functions>,
        templates: Rc<Templates>,
        ambient: Rc<dyn Ambient>,
    ) -> Self {
        Self {
            functions,
            templates,
            missing_key: MissingKey::default(),
            limits: Limits::default(),
            ambient,
            to_yaml: None,
            host: Rc::new(()),
            depth: 0,
            produced: 0,
            steps: 0,
            trace: None,
            patterns: Patterns::default(),
        }
    }

    /// Counts steps for work that a function does elsewhere.
    pub fn spend(&mut self, steps: u64) {
        self.steps = self.steps.saturating_add(steps);
    }

    /// Runs a template by name.
    pub fn execute(&mut self, name: &[u8], data: Value) -> Result<Vec<u8>, RenderError> {
        let Some(tree) = self.templates.get(name) else {
            let text = format!(
                "template: no template {} associated with template \"gotpl\"",
                quote(name)
            );
            return Err(RenderError::new(text));
        };
        self.execute_tree(&tree, data)
    }

    /// Runs a template by name, and tells which of its lines each part of the output comes from.
    pub fn execute_traced(
        &mut self,
        name: &[u8],
        data: Value,
    ) -> Result<(Vec<u8>, Trace), RenderError> {
        let tree = self.templates.get(name);
        self.trace = Some(tree.map(|tree| Trace::new(&tree)).unwrap_or_default());
        let result = self.execute(name, data);
        let trace = self.trace.take().unwrap_or_default();
        Ok((result?, trace))
    }

    pub fn execute_tree(&mut self, tree: &Rc<Tree>, data: Value) -> Result<Vec<u8>, RenderError> {
        let mut out = Vec::new();
        State::new(self, tree, &mut out).run(Ev::plain(data))?;
        Ok(out)
    }

    /// Parses a text among the present templates; what it defines is seen by itself alone.
    pub fn overlay(&self, name: &str, text: Str) -> Result<(Rc<Tree>, Rc<Templates>), ParseError> {
        let name = Str::from(name);
        let mut trees = parse::parse(name.clone(), text, &self.functions)?;
        let mut layer = Templates::over(self.templates.clone());
        let main = trees.remove(&name);
        layer.add(trees);
        let main = main.unwrap_or_else(|| Rc::new(Tree::empty(name.clone())));
        layer.own.insert(name, main.clone());
        Ok((main, Rc::new(layer)))
    }

    /// Runs with another set of templates in place.
    pub fn with_templates<T>(
        &mut self,
        templates: Rc<Templates>,
        run: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let saved = std::mem::replace(&mut self.templates, templates);
        let result = run(self);
        self.templates = saved;
        result
    }
}
