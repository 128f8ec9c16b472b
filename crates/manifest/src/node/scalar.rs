//! Scalars: the text as written, what it resolves to, and how it was quoted.

use smol_str::SmolStr;

use crate::yaml::resolve;

/// A scalar as it was written. `tag` is the resolved type; quoted scalars are `Tag::Str` unless tagged otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar {
    pub value: SmolStr,
    pub tag: Tag,
    pub style: Style,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tag {
    Null,
    Bool,
    Int,
    Float,
    Str,
    Timestamp,
    Binary,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Style {
    #[default]
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Literal,
    Folded,
}

impl Scalar {
    pub fn new(value: impl Into<SmolStr>, tag: Tag, style: Style) -> Self {
        Self {
            value: value.into(),
            tag,
            style,
        }
    }

    pub fn string(value: impl Into<SmolStr>) -> Self {
        Self::new(value, Tag::Str, Style::Plain)
    }

    /// The meaning of unquoted text by kyaml's rules.
    pub fn plain(value: impl Into<SmolStr>) -> Self {
        let value = value.into();
        let tag = resolve::kyaml(&value);
        Self {
            value,
            tag,
            style: Style::Plain,
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.value
    }

    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        (self.tag == Tag::Int)
            .then(|| resolve::integer(&self.value))
            .flatten()?
            .try_into()
            .ok()
    }
}
