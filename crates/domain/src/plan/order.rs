//! Which objects come first: what others need, such as namespaces and definitions, before those that need it.

use std::cmp::Ordering;

use crate::identity::ObjectId;

/// Kinds that come before all others, in this order.
const FIRST: [&str; 23] = [
    "CustomResourceDefinition",
    "Namespace",
    "ClusterRole",
    "ClusterClass",
    "RuntimeClass",
    "PriorityClass",
    "StorageClass",
    "VolumeSnapshotClass",
    "IngressClass",
    "GatewayClass",
    "ClusterRoleBinding",
    "ResourceQuota",
    "ServiceAccount",
    "Role",
    "RoleBinding",
    "ConfigMap",
    "Secret",
    "Service",
    "LimitRange",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];

/// Kinds that come after all others: webhooks may call what the others bring up.
const LAST: [&str; 2] = [
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
];

/// Objects of one stage are all in place before the next stage begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StageKind {
    /// Definitions, namespaces and cluster roles.
    Definitions,
    /// Kinds whose name ends in `Class`.
    Classes,
    /// Kinds that the configuration names.
    Custom,
    Rest,
}

impl StageKind {
    pub const ALL: [Self; 4] = [Self::Definitions, Self::Classes, Self::Custom, Self::Rest];

    pub fn of(group: &str, kind: &str, custom: &StageKinds) -> Self {
        if matches!(
            kind,
            "CustomResourceDefinition" | "Namespace" | "ClusterRole"
        ) {
            Self::Definitions
        } else if kind.ends_with("Class") {
            Self::Classes
        } else if custom.contains(group, kind) {
            Self::Custom
        } else {
            Self::Rest
        }
    }

    /// Whether the next stage waits until the objects of this one are ready.
    pub const fn awaits_readiness(self) -> bool {
        matches!(self, Self::Definitions | Self::Classes)
    }
}

/// The kinds of `--custom-apply-stage-kinds`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StageKinds(Vec<(String, String)>);

impl StageKinds {
    /// Reads `group/Kind,…`; a bare `Kind` is of the core group.
    pub fn parse(text: &str) -> Result<Self, String> {
        let kinds = text
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(|item| {
                let (group, kind) = item.split_once('/').unwrap_or(("", item));
                if kind.is_empty() || kind.contains('/') {
                    return Err(format!("{item:?} is not of the form group/Kind"));
                }
                Ok((group.to_owned(), kind.to_owned()))
            });
        kinds.collect::<Result<_, _>>().map(Self)
    }

    fn contains(&self, group: &str, kind: &str) -> bool {
        self.0.iter().any(|(g, k)| g == group && k == kind)
    }
}

/// Objects of one wave do not need each other, so that they may be sent at the same time; a wave begins when the one before is done.
///
/// What is granted and what is granted to come before the grant (the API server looks a role up before it lets somebody bind it),
/// all that pods use before the pods, webhooks after what they call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wave {
    Prerequisites,
    Bindings,
    Workloads,
    Webhooks,
}

impl Wave {
    pub const ALL: [Self; 4] = [
        Self::Prerequisites,
        Self::Bindings,
        Self::Workloads,
        Self::Webhooks,
    ];

    pub fn of(kind: &str) -> Self {
        if LAST.contains(&kind) {
            return Self::Webhooks;
        }
        match FIRST.iter().position(|first| *first == kind) {
            Some(_) if kind.ends_with("Binding") => Self::Bindings,
            Some(index) if FIRST[index..].contains(&"Deployment") && kind != "Deployment" => {
                Self::Prerequisites
            }
            // Kinds that nobody knows may be workloads, too.
            _ => Self::Workloads,
        }
    }
}

/// The order of application: by kind as listed, then by group, kind, namespace and name.
pub fn compare(a: &ObjectId, b: &ObjectId) -> Ordering {
    rank(&a.kind)
        .cmp(&rank(&b.kind))
        .then_with(|| a.group.cmp(&b.group))
        .then_with(|| a.kind.cmp(&b.kind))
        .then_with(|| a.namespace.cmp(&b.namespace))
        .then_with(|| a.name.cmp(&b.name))
}

fn rank(kind: &str) -> usize {
    if let Some(index) = FIRST.iter().position(|first| *first == kind) {
        return index;
    }
    LAST.iter()
        .position(|last| *last == kind)
        .map_or(FIRST.len(), |index| FIRST.len() + 1 + index)
}
