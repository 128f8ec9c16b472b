//! Go's `fmt` over template values: `print`, `println`, `printf` and what `{{ }}` writes.

mod number;
mod pad;
mod printf;
mod value;

use crate::value::{Str, Value};

/// Flags, width and precision of one verb.
#[derive(Clone, Copy, Default)]
struct Flags {
    width: Option<usize>,
    precision: Option<usize>,
    minus: bool,
    plus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    plus_v: bool,
    sharp_v: bool,
}

/// The printer behind all functions here.
#[derive(Default)]
pub(crate) struct Printer {
    out: Vec<u8>,
    flags: Flags,
    erroring: bool,
    /// What a single call may write; padding and nesting could ask for gigabytes.
    limit: Option<usize>,
}

impl Printer {
    fn full(&self) -> bool {
        self.out.len() > self.limit.unwrap_or(1 << 30)
    }
}

/// Writes a value as `{{ }}` does; strings and numbers, the usual case, without detours.
pub(crate) fn write_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Str(text) => out.extend_from_slice(text),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Nil => out.extend_from_slice(b"<nil>"),
        _ => {
            let mut printer = Printer {
                out: std::mem::take(out),
                ..Printer::default()
            };
            printer.argument(value, 'v');
            *out = printer.out;
        }
    }
}

/// `fmt.Sprint`: a space between operands when neither is a string.
#[must_use]
pub fn sprint(values: &[Value]) -> Str {
    let mut printer = Printer::default();
    let mut previous_string = false;
    for (index, value) in values.iter().enumerate() {
        let string = matches!(value, Value::Str(_));
        if index > 0 && !string && !previous_string {
            printer.out.push(b' ');
        }
        printer.argument(value, 'v');
        previous_string = string;
    }
    printer.out.into()
}

/// `fmt.Sprintln`: a space between all operands, and a newline.
#[must_use]
pub fn sprintln(values: &[Value]) -> Str {
    let mut printer = Printer::default();
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            printer.out.push(b' ');
        }
        printer.argument(value, 'v');
    }
    printer.out.push(b'\n');
    printer.out.into()
}

/// `fmt.Sprintf`, with Go's reports of wrong verbs and arguments inside the text.
#[must_use]
pub fn sprintf(format: &[u8], values: &[Value]) -> Str {
    let mut printer = Printer::default();
    printer.format(format, values);
    printer.out.into()
}

/// `%v` of one value.
#[must_use]
pub fn display(value: &Value) -> Str {
    if let Value::Str(text) = value {
        return text.clone();
    }
    let mut out = Vec::new();
    write_value(&mut out, value);
    out.into()
}
