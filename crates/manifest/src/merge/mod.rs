//! Strategic merge of a patch into an object, by the rules of kyaml's `merge2` as kustomize calls it: items of a patch come first in
//! merged lists.
//!
//! The rules have corners (a null without text vanishes, `$patch: replace` on an item of a list does nothing, an item without its key
//! empties what was merged before it). They are matched, not mended: a build must give what kustomize gives.

mod directive;
mod fields;
mod list;
mod list_edit;
mod list_keys;
mod list_regular;

use crate::node::{Kind, Node, Style};
use crate::schema::{Schema, Type};
use crate::yaml::to_string_kyaml;

/// Objects and patches nested deeper are refused; the deepest schemas of real CRDs stay below 100.
const MAX_DEPTH: usize = 300;

#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum MergeError {
    #[error("wrong node kind: expected {expected} but got {found}: node contents:\n{text}")]
    Kind {
        expected: &'static str,
        found: &'static str,
        text: String,
    },
    #[error("unknown patch strategy '{0}'")]
    Directive(String),
    #[error("nested deeper than {MAX_DEPTH} levels")]
    Depth,
}

/// Merges the patch into the target. None if the patch deletes it.
pub fn strategic(target: Node, patch: &Node, schema: &Schema) -> Result<Option<Node>, MergeError> {
    let merged = Merger { schema }.walk(Some(target), Some(patch.clone()), None, 0)?;
    Ok(merged.map(|value| value.node))
}

struct Merger<'s> {
    schema: &'s Schema,
}

/// The outcome for one value.
struct Merged {
    node: Node,
    /// A null that is to be kept, since the target had it spelled out.
    keep: bool,
    /// The node is the patch's, not the target's.
    from_patch: bool,
}

type Outcome = Result<Option<Merged>, MergeError>;

fn kept(node: Node) -> Outcome {
    Ok(Some(Merged {
        node,
        keep: false,
        from_patch: false,
    }))
}

fn taken(node: Node) -> Outcome {
    Ok(Some(Merged {
        node,
        keep: false,
        from_patch: true,
    }))
}

fn is_missing(node: Option<&Node>) -> bool {
    node.is_none_or(Node::is_null)
}

/// How a value was written, which stays with its place when the value changes.
#[derive(Clone, Copy)]
struct Look {
    style: Style,
    tagged: bool,
    flow: bool,
}

impl Look {
    fn of(node: &Node) -> Self {
        let (style, tagged) = node.as_scalar().map_or((Style::Plain, false), |scalar| {
            (scalar.style, scalar.tagged)
        });
        Self {
            style,
            tagged,
            flow: node.flow,
        }
    }

    fn give_to(self, node: &mut Node) {
        node.flow = self.flow && !node.is_scalar();
        if let Kind::Scalar(scalar) = &mut node.kind {
            scalar.style = self.style;
            scalar.tagged = self.tagged;
        }
    }
}

impl Merger<'_> {
    fn walk(
        &self,
        target: Option<Node>,
        patch: Option<Node>,
        known: Option<Type>,
        depth: usize,
    ) -> Outcome {
        if depth > MAX_DEPTH {
            return Err(MergeError::Depth);
        }
        let of = known.or_else(|| {
            [&target, &patch]
                .into_iter()
                .flatten()
                .find_map(|node| self.embedded(node))
        });
        let first = [&target, &patch]
            .into_iter()
            .flatten()
            .find(|node| !node.is_null());
        let Some(first) = first.map(kind_name) else {
            return self.map(target, patch, of, depth);
        };
        for node in [&target, &patch]
            .into_iter()
            .flatten()
            .filter(|node| !node.is_null())
        {
            expect(first, node)?;
        }
        match first {
            MAPPING => self.map(target, patch, of, depth),
            SEQUENCE => self.list(target, patch, of, depth),
            _ => patch.map_or_else(|| target.map_or(Ok(None), kept), taken),
        }
    }

    /// The type of an object that stands where the schema knows nothing, by its `apiVersion` and `kind`.
    fn embedded(&self, node: &Node) -> Option<Type> {
        let text = |key| {
            node.get(key)
                .and_then(Node::as_text)
                .filter(|text| !text.is_empty())
        };
        self.schema.kind(text("apiVersion")?, text("kind")?)
    }
}

const MAPPING: &str = "MappingNode";
const SEQUENCE: &str = "SequenceNode";
const SCALAR: &str = "ScalarNode";

fn kind_name(node: &Node) -> &'static str {
    match node.kind {
        Kind::Mapping(_) => MAPPING,
        Kind::Sequence(_) => SEQUENCE,
        Kind::Scalar(_) => SCALAR,
    }
}

/// Nulls pass for anything.
fn expect(expected: &'static str, node: &Node) -> Result<(), MergeError> {
    let found = kind_name(node);
    if node.is_null() || found == expected {
        return Ok(());
    }
    Err(MergeError::Kind {
        expected,
        found,
        text: to_string_kyaml(node),
    })
}
