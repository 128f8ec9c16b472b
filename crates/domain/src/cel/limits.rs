//! Bounds on what an expression may cost, derived from its form: how deep its loops nest, and how much each can multiply its input.

use cel::IdedExpr;
use cel::common::ast::{EntryExpr, Expr};

/// Longer expressions are refused: what is readable is far shorter.
const LONGEST: usize = 4096;

/// An expression may visit this much in the worst case.
const COST: f64 = 2e7;

/// An expression may build a value of this many times the size of its object in the worst case.
const GROWTH: f64 = 1e4;

/// Bounds what the parser has to recurse into.
pub(super) fn check_source(source: &str) -> Result<(), String> {
    if source.len() > LONGEST {
        return Err(format!(
            "it has {} bytes; at most {LONGEST} are allowed",
            source.len()
        ));
    }
    Ok(())
}

/// Refuses loops that multiply: `l.map(x, x + x).map(x, x + x)` doubles its texts with each step.
pub(super) fn check_growth(expression: &IdedExpr) -> Result<(), String> {
    if growth(expression) > GROWTH {
        return Err("its loops could multiply their input beyond limits".to_owned());
    }
    Ok(())
}

/// Refuses what could visit too much of an object of this size.
pub(super) fn check_cost(expression: &IdedExpr, size: usize) -> Result<(), String> {
    let depth = nesting(expression);
    let cost = (size.max(16) as f64).powi(depth) * growth(expression) * calls(expression);
    if depth > 0 && cost > COST {
        return Err(format!(
            "{depth} nested loops over an object of this size could take too long"
        ));
    }
    Ok(())
}

/// How deep loops nest, each inside another's body.
fn nesting(expression: &IdedExpr) -> i32 {
    let inner = children(expression)
        .into_iter()
        .map(nesting)
        .max()
        .unwrap_or(0);
    match &expression.expr {
        Expr::Comprehension(comprehension) => {
            let body = nesting(&comprehension.loop_step).max(nesting(&comprehension.loop_cond));
            nesting(&comprehension.iter_range)
                .max(nesting(&comprehension.result))
                .max(body + 1)
        }
        _ => inner,
    }
}

/// A bound on the factor by which results are larger than inputs: for each loop, how often its body uses the element.
fn growth(expression: &IdedExpr) -> f64 {
    let inner: f64 = children(expression).into_iter().map(growth).product();
    match &expression.expr {
        Expr::Comprehension(comprehension) => {
            let uses = uses(&comprehension.loop_step, &comprehension.iter_var);
            inner
                * f64::from(builds(&comprehension.loop_step))
                    .mul_add(f64::from(uses.max(1)) - 1.0, 1.0)
        }
        // What such a call returns can be as large as the product of its arguments.
        Expr::Call(call) if matches!(call.func_name.as_str(), "replace" | "join" | "format") => {
            inner * 16.0
        }
        _ => inner,
    }
}

/// Whether a body puts values together, so that its result can be larger than each.
fn builds(expression: &IdedExpr) -> u8 {
    let concatenates = matches!(&expression.expr, Expr::Call(call) if call.func_name == "_+_")
        || matches!(&expression.expr, Expr::List(list) if list.elements.len() > 1)
        || matches!(&expression.expr, Expr::Map(_) | Expr::Struct(_));
    u8::from(
        concatenates
            || children(expression)
                .into_iter()
                .any(|child| builds(child) == 1),
    )
}

fn uses(expression: &IdedExpr, name: &str) -> u32 {
    let own = u32::from(matches!(&expression.expr, Expr::Ident(ident) if ident == name));
    own + children(expression)
        .into_iter()
        .map(|child| uses(child, name))
        .sum::<u32>()
}

fn calls(expression: &IdedExpr) -> f64 {
    1.0 + children(expression).into_iter().map(calls).sum::<f64>() / 16.0
}

pub(super) fn children(expression: &IdedExpr) -> Vec<&IdedExpr> {
    match &expression.expr {
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => Vec::new(),
        Expr::Call(call) => call
            .target
            .iter()
            .map(AsRef::as_ref)
            .chain(&call.args)
            .collect(),
        Expr::Comprehension(loop_) => {
            vec![
                &loop_.iter_range,
                &loop_.accu_init,
                &loop_.loop_cond,
                &loop_.loop_step,
                &loop_.result,
            ]
        }
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Map(map) => map
            .entries
            .iter()
            .flat_map(|entry| of_entry(&entry.expr))
            .collect(),
        Expr::Struct(literal) => literal
            .entries
            .iter()
            .flat_map(|entry| of_entry(&entry.expr))
            .collect(),
        Expr::Select(select) => vec![&select.operand],
    }
}

fn of_entry(entry: &EntryExpr) -> Vec<&IdedExpr> {
    match entry {
        EntryExpr::StructField(field) => vec![&field.value],
        EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
    }
}
