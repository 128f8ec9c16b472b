//! Functions that templates call, described by their Go signatures: the types decide which arguments are accepted
//! and how errors are worded.

use std::collections::HashMap;
use std::rc::Rc;

use crate::error::CallError;
use crate::exec::{Env, Ev};
use crate::value::{IntType, List, ListType, Map, MapType, UintType, Value};

/// The Go type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Param {
    /// `interface {}`
    Any,
    /// `reflect.Value`: what Go's own functions take.
    Raw,
    Bool,
    Int,
    Int64,
    Uint32,
    Float,
    String,
    /// `[]interface {}`
    List,
    /// `map[string]interface {}`
    Map,
    Duration,
    /// A named type with methods, by its Go name.
    Object(&'static str),
}

impl Param {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Any => "interface {}",
            Self::Raw => "reflect.Value",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Int64 => "int64",
            Self::Uint32 => "uint32",
            Self::Float => "float64",
            Self::String => "string",
            Self::List => "[]interface {}",
            Self::Map => "map[string]interface {}",
            Self::Duration => "time.Duration",
            Self::Object(name) => name,
        }
    }

    /// The zero value, for types that have nil among their values.
    pub(crate) fn nil(self) -> Option<Value> {
        match self {
            Self::Any | Self::Raw => Some(Value::Nil),
            Self::List => Some(Value::List(List::nil(ListType::Any))),
            Self::Map => Some(Value::Map(Map::nil(MapType::Any))),
            _ => None,
        }
    }

    pub(crate) fn accepts(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Any | Self::Raw, _)
            | (Self::Bool, Value::Bool(_))
            | (Self::Int, Value::Int(IntType::Int, _))
            | (Self::Int64, Value::Int(IntType::Int64, _))
            | (Self::Uint32, Value::Uint(UintType::Uint32, _))
            | (Self::Duration, Value::Int(IntType::Duration, _))
            | (Self::Float, Value::Float(_))
            | (Self::String, Value::Str(_)) => true,
            (Self::List, Value::List(list)) => list.kind() == ListType::Any,
            (Self::Map, Value::Map(map)) => matches!(map.kind(), MapType::Any | MapType::Values),
            (Self::Object(name), Value::Object(object)) => {
                object.type_name().trim_start_matches('*') == name
            }
            _ => false,
        }
    }
}

/// Parameters of a function: fixed ones, then any number of the variadic type.
#[derive(Clone, Copy, Debug)]
pub struct Signature {
    pub params: &'static [Param],
    pub variadic: Option<Param>,
}

/// What a function does.
pub type Body = fn(&mut Env, &[Value]) -> Result<Value, CallError>;

pub(crate) type RawBody = fn(&[Ev]) -> Result<Ev, CallError>;

#[derive(Clone, Copy)]
pub(crate) enum Action {
    Plain(Body),
    /// Sees whether a value came out of an interface, as `reflect.Value` shows it.
    Raw(RawBody),
    And,
    Or,
    Call,
}

/// A named function.
#[derive(Clone, Copy)]
pub struct Function {
    pub name: &'static str,
    pub signature: Signature,
    pub(crate) action: Action,
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Function({})", self.name)
    }
}

/// The functions that a template may name.
#[derive(Clone, Debug, Default)]
pub struct Functions {
    by_name: HashMap<&'static [u8], Rc<Function>>,
}

impl Functions {
    /// Those of Go's template package itself.
    #[must_use]
    pub fn builtin() -> Self {
        let mut functions = Self::default();
        crate::builtins::register(&mut functions);
        functions
    }

    /// Adds a function or replaces the one of that name.
    pub fn add(&mut self, name: &'static str, params: &'static [Param], body: Body) {
        self.insert(
            name,
            Signature {
                params,
                variadic: None,
            },
            Action::Plain(body),
        );
    }

    /// The same for a function that takes any number of further arguments.
    pub fn add_variadic(
        &mut self,
        name: &'static str,
        params: &'static [Param],
        rest: Param,
        body: Body,
    ) {
        self.insert(
            name,
            Signature {
                params,
                variadic: Some(rest),
            },
            Action::Plain(body),
        );
    }

    pub(crate) fn insert(&mut self, name: &'static str, signature: Signature, action: Action) {
        self.by_name.insert(
            name.as_bytes(),
            Rc::new(Function {
                name,
                signature,
                action,
            }),
        );
    }

    pub fn remove(&mut self, name: &str) {
        self.by_name.remove(name.as_bytes());
    }

    #[must_use]
    pub fn get(&self, name: &[u8]) -> Option<Rc<Function>> {
        self.by_name.get(name).cloned()
    }

    /// All names, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self
            .by_name
            .values()
            .map(|function| function.name)
            .collect();
        names.sort_unstable();
        names
    }
}
