//! What SOPS encrypts: a tree of values with ordered fields and comments.

use zeroize::Zeroizing;

/// A value. Text is bytes, since a binary file is one text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Zeroizing<Vec<u8>>),
    /// RFC 3339.
    Time(String),
    List(Vec<Item>),
    Map(Fields),
}

pub(crate) type Fields = Vec<Field>;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Field {
    Comment(Comment),
    Value(String, Value),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Item {
    Comment(Comment),
    Value(Value),
}

/// One line of a comment, without its mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Comment {
    pub(crate) text: String,
    /// Behind a value, on its line.
    pub(crate) inline: bool,
}

impl Value {
    pub(crate) fn text(text: impl Into<Vec<u8>>) -> Self {
        Self::Text(Zeroizing::new(text.into()))
    }

    /// The bytes that the integrity code is made of. None for values that have none of their own.
    pub(crate) fn to_mac_bytes(&self) -> Option<Zeroizing<Vec<u8>>> {
        let text = match self {
            Self::Text(text) => return Some(text.clone()),
            Self::Bool(true) => "True".to_owned(),
            Self::Bool(false) => "False".to_owned(),
            Self::Int(number) => number.to_string(),
            Self::Float(number) => decimal(*number),
            Self::Time(time) => time.clone(),
            Self::Null | Self::List(_) | Self::Map(_) => return None,
        };
        Some(Zeroizing::new(text.into_bytes()))
    }

    /// A value in a format that knows nothing but text.
    pub(crate) fn to_plain_text(&self) -> Option<Zeroizing<Vec<u8>>> {
        match self {
            Self::Bool(value) => Some(Zeroizing::new(value.to_string().into_bytes())),
            Self::Float(number) => Some(Zeroizing::new(general(*number).into_bytes())),
            Self::Null => Some(Zeroizing::new(b"<nil>".to_vec())),
            other => other.to_mac_bytes(),
        }
    }
}

impl Field {
    pub(crate) fn text(name: impl Into<String>, text: impl Into<Vec<u8>>) -> Self {
        Self::Value(name.into(), Value::text(text))
    }

    pub(crate) fn comment(text: impl Into<String>) -> Self {
        Self::Comment(Comment {
            text: text.into(),
            inline: false,
        })
    }
}

/// Go's `FormatFloat(f, 'f', -1, 64)`: the shortest digits, never an exponent.
fn decimal(number: f64) -> String {
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned()
    } else {
        format!("{number}")
    }
}

/// Go's `FormatFloat(f, 'G', -1, 64)`, with a digit behind the point where it would pass for an integer.
fn general(number: f64) -> String {
    if !number.is_finite() {
        return decimal(number);
    }
    let text = rosin_manifest::node::go_float(number).to_uppercase();
    if text.contains(['.', 'E']) {
        text
    } else {
        text + ".0"
    }
}

/// As Go's `encoding/json` writes numbers. None for those that JSON does not have.
pub(crate) fn json_number(number: f64) -> Option<String> {
    if !number.is_finite() {
        return None;
    }
    let size = number.abs();
    if size == 0.0 || (1e-6..1e21).contains(&size) {
        return Some(decimal(number));
    }
    let scientific = format!("{number:e}");
    Some(if scientific.contains("e-") {
        scientific
    } else {
        scientific.replace('e', "e+")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_as_go_writes_them() {
        assert_eq!(decimal(1e21), "1000000000000000000000");
        assert_eq!(decimal(1.5e-7), "0.00000015");
        assert_eq!(general(3.0), "3.0");
        assert_eq!(general(2.5), "2.5");
        assert_eq!(general(1e21), "1E+21");
        assert_eq!(general(1.5e-7), "1.5E-07");
        assert_eq!(general(1e6), "1E+06");
        assert_eq!(json_number(1e6).as_deref(), Some("1000000"));
        assert_eq!(json_number(1e21).as_deref(), Some("1e+21"));
        assert_eq!(json_number(1.5e-7).as_deref(), Some("1.5e-7"));
        assert_eq!(json_number(f64::NAN), None);
    }
}
