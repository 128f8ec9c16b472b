//! Comparison of a live object with the result of a dry run: is there anything to do?

use serde_json::{Map, Value};

use super::ignore::IgnorePaths;

/// Whether labels, annotations, or anything outside `metadata` and `status` would change. Fields that are to be ignored are left out
/// of both sides.
pub fn differs(live: &Value, dry_run: &Value, ignored: &IgnorePaths) -> bool {
    if ignored.is_empty() {
        return compare(live, dry_run);
    }
    let (mut live, mut dry_run) = (live.clone(), dry_run.clone());
    ignored.remove_from(&mut live);
    ignored.remove_from(&mut dry_run);
    compare(&live, &dry_run)
}

fn compare(live: &Value, dry_run: &Value) -> bool {
    if ["/metadata/labels", "/metadata/annotations"]
        .iter()
        .any(|path| !same_entries(live.pointer(path), dry_run.pointer(path)))
    {
        return true;
    }
    let (Some(live), Some(dry_run)) = (live.as_object(), dry_run.as_object()) else {
        return live != dry_run;
    };
    let metrics = is_autoscaler(dry_run);
    let names = live
        .keys()
        .chain(dry_run.keys().filter(|key| !live.contains_key(*key)));
    names
        .filter(|name| !matches!(name.as_str(), "metadata" | "status"))
        .any(|name| match (live.get(name), dry_run.get(name)) {
            (Some(live), Some(dry_run)) if metrics && name == "spec" => {
                without_repeated_metrics(live) != without_repeated_metrics(dry_run)
            }
            (live, dry_run) => live != dry_run,
        })
}

/// Equal maps, where none and an empty one are the same.
fn same_entries(a: Option<&Value>, b: Option<&Value>) -> bool {
    let entries = |map: Option<&Value>| {
        map.and_then(Value::as_object)
            .filter(|map| !map.is_empty())
            .cloned()
    };
    entries(a) == entries(b)
}

fn is_autoscaler(object: &Map<String, Value>) -> bool {
    let text = |key| object.get(key).and_then(Value::as_str);
    text("kind") == Some("HorizontalPodAutoscaler") && text("apiVersion") == Some("autoscaling/v2")
}

/// Old API servers answer a dry run of an autoscaler with its first metric twice and an empty one at the end.
fn without_repeated_metrics(spec: &Value) -> Value {
    let mut spec = spec.clone();
    if let Some(Value::Array(metrics)) = spec.get_mut("metrics") {
        let mut kept: Vec<Value> = Vec::with_capacity(metrics.len());
        for metric in metrics.drain(..) {
            let typed = metric
                .get("type")
                .and_then(Value::as_str)
                .is_some_and(|type_| !type_.is_empty());
            if typed && !kept.contains(&metric) {
                kept.push(metric);
            }
        }
        *metrics = kept;
    }
    spec
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn changed(live: Value, dry_run: Value) -> bool {
        differs(&live, &dry_run, &IgnorePaths::default())
    }

    #[test]
    fn only_labels_annotations_and_what_is_outside_metadata_and_status_count() {
        // parity: KS-APPLY-003
        let base = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "data": { "a": "1" },
            "metadata": { "name": "a", "resourceVersion": "1", "labels": { "l": "1" }, "managedFields": [{}] },
            "status": { "phase": "x" },
        });
        let with = |pointer: &str, value: Value| {
            let mut object = base.clone();
            *object.pointer_mut(pointer).unwrap() = value;
            object
        };
        assert!(!changed(base.clone(), base.clone()));
        assert!(!changed(
            base.clone(),
            with("/metadata/resourceVersion", json!("2"))
        ));
        assert!(!changed(
            base.clone(),
            with("/metadata/managedFields", json!([]))
        ));
        assert!(!changed(base.clone(), with("/status", json!({}))));
        assert!(changed(base.clone(), with("/data", json!({ "a": "2" }))));
        assert!(changed(base.clone(), with("/metadata/labels", json!({}))));
        let mut annotated = base.clone();
        annotated["metadata"]["annotations"] = json!({ "k": "v" });
        assert!(changed(base.clone(), annotated));
        let mut without = base.clone();
        without.as_object_mut().unwrap().remove("data");
        assert!(changed(without.clone(), base.clone()) && changed(base.clone(), without));
        let mut empty = base.clone();
        empty["metadata"]["annotations"] = json!({});
        assert!(
            !changed(base.clone(), empty),
            "an empty map is as good as none"
        );
        let mut widened = base.clone();
        widened["spec"] = json!({});
        assert!(changed(base, widened), "an empty spec is not");
    }

    #[test]
    fn repeated_metrics_of_an_autoscaler_are_no_drift() {
        // parity: KS-NORM-006
        let object = |metrics: Value| json!({ "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "spec": { "maxReplicas": 3, "metrics": metrics } });
        let metric = json!({ "type": "Resource", "resource": { "name": "cpu" } });
        let live = object(json!([metric]));
        assert!(!changed(
            live.clone(),
            object(json!([metric, metric, { "type": "" }]))
        ));
        assert!(changed(live, object(json!([{ "type": "Pods" }]))));
    }
}
