//! Kubernetes documents for everybody in Rosin: YAML and JSON in and out, identities, selectors, merges and patches.
//!
//! It does no I/O and builds for wasm, because the renderer plugins are made of it as much as the host is.
//!
//! | want | take |
//! | --- | --- |
//! | text to trees | [`yaml::read`] (several documents), [`yaml::Dialect`] says by whose rules |
//! | a tree | [`Node`]: `get`, `get_mut`, `insert`, `remove`, `lookup(&[..])`, `lookup_create(&[..])`, `text_at(&[..])`, `as_mapping`, `as_sequence`, `as_text` |
//! | make a node | [`Node::string`], [`Node::int`], [`Node::bool`], [`Node::plain`], [`Node::mapping`], `Node::from(Vec<Node>)`, [`Node::from_json`] |
//! | tree to JSON | [`Node::to_json`] |

pub mod json_patch;
pub mod labels;
pub mod merge;
pub mod node;
pub mod schema;
pub mod yaml;

pub use node::{Kind, Mapping, Node, Scalar, Sequence, Style, Tag};
