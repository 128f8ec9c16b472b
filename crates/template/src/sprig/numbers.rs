//! Integers, floats, and sequences of numbers.

use super::args::{any, int};
use super::cast::{to_float, to_int64};
use super::decimal::Decimal;
use crate::error::CallError;
use crate::fmt::sprint;
use crate::func::{Functions, Param};
use crate::strconv::parse_int;
use crate::value::{List, ListType, Value};

/// The longest sequence that `until` and `seq` make: more would be memory only, as nothing sensible iterates so often.
const MAX_SEQUENCE: usize = 1_000_000;

type Called = Result<Value, CallError>;

pub(super) fn register(functions: &mut Functions) {
    use Param::{Any, Float, Int, String as Text};
    let mut add = |name, params, body| functions.add(name, params, body);
    add("int", &[Any], |_, a| Ok(Value::int(to_int64(any(a, 0)))));
    add("int64", &[Any], |_, a| {
        Ok(Value::int64(to_int64(any(a, 0))))
    });
    add("float64", &[Any], |_, a| {
        Ok(Value::Float(to_float(any(a, 0))))
    });
    add("atoi", &[Text], |_, a| {
        Ok(Value::int(atoi(super::args::text(a, 0))))
    });
    add("toDecimal", &[Any], |_, a| {
        Ok(Value::int64(parse_int(&sprint(&a[..1]), 8).unwrap_or(0)))
    });
    add("add1", &[Any], |_, a| {
        Ok(Value::int64(to_int64(any(a, 0)).wrapping_add(1)))
    });
    add("sub", &[Any, Any], |_, a| {
        Ok(Value::int64(
            to_int64(any(a, 0)).wrapping_sub(to_int64(any(a, 1))),
        ))
    });
    add("div", &[Any, Any], |_, a| divide(a, i64::wrapping_div));
    add("mod", &[Any, Any], |_, a| divide(a, i64::wrapping_rem));
    add("add1f", &[Any], |_, a| {
        decimal(any(a, 0), &[Value::int(1)], |x, y| Ok(x.add(y)))
    });
    add("ceil", &[Any], |_, a| {
        Ok(Value::Float(to_float(any(a, 0)).ceil()))
    });
    add("floor", &[Any], |_, a| {
        Ok(Value::Float(to_float(any(a, 0)).floor()))
    });
    add("until", &[Int], |_, a| {
        let count = int(a, 0);
        Ok(ints(steps(0, count, if count < 0 { -1 } else { 1 })?))
    });
    add("untilStep", &[Int, Int, Int], |_, a| {
        Ok(ints(steps(int(a, 0), int(a, 1), int(a, 2))?))
    });
    functions.add_variadic("round", &[Any, Int], Float, |_, a| {
        Ok(Value::Float(round(a)))
    });
    functions.add_variadic("seq", &[], Int, |_, a| seq(a));
    let mut fold = |name, params, body| functions.add_variadic(name, params, Any, body);
    fold("add", &[], |_, a| {
        Ok(Value::int64(
            a.iter()
                .fold(0, |sum, value| sum.wrapping_add(to_int64(value))),
        ))
    });
    fold("mul", &[Any], |_, a| {
        Ok(Value::int64(a.iter().fold(1, |product, value| {
            product.wrapping_mul(to_int64(value))
        })))
    });
    for name in ["max", "biggest"] {
        fold(name, &[Any], |_, a| {
            Ok(Value::int64(a.iter().map(to_int64).max().unwrap_or(0)))
        });
    }
    fold("min", &[Any], |_, a| {
        Ok(Value::int64(a.iter().map(to_int64).min().unwrap_or(0)))
    });
    fold("maxf", &[Any], |_, a| {
        Ok(Value::Float(
            a[1..].iter().map(to_float).fold(to_float(&a[0]), maximum),
        ))
    });
    fold("minf", &[Any], |_, a| {
        Ok(Value::Float(
            a[1..].iter().map(to_float).fold(to_float(&a[0]), minimum),
        ))
    });
    fold("addf", &[], |_, a| {
        decimal(&Value::Float(0.0), a, |x, y| Ok(x.add(y)))
    });
    fold("subf", &[Any], |_, a| {
        decimal(&a[0], &a[1..], |x, y| Ok(x.sub(y)))
    });
    fold("mulf", &[Any], |_, a| {
        decimal(&a[0], &a[1..], |x, y| Ok(x.mul(y)))
    });
    fold("divf", &[Any], |_, a| decimal(&a[0], &a[1..], Decimal::div));
}

/// `strconv.Atoi` with its error dropped: out of range it still gives the nearest number.
fn atoi(text: &[u8]) -> i64 {
    match crate::strconv::atoi(text) {
        Ok(value) => value,
        Err(crate::strconv::NumberError::Range) => {
            if text.first() == Some(&b'-') {
                i64::MIN
            } else {
                i64::MAX
            }
        }
        Err(crate::strconv::NumberError::Syntax) => 0,
    }
}

fn divide(args: &[Value], operation: fn(i64, i64) -> i64) -> Called {
    match to_int64(any(args, 1)) {
        0 => Err("runtime error: integer divide by zero".into()),
        divisor => Ok(Value::int64(operation(to_int64(any(args, 0)), divisor))),
    }
}

fn decimal(
    first: &Value,
    rest: &[Value],
    operation: impl Fn(&Decimal, &Decimal) -> Result<Decimal, String>,
) -> Called {
    let mut result = Decimal::new(to_float(first))?;
    for value in rest {
        result = operation(&result, &Decimal::new(to_float(value))?)?;
    }
    Ok(Value::Float(result.to_f64()))
}

fn maximum(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() {
        f64::NAN
    } else {
        a.max(b)
    }
}

fn minimum(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() {
        f64::NAN
    } else {
        a.min(b)
    }
}

fn round(args: &[Value]) -> f64 {
    let threshold = match args.get(2) {
        Some(Value::Float(threshold)) => *threshold,
        _ => 0.5,
    };
    let power = 10f64.powf(int(args, 1) as f64);
    let scaled = power * to_float(any(args, 0));
    let rounded = if scaled.fract() >= threshold {
        scaled.ceil()
    } else {
        scaled.floor()
    };
    rounded / power
}

fn ints(values: Vec<i64>) -> Value {
    Value::List(List::typed(
        ListType::Int,
        values.into_iter().map(Value::int).collect(),
    ))
}

fn steps(start: i64, stop: i64, step: i64) -> Result<Vec<i64>, CallError> {
    let mut values = Vec::new();
    if (stop < start && step >= 0) || (stop >= start && step <= 0) {
        return Ok(values);
    }
    let mut value = start;
    while if step > 0 { value < stop } else { value > stop } {
        if values.len() >= MAX_SEQUENCE {
            return Err(format!("sequence of more than {MAX_SEQUENCE} numbers").into());
        }
        values.push(value);
        match value.checked_add(step) {
            Some(next) => value = next,
            None => break,
        }
    }
    Ok(values)
}

fn seq(args: &[Value]) -> Called {
    let values = match args.len() {
        1 => {
            let end = int(args, 0);
            let step = if end < 1 { -1 } else { 1 };
            steps(1, end.saturating_add(step), step)?
        }
        2 => {
            let (start, end) = (int(args, 0), int(args, 1));
            let step = if end < start { -1 } else { 1 };
            steps(start, end.saturating_add(step), step)?
        }
        3 => {
            let (start, step, end) = (int(args, 0), int(args, 1), int(args, 2));
            if end < start && step > 0 {
                return Ok(Value::from(""));
            }
            steps(
                start,
                end.saturating_add(if end < start { -1 } else { 1 }),
                step,
            )?
        }
        _ => Vec::new(),
    };
    let texts: Vec<String> = values.iter().map(i64::to_string).collect();
    Ok(Value::from(texts.join(" ")))
}
