//! A list of nodes: a `Vec` that can be dropped at any depth.

use std::ops::{Deref, DerefMut};

use super::{Node, walk};

#[derive(Debug, Default)]
pub struct Sequence(Vec<Node>);

impl Sequence {
    pub(super) fn take(&mut self) -> Vec<Node> {
        std::mem::take(&mut self.0)
    }
}

impl From<Vec<Node>> for Sequence {
    fn from(items: Vec<Node>) -> Self {
        Self(items)
    }
}

impl FromIterator<Node> for Sequence {
    fn from_iter<I: IntoIterator<Item = Node>>(items: I) -> Self {
        Self(items.into_iter().collect())
    }
}

impl Deref for Sequence {
    type Target = Vec<Node>;

    fn deref(&self) -> &Vec<Node> {
        &self.0
    }
}

impl DerefMut for Sequence {
    fn deref_mut(&mut self) -> &mut Vec<Node> {
        &mut self.0
    }
}

impl IntoIterator for Sequence {
    type Item = Node;
    type IntoIter = std::vec::IntoIter<Node>;

    fn into_iter(mut self) -> Self::IntoIter {
        self.take().into_iter()
    }
}

impl<'a> IntoIterator for &'a Sequence {
    type Item = &'a Node;
    type IntoIter = std::slice::Iter<'a, Node>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a mut Sequence {
    type Item = &'a mut Node;
    type IntoIter = std::slice::IterMut<'a, Node>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter_mut()
    }
}

impl Drop for Sequence {
    fn drop(&mut self) {
        if self.0.iter().any(|item| !item.is_scalar()) {
            walk::dismantle(self.take());
        }
    }
}
