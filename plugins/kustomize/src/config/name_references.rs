//! Which fields hold the name of another object, by the kind of that object.

use super::BackReferences;
use super::defaults::row;
use crate::id::Gvk;
use crate::kustomization::FieldSpec;

/// Kinds with pods in them: kind, version, path of the pod's spec.
type PodOwner = (&'static str, &'static str, &'static str);

const POD: PodOwner = ("Pod", "v1", "spec");
const POD_TEMPLATE: PodOwner = ("PodTemplate", "", "template/spec");
const DEPLOYMENT: PodOwner = ("Deployment", "", "spec/template/spec");
const REPLICA_SET: PodOwner = ("ReplicaSet", "", "spec/template/spec");
const REPLICATION_CONTROLLER: PodOwner = ("ReplicationController", "", "spec/template/spec");
const DAEMON_SET: PodOwner = ("DaemonSet", "", "spec/template/spec");
const STATEFUL_SET: PodOwner = ("StatefulSet", "", "spec/template/spec");
const JOB: PodOwner = ("Job", "", "spec/template/spec");
const CRON_JOB: PodOwner = ("CronJob", "", "spec/jobTemplate/spec/template/spec");
const ANY_POD: PodOwner = ("Pod", "", "spec");

/// Those that can mount ConfigMaps and Secrets.
const CONFIGURED: [PodOwner; 8] = [
    POD,
    POD_TEMPLATE,
    DEPLOYMENT,
    REPLICA_SET,
    DAEMON_SET,
    STATEFUL_SET,
    JOB,
    CRON_JOB,
];

/// Those of which the original knows service accounts, claims and priorities.
const SCHEDULED: [PodOwner; 7] = [
    ANY_POD,
    STATEFUL_SET,
    DEPLOYMENT,
    REPLICATION_CONTROLLER,
    CRON_JOB,
    JOB,
    DAEMON_SET,
];

const CONFIG_MAP_IN_PODS: [&str; 6] = [
    "volumes/configMap/name",
    "containers/env/valueFrom/configMapKeyRef/name",
    "initContainers/env/valueFrom/configMapKeyRef/name",
    "containers/envFrom/configMapRef/name",
    "initContainers/envFrom/configMapRef/name",
    "volumes/projected/sources/configMap/name",
];

const SECRET_IN_PODS: [&str; 7] = [
    "volumes/secret/secretName",
    "containers/env/valueFrom/secretKeyRef/name",
    "initContainers/env/valueFrom/secretKeyRef/name",
    "containers/envFrom/secretRef/name",
    "initContainers/envFrom/secretRef/name",
    "imagePullSecrets/name",
    "volumes/projected/sources/secret/name",
];

const RBAC: &str = "rbac.authorization.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";

pub(super) fn all() -> Vec<BackReferences> {
    let scaled = [(
        "",
        "",
        "HorizontalPodAutoscaler",
        "spec/scaleTargetRef/name",
        false,
    )];
    let mut references: Vec<_> = [
        "Deployment",
        "ReplicationController",
        "ReplicaSet",
        "StatefulSet",
    ]
    .into_iter()
    .map(|kind| target("", "", kind, rows(&scaled)))
    .collect();
    references.extend([
        config_map(),
        secret(),
        service(),
        target(
            RBAC,
            "",
            "Role",
            rows(&[(RBAC, "", "RoleBinding", "roleRef/name", false)]),
        ),
        target(
            RBAC,
            "",
            "ClusterRole",
            rows(&[
                (RBAC, "", "RoleBinding", "roleRef/name", false),
                (RBAC, "", "ClusterRoleBinding", "roleRef/name", false),
            ]),
        ),
        service_account(),
        target(
            "",
            "v1",
            "PersistentVolumeClaim",
            in_pods(&SCHEDULED, &["volumes/persistentVolumeClaim/claimName"]),
        ),
        target(
            "",
            "v1",
            "PersistentVolume",
            rows(&[
                ("", "", "PersistentVolumeClaim", "spec/volumeName", false),
                ("", "", "ClusterRole", "rules/resourceNames", false),
            ]),
        ),
        target(
            "storage.k8s.io",
            "v1",
            "StorageClass",
            rows(&[
                ("", "", "PersistentVolume", "spec/storageClassName", false),
                (
                    "",
                    "",
                    "PersistentVolumeClaim",
                    "spec/storageClassName",
                    false,
                ),
                (
                    "",
                    "",
                    "StatefulSet",
                    "spec/volumeClaimTemplates/spec/storageClassName",
                    false,
                ),
            ]),
        ),
        target(
            "scheduling.k8s.io",
            "v1",
            "PriorityClass",
            in_pods(&SCHEDULED, &["priorityClassName"]),
        ),
        // The original writes the version into the group, so that this never matches; names of ingress classes stay as they are.
        target(
            "networking.k8s.io/v1",
            "v1",
            "IngressClass",
            rows(&[("", "", "Ingress", "spec/ingressClassName", false)]),
        ),
        target(
            ADMISSION,
            "",
            "ValidatingAdmissionPolicy",
            rows(&[(
                ADMISSION,
                "",
                "ValidatingAdmissionPolicyBinding",
                "spec/policyName",
                false,
            )]),
        ),
    ]);
    references
}

fn config_map() -> BackReferences {
    let mut referrers = in_pods(&CONFIGURED, &CONFIG_MAP_IN_PODS);
    referrers.extend(rows(&[
        ("", "", "Node", "spec/configSource/configMap", false),
        ("", "", "Role", "rules/resourceNames", false),
        ("", "", "ClusterRole", "rules/resourceNames", false),
        (
            "",
            "",
            "Ingress",
            "metadata/annotations/nginx.ingress.kubernetes.io\\/fastcgi-params-configmap",
            false,
        ),
    ]));
    target("", "v1", "ConfigMap", referrers)
}

fn secret() -> BackReferences {
    let mut referrers = in_pods(&CONFIGURED, &SECRET_IN_PODS);
    referrers.extend(rows(&[
        ("", "", "Ingress", "spec/tls/secretName", false),
        (
            "",
            "",
            "Ingress",
            "metadata/annotations/ingress.kubernetes.io\\/auth-secret",
            false,
        ),
        (
            "",
            "",
            "Ingress",
            "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-secret",
            false,
        ),
        (
            "",
            "",
            "Ingress",
            "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-tls-secret",
            false,
        ),
        // Twice, as the original has it: a name that became another's old name is changed once more.
        ("", "", "Ingress", "spec/tls/secretName", false),
        ("", "", "ServiceAccount", "imagePullSecrets/name", false),
        ("", "", "StorageClass", "parameters/secretName", false),
        ("", "", "StorageClass", "parameters/adminSecretName", false),
        ("", "", "StorageClass", "parameters/userSecretName", false),
        ("", "", "StorageClass", "parameters/secretRef", false),
        ("", "", "Role", "rules/resourceNames", false),
        ("", "", "ClusterRole", "rules/resourceNames", false),
        (
            "serving.knative.dev",
            "v1",
            "Service",
            "spec/template/spec/containers/env/valueFrom/secretKeyRef/name",
            false,
        ),
        (
            "",
            "",
            "PersistentVolume",
            "spec/azureFile/secretName",
            false,
        ),
    ]));
    target("", "v1", "Secret", referrers)
}

fn service() -> BackReferences {
    let referrers = rows(&[
        ("apps", "", "StatefulSet", "spec/serviceName", false),
        (
            "",
            "",
            "Ingress",
            "spec/rules/http/paths/backend/serviceName",
            false,
        ),
        ("", "", "Ingress", "spec/backend/serviceName", false),
        (
            "",
            "",
            "Ingress",
            "spec/rules/http/paths/backend/service/name",
            false,
        ),
        ("", "", "Ingress", "spec/defaultBackend/service/name", false),
        (
            "apiregistration.k8s.io",
            "",
            "APIService",
            "spec/service/name",
            false,
        ),
        (
            ADMISSION,
            "",
            "ValidatingWebhookConfiguration",
            "webhooks/clientConfig/service",
            false,
        ),
        (
            ADMISSION,
            "",
            "MutatingWebhookConfiguration",
            "webhooks/clientConfig/service",
            false,
        ),
    ]);
    target("", "v1", "Service", referrers)
}

fn service_account() -> BackReferences {
    let mut referrers = rows(&[
        (RBAC, "", "RoleBinding", "subjects", false),
        (RBAC, "", "ClusterRoleBinding", "subjects", false),
    ]);
    referrers.extend(in_pods(&SCHEDULED, &["serviceAccountName"]));
    target("", "v1", "ServiceAccount", referrers)
}

fn target(group: &str, version: &str, kind: &str, referrers: Vec<FieldSpec>) -> BackReferences {
    BackReferences {
        gvk: Gvk {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
        },
        referrers,
    }
}

fn rows(rows: &[(&'static str, &'static str, &'static str, &'static str, bool)]) -> Vec<FieldSpec> {
    rows.iter().map(row).collect()
}

fn in_pods(owners: &[PodOwner], fields: &[&str]) -> Vec<FieldSpec> {
    let mut specs = Vec::with_capacity(owners.len() * fields.len());
    for (kind, version, pod) in owners {
        for field in fields {
            specs.push(FieldSpec {
                gvk: Gvk {
                    kind: (*kind).to_owned(),
                    version: (*version).to_owned(),
                    ..Gvk::default()
                },
                path: format!("{pod}/{field}"),
                create: false,
            });
        }
    }
    specs
}
