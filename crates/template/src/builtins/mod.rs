//! The functions of Go's template package itself.

mod compare;
mod escape;
mod index;

use crate::error::CallError;
use crate::exec::Ev;
use crate::fmt;
use crate::func::{Action, Functions, Param, RawBody, Signature};
use crate::value::Value;
pub(crate) use escape::query_escape;

pub(crate) fn register(functions: &mut Functions) {
    let one_and_more = Signature {
        params: &[Param::Raw],
        variadic: Some(Param::Raw),
    };
    functions.insert("and", one_and_more, Action::And);
    functions.insert("or", one_and_more, Action::Or);
    functions.insert("call", one_and_more, Action::Call);
    let raw: [(&'static str, Signature, RawBody); 10] = [
        ("index", one_and_more, index::index),
        ("slice", one_and_more, index::slice),
        (
            "len",
            Signature {
                params: &[Param::Raw],
                variadic: None,
            },
            index::len,
        ),
        (
            "not",
            Signature {
                params: &[Param::Raw],
                variadic: None,
            },
            not,
        ),
        ("eq", one_and_more, compare::eq),
        (
            "ne",
            Signature {
                params: &[Param::Raw; 2],
                variadic: None,
            },
            compare::ne,
        ),
        (
            "lt",
            Signature {
                params: &[Param::Raw; 2],
                variadic: None,
            },
            compare::lt,
        ),
        (
            "le",
            Signature {
                params: &[Param::Raw; 2],
                variadic: None,
            },
            compare::le,
        ),
        (
            "gt",
            Signature {
                params: &[Param::Raw; 2],
                variadic: None,
            },
            compare::gt,
        ),
        (
            "ge",
            Signature {
                params: &[Param::Raw; 2],
                variadic: None,
            },
            compare::ge,
        ),
    ];
    for (name, signature, body) in raw {
        functions.insert(name, signature, Action::Raw(body));
    }
    functions.add_variadic("print", &[], Param::Any, |_, args| {
        Ok(Value::Str(fmt::sprint(args)))
    });
    functions.add_variadic("println", &[], Param::Any, |_, args| {
        Ok(Value::Str(fmt::sprintln(args)))
    });
    functions.add_variadic(
        "printf",
        &[Param::String],
        Param::Any,
        |_, args| match args {
            [Value::Str(format), rest @ ..] => Ok(Value::Str(fmt::sprintf(format, rest))),
            _ => Err("printf without format".into()),
        },
    );
    functions.add_variadic("html", &[], Param::Any, |_, args| {
        Ok(Value::string(escape::html(&joined(args))))
    });
    functions.add_variadic("js", &[], Param::Any, |_, args| {
        Ok(Value::string(escape::js(&joined(args))))
    });
    functions.add_variadic("urlquery", &[], Param::Any, |_, args| {
        Ok(Value::from(query_escape(&joined(args))))
    });
}

fn not(args: &[Ev]) -> Result<Ev, CallError> {
    Ok(Ev::plain(Value::Bool(!args[0].value.truth())))
}

/// The text that the escaping functions work on.
fn joined(args: &[Value]) -> crate::value::Str {
    match args {
        [Value::Str(text)] => text.clone(),
        args => {
            let shown: Vec<Value> = args
                .iter()
                .map(|arg| {
                    if matches!(arg, Value::Nil) {
                        Value::from("<no value>")
                    } else {
                        arg.clone()
                    }
                })
                .collect();
            fmt::sprint(&shown)
        }
    }
}
