use serde_json::json;

use super::*;

/// How it stands, in one letter: Current, InProgress, Failed, Terminating, Unknown.
fn letter(object: &Value) -> char {
    assess(object).as_str().chars().next().unwrap()
}

fn check(kind: &str, cases: &[(char, &str)]) {
    let (api_version, kind) = kind.rsplit_once('/').unwrap();
    for (expected, text) in cases {
        let mut object: Value = serde_json::from_str(text).unwrap();
        object["apiVersion"] = api_version.into();
        object["kind"] = kind.into();
        assert_eq!(
            letter(&object),
            *expected,
            "{kind} {text}: {:?}",
            assess(&object)
        );
    }
}

#[test]
fn generic_rules_come_first() {
    // parity: KS-HEALTH-008, KS-HEALTH-026
    for kind in [
        "example.com/v1/Widget",
        "apps/v1/Deployment",
        "v1/ConfigMap",
        "kustomize.toolkit.fluxcd.io/v1/Kustomization",
    ] {
        check(
            kind,
            &[
                (
                    'T',
                    r#"{"metadata":{"deletionTimestamp":"2026-01-01T00:00:00Z"}}"#,
                ),
                (
                    'I',
                    r#"{"metadata":{"generation":2},"status":{"observedGeneration":1}}"#,
                ),
                (
                    'I',
                    r#"{"status":{"conditions":[{"type":"Reconciling","status":"True"},{"type":"Ready","status":"True"}]}}"#,
                ),
                (
                    'F',
                    r#"{"status":{"conditions":[{"type":"Stalled","status":"True"},{"type":"Ready","status":"True"}]}}"#,
                ),
            ],
        );
    }
    check(
        "example.com/v1/Widget",
        &[
            ('C', r#"{}"#),
            (
                'C',
                r#"{"status":{"conditions":[{"type":"Ready","status":"True"}]}}"#,
            ),
            (
                'I',
                r#"{"status":{"conditions":[{"type":"Ready","status":"False"}]}}"#,
            ),
            (
                'I',
                r#"{"status":{"conditions":[{"type":"Ready","status":"Unknown"}]}}"#,
            ),
            (
                'C',
                r#"{"status":{"conditions":[{"type":"Reconciling","status":"False"},{"type":"Other","status":"False"}]}}"#,
            ),
            ('C', r#"{"status":"text","metadata":{"generation":"x"}}"#),
        ],
    );
}

#[test]
fn deployments() {
    // parity: KS-HEALTH-010
    check(
        "apps/v1/Deployment",
        &[
            ('I', r#"{"spec":{"replicas":2}}"#),
            (
                'C',
                r#"{"spec":{"replicas":2,"progressDeadlineSeconds":600},"status":{"replicas":2,"updatedReplicas":2,"readyReplicas":2,"availableReplicas":2,
                "conditions":[{"type":"Available","status":"True"},{"type":"Progressing","status":"True","reason":"NewReplicaSetAvailable"}]}}"#,
            ),
            (
                'I',
                r#"{"spec":{"replicas":2,"progressDeadlineSeconds":600},"status":{"replicas":2,"updatedReplicas":2,"readyReplicas":2,"availableReplicas":2,
                "conditions":[{"type":"Available","status":"True"},{"type":"Progressing","status":"True","reason":"ReplicaSetUpdated"}]}}"#,
            ),
            (
                'C',
                r#"{"spec":{"replicas":1},"status":{"replicas":1,"updatedReplicas":1,"readyReplicas":1,"availableReplicas":1,
                "conditions":[{"type":"Available","status":"True"}]}}"#,
            ),
            (
                'I',
                r#"{"spec":{"replicas":1},"status":{"replicas":2,"updatedReplicas":1,"readyReplicas":2,"availableReplicas":2,
                "conditions":[{"type":"Available","status":"True"}]}}"#,
            ),
            (
                'I',
                r#"{"spec":{"replicas":1},"status":{"replicas":1,"updatedReplicas":1,"readyReplicas":1,"availableReplicas":1,
                "conditions":[{"type":"Available","status":"False"}]}}"#,
            ),
            (
                'F',
                r#"{"spec":{"replicas":1,"progressDeadlineSeconds":600},"status":{"replicas":1,
                "conditions":[{"type":"Progressing","status":"False","reason":"ProgressDeadlineExceeded"}]}}"#,
            ),
            (
                'C',
                r#"{"spec":{"replicas":0},"status":{"conditions":[{"type":"Available","status":"True"}]}}"#,
            ),
        ],
    );
}

#[test]
fn stateful_sets() {
    // parity: KS-HEALTH-011
    check(
        "apps/v1/StatefulSet",
        &[
            (
                'C',
                r#"{"spec":{"replicas":3,"updateStrategy":{"type":"OnDelete"}}}"#,
            ),
            ('I', r#"{"spec":{"replicas":2},"status":{"replicas":1}}"#),
            (
                'I',
                r#"{"spec":{"replicas":2},"status":{"replicas":2,"readyReplicas":1}}"#,
            ),
            (
                'I',
                r#"{"spec":{"replicas":1},"status":{"replicas":2,"readyReplicas":2}}"#,
            ),
            (
                'C',
                r#"{"spec":{"replicas":2},"status":{"replicas":2,"readyReplicas":2,"currentReplicas":2,"currentRevision":"a","updateRevision":"a"}}"#,
            ),
            (
                'I',
                r#"{"spec":{"replicas":2},"status":{"replicas":2,"readyReplicas":2,"currentReplicas":2,"currentRevision":"a","updateRevision":"b"}}"#,
            ),
            (
                'C',
                r#"{"spec":{"replicas":3,"updateStrategy":{"rollingUpdate":{"partition":2}}},"status":{"replicas":3,"readyReplicas":3,"updatedReplicas":1,"currentRevision":"a","updateRevision":"b"}}"#,
            ),
            (
                'I',
                r#"{"spec":{"replicas":3,"updateStrategy":{"rollingUpdate":{"partition":1}}},"status":{"replicas":3,"readyReplicas":3,"updatedReplicas":1}}"#,
            ),
        ],
    );
}

#[test]
fn daemon_sets() {
    // parity: KS-HEALTH-012
    let all = r#"{"metadata":{"generation":1},"status":{"observedGeneration":1,"desiredNumberScheduled":2,"currentNumberScheduled":2,"updatedNumberScheduled":2,"numberAvailable":2,"numberReady":2}}"#;
    check(
        "apps/v1/DaemonSet",
        &[
            ('C', all),
            ('I', &all.replace("\"numberReady\":2", "\"numberReady\":1")),
            ('I', &all.replace("\"numberAvailable\":2,", "")),
            ('I', &all.replace("\"desiredNumberScheduled\":2,", "")),
            ('I', &all.replace("\"observedGeneration\":1,", "")),
        ],
    );
}

#[test]
fn replica_sets() {
    // parity: KS-HEALTH-013
    check(
        "apps/v1/ReplicaSet",
        &[
            (
                'C',
                r#"{"spec":{"replicas":1},"status":{"replicas":1,"fullyLabeledReplicas":1,"availableReplicas":1,"readyReplicas":1}}"#,
            ),
            (
                'I',
                r#"{"spec":{"replicas":1},"status":{"replicas":1,"fullyLabeledReplicas":1,"availableReplicas":0,"readyReplicas":1}}"#,
            ),
            (
                'I',
                r#"{"spec":{"replicas":1},"status":{"replicas":2,"fullyLabeledReplicas":2,"availableReplicas":2,"readyReplicas":2}}"#,
            ),
            (
                'I',
                r#"{"spec":{"replicas":0},"status":{"conditions":[{"type":"ReplicaFailure","status":"True"}]}}"#,
            ),
        ],
    );
}

#[test]
fn pods() {
    // parity: KS-HEALTH-014
    check(
        "v1/Pod",
        &[
            ('C', r#"{"status":{"phase":"Succeeded"}}"#),
            ('C', r#"{"status":{"phase":"Failed"}}"#),
            (
                'C',
                r#"{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}"#,
            ),
            (
                'I',
                r#"{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"False"}]}}"#,
            ),
            (
                'F',
                r#"{"status":{"phase":"Running","containerStatuses":[{"name":"a","state":{"waiting":{"reason":"CrashLoopBackOff"}}}]}}"#,
            ),
            ('I', r#"{"status":{"phase":"Pending"}}"#),
            ('I', r#"{}"#),
            ('U', r#"{"status":{"phase":"Odd"}}"#),
        ],
    );
    let lonely = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "creationTimestamp": "2026-01-01T00:00:00Z" },
        "status": { "phase": "Pending", "conditions": [{ "type": "PodScheduled", "status": "False", "reason": "Unschedulable" }] },
    });
    let at = |text: &str| assess_at(&lonely, Some(text.parse().unwrap())).as_str();
    assert_eq!(
        (at("2026-01-01T00:00:14Z"), at("2026-01-01T00:00:15Z")),
        ("InProgress", "Failed")
    );
}

#[test]
fn workloads_fail_with_their_pods() {
    // parity: KS-HEALTH-015
    let now = "2026-01-01T00:01:00Z".parse().unwrap();
    let waiting = || Readiness::InProgress("Replicas: 0/2".into());
    let crashing = json!({ "apiVersion": "v1", "kind": "Pod", "status": { "phase": "Running", "containerStatuses": [
        { "name": "a", "state": { "waiting": { "reason": "CrashLoopBackOff" } } }] } });
    let mut leaving = crashing.clone();
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
    let lonely = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "creationTimestamp": "2026-01-01T00:00:00Z" },
        "status": { "phase": "Pending", "conditions": [{ "type": "PodScheduled", "status": "False", "reason": "Unschedulable" }] } });
    assert_eq!(
        with_pods(waiting(), [&crashing, &leaving], now),
        Readiness::Failed("1 pods have failed".into())
    );
    assert_eq!(with_pods(waiting(), [&leaving, &lonely], now), waiting());
    assert_eq!(
        with_pods(Readiness::Current, [&crashing], now),
        Readiness::Current
    );
}

#[test]
fn jobs_are_ready_when_they_are_done() {
    // parity: KS-HEALTH-016
    check(
        "batch/v1/Job",
        &[
            ('I', r#"{}"#),
            (
                'I',
                r#"{"status":{"startTime":"2026-01-01T00:00:00Z","active":1}}"#,
            ),
            (
                'C',
                r#"{"status":{"conditions":[{"type":"Complete","status":"True"}]}}"#,
            ),
            (
                'F',
                r#"{"status":{"conditions":[{"type":"Failed","status":"True"}]}}"#,
            ),
            (
                'I',
                r#"{"status":{"conditions":[{"type":"Failed","status":"False"}]}}"#,
            ),
            ('C', r#"{"spec":{"suspend":true}}"#),
        ],
    );
}

#[test]
fn kinds_with_short_rules() {
    // parity: KS-HEALTH-018, KS-HEALTH-019, KS-HEALTH-020, KS-HEALTH-021
    check(
        "v1/Service",
        &[
            ('C', r#"{}"#),
            (
                'C',
                r#"{"spec":{"type":"LoadBalancer","clusterIP":"10.0.0.1"}}"#,
            ),
            ('I', r#"{"spec":{"type":"LoadBalancer"}}"#),
        ],
    );
    check(
        "v1/PersistentVolumeClaim",
        &[
            ('I', r#"{}"#),
            ('I', r#"{"status":{"phase":"Pending"}}"#),
            ('C', r#"{"status":{"phase":"Bound"}}"#),
        ],
    );
    check(
        "apiextensions.k8s.io/v1/CustomResourceDefinition",
        &[
            ('I', r#"{}"#),
            (
                'F',
                r#"{"status":{"conditions":[{"type":"NamesAccepted","status":"False"}]}}"#,
            ),
            (
                'I',
                r#"{"status":{"conditions":[{"type":"Established","status":"False","reason":"Installing"}]}}"#,
            ),
            (
                'C',
                r#"{"status":{"conditions":[{"type":"NamesAccepted","status":"True"},{"type":"Established","status":"True"}]}}"#,
            ),
        ],
    );
    let not_ready = r#"{"status":{"conditions":[{"type":"Ready","status":"False"}]}}"#;
    for kind in [
        "v1/ConfigMap",
        "v1/Secret",
        "batch/v1/CronJob",
        "policy/v1/PodDisruptionBudget",
    ] {
        check(kind, &[('C', not_ready)]);
    }
}

#[test]
fn a_pod_says_which_container_why_and_its_last_words() {
    let pod = |status: &str| {
        let status: Value = serde_json::from_str(status).unwrap();
        pod_trouble(&serde_json::json!({ "metadata": { "name": "web-1" }, "status": status }))
    };
    assert_eq!(pod(r#"{"phase":"Pending"}"#), None);
    assert_eq!(
        pod(
            r#"{"phase":"Running","containerStatuses":[{"name":"main","ready":true,"state":{"running":{}}}]}"#
        ),
        None
    );
    assert_eq!(
        pod(
            r#"{"phase":"Pending","initContainerStatuses":[{"name":"init","ready":false,"state":{"terminated":{"reason":"Completed","exitCode":0}}}],
            "containerStatuses":[{"name":"side","ready":false,"state":{"waiting":{"reason":"PodInitializing"}}},
            {"name":"main","ready":false,"state":{"waiting":{"reason":"ImagePullBackOff","message":"Back-off pulling image"}}}]}"#
        )
        .as_deref(),
        Some("pod web-1: container main: ImagePullBackOff Back-off pulling image")
    );
    assert_eq!(
        pod(
            r#"{"phase":"Running","containerStatuses":[{"name":"main","ready":false,
            "state":{"waiting":{"reason":"CrashLoopBackOff","message":"back-off 5m0s"}},
            "lastState":{"terminated":{"reason":"Error","exitCode":3,"message":"no database\u001b[31m\n"}}}]}"#
        )
        .as_deref(),
        Some("pod web-1: container main: CrashLoopBackOff back-off 5m0s; before: Error exit code 3 no database\\u{1b}[31m")
    );
    assert_eq!(
        pod(
            r#"{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"0/1 nodes are available"}]}"#
        )
        .as_deref(),
        Some("pod web-1: Unschedulable 0/1 nodes are available")
    );
    assert_eq!(
        pod(
            r#"{"phase":"Running","containerStatuses":[{"name":"main","ready":false,"state":{"running":{}}}],
            "conditions":[{"type":"Ready","status":"False","reason":"ContainersNotReady","message":"containers with unready status: [main]"}]}"#
        )
        .as_deref(),
        Some("pod web-1: ContainersNotReady containers with unready status: [main]")
    );
}
