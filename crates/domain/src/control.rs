//! Control keys: labels or annotations with which an object says how it wants to be treated. Values are compared without case.

use rosin_api::names::{FORCE_KEY, OWNER_NAME, OWNER_NAMESPACE, PRUNE_KEY, RECONCILE_KEY, SSA_KEY};
use serde_json::Value;

use crate::object::Object;

/// How far server-side apply goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SsaPolicy {
    /// What is declared is enforced, and fields that other tools once declared are taken over.
    Override,
    /// What is declared is enforced; fields of others are left alone.
    Merge,
    /// Created when absent, never changed after.
    IfNotPresent,
    /// Neither applied nor pruned.
    Ignore,
}

/// What a desired object asks for.
pub fn ssa_policy(object: &Object) -> SsaPolicy {
    // In this order, because Flux asks for exclusion before it asks for presence, and cleans up last.
    for (value, policy) in [
        ("Ignore", SsaPolicy::Ignore),
        ("IfNotPresent", SsaPolicy::IfNotPresent),
        ("Merge", SsaPolicy::Merge),
    ] {
        if desired_has(object, SSA_KEY, value) {
            return policy;
        }
    }
    SsaPolicy::Override
}

/// Whether a desired object is not to be reconciled at all.
pub fn is_reconcile_disabled(object: &Object) -> bool {
    desired_has(object, RECONCILE_KEY, "disabled")
}

/// Whether a live object says that it is to be left alone.
pub fn is_live_excluded(live: &Value) -> bool {
    live_has(live, RECONCILE_KEY, "disabled") || live_has(live, SSA_KEY, "Ignore")
}

/// Whether a live object wants the fields of other managers to stay theirs.
pub fn is_live_merged(live: &Value) -> bool {
    live_has(live, SSA_KEY, "Merge")
}

/// Whether a desired object may be deleted and made anew when a field cannot be changed.
pub fn is_forced(object: &Object) -> bool {
    desired_has(object, FORCE_KEY, "enabled")
}

/// The same, said by the live object.
pub fn is_live_forced(live: &Value) -> bool {
    live_has(live, FORCE_KEY, "enabled")
}

/// Whether a live object may be pruned: it is still that Kustomization's, and nobody forbade it.
pub fn may_prune(live: &Value, owner_name: &str, owner_namespace: &str) -> bool {
    let owned = entry(live, "labels", OWNER_NAME) == Some(owner_name)
        && entry(live, "labels", OWNER_NAMESPACE) == Some(owner_namespace);
    owned && !live_has(live, PRUNE_KEY, "disabled") && !is_live_excluded(live)
}

fn desired_has(object: &Object, key: &str, value: &str) -> bool {
    [object.label(key), object.annotation(key)]
        .into_iter()
        .flatten()
        .any(|found| found.eq_ignore_ascii_case(value))
}

fn live_has(live: &Value, key: &str, value: &str) -> bool {
    ["labels", "annotations"]
        .into_iter()
        .filter_map(|map| entry(live, map, key))
        .any(|found| found.eq_ignore_ascii_case(value))
}

fn entry<'a>(live: &'a Value, map: &str, key: &str) -> Option<&'a str> {
    live.get("metadata")?.get(map)?.get(key)?.as_str()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with(map: &str, key: &str, value: &str) -> Value {
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a", map: { key: value } } })
    }

    #[test]
    fn keys_count_as_label_and_annotation_in_any_case() {
        // parity: KS-META-003, KS-APPLY-010, KS-APPLY-011, KS-APPLY-012, KS-APPLY-013
        for map in ["labels", "annotations"] {
            for (value, expected) in [
                ("Override", SsaPolicy::Override),
                ("merge", SsaPolicy::Merge),
                ("IFNOTPRESENT", SsaPolicy::IfNotPresent),
                ("ignore", SsaPolicy::Ignore),
                ("", SsaPolicy::Override),
            ] {
                assert_eq!(
                    ssa_policy(&Object::new(with(map, SSA_KEY, value)).unwrap()),
                    expected,
                    "{map} {value}"
                );
            }
            let disabled = with(map, RECONCILE_KEY, "Disabled");
            assert!(
                is_live_excluded(&disabled)
                    && is_reconcile_disabled(&Object::new(disabled).unwrap())
            );
            let forced = with(map, FORCE_KEY, "Enabled");
            assert!(is_live_forced(&forced) && is_forced(&Object::new(forced).unwrap()));
        }
    }

    #[test]
    fn only_our_own_objects_are_pruned_and_only_where_nobody_forbade_it() {
        // parity: KS-PRUNE-004, KS-PRUNE-005, KS-PRUNE-006
        let live = |name: &str, namespace: &str, more: Value| {
            let mut labels = json!({ OWNER_NAME: name, OWNER_NAMESPACE: namespace });
            labels
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            json!({ "metadata": { "labels": labels } })
        };
        let may = |value: &Value| may_prune(value, "app", "flux-system");
        assert!(may(&live("app", "flux-system", json!({}))));
        assert!(!may(&live("other", "flux-system", json!({}))));
        assert!(!may(&live("app", "other", json!({}))));
        assert!(!may(&json!({ "metadata": {} })));
        for (key, value) in [
            (PRUNE_KEY, "Disabled"),
            (RECONCILE_KEY, "disabled"),
            (SSA_KEY, "ignore"),
        ] {
            assert!(
                !may(&live("app", "flux-system", json!({ key: value }))),
                "{key}"
            );
        }
        let mut annotated = live("app", "flux-system", json!({}));
        annotated["metadata"]["annotations"] = json!({ PRUNE_KEY: "disabled" });
        assert!(!may(&annotated));
    }
}
