//! The type of a scalar from its text, quotes and tag, and how scalars become keys.

use super::error::{Mark, ReadError};
use super::{Dialect, resolve};
use crate::node::{Kind, Node, Scalar, Style, Tag, base64, go_float, go_float32};

const STANDARD: &str = "tag:yaml.org,2002:";

pub(super) fn tag(
    text: &str,
    style: Style,
    explicit: Option<&str>,
    dialect: Dialect,
    mark: Mark,
) -> Result<Tag, ReadError> {
    let found = resolve::plain(text, dialect);
    let Some(explicit) = explicit else {
        return Ok(if style == Style::Plain {
            found
        } else {
            Tag::Str
        });
    };
    if explicit == "!" && dialect == Dialect::Kyaml {
        return Ok(if style == Style::Plain {
            found
        } else {
            Tag::Str
        });
    }
    let wanted = match explicit.strip_prefix(STANDARD) {
        Some("null") => Tag::Null,
        Some("bool") => Tag::Bool,
        Some("int") => Tag::Int,
        Some("float") => Tag::Float,
        Some("timestamp") => Tag::Timestamp,
        Some("binary") => Tag::Binary,
        // A tag that nobody knows says nothing about the value: go-yaml hands out the text.
        _ => Tag::Str,
    };
    let fits = match (wanted, found) {
        (Tag::Str | Tag::Binary, _) | (Tag::Float, Tag::Int) => true,
        (Tag::Null, _) => dialect == Dialect::Kyaml || found == Tag::Null,
        (Tag::Timestamp, _) => resolve::timestamp(text).is_some(),
        _ => wanted == found,
    };
    if !fits {
        let cause = format!(
            "cannot decode {} `{text}` as a {}",
            name(found),
            name(wanted)
        );
        return Err(ReadError::unplaced(mark, cause));
    }
    if wanted == Tag::Binary && base64::decode(text).is_none() {
        return Err(ReadError::unplaced(
            mark,
            "!!binary value contains invalid base64 data",
        ));
    }
    Ok(if dialect == Dialect::Sigs && wanted == Tag::Timestamp {
        Tag::Str
    } else {
        wanted
    })
}

/// Whether a tag says what the value is.
pub(super) fn is_standard(tag: &str) -> bool {
    tag.starts_with(STANDARD)
}

pub(crate) fn name(tag: Tag) -> &'static str {
    match tag {
        Tag::Null => "!!null",
        Tag::Bool => "!!bool",
        Tag::Int => "!!int",
        Tag::Float => "!!float",
        Tag::Str => "!!str",
        Tag::Timestamp => "!!timestamp",
        Tag::Binary => "!!binary",
    }
}

/// A scalar as a key: sigs.k8s.io/yaml turns all keys into strings of their values, kyaml keeps them as they are.
pub(super) fn key(scalar: Scalar, dialect: Dialect, mark: Mark) -> Result<Scalar, ReadError> {
    if dialect == Dialect::Kyaml && scalar.tag == Tag::Null {
        return Err(ReadError::at(mark, "null cannot be a mapping key"));
    }
    if dialect == Dialect::Kyaml || scalar.tag == Tag::Str {
        return Ok(scalar);
    }
    let text = scalar.value.as_str();
    let value = match scalar.tag {
        Tag::Bool => resolve::boolean(text, dialect).map(|value| value.to_string()),
        Tag::Int => resolve::integer(text)
            .filter(|value| i64::try_from(*value).is_ok())
            .map(|value| value.to_string()),
        Tag::Float => resolve::float(text).map(float_key),
        Tag::Binary => base64::decode(text),
        Tag::Timestamp | Tag::Str => Some(text.to_owned()),
        Tag::Null => None,
    };
    // Others are refused with their values.
    Ok(match value {
        Some(value) => Scalar::new(value, Tag::Str, scalar.style),
        None => scalar,
    })
}

/// sigs.k8s.io/yaml takes keys of a few types only; after [`key`] the others are those that are no strings.
pub(super) fn supported_key(key: &Scalar, value: &Node, mark: Mark) -> Result<(), ReadError> {
    let (kind, shown) = match key.tag {
        Tag::Str => return Ok(()),
        Tag::Null => ("%!s(<nil>)".to_owned(), "<nil>".to_owned()),
        _ => ("uint64".to_owned(), go_scalar(key)),
    };
    let value = match &value.kind {
        Kind::Scalar(scalar) if scalar.tag == Tag::Null => "<nil>".to_owned(),
        _ => go_syntax(value),
    };
    Err(ReadError::bare(
        mark,
        format!("unsupported map key of type: {kind}, key: {shown}, value: {value}"),
    ))
}

/// A value in Go's syntax, as errors show it.
pub(super) fn go_syntax(node: &Node) -> String {
    match &node.kind {
        Kind::Scalar(scalar) => go_scalar(scalar),
        Kind::Sequence(items) => {
            let items: Vec<String> = items.iter().map(go_syntax).collect();
            format!("[]interface {{}}{{{}}}", items.join(", "))
        }
        Kind::Mapping(map) => {
            let mut entries: Vec<String> = map
                .entries()
                .iter()
                .map(|(key, value)| format!("{}:{}", go_scalar(key), go_syntax(value)))
                .collect();
            entries.sort_unstable();
            format!(
                "map[interface {{}}]interface {{}}{{{}}}",
                entries.join(", ")
            )
        }
    }
}

fn go_scalar(scalar: &Scalar) -> String {
    let text = scalar.value.as_str();
    let known = match scalar.tag {
        Tag::Null => Some("interface {}(nil)".to_owned()),
        Tag::Bool => resolve::boolean(text, Dialect::Sigs).map(|value| value.to_string()),
        Tag::Int => resolve::integer(text).map(|value| match i64::try_from(value) {
            Ok(value) => value.to_string(),
            Err(_) => format!("{value:#x}"),
        }),
        Tag::Float => resolve::float(text).map(go_float),
        Tag::Binary | Tag::Timestamp | Tag::Str => None,
    };
    known.unwrap_or_else(|| format!("{text:?}"))
}

/// Float keys are printed with the precision of 32 bits.
fn float_key(value: f64) -> String {
    if value.is_nan() {
        return ".nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "what sigs.k8s.io/yaml does"
    )]
    let short = value as f32;
    go_float32(short)
}
