//! A number that changes exactly when somebody changed what we applied.
//!
//! The API server records in `managedFields` which fields each manager owns. Another manager's change to a field of ours takes the
//! ownership away, and a change under our name shows in the value; status updates, defaults and foreign fields touch neither. So
//! the fields that we own, with their values, say all there is to know about drift, at eight bytes an object.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Map, Value};

/// The fingerprint of a live object as seen by `manager`; `takeover` says which managers' fields are to become ours, so that their
/// appearance counts as a change too.
pub(crate) fn fingerprint(object: &Value, manager: &str, takeover: impl Fn(&str) -> bool) -> u64 {
    let mut hasher = DefaultHasher::new();
    let entries = object
        .pointer("/metadata/managedFields")
        .and_then(Value::as_array);
    for entry in entries.into_iter().flatten() {
        let name = entry["manager"].as_str().unwrap_or_default();
        let main_resource = entry
            .get("subresource")
            .and_then(Value::as_str)
            .is_none_or(str::is_empty);
        if name == manager && entry["operation"] == "Apply" && main_resource {
            if let Some(Value::Object(fields)) = entry.get("fieldsV1") {
                hash_owned(fields, object, &mut hasher);
            }
        } else if main_resource && takeover(name) {
            name.hash(&mut hasher);
            entry["operation"].as_str().hash(&mut hasher);
        }
    }
    // Marked for deletion: what we applied is about to go.
    object
        .pointer("/metadata/deletionTimestamp")
        .is_some()
        .hash(&mut hasher);
    hasher.finish()
}

fn hash_owned(fields: &Map<String, Value>, value: &Value, hasher: &mut DefaultHasher) {
    for (path, below) in fields {
        path.hash(hasher);
        let child = match path.split_once(':') {
            Some(("f", name)) => value.get(name),
            Some(("k", keys)) => serde_json::from_str(keys)
                .ok()
                .and_then(|keys: Map<String, Value>| find_item(value, &keys)),
            Some(("v", wanted)) => serde_json::from_str::<Value>(wanted)
                .ok()
                .and_then(|wanted| {
                    value
                        .as_array()
                        .and_then(|items| items.iter().find(|item| **item == wanted))
                }),
            Some(("i", index)) => index
                .parse::<usize>()
                .ok()
                .and_then(|index| value.get(index)),
            // "." is the ownership of the container itself.
            _ => continue,
        };
        match (child, below.as_object()) {
            (Some(child), Some(below)) if !below.is_empty() => hash_owned(below, child, hasher),
            (Some(child), _) => hash_value(child, hasher),
            (None, _) => 0xdead_u16.hash(hasher),
        }
    }
}

fn find_item<'a>(list: &'a Value, keys: &Map<String, Value>) -> Option<&'a Value> {
    list.as_array()?
        .iter()
        .find(|item| keys.iter().all(|(key, value)| item.get(key) == Some(value)))
}

fn hash_value(value: &Value, hasher: &mut DefaultHasher) {
    std::mem::discriminant(value).hash(hasher);
    match value {
        Value::Null => {}
        Value::Bool(b) => b.hash(hasher),
        Value::Number(n) => n.hash(hasher),
        Value::String(s) => s.hash(hasher),
        Value::Array(items) => items.iter().for_each(|item| hash_value(item, hasher)),
        Value::Object(map) => map.iter().for_each(|(key, value)| {
            key.hash(hasher);
            hash_value(value, hasher);
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deployment() -> Value {
        json!({
            "metadata": {
                "name": "app",
                "annotations": {"ours": "1"},
                "managedFields": [
                    {"manager": "kustomize-controller", "operation": "Apply", "fieldsV1": {
                        "f:metadata": {"f:annotations": {"f:ours": {}}},
                        "f:spec": {"f:replicas": {}, "f:containers": {"k:{\"name\":\"app\"}": {".": {}, "f:image": {}}}}
                    }},
                    {"manager": "kube-controller-manager", "operation": "Update", "subresource": "status", "fieldsV1": {"f:status": {}}}
                ]
            },
            "spec": {"replicas": 2, "containers": [{"name": "app", "image": "app:1"}]},
            "status": {"readyReplicas": 0}
        })
    }

    fn of(object: &Value) -> u64 {
        fingerprint(object, "kustomize-controller", |manager| {
            manager.starts_with("kubectl")
        })
    }

    #[test]
    fn only_changes_of_what_we_own_count() {
        let before = of(&deployment());
        let mut status = deployment();
        status["status"]["readyReplicas"] = json!(2);
        status["metadata"]["annotations"]["foreign"] = json!("x");
        status["spec"]["containers"][0]["imagePullPolicy"] = json!("Always");
        assert_eq!(of(&status), before);

        let mut edited = deployment();
        edited["spec"]["replicas"] = json!(5);
        assert_ne!(of(&edited), before);

        let mut image = deployment();
        image["spec"]["containers"][0]["image"] = json!("evil:1");
        assert_ne!(of(&image), before);

        // A forced edit by somebody else takes the ownership away, whatever the value.
        let mut taken = deployment();
        taken["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]
            .as_object_mut()
            .unwrap()
            .remove("f:replicas");
        assert_ne!(of(&taken), before);
    }

    #[test]
    fn a_manager_to_take_over_and_a_deletion_count() {
        let before = of(&deployment());
        let mut kubectl = deployment();
        kubectl["metadata"]["managedFields"]
            .as_array_mut()
            .unwrap()
            .push(json!({"manager": "kubectl-edit", "operation": "Update", "fieldsV1": {}}));
        assert_ne!(of(&kubectl), before);
        let mut deleted = deployment();
        deleted["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        assert_ne!(of(&deleted), before);
    }
}
