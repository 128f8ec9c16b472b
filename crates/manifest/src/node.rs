//! The tree that YAML and JSON documents are read into: scalars keep their text, tag and style, mappings their order.
//!
//! kustomize edits documents at this level (kyaml's `RNode`), and what a scalar *is* — a number or a string that looks like one —
//! is decided by tag and style only when the document is turned into JSON. Hence scalars are not typed early.

use smol_str::SmolStr;

/// One YAML value and where it stands in its file.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub kind: Kind,
    /// 1-based line in the file that it was read from; 0 for values that we made.
    pub line: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    Scalar(Scalar),
    Sequence(Vec<Node>),
    Mapping(Mapping),
}

/// A scalar as it was written. `tag` is the resolved core-schema tag; quoted scalars are always `Tag::Str`.
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

/// Keys in the order they were written; keys are unique (the reader refuses duplicates or resolves them, by mode).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Mapping {
    entries: Vec<(Scalar, Node)>,
}
