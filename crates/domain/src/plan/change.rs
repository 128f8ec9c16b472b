//! What an apply or a prune did to each object.

use std::fmt;

use crate::identity::{ObjectId, ObjectRef};

/// What was done to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    Created,
    Configured,
    Unchanged,
    Skipped,
    Deleted,
    Unknown,
}

impl Action {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Configured => "configured",
            Self::Unchanged => "unchanged",
            Self::Skipped => "skipped",
            Self::Deleted => "deleted",
            Self::Unknown => "unknown",
        }
    }

    /// Whether the cluster is another than before.
    pub const fn changed(self) -> bool {
        matches!(self, Self::Created | Self::Configured | Self::Deleted)
    }

    /// Whether the object belongs in the inventory afterwards.
    const fn keeps(self) -> bool {
        matches!(
            self,
            Self::Created | Self::Configured | Self::Unchanged | Self::Skipped
        )
    }
}

/// One object and what was done to it. Displays as `Kind/namespace/name created`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub object: ObjectRef,
    pub action: Action,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.object.id, self.action.as_str())
    }
}

/// What was done, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeSet(Vec<Change>);

impl ChangeSet {
    pub fn push(&mut self, object: ObjectRef, action: Action) {
        self.0.push(Change { object, action });
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Change> {
        self.0.iter()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// What was done to an object; the last word counts.
    pub fn action(&self, id: &ObjectId) -> Option<Action> {
        self.0
            .iter()
            .rev()
            .find(|change| change.object.id == *id)
            .map(|change| change.action)
    }

    /// Whether anything is another than before.
    pub fn changed(&self) -> bool {
        self.0.iter().any(|change| change.action.changed())
    }

    /// The changes after which the object is, or stays, ours.
    pub fn kept(&self) -> impl Iterator<Item = &Change> {
        self.0.iter().filter(|change| change.action.keeps())
    }

    /// Lines `Kind/namespace/name created` of the objects that were created, configured or deleted; none if nothing changed.
    pub fn summary(&self) -> Option<String> {
        let lines: Vec<String> = self
            .0
            .iter()
            .filter(|change| change.action.changed())
            .map(ToString::to_string)
            .collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    /// Lines of everything that a prune touched; none if there was nothing to prune.
    pub fn prune_summary(&self) -> Option<String> {
        (!self.0.is_empty()).then(|| {
            self.0
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("\n")
        })
    }
}

impl Extend<Change> for ChangeSet {
    fn extend<T: IntoIterator<Item = Change>>(&mut self, changes: T) {
        self.0.extend(changes);
    }
}

impl FromIterator<Change> for ChangeSet {
    fn from_iter<T: IntoIterator<Item = Change>>(changes: T) -> Self {
        Self(changes.into_iter().collect())
    }
}

impl IntoIterator for ChangeSet {
    type Item = Change;
    type IntoIter = std::vec::IntoIter<Change>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
