//! The values that templates work on: those of Go's types that a chart can meet.

mod container;
mod equal;
mod object;
mod text;
mod types;

use std::rc::Rc;

pub use container::{List, Map};
pub use object::Object;
pub use text::{Str, lossy};
pub use types::{IntType, Kind, ListType, MapType, UintType};

/// How deep values may be nested before encoders, printers and copies give up: templates can build cycles.
pub const MAX_DEPTH: usize = 500;

/// A value as templates see it. Integers keep their Go type, since comparisons and `%T` depend on it.
#[derive(Clone, Default)]
pub enum Value {
    #[default]
    Nil,
    Bool(bool),
    Int(IntType, i64),
    Uint(UintType, u64),
    Float(f64),
    Complex(f64, f64),
    Str(Str),
    Bytes(Str),
    List(List),
    Map(Map),
    Object(Rc<dyn Object>),
    /// A function value; templates can hardly get hold of one, but `call` must refuse all others.
    Func(Rc<crate::func::Function>),
}

impl Value {
    #[must_use]
    pub fn int(value: i64) -> Self {
        Self::Int(IntType::Int, value)
    }

    #[must_use]
    pub fn int64(value: i64) -> Self {
        Self::Int(IntType::Int64, value)
    }

    pub fn string(text: impl Into<Str>) -> Self {
        Self::Str(text.into())
    }

    pub fn object(object: impl Object) -> Self {
        Self::Object(Rc::new(object))
    }

    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Nil => Kind::Invalid,
            Self::Bool(_) => Kind::Bool,
            Self::Int(int, _) => int.kind(),
            Self::Uint(uint, _) => uint.kind(),
            Self::Float(_) => Kind::Float64,
            Self::Complex(..) => Kind::Complex128,
            Self::Str(_) => Kind::String,
            Self::Bytes(_) | Self::List(_) => Kind::Slice,
            Self::Map(_) => Kind::Map,
            Self::Object(object) => object.kind(),
            Self::Func(_) => Kind::Func,
        }
    }

    /// The type as Go's `%T` prints it.
    #[must_use]
    pub fn type_name(&self) -> &str {
        match self {
            Self::Nil => "<nil>",
            Self::Bool(_) => "bool",
            Self::Int(int, _) => int.name(),
            Self::Uint(uint, _) => uint.name(),
            Self::Float(_) => "float64",
            Self::Complex(..) => "complex128",
            Self::Str(_) => "string",
            Self::Bytes(_) => "[]uint8",
            Self::List(list) => list.kind().name(),
            Self::Map(map) => map.kind().name(),
            Self::Object(object) => object.type_name(),
            Self::Func(_) => "func()",
        }
    }

    /// Go's notion of truth in `if`: not the zero value, not empty.
    #[must_use]
    pub fn truth(&self) -> bool {
        match self {
            Self::Nil => false,
            Self::Bool(value) => *value,
            Self::Int(_, value) => *value != 0,
            Self::Uint(_, value) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::Complex(re, im) => *re != 0.0 || *im != 0.0,
            Self::Str(text) | Self::Bytes(text) => !text.is_empty(),
            Self::List(list) => !list.is_empty(),
            Self::Map(map) => !map.is_empty(),
            Self::Object(object) => match object.kind() {
                Kind::Map | Kind::Slice => object.plain().truth(),
                _ => true,
            },
            Self::Func(_) => true,
        }
    }

    #[must_use]
    pub fn is_nil(&self) -> bool {
        match self {
            Self::Nil => true,
            Self::List(list) => list.is_nil(),
            Self::Map(map) => map.is_nil(),
            _ => false,
        }
    }

    #[must_use]
    pub fn as_str(&self) -> Option<&Str> {
        if let Self::Str(text) = self {
            Some(text)
        } else {
            None
        }
    }

    #[must_use]
    pub fn as_map(&self) -> Option<&Map> {
        if let Self::Map(map) = self {
            Some(map)
        } else {
            None
        }
    }

    #[must_use]
    pub fn as_list(&self) -> Option<&List> {
        if let Self::List(list) = self {
            Some(list)
        } else {
            None
        }
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&crate::fmt::sprint(std::slice::from_ref(self)).to_text())
    }
}

macro_rules! value_from {
    ($($from:ty => |$value:ident| $make:expr;)*) => {
        $(impl From<$from> for Value { fn from($value: $from) -> Self { $make } })*
    };
}

value_from! {
    bool => |value| Self::Bool(value);
    i64 => |value| Self::Int(IntType::Int, value);
    f64 => |value| Self::Float(value);
    &str => |value| Self::Str(value.into());
    String => |value| Self::Str(value.into());
    Str => |value| Self::Str(value);
    Map => |value| Self::Map(value);
    List => |value| Self::List(value);
    Vec<Value> => |value| Self::List(List::new(value));
}
