//! Mappings: field by field.

use super::directive::{self, Directive};
use super::{Look, MAPPING, MergeError, Merged, Merger, Outcome, SCALAR, is_missing, kept, taken};
use crate::node::{Kind, Mapping, Node, Tag};
use crate::schema::{Schema, Type};
use crate::yaml::to_string_kyaml;

impl Merger<'_> {
    pub(super) fn map(
        &self,
        mut target: Option<Node>,
        mut patch: Option<Node>,
        of: Option<Type>,
        depth: usize,
    ) -> Outcome {
        take_style(&mut target, patch.as_ref());
        if is_missing(target.as_ref()) {
            return self.add_map(target, patch, of, depth);
        }
        if patch.as_ref().is_some_and(Node::is_null) {
            return Ok(None);
        }
        match directive::take(patch.as_mut())? {
            Directive::Delete => Ok(None),
            Directive::Replace => {
                let Some(mut node) = patch else {
                    return Ok(None);
                };
                self.adopt_fields(&mut node, of, depth)?;
                taken(node)
            }
            Directive::Merge => {
                let Some(mut node) = target else {
                    return Ok(None);
                };
                self.merge_fields(&mut node, patch, of, depth)?;
                kept(node)
            }
        }
    }

    /// The target has nothing or null.
    fn add_map(
        &self,
        target: Option<Node>,
        patch: Option<Node>,
        of: Option<Type>,
        depth: usize,
    ) -> Outcome {
        let Some(mut node) = patch else {
            // Only a null that was spelled out survives.
            let spelled = target.filter(|node| node.as_text().is_some_and(|text| !text.is_empty()));
            return Ok(spelled.map(|node| Merged {
                node,
                keep: true,
                from_patch: false,
            }));
        };
        if node.is_null() {
            return taken(node);
        }
        // An unknown directive is left in place here.
        if let Ok(Directive::Delete) = directive::take(Some(&mut node)) {
            return Ok(None);
        }
        self.adopt_fields(&mut node, of, depth)?;
        taken(node)
    }

    fn merge_fields(
        &self,
        node: &mut Node,
        patch: Option<Node>,
        of: Option<Type>,
        depth: usize,
    ) -> Result<(), MergeError> {
        let Kind::Mapping(target) = &mut node.kind else {
            return Ok(());
        };
        let mut patch = match patch.map(|patch| patch.kind) {
            Some(Kind::Mapping(patch)) => patch,
            _ => Mapping::new(),
        };
        if patch.contains_key("") {
            return Err(unnamed(patch.into()));
        }
        if patch.is_empty() {
            return each_field(target, |name, value| {
                let field = of.and_then(|of| self.schema.field(of, name));
                self.walk(Some(value), None, field, depth + 1)
            });
        }
        if target.contains_key("") {
            return Err(unnamed(std::mem::take(target).into()));
        }
        let mut names: Vec<_> = target
            .keys()
            .chain(patch.keys().filter(|key| !target.contains_key(key)))
            .map(smol_str::SmolStr::new)
            .collect();
        names.sort_unstable();
        for name in names {
            let field = of.and_then(|of| self.schema.field(of, &name));
            let remark = [target.get(&name), patch.get(&name)]
                .into_iter()
                .flatten()
                .find_map(|value| self.remark(value));
            let (merger, field) = match &remark {
                Some((schema, found)) => (Merger { schema }, *found),
                None => (
                    Merger {
                        schema: self.schema,
                    },
                    field,
                ),
            };
            let change = patch.get_mut(&name).map(std::mem::take);
            let Some(place) = target.get_mut(&name) else {
                if let Some(merged) = merger.walk(None, change, field, depth + 1)?
                    && (!merged.node.is_null() || merged.keep)
                {
                    target.insert(name, merged.node);
                }
                continue;
            };
            if change.is_none() && is_settled(place) {
                continue;
            }
            let look = Look::of(place);
            match merger.walk(Some(std::mem::take(place)), change, field, depth + 1)? {
                Some(Merged { mut node, keep, .. }) if keep || !node.is_null() => {
                    look.give_to(&mut node);
                    *place = node;
                }
                _ => drop(target.remove(&name)),
            }
        }
        Ok(())
    }

    /// The schema that a comment of a list or mapping holds.
    fn remark(&self, value: &Node) -> Option<(Schema, Option<Type>)> {
        let comments = value.comments.as_ref().filter(|_| !value.is_scalar())?;
        let text = [&comments.line, &comments.head]
            .into_iter()
            .find(|text| text.trim_start_matches('#').trim_start().starts_with('{'))?;
        self.schema.inline(text)
    }

    /// What becomes of a value that comes from the patch as a whole: the original merges it with itself, which drops nulls and
    /// follows the directives inside.
    pub(super) fn adopt(&self, mut node: Node, known: Option<Type>, depth: usize) -> Outcome {
        if depth > super::MAX_DEPTH {
            return Err(MergeError::Depth);
        }
        let of = known.or_else(|| self.embedded(&node));
        match &node.kind {
            Kind::Scalar(_) => taken(node),
            Kind::Mapping(_) => match directive::take(Some(&mut node))? {
                Directive::Delete => Ok(None),
                Directive::Merge | Directive::Replace => {
                    self.adopt_fields(&mut node, of, depth)?;
                    taken(node)
                }
            },
            Kind::Sequence(_) => self.adopt_list(node, of, depth),
        }
    }

    pub(super) fn adopt_fields(
        &self,
        node: &mut Node,
        of: Option<Type>,
        depth: usize,
    ) -> Result<(), MergeError> {
        let Kind::Mapping(map) = &mut node.kind else {
            return Ok(());
        };
        each_field(map, |name, value| {
            let field = of.and_then(|of| self.schema.field(of, name));
            self.adopt(value, field, depth + 1)
        })
    }
}

/// Passes the values that a merge may change on, and puts what comes back in their places.
fn each_field(
    map: &mut Mapping,
    mut change: impl FnMut(&str, Node) -> Outcome,
) -> Result<(), MergeError> {
    if map.contains_key("") {
        return Err(unnamed(std::mem::take(map).into()));
    }
    let mut gone = Vec::new();
    for (name, value) in map.iter_mut() {
        if is_settled(value) {
            continue;
        }
        let look = Look::of(value);
        match change(name, std::mem::take(value))? {
            Some(Merged { node, keep, .. }) if keep || !node.is_null() => {
                *value = node;
                look.give_to(value);
            }
            _ => gone.push(smol_str::SmolStr::new(name)),
        }
    }
    for name in gone {
        map.remove(&name);
    }
    Ok(())
}

/// A field without a name cannot be set in the original.
fn unnamed(node: Node) -> MergeError {
    MergeError::Kind {
        expected: SCALAR,
        found: MAPPING,
        text: to_string_kyaml(&node),
    }
}

/// Scalars stay as they are where the patch has nothing for them.
fn is_settled(value: &Node) -> bool {
    value
        .as_scalar()
        .is_some_and(|scalar| scalar.tag != Tag::Null)
}

/// An empty list or mapping takes the style of the patch.
pub(super) fn take_style(target: &mut Option<Node>, patch: Option<&Node>) {
    if let (Some(target), Some(patch)) = (target, patch) {
        let empty = match &target.kind {
            Kind::Scalar(_) => false,
            Kind::Sequence(items) => items.is_empty(),
            Kind::Mapping(map) => map.is_empty(),
        };
        if empty {
            target.flow = patch.flow;
        }
    }
}
