//! `merge` and its kin: mergo's rules, sharing of nested maps included.

use super::args::map;
use super::defaults::is_empty;
use crate::error::CallError;
use crate::func::{Functions, Param};
use crate::value::{List, MAX_DEPTH, Map, Value};

pub(super) fn register(functions: &mut Functions) {
    for name in ["merge", "mustMerge"] {
        functions.add_variadic(name, &[Param::Map], Param::Map, |_, a| merge_all(a, false));
    }
    for name in ["mergeOverwrite", "mustMergeOverwrite"] {
        functions.add_variadic(name, &[Param::Map], Param::Map, |_, a| merge_all(a, true));
    }
}

fn merge_all(args: &[Value], overwrite: bool) -> Result<Value, CallError> {
    let mut target = map(args, 0);
    for index in 1..args.len() {
        let source = map(args, index);
        if target.is_nil() && !source.is_nil() {
            target = Map::default();
        }
        merge(&target, &source, overwrite, 0)?;
    }
    Ok(Value::Map(target))
}

/// Merges `source` into `target`. Without `overwrite` only what is empty in the target is filled.
fn merge(target: &Map, source: &Map, overwrite: bool, depth: usize) -> Result<(), CallError> {
    if depth > MAX_DEPTH {
        return Err("merge of a map that contains itself".into());
    }
    if target.same(source) {
        return Ok(());
    }
    for (key, value) in source.snapshot() {
        let present = target.get(&key);
        if matches!(value, Value::Nil) {
            if overwrite {
                target.insert(key, Value::Nil);
            }
            continue;
        }
        match (&value, &present) {
            (Value::Map(from), Some(Value::Map(into))) => merge(into, from, overwrite, depth + 1)?,
            (Value::List(list), _) => {
                let replaced = overwrite || target.is_empty();
                let kept = match &present {
                    None | Some(Value::Nil) => Value::List(List::typed(list.kind(), Vec::new())),
                    Some(present) => present.clone(),
                };
                target.insert(key.clone(), if replaced { value.clone() } else { kept });
            }
            _ => {}
        }
        if let Some(present) = &present
            && !is_empty(present)
        {
            let both_maps = matches!((&value, present), (Value::Map(_), Value::Map(_)));
            if both_maps || matches!(value, Value::List(_)) {
                continue;
            }
        }
        if overwrite || present.as_ref().is_none_or(is_empty) {
            target.insert(key, value);
        }
    }
    Ok(())
}
