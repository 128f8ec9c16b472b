//! The order of kinds: what others depend on comes first, what guards others last.

use std::cmp::Ordering;

use crate::id::Gvk;

pub(crate) const FIRST: [&str; 22] = [
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];

pub(crate) const LAST: [&str; 2] = [
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
];

/// Sorts field specifications.
pub(super) fn key(gvk: &Gvk) -> (Ordering, usize, String) {
    let (group, at) = rank(&gvk.kind);
    (group, at, gvk.sort_key())
}

fn rank(kind: &str) -> (Ordering, usize) {
    if let Some(at) = FIRST.iter().position(|first| *first == kind) {
        return (Ordering::Less, at);
    }
    match LAST.iter().position(|last| *last == kind) {
        Some(at) => (Ordering::Greater, at),
        None => (Ordering::Equal, 0),
    }
}
