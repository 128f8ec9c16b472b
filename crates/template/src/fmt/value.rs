//! Printing a value with a verb: dispatch by kind, containers, and `%!v(...)` for verbs that do not fit.

use super::Printer;
use crate::duration;
use crate::value::{IntType, Kind, List, Map, Str, Value};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

impl Printer {
    /// One operand of a print function.
    pub(super) fn argument(&mut self, value: &Value, verb: char) {
        match (value, verb) {
            (Value::Nil, 'T' | 'v') => self.pad(b"<nil>"),
            (Value::Nil, _) => self.bad_verb(value, verb),
            (_, 'T') => {
                let name = value.type_name().to_owned();
                self.text(name.as_bytes());
            }
            (_, 'p') => self.pointer(value),
            _ => self.value(value, verb, 0),
        }
    }

    fn value(&mut self, value: &Value, verb: char, depth: usize) {
        if depth > crate::value::MAX_DEPTH || self.full() {
            self.out.extend_from_slice(b"...");
            return;
        }
        if !self.erroring
            && !self.flags.sharp_v
            && matches!(verb, 'v' | 's' | 'x' | 'X' | 'q')
            && let Some(text) = stringer(value)
        {
            return self.string(value, text.as_bytes(), verb);
        }
        match value {
            // Inside a container this is an interface that holds nothing.
            Value::Nil if self.flags.sharp_v => self.out.extend_from_slice(b"interface {}(nil)"),
            Value::Nil => self.out.extend_from_slice(b"<nil>"),
            Value::Bool(truth) => match verb {
                't' | 'v' => self.pad(if *truth { b"true" } else { b"false" }),
                _ => self.bad_verb(value, verb),
            },
            Value::Int(_, number) => self.whole(value, *number as u64, true, verb),
            Value::Uint(_, number) => self.whole(value, *number, false, verb),
            Value::Float(number) => {
                if !self.floating(*number, verb) {
                    self.bad_verb(value, verb);
                }
            }
            Value::Complex(re, im) => self.complex(value, *re, *im, verb),
            Value::Str(text) => self.string(value, text, verb),
            Value::Bytes(bytes) => self.bytes(value, bytes, verb),
            Value::List(list) => self.list(list, verb, depth),
            Value::Map(map) => self.map(map, verb, depth),
            Value::Object(object) => {
                let plain = object.plain();
                match (object.kind(), &plain) {
                    (Kind::Struct | Kind::Pointer, Value::Map(fields)) => {
                        if object.kind() == Kind::Pointer {
                            self.out.push(b'&');
                        }
                        self.fields(fields, verb, depth);
                    }
                    _ => self.value(&plain, verb, depth + 1),
                }
            }
            Value::Func(_) => self.pointer(value),
        }
    }

    pub(super) fn bad_verb(&mut self, value: &Value, verb: char) {
        self.erroring = true;
        self.out.extend_from_slice(b"%!");
        self.out
            .extend_from_slice(verb.encode_utf8(&mut [0; 4]).as_bytes());
        self.out.push(b'(');
        if matches!(value, Value::Nil) {
            self.out.extend_from_slice(b"<nil>");
        } else {
            self.out.extend_from_slice(value.type_name().as_bytes());
            self.out.push(b'=');
            self.value(value, 'v', 0);
        }
        self.out.push(b')');
        self.erroring = false;
    }

    fn whole(&mut self, value: &Value, number: u64, signed: bool, verb: char) {
        match verb {
            'v' if self.flags.sharp_v && !signed => self.hex_constant(number),
            'v' | 'd' => self.integer(number, signed, 10, verb, false),
            'b' => self.integer(number, signed, 2, verb, false),
            'o' | 'O' => self.integer(number, signed, 8, verb, false),
            'x' => self.integer(number, signed, 16, verb, false),
            'X' => self.integer(number, signed, 16, verb, true),
            'c' => self.rune(number, false),
            'q' => self.rune(number, true),
            'U' => self.unicode(number),
            _ => self.bad_verb(value, verb),
        }
    }

    fn hex_constant(&mut self, number: u64) {
        let sharp = std::mem::replace(&mut self.flags.sharp, true);
        self.integer(number, false, 16, 'v', false);
        self.flags.sharp = sharp;
    }

    fn floating(&mut self, number: f64, verb: char) -> bool {
        match verb {
            'v' => self.float(number, b'g', -1),
            'b' | 'g' | 'G' | 'x' | 'X' => self.float(number, verb as u8, -1),
            'f' | 'e' | 'E' => self.float(number, verb as u8, 6),
            'F' => self.float(number, b'f', 6),
            _ => return false,
        }
        true
    }

    fn complex(&mut self, value: &Value, re: f64, im: f64, verb: char) {
        if !matches!(
            verb,
            'v' | 'b' | 'g' | 'G' | 'x' | 'X' | 'f' | 'F' | 'e' | 'E'
        ) {
            return self.bad_verb(value, verb);
        }
        let plus = self.flags.plus;
        self.out.push(b'(');
        self.floating(re, verb);
        self.flags.plus = true;
        self.floating(im, verb);
        self.out.extend_from_slice(b"i)");
        self.flags.plus = plus;
    }

    fn string(&mut self, value: &Value, text: &[u8], verb: char) {
        match verb {
            'v' if self.flags.sharp_v => self.quoted(text),
            'v' | 's' => self.text(text),
            'x' => self.hex_text(text, false),
            'X' => self.hex_text(text, true),
            'q' => self.quoted(text),
            _ => self.bad_verb(value, verb),
        }
    }

    fn bytes(&mut self, value: &Value, bytes: &Str, verb: char) {
        match verb {
            's' | 'x' | 'X' | 'q' => self.string(value, bytes, verb),
            _ => {
                let sharp = self.flags.sharp_v;
                self.out
                    .extend_from_slice(if sharp { b"[]byte{" } else { b"[" });
                for (index, byte) in bytes.iter().enumerate() {
                    if index > 0 {
                        self.out.extend_from_slice(if sharp { b", " } else { b" " });
                    }
                    if sharp {
                        self.hex_constant((*byte).into());
                    } else {
                        let byte = Value::Uint(crate::value::UintType::Uint8, (*byte).into());
                        self.value(&byte, verb, 1);
                    }
                }
                self.out.push(if sharp { b'}' } else { b']' });
            }
        }
    }

    fn list(&mut self, list: &List, verb: char, depth: usize) {
        let sharp = self.flags.sharp_v;
        if sharp {
            self.out.extend_from_slice(list.kind().name().as_bytes());
            if list.is_nil() {
                self.out.extend_from_slice(b"(nil)");
                return;
            }
        }
        self.out.push(if sharp { b'{' } else { b'[' });
        for (index, item) in list.items().iter().enumerate() {
            if index > 0 {
                self.out.extend_from_slice(if sharp { b", " } else { b" " });
            }
            self.element(item, verb, depth + 1);
        }
        self.out.push(if sharp { b'}' } else { b']' });
    }

    fn map(&mut self, map: &Map, verb: char, depth: usize) {
        let sharp = self.flags.sharp_v;
        if sharp {
            self.out.extend_from_slice(map.kind().name().as_bytes());
            if map.is_nil() {
                self.out.extend_from_slice(b"(nil)");
                return;
            }
            self.out.push(b'{');
        } else {
            self.out.extend_from_slice(b"map[");
        }
        for (index, (key, item)) in map.entries().iter().enumerate() {
            if index > 0 {
                self.out.extend_from_slice(if sharp { b", " } else { b" " });
            }
            self.value(&Value::Str(key.clone()), verb, depth + 1);
            self.out.push(b':');
            self.element(item, verb, depth + 1);
        }
        self.out.push(if sharp { b'}' } else { b']' });
    }

    fn element(&mut self, item: &Value, verb: char, depth: usize) {
        self.value(item, verb, depth);
    }

    fn fields(&mut self, fields: &Map, verb: char, depth: usize) {
        self.out.push(b'{');
        for (index, (name, item)) in fields.entries().iter().enumerate() {
            if index > 0 {
                self.out.push(b' ');
            }
            if self.flags.plus_v {
                self.out.extend_from_slice(name);
                self.out.push(b':');
            }
            self.value(item, verb, depth + 1);
        }
        self.out.push(b'}');
    }

    /// Go prints addresses; ours are no secret worth having, so a constant stands for them.
    fn pointer(&mut self, value: &Value) {
        match value.kind() {
            Kind::Map | Kind::Slice | Kind::Pointer | Kind::Func => {
                self.hex_constant(if value.is_nil() { 0 } else { 0x00c0_0000_0000 });
            }
            _ => self.bad_verb(value, 'p'),
        }
    }
}

/// What `String()` gives for values that have it.
pub(crate) fn stringer(value: &Value) -> Option<String> {
    match value {
        Value::Int(IntType::Duration, nanoseconds) => Some(duration::format(*nanoseconds)),
        Value::Int(IntType::Month, month) => Some(named(&MONTHS, *month - 1, "Month", *month)),
        Value::Int(IntType::Weekday, day) => Some(named(&WEEKDAYS, *day, "Weekday", *day)),
        Value::Object(object) => object.string(),
        _ => None,
    }
}

fn named(names: &[&str], index: i64, kind: &str, value: i64) -> String {
    match usize::try_from(index)
        .ok()
        .and_then(|index| names.get(index))
    {
        Some(name) => (*name).to_owned(),
        None => format!("%!{kind}({value})"),
    }
}
