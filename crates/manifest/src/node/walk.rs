//! Whole-tree operations without recursion: drop, clone and comparison at any depth.

use super::{Kind, Mapping, Node, Scalar, Sequence};

/// Drops nodes level by level: every container is emptied into the list before it is dropped itself.
pub(super) fn dismantle(mut doomed: Vec<Node>) {
    while let Some(mut node) = doomed.pop() {
        match &mut node.kind {
            Kind::Scalar(_) => {}
            Kind::Sequence(items) => {
                doomed.extend(items.take().into_iter().filter(|item| !item.is_scalar()))
            }
            Kind::Mapping(entries) => {
                doomed.extend(
                    entries
                        .take()
                        .into_iter()
                        .map(|(_, value)| value)
                        .filter(|value| !value.is_scalar()),
                );
            }
        }
    }
}

/// A container being copied: what is left to copy, and what is done.
enum Copying<'a> {
    Sequence(std::slice::Iter<'a, Node>, Vec<Node>),
    Mapping(std::slice::Iter<'a, (Scalar, Node)>, Vec<(Scalar, Node)>),
}

impl<'a> Copying<'a> {
    /// None for a scalar, which needs no frame.
    fn of(node: &'a Node) -> Option<Self> {
        match &node.kind {
            Kind::Scalar(_) => None,
            Kind::Sequence(items) => Some(Self::Sequence(
                items.iter(),
                Vec::with_capacity(items.len()),
            )),
            Kind::Mapping(map) => Some(Self::Mapping(
                map.entries().iter(),
                Vec::with_capacity(map.len()),
            )),
        }
    }

    fn next(&mut self) -> Option<(Option<&'a Scalar>, &'a Node)> {
        match self {
            Self::Sequence(rest, _) => rest.next().map(|item| (None, item)),
            Self::Mapping(rest, _) => rest.next().map(|(key, value)| (Some(key), value)),
        }
    }

    fn push(&mut self, key: Option<&Scalar>, copy: Node) {
        match self {
            Self::Sequence(_, done) => done.push(copy),
            Self::Mapping(_, done) => done.extend(key.map(|key| (key.clone(), copy))),
        }
    }

    fn finish(self, source: &Node) -> Node {
        let kind = match self {
            Self::Sequence(_, items) => Kind::Sequence(items.into()),
            Self::Mapping(_, entries) => Kind::Mapping(Mapping::from_unique(entries)),
        };
        Node {
            kind,
            flow: source.flow,
            line: source.line,
            column: source.column,
            comments: source.comments.clone(),
        }
    }
}

impl Clone for Node {
    fn clone(&self) -> Self {
        if let Kind::Scalar(scalar) = &self.kind {
            return Self {
                kind: Kind::Scalar(scalar.clone()),
                flow: false,
                line: self.line,
                column: self.column,
                comments: self.comments.clone(),
            };
        }
        let mut stack: Vec<(Option<&Scalar>, &Self, Copying<'_>)> = Vec::new();
        stack.extend(Copying::of(self).map(|frame| (None, self, frame)));
        while let Some((_, _, frame)) = stack.last_mut() {
            match frame.next() {
                Some((key, child)) => match Copying::of(child) {
                    Some(inner) => stack.push((key, child, inner)),
                    None => frame.push(key, child.clone()),
                },
                None => {
                    let Some((key, source, frame)) = stack.pop() else {
                        break;
                    };
                    let node = frame.finish(source);
                    match stack.last_mut() {
                        Some((_, _, outer)) => outer.push(key, node),
                        None => return node,
                    }
                }
            }
        }
        Self::null()
    }
}

impl Clone for Mapping {
    fn clone(&self) -> Self {
        self.entries()
            .iter()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect::<Vec<_>>()
            .into()
    }
}

impl From<Vec<(Scalar, Node)>> for Mapping {
    fn from(entries: Vec<(Scalar, Node)>) -> Self {
        let mut mapping = Self::with_capacity(entries.len());
        for (key, value) in entries {
            mapping.insert_key(key, value);
        }
        mapping
    }
}

impl Clone for Sequence {
    fn clone(&self) -> Self {
        self.iter().cloned().collect()
    }
}

/// Lines do not count; scalars are equal when text, tag and style are, mappings when their entries are in the same order.
impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        let mut pairs = vec![(self, other)];
        while let Some((a, b)) = pairs.pop() {
            match (&a.kind, &b.kind) {
                (Kind::Scalar(a), Kind::Scalar(b)) if a == b => {}
                (Kind::Sequence(a), Kind::Sequence(b)) if a.len() == b.len() => {
                    pairs.extend(a.iter().zip(b.iter()))
                }
                (Kind::Mapping(a), Kind::Mapping(b)) if a.len() == b.len() => {
                    for ((key, a), (other, b)) in a.entries().iter().zip(b.entries()) {
                        if key.value != other.value {
                            return false;
                        }
                        pairs.push((a, b));
                    }
                }
                _ => return false,
            }
        }
        true
    }
}
