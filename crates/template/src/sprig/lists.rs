//! Lists. None of these changes its argument, except that `sortAlpha` sorts a list of strings in place, as Go's does.

use super::args::{any, int, items, list, text};
use super::cast::to_int64;
use super::strings::texts_of;
use crate::error::CallError;
use crate::func::{Functions, Param};
use crate::value::{List, ListType, Value};

type Called = Result<Value, CallError>;

pub(super) fn register(functions: &mut Functions) {
    use Param::{Any, Int};
    for name in ["list", "tuple"] {
        functions.add_variadic(name, &[], Any, |_, a| Ok(list(a.to_vec())));
    }
    let mut pair = |name, must, params, body| {
        functions.add(name, params, body);
        functions.add(must, params, body);
    };
    for (name, must) in [("append", "mustAppend"), ("push", "mustPush")] {
        pair(name, must, &[Any, Any], |_, a| {
            let mut items = slice_of(any(a, 0), "push")?;
            items.push(any(a, 1).clone());
            Ok(list(items))
        });
    }
    pair("prepend", "mustPrepend", &[Any, Any], |_, a| {
        let mut items = slice_of(any(a, 0), "prepend")?;
        items.insert(0, any(a, 1).clone());
        Ok(list(items))
    });
    pair("chunk", "mustChunk", &[Int, Any], |_, a| {
        chunk(int(a, 0), any(a, 1))
    });
    pair("first", "mustFirst", &[Any], |_, a| {
        Ok(slice_of(any(a, 0), "find first on")?
            .into_iter()
            .next()
            .unwrap_or_default())
    });
    pair("last", "mustLast", &[Any], |_, a| {
        Ok(slice_of(any(a, 0), "find last on")?
            .pop()
            .unwrap_or_default())
    });
    pair("rest", "mustRest", &[Any], |_, a| {
        let mut items = slice_of(any(a, 0), "find rest on")?;
        if items.is_empty() {
            return Ok(Value::List(List::nil(ListType::Any)));
        }
        items.remove(0);
        Ok(list(items))
    });
    pair("initial", "mustInitial", &[Any], |_, a| {
        let mut items = slice_of(any(a, 0), "find initial on")?;
        if items.pop().is_none() {
            return Ok(Value::List(List::nil(ListType::Any)));
        }
        Ok(list(items))
    });
    pair("reverse", "mustReverse", &[Any], |_, a| {
        let mut items = slice_of(any(a, 0), "find reverse on")?;
        items.reverse();
        Ok(list(items))
    });
    pair("uniq", "mustUniq", &[Any], |_, a| {
        let mut kept: Vec<Value> = Vec::new();
        for item in slice_of(any(a, 0), "find uniq on")? {
            if !kept.iter().any(|known| known.deep_equal(&item)) {
                kept.push(item);
            }
        }
        Ok(list(kept))
    });
    pair("has", "mustHas", &[Any, Any], |_, a| {
        if matches!(any(a, 1), Value::Nil) {
            return Ok(Value::Bool(false));
        }
        let items = slice_of(any(a, 1), "find has on")?;
        Ok(Value::Bool(
            items.iter().any(|item| item.deep_equal(any(a, 0))),
        ))
    });
    functions.add("sortAlpha", &[Any], |_, a| Ok(sort_alpha(any(a, 0))));
    let mut more = |name, must, body| {
        functions.add_variadic(name, &[Any], Any, body);
        functions.add_variadic(must, &[Any], Any, body);
    };
    more("without", "mustWithout", |_, a| {
        let items = slice_of(any(a, 0), "find without on")?;
        let kept = items
            .into_iter()
            .filter(|item| !a[1..].iter().any(|omit| omit.deep_equal(item)));
        Ok(list(kept.collect()))
    });
    more("slice", "mustSlice", |_, a| slice(any(a, 0), &a[1..]));
    functions.add_variadic("concat", &[], Any, |_, a| concat(a));
    functions.add("shuffle", &[Param::String], |env, a| {
        let mut chars: Vec<char> = crate::value::lossy(text(a, 0)).chars().collect();
        for index in (1..chars.len()).rev() {
            let other = super::random::below(&*env.ambient, index as u64 + 1) as usize;
            chars.swap(index, other);
        }
        Ok(Value::from(chars.into_iter().collect::<String>()))
    });
}

/// What Go's panic says about a nil that was asked for its kind.
const NIL_KIND: &str = "runtime error: invalid memory address or nil pointer dereference";

pub(super) fn slice_of(value: &Value, verb: &str) -> Result<Vec<Value>, CallError> {
    if matches!(value, Value::Nil) {
        return Err(NIL_KIND.into());
    }
    items(value).ok_or_else(|| {
        let on = if verb.ends_with(" on") || verb == "chunk" {
            ""
        } else {
            " on"
        };
        format!("Cannot {verb}{on} type {}", value.kind()).into()
    })
}

fn chunk(size: i64, value: &Value) -> Called {
    let items = slice_of(value, "chunk")?;
    if size <= 0 {
        // The original divides lengths as floats: what it makes of a negative size is none, or a crash.
        let count = (items.len() as f64 - 1.0) / size as f64;
        if size < 0 && count.floor() + 1.0 == 0.0 {
            return Ok(Value::List(List::typed(ListType::Lists, Vec::new())));
        }
        return Err("runtime error: makeslice: len out of range".into());
    }
    let chunks = items
        .chunks(size as usize)
        .map(|chunk| list(chunk.to_vec()))
        .collect();
    Ok(Value::List(List::typed(ListType::Lists, chunks)))
}

fn sort_alpha(value: &Value) -> Value {
    if matches!(value, Value::Nil) {
        return Value::List(List::strings(["<nil>"]));
    }
    let texts = texts_of(value);
    if items(value).is_some() {
        texts
            .items_mut()
            .sort_by(|a, b| a.as_str().cmp(&b.as_str()));
    }
    Value::List(texts)
}

fn slice(value: &Value, bounds: &[Value]) -> Called {
    if matches!(value, Value::Nil) {
        return Err(NIL_KIND.into());
    }
    let Some(items) = items(value) else {
        return Err(format!("list should be type of slice or array but {}", value.kind()).into());
    };
    if items.is_empty() {
        return Ok(Value::Nil);
    }
    let start = bounds.first().map_or(0, to_int64);
    let end = bounds.get(1).map_or(items.len() as i64, to_int64);
    if start < 0 || end < start || end > items.len() as i64 {
        return Err("reflect.Value.Slice: slice index out of bounds".into());
    }
    let kind = value.as_list().map_or(ListType::Any, List::kind);
    Ok(Value::List(List::typed(
        kind,
        items[start as usize..end as usize].to_vec(),
    )))
}

fn concat(lists: &[Value]) -> Called {
    let mut all = Vec::new();
    for value in lists {
        if matches!(value, Value::Nil) {
            return Err(NIL_KIND.into());
        }
        match items(value) {
            Some(items) => all.extend(items),
            None => return Err(format!("Cannot concat type {} as list", value.kind()).into()),
        }
    }
    if all.is_empty() {
        return Ok(Value::List(List::nil(ListType::Any)));
    }
    Ok(list(all))
}
