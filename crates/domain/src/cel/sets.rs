//! CEL's `sets` library: lists as sets.

use cel::common::types::{CelBool, LIST_TYPE};
use cel::common::value::{CowVal, Val};
use cel::{DeclarationError, Env, ExecutionError};

pub(super) fn extension(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_overload(
        "sets.contains",
        "list_sets_contains_list",
        vec![LIST_TYPE, LIST_TYPE],
        contains,
    )?;
    env.add_overload(
        "sets.equivalent",
        "list_sets_equivalent_list",
        vec![LIST_TYPE, LIST_TYPE],
        equivalent,
    )?;
    env.add_overload(
        "sets.intersects",
        "list_sets_intersects_list",
        vec![LIST_TYPE, LIST_TYPE],
        intersects,
    )
}

fn contains<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let (a, b) = two(&args)?;
    Ok(truth(covers(a, b)?))
}

fn equivalent<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let (a, b) = two(&args)?;
    Ok(truth(covers(a, b)? && covers(b, a)?))
}

fn intersects<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let (a, b) = two(&args)?;
    let mut items = iterable(b)?.iter();
    while let Some(item) = items.next() {
        if has(a, item)? {
            return Ok(truth(true));
        }
    }
    Ok(truth(false))
}

fn two<'a, 'b, 'v>(
    args: &'a [CowVal<'b, 'v>],
) -> Result<(&'a (dyn Val + 'v), &'a (dyn Val + 'v)), ExecutionError> {
    match args {
        [a, b] => Ok((a.as_ref(), b.as_ref())),
        _ => Err(ExecutionError::invalid_argument_count(2, args.len())),
    }
}

/// Whether everything in `b` is in `a`.
fn covers(a: &dyn Val, b: &dyn Val) -> Result<bool, ExecutionError> {
    let mut items = iterable(b)?.iter();
    while let Some(item) = items.next() {
        if !has(a, item)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn has(list: &dyn Val, item: &dyn Val) -> Result<bool, ExecutionError> {
    list.as_container()
        .ok_or_else(|| not_a_list(list))?
        .contains(item)
}

fn iterable<'b, 'v>(
    list: &'b (dyn Val + 'v),
) -> Result<&'b (dyn cel::common::traits::Iterable + 'v), ExecutionError> {
    list.as_iterable().ok_or_else(|| not_a_list(list))
}

fn not_a_list(value: &dyn Val) -> ExecutionError {
    ExecutionError::UnexpectedType {
        got: value.get_type().name().to_owned(),
        want: "list".to_owned(),
    }
}

fn truth<'b, 'v>(value: bool) -> CowVal<'b, 'v> {
    CowVal::owned(CelBool::from(value))
}
