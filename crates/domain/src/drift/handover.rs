//! Making fields ours that other tools once declared, so that what the source no longer has disappears; and clearing away what older
//! tools left behind.

use rosin_api::names::{KUSTOMIZE_CONTROLLER, LEGACY_ANNOTATIONS, LEGACY_LABELS};
use serde_json::{Map, Value, json};

/// The managers whose fields are taken over, by prefix of their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TakeOver {
    /// Names of `--override-manager`.
    more: Vec<String>,
}

impl TakeOver {
    pub fn new(more: &[String]) -> Self {
        Self {
            more: more.to_vec(),
        }
    }

    /// Whether any entry of this manager would be taken over.
    pub fn includes(&self, manager: &str) -> bool {
        ["Apply", "Update"]
            .iter()
            .any(|operation| self.takes(manager, operation))
    }

    fn takes(&self, manager: &str, operation: &str) -> bool {
        manager.starts_with("kubectl")
            || (operation == "Update"
                && (manager.starts_with("before-first-apply")
                    || manager.starts_with(KUSTOMIZE_CONTROLLER)))
            || self
                .more
                .iter()
                .any(|name| manager.starts_with(name.as_str()))
    }
}

/// The JSON patch to send before an apply: `None` where nothing is to be cleared away or taken over.
pub fn handover(live: &Value, take_over: &TakeOver) -> Option<Value> {
    let metadata = live.get("metadata")?;
    let mut patch = Vec::new();
    for (map, keys) in [
        ("annotations", &LEGACY_ANNOTATIONS[..]),
        ("labels", &LEGACY_LABELS[..]),
    ] {
        for key in keys
            .iter()
            .filter(|key| metadata.get(map).is_some_and(|map| map.get(*key).is_some()))
        {
            patch.push(
                json!({ "op": "remove", "path": format!("/metadata/{map}/{}", escape(key)) }),
            );
        }
    }
    let takes = |manager: &str, operation: &str| take_over.takes(manager, operation);
    if let Some(entries) = managed_fields(metadata, KUSTOMIZE_CONTROLLER, takes) {
        patch.push(json!({ "op": "replace", "path": "/metadata/managedFields", "value": entries }));
    }
    (!patch.is_empty()).then_some(Value::Array(patch))
}

/// The JSON patch after which a manager applies what it wrote by other means; `None` where it wrote nothing so. Somebody else's change
/// in between makes the patch fail.
pub fn migrate_manager(live: &Value, manager: &str) -> Option<Value> {
    let metadata = live.get("metadata")?;
    let takes = |other: &str, operation: &str| other == manager && operation == "Update";
    let entries = managed_fields(metadata, manager, takes)?;
    let version = metadata.get("resourceVersion")?;
    Some(json!([
        { "op": "replace", "path": "/metadata/managedFields", "value": entries },
        { "op": "replace", "path": "/metadata/resourceVersion", "value": version },
    ]))
}

/// The entries with those to take over folded into our own; `None` if there are none.
fn managed_fields(
    metadata: &Value,
    manager: &str,
    takes: impl Fn(&str, &str) -> bool,
) -> Option<Vec<Value>> {
    let entries = metadata.get("managedFields")?.as_array()?;
    let text = |entry: &Value, key: &str| {
        entry
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let is_ours = |entry: &Value| {
        text(entry, "manager") == manager
            && text(entry, "operation") == "Apply"
            && text(entry, "subresource").is_empty()
    };
    let mut ours = entries.iter().find(|entry| is_ours(entry)).cloned();
    let mut others = Vec::with_capacity(entries.len());
    let mut taken = false;
    for entry in entries {
        if is_ours(entry) {
            continue;
        }
        let main = text(entry, "subresource").is_empty();
        if !main || !takes(&text(entry, "manager"), &text(entry, "operation")) {
            others.push(entry.clone());
            continue;
        }
        taken = true;
        match &mut ours {
            None => {
                let mut renamed = entry.clone();
                renamed["manager"] = manager.into();
                renamed["operation"] = "Apply".into();
                ours = Some(renamed);
            }
            Some(ours) => {
                let fields = entry
                    .get("fieldsV1")
                    .and_then(Value::as_object)
                    .cloned()
                    .unwrap_or_default();
                match ours.get_mut("fieldsV1").and_then(Value::as_object_mut) {
                    Some(own) => merge(own, fields),
                    None => ours["fieldsV1"] = Value::Object(fields),
                }
            }
        }
    }
    others.extend(ours);
    taken.then_some(others)
}

/// The union of two sets of fields, each a tree of names.
fn merge(into: &mut Map<String, Value>, from: Map<String, Value>) {
    for (name, below) in from {
        match (into.get_mut(&name), below) {
            (Some(Value::Object(own)), Value::Object(below)) => merge(own, below),
            (Some(_), _) => {}
            (None, below) => {
                into.insert(name, below);
            }
        }
    }
}

/// The JSON patch that writes an object's version into all entries of its managed fields, for definitions whose newer version has
/// defaulted fields that the older one does not know; `None` where all have it.
pub fn migrate_version(live: &Value, api_version: &str) -> Option<Value> {
    let entries = live.get("metadata")?.get("managedFields")?.as_array()?;
    let current =
        |entry: &Value| entry.get("apiVersion").and_then(Value::as_str) == Some(api_version);
    if entries.iter().all(current) {
        return None;
    }
    let entries: Vec<Value> = entries
        .iter()
        .map(|entry| {
            let mut entry = entry.clone();
            entry["apiVersion"] = api_version.into();
            entry
        })
        .collect();
    Some(json!([{ "op": "replace", "path": "/metadata/managedFields", "value": entries }]))
}

fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(manager: &str, operation: &str, fields: Value) -> Value {
        json!({ "manager": manager, "operation": operation, "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": fields })
    }

    fn entries(live: Vec<Value>, take_over: &TakeOver) -> Option<Value> {
        let live = json!({ "metadata": { "managedFields": live } });
        handover(&live, take_over).map(|patch| patch[0]["value"].clone())
    }

    #[test]
    fn fields_of_kubectl_and_older_ways_are_folded_into_ours() {
        // parity: KS-APPLY-019
        let ours = entry(
            KUSTOMIZE_CONTROLLER,
            "Apply",
            json!({ "f:data": { "f:a": {} } }),
        );
        let kubectl = entry(
            "kubectl-client-side-apply",
            "Update",
            json!({ "f:data": { ".": {}, "f:b": {} } }),
        );
        let before = entry("before-first-apply", "Update", json!({ "f:spec": {} }));
        let other = entry("my-operator", "Update", json!({ "f:data": { "f:c": {} } }));
        let result = entries(
            vec![kubectl, ours, other.clone(), before],
            &TakeOver::default(),
        )
        .unwrap();
        let merged = entry(
            KUSTOMIZE_CONTROLLER,
            "Apply",
            json!({ "f:data": { "f:a": {}, ".": {}, "f:b": {} }, "f:spec": {} }),
        );
        assert_eq!(result, json!([other, merged]));
    }

    #[test]
    fn without_an_entry_of_ours_the_first_one_is_renamed() {
        // parity: KS-APPLY-019
        let kubectl = entry("kubectl", "Apply", json!({ "f:data": { "f:a": {} } }));
        let result = entries(vec![kubectl], &TakeOver::default()).unwrap();
        assert_eq!(
            result,
            json!([entry(
                KUSTOMIZE_CONTROLLER,
                "Apply",
                json!({ "f:data": { "f:a": {} } })
            )])
        );
    }

    #[test]
    fn others_and_subresources_are_left_alone() {
        // parity: KS-APPLY-020
        let mut scale = entry(
            "kubectl",
            "Update",
            json!({ "f:spec": { "f:replicas": {} } }),
        );
        scale["subresource"] = "scale".into();
        let kept = vec![
            scale,
            entry("flux-client-side-apply", "Update", json!({ "f:data": {} })),
            entry("before-first-apply", "Apply", json!({ "f:data": {} })),
            entry(KUSTOMIZE_CONTROLLER, "Apply", json!({ "f:data": {} })),
        ];
        assert_eq!(entries(kept, &TakeOver::default()), None);
    }

    #[test]
    fn the_flag_adds_managers() {
        // parity: KS-APPLY-021
        let take_over = TakeOver::new(&["Go-http-client".to_owned()]);
        for operation in ["Apply", "Update"] {
            let other = entry("Go-http-client/1.1", operation, json!({ "f:data": {} }));
            assert!(entries(vec![other.clone()], &take_over).is_some());
            assert_eq!(entries(vec![other], &TakeOver::default()), None);
        }
        assert!(
            take_over.includes("kubectl-edit")
                && take_over.includes("Go-http-client")
                && !take_over.includes("helm")
        );
    }

    #[test]
    fn traces_of_older_tools_are_removed() {
        // parity: KS-APPLY-022
        let live = json!({ "metadata": {
            "annotations": { "kubectl.kubernetes.io/last-applied-configuration": "{}", "fluxcd.io/sync-checksum": "1", "keep": "1" },
            "labels": { "fluxcd.io/sync-gc-mark": "1" },
        }});
        assert_eq!(
            handover(&live, &TakeOver::default()).unwrap(),
            json!([
                { "op": "remove", "path": "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration" },
                { "op": "remove", "path": "/metadata/annotations/fluxcd.io~1sync-checksum" },
                { "op": "remove", "path": "/metadata/labels/fluxcd.io~1sync-gc-mark" },
            ])
        );
        assert_eq!(
            handover(
                &json!({ "metadata": { "annotations": { "keep": "1" } } }),
                &TakeOver::default()
            ),
            None
        );
    }

    #[test]
    fn versions_of_all_entries_are_migrated() {
        // parity: KS-APPLY-023
        let live = json!({ "metadata": { "managedFields": [entry("a", "Apply", json!({})), entry("b", "Update", json!({}))] } });
        let patch = migrate_version(&live, "v2").unwrap();
        assert_eq!(patch[0]["value"][0]["apiVersion"], "v2");
        assert_eq!(patch[0]["value"][1]["apiVersion"], "v2");
        assert_eq!(migrate_version(&live, "v1"), None);
    }
}
