//! Scalars: the text as written, what it resolves to, and how it was quoted.

use smol_str::SmolStr;

use crate::yaml::resolve;

/// A scalar as it was written. `tag` is the resolved type; quoted scalars are `Tag::Str` unless tagged otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar {
    pub value: SmolStr,
    pub tag: Tag,
    pub style: Style,
    /// The tag is written out (`!!int "5"`), so that it holds whatever the quotes say.
    pub tagged: bool,
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
            tagged: false,
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
            tagged: false,
        }
    }

    /// What the text is when printed and read again: quotes make a string of anything that carries no tag. A merge leaves such
    /// scalars behind, a number in the quotes of the string that it replaced.
    #[must_use]
    pub fn meaning(&self) -> Tag {
        if self.style == Style::Plain || self.tagged || resolve::kyaml(&self.value) != self.tag {
            self.tag
        } else {
            Tag::Str
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
