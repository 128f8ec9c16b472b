//! Go's `reflect.DeepEqual`: types must agree at every level.

use super::{MAX_DEPTH, Value};

impl Value {
    /// Deep equality as Go has it: an int is never equal to an int64, nor a nil list to an empty one.
    #[must_use]
    pub fn deep_equal(&self, other: &Self) -> bool {
        equal(self, other, 0)
    }
}

fn equal(a: &Value, b: &Value, depth: usize) -> bool {
    if depth > MAX_DEPTH {
        return false;
    }
    match (a, b) {
        (Value::Nil, Value::Nil) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(s, a), Value::Int(t, b)) => s == t && a == b,
        (Value::Uint(s, a), Value::Uint(t, b)) => s == t && a == b,
        (Value::Float(a), Value::Float(b)) => a == b,
        (Value::Complex(a, b), Value::Complex(c, d)) => a == c && b == d,
        (Value::Str(a), Value::Str(b)) | (Value::Bytes(a), Value::Bytes(b)) => a == b,
        (Value::List(a), Value::List(b)) => {
            a.kind() == b.kind()
                && a.is_nil() == b.is_nil()
                && (a.same(b)
                    || (a.len() == b.len()
                        && a.items()
                            .iter()
                            .zip(b.items().iter())
                            .all(|(a, b)| equal(a, b, depth + 1))))
        }
        (Value::Map(a), Value::Map(b)) => {
            a.kind() == b.kind()
                && a.is_nil() == b.is_nil()
                && (a.same(b)
                    || (a.len() == b.len()
                        && a.entries()
                            .iter()
                            .zip(b.entries().iter())
                            .all(|((k, v), (l, w))| k == l && equal(v, w, depth + 1))))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.type_name() == b.type_name() && equal(&a.plain(), &b.plain(), depth + 1)
        }
        _ => false,
    }
}
