//! The tree that YAML and JSON documents are read into: scalars keep their text, tag and style, mappings their order.
//!
//! kustomize edits documents at this level (kyaml's `RNode`), and what a scalar *is* — a number or a string that looks like one —
//! is decided by tag and style only when the document is turned into JSON. Hence scalars are not typed early.
//!
//! Documents may nest 10,000 levels deep, so whatever visits a whole tree here (drop, clone, comparison) does so without recursion.

pub(crate) mod base64;
mod comments;
mod json;
mod json_text;
mod mapping;
mod number;
mod path;
pub(crate) mod reprint;
mod scalar;
mod sequence;
mod walk;

pub use comments::Comments;
pub use json::JsonError;
pub use mapping::Mapping;
pub use number::go_float;
pub(crate) use number::{go_float32, json_float};
pub use scalar::{Scalar, Style, Tag};
pub use sequence::Sequence;
pub use smol_str::SmolStr;

/// One YAML value and where it stands in its file.
#[derive(Debug)]
pub struct Node {
    pub kind: Kind,
    /// Written with braces or brackets.
    pub flow: bool,
    /// 1-based line in the file that it was read from; 0 for values that we made.
    pub line: u32,
    /// 1-based column there; all beyond the 65,535th are that one.
    pub column: u16,
    pub comments: Option<Box<Comments>>,
}

#[derive(Debug)]
pub enum Kind {
    Scalar(Scalar),
    Sequence(Sequence),
    Mapping(Mapping),
}

impl Default for Node {
    fn default() -> Self {
        Self::null()
    }
}

impl From<Kind> for Node {
    fn from(kind: Kind) -> Self {
        Self {
            kind,
            flow: false,
            line: 0,
            column: 0,
            comments: None,
        }
    }
}

impl From<Scalar> for Node {
    fn from(scalar: Scalar) -> Self {
        Kind::Scalar(scalar).into()
    }
}

impl From<Mapping> for Node {
    fn from(mapping: Mapping) -> Self {
        Kind::Mapping(mapping).into()
    }
}

impl From<Vec<Self>> for Node {
    fn from(items: Vec<Self>) -> Self {
        Kind::Sequence(items.into()).into()
    }
}

impl Node {
    #[must_use]
    pub fn null() -> Self {
        Scalar::new("null", Tag::Null, Style::Plain).into()
    }

    /// A string, whatever it looks like: writers quote it where needed.
    pub fn string(value: impl Into<SmolStr>) -> Self {
        Scalar::string(value).into()
    }

    #[must_use]
    pub fn bool(value: bool) -> Self {
        Scalar::new(
            if value { "true" } else { "false" },
            Tag::Bool,
            Style::Plain,
        )
        .into()
    }

    #[must_use]
    pub fn int(value: i64) -> Self {
        Scalar::new(smol_str::format_smolstr!("{value}"), Tag::Int, Style::Plain).into()
    }

    /// What the plain (unquoted) text means in YAML: `5` is a number, `yes` a string, `~` null.
    pub fn plain(value: impl Into<SmolStr>) -> Self {
        Scalar::plain(value).into()
    }

    #[must_use]
    pub fn mapping() -> Self {
        Mapping::new().into()
    }

    #[must_use]
    pub fn sequence() -> Self {
        Self::from(Vec::new())
    }

    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Scalar(scalar) if scalar.tag == Tag::Null)
    }

    /// Null, `{}`, `[]` or an empty string: kyaml's `IsNilOrEmpty`.
    #[must_use]
    pub fn is_null_or_empty(&self) -> bool {
        match &self.kind {
            Kind::Scalar(scalar) => scalar.tag == Tag::Null || scalar.value.is_empty(),
            Kind::Sequence(items) => items.is_empty(),
            Kind::Mapping(entries) => entries.is_empty(),
        }
    }

    #[must_use]
    pub fn is_scalar(&self) -> bool {
        matches!(self.kind, Kind::Scalar(_))
    }

    #[must_use]
    pub fn is_mapping(&self) -> bool {
        matches!(self.kind, Kind::Mapping(_))
    }

    #[must_use]
    pub fn is_sequence(&self) -> bool {
        matches!(self.kind, Kind::Sequence(_))
    }

    #[must_use]
    pub fn as_scalar(&self) -> Option<&Scalar> {
        match &self.kind {
            Kind::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    pub fn as_scalar_mut(&mut self) -> Option<&mut Scalar> {
        match &mut self.kind {
            Kind::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The text of a scalar of any type (`5` and `"5"` alike, null as it was written); `as_string` is the strict sibling.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        self.as_scalar().map(|scalar| scalar.value.as_str())
    }

    /// The text of a scalar that is a string.
    #[must_use]
    pub fn as_string(&self) -> Option<&str> {
        self.as_scalar()
            .filter(|scalar| scalar.tag == Tag::Str)
            .map(|scalar| scalar.value.as_str())
    }

    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        let scalar = self.as_scalar().filter(|scalar| scalar.tag == Tag::Bool)?;
        Some(matches!(scalar.value.as_str(), "true" | "True" | "TRUE"))
    }

    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        self.as_scalar()?.as_i64()
    }

    #[must_use]
    pub fn as_mapping(&self) -> Option<&Mapping> {
        match &self.kind {
            Kind::Mapping(mapping) => Some(mapping),
            _ => None,
        }
    }

    pub fn as_mapping_mut(&mut self) -> Option<&mut Mapping> {
        match &mut self.kind {
            Kind::Mapping(mapping) => Some(mapping),
            _ => None,
        }
    }

    #[must_use]
    pub fn as_sequence(&self) -> Option<&Sequence> {
        match &self.kind {
            Kind::Sequence(items) => Some(items),
            _ => None,
        }
    }

    pub fn as_sequence_mut(&mut self) -> Option<&mut Sequence> {
        match &mut self.kind {
            Kind::Sequence(items) => Some(items),
            _ => None,
        }
    }
}
