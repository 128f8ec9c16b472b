//! Kubernetes documents for everybody in Rosin: YAML and JSON in and out, merges, patches, selectors, and what the schema knows of kinds.
//!
//! It does no I/O and builds for wasm, because the renderer plugins are made of it as much as the host is. It never panics on input, and
//! what walks whole documents does so without recursion or with a limit on depth.
//!
//! | want | take |
//! | --- | --- |
//! | text to trees | [`yaml::read_resources`] (files as kustomize cuts them), [`yaml::read`] (streams), [`yaml::read_one`]; [`yaml::Dialect`] says by whose rules |
//! | look at a tree | [`Node::get`], [`Node::lookup`], [`Node::text_at`], [`Node::as_mapping`], [`Node::as_sequence`], [`Node::as_text`], [`Node::name`] … |
//! | change a tree | [`Node::insert`], [`Node::remove`], [`Node::lookup_create`], [`Mapping`], [`Sequence`] |
//! | make a node | [`Node::string`], [`Node::int`], [`Node::bool`], [`Node::plain`], [`Node::mapping`], `Node::from(Vec<Node>)`, [`Node::from_json`] |
//! | tree to JSON | [`Node::to_json_string`] (fast, any depth), [`Node::to_json`] |
//! | the YAML that `kustomize build` and Helm's `toYaml` print | [`yaml::to_string_sigs`] of JSON, [`yaml::node_to_string_sigs`] |
//! | the YAML that kyaml prints, with order, styles and comments | [`yaml::to_string_kyaml`] |
//! | strategic merge | [`merge::strategic`] with a [`schema::Schema`] |
//! | RFC 6902 | [`json_patch::Patch`] |
//! | label selectors | [`labels::Selector`] |
//! | scopes of kinds | [`schema::Schema::is_cluster_scoped`] |
//!
//! # Fidelity
//!
//! The measure of all of it is what the Go programs do: go-yaml's scanner, types and emitters, kyaml's merge, json-patch's and
//! apimachinery's errors. `tests/differential.rs` compares with the originals, `tests/corpus.rs` with their recorded outputs. Known to
//! differ, on purpose: duplicate keys, null keys and collections as keys are refused when they are read (the originals read them and
//! fail later, or lose them), aliases have a limit, and comments follow go-yaml's rules in the plain cases only.

pub mod json_patch;
pub mod labels;
pub mod merge;
pub mod node;
pub mod schema;
pub mod yaml;

pub use node::{Comments, Kind, Mapping, Node, Scalar, Sequence, Style, Tag};
