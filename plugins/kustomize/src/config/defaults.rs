//! kustomize's own field specifications, as of 5.8.

use std::rc::Rc;

use super::{Config, merge_references, merge_specs, name_references};
use crate::id::Gvk;
use crate::kustomization::FieldSpec;

/// The defaults. One build asks for them once per kustomization: they are made once per thread.
pub(super) fn get() -> Rc<Config> {
    thread_local! {
        static DEFAULTS: Rc<Config> = Rc::new(make());
    }
    DEFAULTS.with(Rc::clone)
}

fn make() -> Config {
    let mut config = Config {
        name_prefix: vec![any("metadata/name", false)],
        name_suffix: vec![any("metadata/name", false)],
        namespace: specs(&NAMESPACE),
        common_labels: specs(&SELECTORS),
        template_labels: specs(&TEMPLATE_LABELS),
        volume_claim_template_labels: specs(&[VOLUME_CLAIM_TEMPLATE_LABELS]),
        common_annotations: specs(&ANNOTATIONS),
        images: IMAGES.iter().map(|path| any(path, true)).collect(),
        replicas: specs(&REPLICAS),
        var_reference: var_references(),
        ..Config::default()
    };
    config.common_labels.extend(specs(&TEMPLATE_LABELS));
    config
        .common_labels
        .extend(specs(&[VOLUME_CLAIM_TEMPLATE_LABELS]));
    config.sort();
    config.name_reference = name_references::all();
    config.sort();
    dedup(config)
}

/// The original's tables name a few fields twice; its merge drops the second, but not among the fields that refer to one kind.
fn dedup(mut config: Config) -> Config {
    let listed = std::mem::take(&mut config.var_reference);
    let references = std::mem::take(&mut config.name_reference);
    // Neither can fail: the tables do not contradict themselves, which the tests check.
    let merged = merge_specs(&mut config.var_reference, &listed)
        .and_then(|()| merge_references(&mut config.name_reference, &references));
    debug_assert!(merged.is_ok());
    config
}

fn any(path: &str, create: bool) -> FieldSpec {
    FieldSpec {
        gvk: Gvk::default(),
        path: path.to_owned(),
        create,
    }
}

/// Group, version, kind, path, whether it is created.
type Row = (&'static str, &'static str, &'static str, &'static str, bool);

fn specs(rows: &[Row]) -> Vec<FieldSpec> {
    rows.iter().map(row).collect()
}

pub(super) fn row(&(group, version, kind, path, create): &Row) -> FieldSpec {
    FieldSpec {
        gvk: Gvk {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
        },
        path: path.to_owned(),
        create,
    }
}

const NAMESPACE: [Row; 3] = [
    ("", "", "Namespace", "metadata/name", true),
    (
        "apiregistration.k8s.io",
        "",
        "APIService",
        "spec/service/namespace",
        true,
    ),
    (
        "apiextensions.k8s.io",
        "",
        "CustomResourceDefinition",
        "spec/conversion/webhook/clientConfig/service/namespace",
        false,
    ),
];

const SELECTORS: [Row; 22] = [
    ("", "v1", "Service", "spec/selector", true),
    ("", "v1", "ReplicationController", "spec/selector", true),
    ("", "", "Deployment", "spec/selector/matchLabels", true),
    ("apps", "", "Deployment", POD_AFFINITY_PREFERRED, false),
    ("apps", "", "Deployment", POD_AFFINITY_REQUIRED, false),
    ("apps", "", "Deployment", POD_ANTI_AFFINITY_PREFERRED, false),
    ("apps", "", "Deployment", POD_ANTI_AFFINITY_REQUIRED, false),
    ("apps", "", "Deployment", TOPOLOGY_SPREAD, false),
    ("", "", "ReplicaSet", "spec/selector/matchLabels", true),
    ("", "", "DaemonSet", "spec/selector/matchLabels", true),
    ("apps", "", "StatefulSet", "spec/selector/matchLabels", true),
    ("apps", "", "StatefulSet", POD_AFFINITY_PREFERRED, false),
    ("apps", "", "StatefulSet", POD_AFFINITY_REQUIRED, false),
    (
        "apps",
        "",
        "StatefulSet",
        POD_ANTI_AFFINITY_PREFERRED,
        false,
    ),
    ("apps", "", "StatefulSet", POD_ANTI_AFFINITY_REQUIRED, false),
    ("apps", "", "StatefulSet", TOPOLOGY_SPREAD, false),
    ("batch", "", "Job", "spec/selector/matchLabels", false),
    (
        "batch",
        "",
        "CronJob",
        "spec/jobTemplate/spec/selector/matchLabels",
        false,
    ),
    (
        "policy",
        "",
        "PodDisruptionBudget",
        "spec/selector/matchLabels",
        false,
    ),
    (
        "networking.k8s.io",
        "",
        "NetworkPolicy",
        "spec/podSelector/matchLabels",
        false,
    ),
    (
        "networking.k8s.io",
        "",
        "NetworkPolicy",
        "spec/ingress/from/podSelector/matchLabels",
        false,
    ),
    (
        "networking.k8s.io",
        "",
        "NetworkPolicy",
        "spec/egress/to/podSelector/matchLabels",
        false,
    ),
];

const POD_AFFINITY_PREFERRED: &str = "spec/template/spec/affinity/podAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels";
const POD_AFFINITY_REQUIRED: &str = "spec/template/spec/affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels";
const POD_ANTI_AFFINITY_PREFERRED: &str = "spec/template/spec/affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels";
const POD_ANTI_AFFINITY_REQUIRED: &str = "spec/template/spec/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels";
const TOPOLOGY_SPREAD: &str =
    "spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels";

const TEMPLATE_LABELS: [Row; 9] = [
    ("", "", "", "metadata/labels", true),
    (
        "",
        "v1",
        "ReplicationController",
        "spec/template/metadata/labels",
        true,
    ),
    ("", "", "Deployment", "spec/template/metadata/labels", true),
    ("", "", "ReplicaSet", "spec/template/metadata/labels", true),
    ("", "", "DaemonSet", "spec/template/metadata/labels", true),
    (
        "apps",
        "",
        "StatefulSet",
        "spec/template/metadata/labels",
        true,
    ),
    ("batch", "", "Job", "spec/template/metadata/labels", true),
    (
        "batch",
        "",
        "CronJob",
        "spec/jobTemplate/metadata/labels",
        true,
    ),
    (
        "batch",
        "",
        "CronJob",
        "spec/jobTemplate/spec/template/metadata/labels",
        true,
    ),
];

const VOLUME_CLAIM_TEMPLATE_LABELS: Row = (
    "apps",
    "",
    "StatefulSet",
    "spec/volumeClaimTemplates[]/metadata/labels",
    true,
);

const ANNOTATIONS: [Row; 9] = [
    ("", "", "", "metadata/annotations", true),
    (
        "",
        "v1",
        "ReplicationController",
        "spec/template/metadata/annotations",
        true,
    ),
    (
        "",
        "",
        "Deployment",
        "spec/template/metadata/annotations",
        true,
    ),
    (
        "",
        "",
        "ReplicaSet",
        "spec/template/metadata/annotations",
        true,
    ),
    (
        "",
        "",
        "DaemonSet",
        "spec/template/metadata/annotations",
        true,
    ),
    (
        "",
        "",
        "StatefulSet",
        "spec/template/metadata/annotations",
        true,
    ),
    (
        "batch",
        "",
        "Job",
        "spec/template/metadata/annotations",
        true,
    ),
    (
        "batch",
        "",
        "CronJob",
        "spec/jobTemplate/metadata/annotations",
        true,
    ),
    (
        "batch",
        "",
        "CronJob",
        "spec/jobTemplate/spec/template/metadata/annotations",
        true,
    ),
];

const IMAGES: [&str; 7] = [
    "spec/containers[]/image",
    "spec/initContainers[]/image",
    "spec/volumes[]/image/reference",
    "spec/template/spec/containers[]/image",
    "spec/template/spec/initContainers[]/image",
    "spec/template/spec/volumes[]/image/reference",
    "spec/jobTemplate/spec/template/spec/volumes[]/image/reference",
];

const REPLICAS: [Row; 4] = [
    ("", "", "Deployment", "spec/replicas", true),
    ("", "", "ReplicationController", "spec/replicas", true),
    ("", "", "ReplicaSet", "spec/replicas", true),
    ("", "", "StatefulSet", "spec/replicas", true),
];

/// Fields of a pod in which `$(VAR)` is replaced.
const VARS_IN_PODS: [&str; 8] = [
    "containers/args",
    "containers/command",
    "containers/env/value",
    "containers/volumeMounts/mountPath",
    "initContainers/args",
    "initContainers/command",
    "initContainers/env/value",
    "initContainers/volumeMounts/mountPath",
];

const VARS_ELSEWHERE: [Row; 17] = [
    (
        "",
        "",
        "CronJob",
        "spec/jobTemplate/spec/template/volumes/nfs/server",
        false,
    ),
    (
        "",
        "",
        "DaemonSet",
        "spec/template/spec/volumes/nfs/server",
        false,
    ),
    (
        "",
        "",
        "Deployment",
        "spec/template/spec/volumes/nfs/server",
        false,
    ),
    (
        "",
        "",
        "Deployment",
        "spec/template/metadata/annotations",
        false,
    ),
    ("", "", "Ingress", "spec/rules/host", false),
    ("", "", "Ingress", "spec/tls/hosts", false),
    ("", "", "Ingress", "spec/tls/secretName", false),
    (
        "",
        "",
        "Job",
        "spec/template/spec/volumes/nfs/server",
        false,
    ),
    ("", "", "Pod", "spec/volumes/nfs/server", false),
    (
        "",
        "",
        "ReplicaSet",
        "spec/template/spec/volumes/nfs/server",
        false,
    ),
    ("", "", "Service", "spec/ports/port", false),
    ("", "", "Service", "spec/ports/targetPort", false),
    (
        "",
        "",
        "StatefulSet",
        "spec/template/spec/volumes/nfs/server",
        false,
    ),
    (
        "",
        "",
        "StatefulSet",
        "spec/volumeClaimTemplates/spec/nfs/server",
        false,
    ),
    ("", "", "PersistentVolume", "spec/nfs/server", false),
    ("", "", "", "metadata/labels", false),
    ("", "", "", "metadata/annotations", false),
];

fn var_references() -> Vec<FieldSpec> {
    let pods = [
        ("CronJob", "spec/jobTemplate/spec/template/spec"),
        ("DaemonSet", "spec/template/spec"),
        ("Deployment", "spec/template/spec"),
        ("Job", "spec/template/spec"),
        ("Pod", "spec"),
        ("ReplicaSet", "spec/template/spec"),
        ("StatefulSet", "spec/template/spec"),
    ];
    let in_pods = pods.into_iter().flat_map(|(kind, pod)| {
        VARS_IN_PODS.into_iter().map(move |field| FieldSpec {
            gvk: Gvk {
                kind: kind.to_owned(),
                ..Gvk::default()
            },
            path: format!("{pod}/{field}"),
            create: false,
        })
    });
    in_pods.chain(VARS_ELSEWHERE.iter().map(row)).collect()
}
