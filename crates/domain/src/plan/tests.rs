use std::collections::BTreeSet;

use proptest::prelude::*;
use rosin_api::kustomization::InventoryEntry;
use serde_json::json;

use super::*;

fn object(api_version: &str, kind: &str, namespace: &str, name: &str) -> Object {
    let mut value =
        json!({ "apiVersion": api_version, "kind": kind, "metadata": { "name": name } });
    if !namespace.is_empty() {
        value["metadata"]["namespace"] = namespace.into();
    }
    Object::new(value).unwrap()
}

fn plan(objects: Vec<Object>, previous: Inventory) -> ApplyPlan {
    ApplyPlan::new(objects, previous, &StageKinds::default())
}

fn ids(inventory: &Inventory) -> Vec<&str> {
    inventory
        .entries
        .iter()
        .map(|entry| entry.id.as_str())
        .collect()
}

fn all_done(plan: &ApplyPlan) -> ChangeSet {
    plan.objects()
        .map(|object| Change {
            object: reference(object),
            action: Action::Unchanged,
        })
        .collect()
}

#[test]
fn a_wave_comes_after_all_that_its_objects_use() {
    let wave = |kind| Wave::of(kind);
    for used in [
        "ServiceAccount",
        "Role",
        "ClusterRole",
        "Namespace",
        "ConfigMap",
        "LimitRange",
    ] {
        assert_eq!(wave(used), Wave::Prerequisites, "{used}");
    }
    for binding in ["RoleBinding", "ClusterRoleBinding"] {
        assert_eq!(wave(binding), Wave::Bindings);
    }
    for workload in ["Deployment", "CronJob", "DaemonSet", "Job", "Whatever"] {
        assert_eq!(wave(workload), Wave::Workloads, "{workload}");
    }
    assert_eq!(wave("MutatingWebhookConfiguration"), Wave::Webhooks);
}

#[test]
fn definitions_come_first_and_webhooks_last() {
    // parity: KS-APPLY-004, KS-APPLY-006
    let plan = plan(
        vec![
            object(
                "admissionregistration.k8s.io/v1",
                "ValidatingWebhookConfiguration",
                "",
                "check",
            ),
            object("apps/v1", "Deployment", "apps", "web"),
            object("example.com/v1", "Widget", "apps", "w"),
            object("v1", "Service", "apps", "web"),
            object("v1", "ConfigMap", "apps", "b"),
            object("v1", "ConfigMap", "apps", "a"),
            object("v1", "ConfigMap", "aaa", "z"),
            object("batch/v1", "Job", "apps", "j"),
            object("storage.k8s.io/v1", "StorageClass", "", "fast"),
            object("v1", "Namespace", "", "apps"),
            object(
                "apiextensions.k8s.io/v1",
                "CustomResourceDefinition",
                "",
                "widgets.example.com",
            ),
            object("rbac.authorization.k8s.io/v1", "ClusterRole", "", "r"),
            object(
                "rbac.authorization.k8s.io/v1",
                "ClusterRoleBinding",
                "",
                "r",
            ),
        ],
        Inventory::default(),
    );
    let kinds: Vec<StageKind> = plan.stages().iter().map(|stage| stage.kind).collect();
    assert_eq!(
        kinds,
        [StageKind::Definitions, StageKind::Classes, StageKind::Rest]
    );
    let order: Vec<String> = plan
        .objects()
        .map(|object| object.id().to_string())
        .collect();
    assert_eq!(
        order,
        [
            "CustomResourceDefinition/widgets.example.com",
            "Namespace/apps",
            "ClusterRole/r",
            "StorageClass/fast",
            "ClusterRoleBinding/r",
            "ConfigMap/aaa/z",
            "ConfigMap/apps/a",
            "ConfigMap/apps/b",
            "Service/apps/web",
            "Deployment/apps/web",
            "Job/apps/j",
            "Widget/apps/w",
            "ValidatingWebhookConfiguration/check",
        ]
    );
}

#[test]
fn named_kinds_have_a_stage_of_their_own() {
    // parity: KS-APPLY-024
    let custom = StageKinds::parse("example.com/Widget, ConfigMap").unwrap();
    let objects = vec![
        object("v1", "Secret", "apps", "a"),
        object("example.com/v1", "Widget", "apps", "a"),
        object("other.com/v1", "Widget", "apps", "a"),
        object("v1", "ConfigMap", "apps", "a"),
    ];
    let plan = ApplyPlan::new(objects, Inventory::default(), &custom);
    let stages: Vec<(StageKind, usize)> = plan
        .stages()
        .iter()
        .map(|stage| (stage.kind, stage.objects.len()))
        .collect();
    assert_eq!(stages, [(StageKind::Custom, 2), (StageKind::Rest, 2)]);
    assert!(StageKinds::parse("a/b/c").is_err() && StageKinds::parse("example.com/").is_err());
}

#[test]
fn only_definitions_and_classes_are_awaited() {
    // parity: KS-APPLY-005
    assert_eq!(
        StageKind::ALL.map(StageKind::awaits_readiness),
        [true, true, false, false]
    );
}

#[test]
fn stale_is_what_was_and_is_no_more_last_applied_first() {
    // parity: KS-PRUNE-001, KS-PRUNE-003
    let before = plan(
        vec![
            object("v1", "Namespace", "", "apps"),
            object("apps/v1", "Deployment", "apps", "web"),
            object("v1", "ConfigMap", "apps", "a"),
            object("v1", "ConfigMap", "apps", "b"),
        ],
        Inventory::default(),
    );
    let now = plan(
        vec![object("v1", "ConfigMap", "apps", "a")],
        all_done(&before).inventory(),
    );
    let stale: Vec<String> = now
        .stale(&all_done(&now))
        .iter()
        .map(|object| object.id.to_string())
        .collect();
    assert_eq!(
        stale,
        ["Deployment/apps/web", "ConfigMap/apps/b", "Namespace/apps"]
    );
}

#[test]
fn another_version_is_the_same_object_and_a_stale_one_keeps_its_own() {
    // parity: KS-PRUNE-010, KS-PRUNE-001
    let previous = Inventory {
        entries: ["apps_web_apps_Deployment", "apps_old_apps_Deployment"]
            .map(|id| InventoryEntry {
                id: id.into(),
                v: "v1beta1".into(),
            })
            .into(),
    };
    let now = plan(
        vec![object("apps/v1", "Deployment", "apps", "web")],
        previous,
    );
    let stale = now.stale(&all_done(&now));
    assert_eq!(stale.len(), 1);
    assert_eq!(
        (stale[0].id.name.as_str(), stale[0].api_version().as_str()),
        ("old", "apps/v1beta1")
    );
}

#[test]
fn an_unreadable_entry_is_kept_and_never_deleted() {
    let previous = Inventory {
        entries: vec![InventoryEntry {
            id: "garbage".into(),
            v: "v1".into(),
        }],
    };
    let plan = plan(vec![object("v1", "ConfigMap", "apps", "a")], previous);
    assert_eq!(ids(&plan.claim()), ["apps_a__ConfigMap", "garbage"]);
    assert!(plan.stale(&all_done(&plan)).is_empty());
}

#[test]
fn survivors_are_tracked_again() {
    // parity: KS-PRUNE-007
    let before = plan(
        vec![object("v1", "Secret", "apps", "s")],
        Inventory::default(),
    );
    let now = plan(
        vec![object("v1", "ConfigMap", "apps", "a")],
        all_done(&before).inventory(),
    );
    let done = all_done(&now);
    let after = retrack(&done.inventory(), &now.stale(&done));
    assert_eq!(ids(&after), ["apps_a__ConfigMap", "apps_s__Secret"]);
}

#[test]
fn a_failed_run_keeps_what_was_and_adds_what_it_touched() {
    // parity: KS-APPLY-007
    let before = plan(
        vec![object("v1", "Secret", "apps", "s")],
        Inventory::default(),
    );
    let now = plan(
        vec![
            object("v1", "Namespace", "", "apps"),
            object("v1", "ConfigMap", "apps", "never-applied"),
        ],
        all_done(&before).inventory(),
    );
    let mut done = ChangeSet::default();
    done.push(reference(now.objects().next().unwrap()), Action::Created);
    assert_eq!(
        ids(&now.after_failure(&done)),
        ["_apps__Namespace", "apps_s__Secret"]
    );
}

#[test]
fn the_summary_lists_what_changed() {
    // parity: KS-EVENT-006, KS-APPLY-025
    let plan = plan(
        vec![
            object("v1", "Namespace", "", "apps"),
            object("v1", "ConfigMap", "apps", "a"),
            object("v1", "ConfigMap", "apps", "b"),
        ],
        Inventory::default(),
    );
    let actions = [Action::Created, Action::Unchanged, Action::Configured];
    let done: ChangeSet = plan
        .objects()
        .zip(actions)
        .map(|(object, action)| Change {
            object: reference(object),
            action,
        })
        .collect();
    assert_eq!(
        done.summary().unwrap(),
        "Namespace/apps created\nConfigMap/apps/b configured"
    );
    assert!(done.changed() && !all_done(&plan).changed());
    assert_eq!(all_done(&plan).summary(), None);
}

fn any_objects() -> impl Strategy<Value = Vec<Object>> {
    let kind = prop::sample::select(vec![
        ("v1", "ConfigMap"),
        ("v1", "Namespace"),
        ("apps/v1", "Deployment"),
    ]);
    let one =
        (kind, "[a-c]", "[a-e]").prop_map(|((api, kind), ns, name)| object(api, kind, &ns, &name));
    prop::collection::vec(one, 0..12)
}

fn any_action() -> impl Strategy<Value = Action> {
    use Action::*;
    prop::sample::select(vec![Created, Configured, Unchanged, Skipped, Unknown])
}

proptest! {
    /// Whatever a run got done before it ended, nothing planned is deleted and nothing of before is forgotten.
    #[test]
    fn plans_keep_their_laws(
        old in any_objects(),
        new in any_objects(),
        actions in prop::collection::vec(any_action(), 0..12),
    ) {
        let before = plan(old, Inventory::default());
        let previous = all_done(&before).inventory();
        let now = plan(new, previous.clone());
        let done: ChangeSet =
            now.objects().zip(actions).map(|(object, action)| Change { object: reference(object), action }).collect();

        let planned: BTreeSet<String> = now.objects().map(|object| object.id().inventory_id()).collect();
        let owned: BTreeSet<String> = previous.entries.iter().map(|entry| entry.id.clone()).collect();
        let stale: BTreeSet<String> = now.stale(&done).iter().map(|object| object.id.inventory_id()).collect();
        let claim: BTreeSet<String> = now.claim().entries.iter().map(|entry| entry.id.clone()).collect();
        let failed: BTreeSet<String> = now.after_failure(&done).entries.iter().map(|entry| entry.id.clone()).collect();

        prop_assert!(stale.is_disjoint(&planned));
        prop_assert_eq!(&stale, &owned.difference(&planned).cloned().collect());
        prop_assert_eq!(&claim, &owned.union(&planned).cloned().collect());
        prop_assert_eq!(claim.len(), now.claim().entries.len(), "no entry twice");
        prop_assert!(owned.is_subset(&failed) && failed.is_subset(&claim));
        prop_assert_eq!(now.is_claimed(), planned.is_subset(&owned));

        // A crash after the claim: the next run, with any other set, finds everything that may exist.
        let next = plan(Vec::new(), now.claim());
        prop_assert_eq!(next.stale(&ChangeSet::default()).len(), claim.len());
    }
}
