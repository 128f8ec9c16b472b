//! What can be known of an expression without its values: the variables it needs, and whether it is true or false at all.

use cel::IdedExpr;
use cel::common::ast::{Expr, LiteralValue, operators};

use super::limits::children;

/// Functions whose result is true or false.
const PREDICATES: [&str; 16] = [
    operators::EQUALS,
    operators::NOT_EQUALS,
    operators::LESS,
    operators::LESS_EQUALS,
    operators::GREATER,
    operators::GREATER_EQUALS,
    operators::LOGICAL_AND,
    operators::LOGICAL_OR,
    operators::LOGICAL_NOT,
    operators::IN,
    "startsWith",
    "endsWith",
    "contains",
    "matches",
    "hasValue",
    "bool",
];

/// Names that are not variables but types and libraries.
const BUILT_IN: [&str; 16] = [
    "bool",
    "bytes",
    "double",
    "duration",
    "int",
    "list",
    "map",
    "null_type",
    "string",
    "timestamp",
    "type",
    "uint",
    "strings",
    "sets",
    "base64",
    "optional",
];

/// The first variable that is none of these.
pub(super) fn free_variable<'a>(expression: &'a IdedExpr, declared: &[&str]) -> Option<&'a str> {
    fn visit<'a>(
        expression: &'a IdedExpr,
        bound: &mut Vec<&'a str>,
        declared: &[&str],
    ) -> Option<&'a str> {
        match &expression.expr {
            Expr::Ident(name) => {
                let known = bound.contains(&name.as_str())
                    || declared.contains(&name.as_str())
                    || BUILT_IN.contains(&name.as_str());
                (!known).then_some(name.as_str())
            }
            Expr::Comprehension(loop_) => {
                let outer = visit(&loop_.iter_range, bound, declared)
                    .or_else(|| visit(&loop_.accu_init, bound, declared));
                if outer.is_some() {
                    return outer;
                }
                let depth = bound.len();
                bound.extend([loop_.iter_var.as_str(), loop_.accu_var.as_str()]);
                bound.extend(loop_.iter_var2.as_deref());
                let found = [&loop_.loop_cond, &loop_.loop_step, &loop_.result]
                    .into_iter()
                    .find_map(|part| visit(part, bound, declared));
                bound.truncate(depth);
                found
            }
            _ => children(expression)
                .into_iter()
                .find_map(|child| visit(child, bound, declared)),
        }
    }
    visit(expression, &mut Vec::new(), declared)
}

/// The type of an expression's result, as far as its form tells: `dyn` where only the values do.
pub(super) fn result(expression: &IdedExpr) -> &'static str {
    match &expression.expr {
        Expr::Literal(literal) => match literal {
            LiteralValue::Boolean(_) => "bool",
            LiteralValue::Bytes(_) => "bytes",
            LiteralValue::Double(_) => "double",
            LiteralValue::Int(_) => "int",
            LiteralValue::Null => "null",
            LiteralValue::String(_) => "string",
            LiteralValue::UInt(_) => "uint",
        },
        Expr::Call(call) if call.func_name == operators::CONDITIONAL => {
            match call.args.as_slice() {
                [_, yes, no] if result(yes) == result(no) => result(yes),
                _ => "dyn",
            }
        }
        Expr::Call(call) => {
            let in_sets = call
                .target
                .as_ref()
                .is_some_and(|target| matches!(&target.expr, Expr::Ident(name) if name == "sets"));
            match call.func_name.as_str() {
                name if PREDICATES.contains(&name) || in_sets || name.starts_with("sets.") => {
                    "bool"
                }
                "size" | "int" => "int",
                "string" => "string",
                _ => "dyn",
            }
        }
        Expr::Select(select) if select.test => "bool",
        // `all` and `exists` start from a truth, `exists_one` ends in a comparison, `map` and `filter` are lists.
        Expr::Comprehension(loop_) => match (result(&loop_.accu_init), result(&loop_.result)) {
            ("bool", _) | (_, "bool") => "bool",
            ("list", _) => "list",
            _ => "dyn",
        },
        Expr::List(_) => "list",
        Expr::Map(_) => "map",
        Expr::Ident(_) | Expr::Select(_) | Expr::Struct(_) | Expr::Unspecified => "dyn",
    }
}
