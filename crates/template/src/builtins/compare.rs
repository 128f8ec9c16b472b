//! `eq`, `lt` and their kin: kinds must agree, and only signed and unsigned integers mix.

use std::cmp::Ordering;

use crate::error::CallError;
use crate::exec::Ev;
use crate::fmt::{display, sprintf};
use crate::value::{Kind, Value};

const BAD_TYPE: &str = "invalid type for comparison";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Basic {
    Invalid,
    Bool,
    Complex,
    Int,
    Float,
    String,
    Uint,
}

fn basic(value: &Value) -> Basic {
    match value {
        Value::Bool(_) => Basic::Bool,
        Value::Int(..) => Basic::Int,
        Value::Uint(..) => Basic::Uint,
        Value::Float(_) => Basic::Float,
        Value::Complex(..) => Basic::Complex,
        Value::Str(_) => Basic::String,
        _ => Basic::Invalid,
    }
}

/// Go words these errors with `%s`, which does not fit what is inside the value.
fn text(value: &Value) -> crate::value::Str {
    sprintf(b"%s", std::slice::from_ref(value))
}

fn incompatible(a: &Value, b: &Value) -> CallError {
    format!(
        "incompatible types for comparison: {} and {}",
        a.type_name(),
        b.type_name()
    )
    .into()
}

fn signed_unsigned(int: i64, uint: u64) -> Ordering {
    u64::try_from(int).map_or(Ordering::Less, |int| int.cmp(&uint))
}

fn equal(a: &Value, b: &Value) -> Result<bool, CallError> {
    Ok(match (a, b) {
        (Value::Int(_, a), Value::Uint(_, b)) => signed_unsigned(*a, *b).is_eq(),
        (Value::Uint(_, a), Value::Int(_, b)) => signed_unsigned(*b, *a).is_eq(),
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Complex(a, b), Value::Complex(c, d)) => a == c && b == d,
        (Value::Float(a), Value::Float(b)) => a == b,
        (Value::Int(_, a), Value::Int(_, b)) => a == b,
        (Value::Uint(_, a), Value::Uint(_, b)) => a == b,
        (Value::Str(a), Value::Str(b)) => a == b,
        _ if basic(a) != basic(b) => {
            if matches!(a, Value::Nil) || matches!(b, Value::Nil) {
                return Ok(false);
            }
            return Err(incompatible(a, b));
        }
        _ => return equal_others(a, b),
    })
}

/// Neither of the two is of a basic kind.
fn equal_others(a: &Value, b: &Value) -> Result<bool, CallError> {
    let either_nil = matches!(a, Value::Nil) || matches!(b, Value::Nil);
    if a.kind() != b.kind() && !either_nil {
        let (t, u) = (a.type_name(), b.type_name());
        return Err(format!(
            "non-comparable types {}: {t}, {u}: {}",
            display(a),
            display(b)
        )
        .into());
    }
    if a.is_nil() || b.is_nil() {
        return Ok(a.is_nil() == b.is_nil());
    }
    match (a, b) {
        (Value::Object(x), Value::Object(y)) if !matches!(x.kind(), Kind::Map | Kind::Slice) => {
            Ok(std::rc::Rc::ptr_eq(x, y) || (x.kind() == Kind::Struct && a.deep_equal(b)))
        }
        _ => Err(format!("non-comparable type {}: {}", text(b), b.type_name()).into()),
    }
}

fn less(a: &Value, b: &Value) -> Result<bool, CallError> {
    if basic(a) == Basic::Invalid || basic(b) == Basic::Invalid {
        return Err(BAD_TYPE.into());
    }
    Ok(match (a, b) {
        (Value::Int(_, a), Value::Uint(_, b)) => signed_unsigned(*a, *b).is_lt(),
        (Value::Uint(_, a), Value::Int(_, b)) => signed_unsigned(*b, *a).is_gt(),
        (Value::Float(a), Value::Float(b)) => a < b,
        (Value::Int(_, a), Value::Int(_, b)) => a < b,
        (Value::Uint(_, a), Value::Uint(_, b)) => a < b,
        (Value::Str(a), Value::Str(b)) => a < b,
        _ if basic(a) == basic(b) => return Err(BAD_TYPE.into()),
        _ => return Err(incompatible(a, b)),
    })
}

fn bool(value: bool) -> Result<Ev, CallError> {
    Ok(Ev::plain(Value::Bool(value)))
}

pub(super) fn eq(args: &[Ev]) -> Result<Ev, CallError> {
    let [first, rest @ ..] = args else {
        return Err("missing argument for comparison".into());
    };
    if rest.is_empty() {
        return Err("missing argument for comparison".into());
    }
    for other in rest {
        if equal(&first.value, &other.value)? {
            return bool(true);
        }
    }
    bool(false)
}

pub(super) fn ne(args: &[Ev]) -> Result<Ev, CallError> {
    bool(!equal(&args[0].value, &args[1].value)?)
}

pub(super) fn lt(args: &[Ev]) -> Result<Ev, CallError> {
    bool(less(&args[0].value, &args[1].value)?)
}

fn less_or_equal(args: &[Ev]) -> Result<bool, CallError> {
    Ok(less(&args[0].value, &args[1].value)? || equal(&args[0].value, &args[1].value)?)
}

pub(super) fn le(args: &[Ev]) -> Result<Ev, CallError> {
    bool(less_or_equal(args)?)
}

pub(super) fn gt(args: &[Ev]) -> Result<Ev, CallError> {
    bool(!less_or_equal(args)?)
}

pub(super) fn ge(args: &[Ev]) -> Result<Ev, CallError> {
    bool(!less(&args[0].value, &args[1].value)?)
}
