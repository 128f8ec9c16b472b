//! Drops fields that built-in kinds do not have, as Flux does by decoding objects into Go's types: a misspelt field must not keep
//! server-side apply from the rest. What was dropped is reported, so that the host can say so.
//!
//! An object that does not decode is left as it is: the API server says what is wrong with it.

use k8s_openapi::api::{
    admissionregistration::v1 as admission, apps::v1 as apps, autoscaling::v1 as autoscaling_v1,
    autoscaling::v2 as autoscaling_v2, batch::v1 as batch, coordination::v1 as coordination,
    core::v1 as core, discovery::v1 as discovery, networking::v1 as networking, node::v1 as node,
    policy::v1 as policy, rbac::v1 as rbac, scheduling::v1 as scheduling, storage::v1 as storage,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The fields of an object that its type knows; none where it does not decode.
type Known = fn(&Value) -> Option<Value>;

/// Kinds by group and version. Role and ClusterRole are absent on purpose, as are definitions.
const KINDS: [(&str, &str, Known); 40] = [
    ("v1", "ConfigMap", known::<core::ConfigMap>),
    ("v1", "Endpoints", known::<core::Endpoints>),
    ("v1", "LimitRange", known::<core::LimitRange>),
    ("v1", "Namespace", known::<core::Namespace>),
    ("v1", "PersistentVolume", known::<core::PersistentVolume>),
    (
        "v1",
        "PersistentVolumeClaim",
        known::<core::PersistentVolumeClaim>,
    ),
    ("v1", "Pod", known::<core::Pod>),
    ("v1", "PodTemplate", known::<core::PodTemplate>),
    (
        "v1",
        "ReplicationController",
        known::<core::ReplicationController>,
    ),
    ("v1", "ResourceQuota", known::<core::ResourceQuota>),
    ("v1", "Secret", known::<core::Secret>),
    ("v1", "Service", known::<core::Service>),
    ("v1", "ServiceAccount", known::<core::ServiceAccount>),
    (
        "admissionregistration.k8s.io/v1",
        "MutatingWebhookConfiguration",
        known::<admission::MutatingWebhookConfiguration>,
    ),
    (
        "admissionregistration.k8s.io/v1",
        "ValidatingAdmissionPolicy",
        known::<admission::ValidatingAdmissionPolicy>,
    ),
    (
        "admissionregistration.k8s.io/v1",
        "ValidatingAdmissionPolicyBinding",
        known::<admission::ValidatingAdmissionPolicyBinding>,
    ),
    (
        "admissionregistration.k8s.io/v1",
        "ValidatingWebhookConfiguration",
        known::<admission::ValidatingWebhookConfiguration>,
    ),
    (
        "apps/v1",
        "ControllerRevision",
        known::<apps::ControllerRevision>,
    ),
    ("apps/v1", "DaemonSet", known::<apps::DaemonSet>),
    ("apps/v1", "Deployment", known::<apps::Deployment>),
    ("apps/v1", "ReplicaSet", known::<apps::ReplicaSet>),
    ("apps/v1", "StatefulSet", known::<apps::StatefulSet>),
    (
        "autoscaling/v1",
        "HorizontalPodAutoscaler",
        known::<autoscaling_v1::HorizontalPodAutoscaler>,
    ),
    (
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        known::<autoscaling_v2::HorizontalPodAutoscaler>,
    ),
    ("batch/v1", "CronJob", known::<batch::CronJob>),
    ("batch/v1", "Job", known::<batch::Job>),
    (
        "coordination.k8s.io/v1",
        "Lease",
        known::<coordination::Lease>,
    ),
    (
        "discovery.k8s.io/v1",
        "EndpointSlice",
        known::<discovery::EndpointSlice>,
    ),
    (
        "networking.k8s.io/v1",
        "Ingress",
        known::<networking::Ingress>,
    ),
    (
        "networking.k8s.io/v1",
        "IngressClass",
        known::<networking::IngressClass>,
    ),
    (
        "networking.k8s.io/v1",
        "NetworkPolicy",
        known::<networking::NetworkPolicy>,
    ),
    (
        "node.k8s.io/v1",
        "RuntimeClass",
        known::<node::RuntimeClass>,
    ),
    (
        "policy/v1",
        "PodDisruptionBudget",
        known::<policy::PodDisruptionBudget>,
    ),
    (
        "rbac.authorization.k8s.io/v1",
        "ClusterRoleBinding",
        known::<rbac::ClusterRoleBinding>,
    ),
    (
        "rbac.authorization.k8s.io/v1",
        "RoleBinding",
        known::<rbac::RoleBinding>,
    ),
    (
        "scheduling.k8s.io/v1",
        "PriorityClass",
        known::<scheduling::PriorityClass>,
    ),
    (
        "storage.k8s.io/v1",
        "CSIDriver",
        known::<storage::CSIDriver>,
    ),
    ("storage.k8s.io/v1", "CSINode", known::<storage::CSINode>),
    (
        "storage.k8s.io/v1",
        "StorageClass",
        known::<storage::StorageClass>,
    ),
    (
        "storage.k8s.io/v1",
        "VolumeAttachment",
        known::<storage::VolumeAttachment>,
    ),
];

/// Maps whose values are quantities, which may be written as numbers.
const QUANTITIES: [&str; 10] = [
    "limits",
    "requests",
    "capacity",
    "hard",
    "default",
    "defaultRequest",
    "max",
    "min",
    "maxLimitRequestRatio",
    "podFixed",
];

/// Removes unknown fields; returns their paths.
pub(super) fn drop_unknown(object: &mut Map<String, Value>) -> Vec<String> {
    let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    let Some((_, _, known)) = KINDS
        .iter()
        .find(|(version, name, _)| *version == api_version && *name == kind)
    else {
        return Vec::new();
    };
    let mut readable = Value::Object(object.clone());
    quantities_as_text(&mut readable);
    let mut dropped = Vec::new();
    if let Some(Value::Object(known)) = known(&readable) {
        intersect(object, &known, &mut String::new(), &mut dropped);
    }
    dropped
}

fn known<T: DeserializeOwned + Serialize>(object: &Value) -> Option<Value> {
    serde_json::to_value(T::deserialize(object).ok()?).ok()
}

fn intersect(
    object: &mut Map<String, Value>,
    known: &Map<String, Value>,
    path: &mut String,
    dropped: &mut Vec<String>,
) {
    object.retain(|field, value| {
        let length = path.len();
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(field);
        // A null says nothing, and types do not repeat it.
        let keep = value.is_null() || known.contains_key(field);
        match known.get(field) {
            Some(known) => descend(value, known, path, dropped),
            None if !keep => dropped.push(path.clone()),
            None => {}
        }
        path.truncate(length);
        keep
    });
}

fn descend(value: &mut Value, known: &Value, path: &mut String, dropped: &mut Vec<String>) {
    match (value, known) {
        (Value::Object(value), Value::Object(known)) => intersect(value, known, path, dropped),
        (Value::Array(items), Value::Array(known)) if items.len() == known.len() => {
            for (index, (item, known)) in items.iter_mut().zip(known).enumerate() {
                let length = path.len();
                path.push_str(&format!("[{index}]"));
                descend(item, known, path, dropped);
                path.truncate(length);
            }
        }
        _ => {}
    }
}

fn quantities_as_text(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (field, value) in fields {
                if QUANTITIES.contains(&field.as_str())
                    && let Value::Object(quantities) = value
                {
                    for quantity in quantities
                        .values_mut()
                        .filter(|quantity| quantity.is_number())
                    {
                        *quantity = quantity.to_string().into();
                    }
                } else if field == "sizeLimit" && value.is_number() {
                    *value = value.to_string().into();
                } else {
                    quantities_as_text(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(quantities_as_text),
        _ => {}
    }
}
