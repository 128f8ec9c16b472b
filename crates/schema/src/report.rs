//! Violations as a tree, and their text.

use serde_json::Value as Json;

/// Something in the values that the schema does not allow.
#[derive(Clone, Debug)]
pub(crate) struct Violation {
    pub(crate) at: Vec<String>,
    pub(crate) what: String,
    pub(crate) causes: Vec<Self>,
    /// A reference with one cause shows the cause alone.
    pub(crate) reference: bool,
}

pub(crate) fn text(violations: &[Violation]) -> String {
    let mut out = String::new();
    for violation in violations {
        show(violation, 0, &mut out);
    }
    out
}

fn show(violation: &Violation, depth: usize, out: &mut String) {
    let skip = violation.reference && violation.causes.len() == 1;
    if !skip {
        let pointer: String = violation
            .at
            .iter()
            .map(|part| format!("/{}", part.replace('~', "~0").replace('/', "~1")))
            .collect();
        out.push_str(&format!(
            "{}- at {}: {}\n",
            "  ".repeat(depth),
            quoted(&pointer),
            violation.what
        ));
    }
    for cause in &violation.causes {
        show(cause, depth + usize::from(!skip), out);
    }
}

/// Single quotes around Go's escapes.
pub(crate) fn quoted(text: &str) -> String {
    let escaped = rosin_template::strconv::quote(text.as_bytes());
    let inner = escaped[1..escaped.len() - 1]
        .replace("\\\"", "\"")
        .replace('\'', "\\'");
    format!("'{inner}'")
}

pub(crate) fn all_quoted<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    texts.into_iter().map(quoted).collect::<Vec<_>>().join(", ")
}

/// A value in a sentence.
pub(crate) fn display(value: &Json) -> String {
    match value {
        Json::String(text) => quoted(text),
        Json::Array(_) | Json::Object(_) => "value".into(),
        Json::Null => "<nil>".into(),
        other => other.to_string(),
    }
}

/// A number as people read it: thousands apart, at most three decimals.
pub(crate) fn number(value: f64) -> String {
    let rounded = format!("{:.3}", value.abs());
    let (whole, decimals) = rounded.split_once('.').unwrap_or((&rounded, ""));
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let decimals = decimals.trim_end_matches('0');
    let sign = if value < 0.0 { "-" } else { "" };
    if decimals.is_empty() {
        format!("{sign}{grouped}")
    } else {
        format!("{sign}{grouped}.{decimals}")
    }
}
