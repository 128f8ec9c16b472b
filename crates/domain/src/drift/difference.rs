//! What leads from a live object to the result of a dry run, as a JSON patch.

use serde_json::{Map, Value, json};

use super::ignore::IgnorePaths;

/// The steps (RFC 6902) that change labels, annotations and all outside `metadata` and `status` of a live object into what a dry run made
/// of it. Fields that are to be ignored are left out of both sides.
pub fn difference(live: &Value, dry_run: &Value, ignored: &IgnorePaths) -> Vec<Value> {
    let (live, dry_run) = (compared(live, ignored), compared(dry_run, ignored));
    let mut steps = Vec::new();
    compare(&mut String::new(), &live, &dry_run, &mut steps);
    steps
}

fn compared(object: &Value, ignored: &IgnorePaths) -> Value {
    let mut object = object.clone();
    if ignored.ignores_all() {
        return Value::Null;
    }
    ignored.remove_from(&mut object);
    let Value::Object(map) = &mut object else {
        return object;
    };
    map.remove("status");
    if let Some(Value::Object(metadata)) = map.get_mut("metadata") {
        metadata.retain(|key, value| {
            matches!(key.as_str(), "labels" | "annotations")
                && value.as_object().is_some_and(|map| !map.is_empty())
        });
    }
    object
}

fn compare(path: &mut String, from: &Value, to: &Value, steps: &mut Vec<Value>) {
    match (from, to) {
        (from, to) if from == to => {}
        (Value::Object(from), Value::Object(to)) => maps(path, from, to, steps),
        (Value::Array(from), Value::Array(to)) => lists(path, from, to, steps),
        (_, to) => steps.push(json!({ "op": "replace", "path": path, "value": to })),
    }
}

fn maps(
    path: &mut String,
    from: &Map<String, Value>,
    to: &Map<String, Value>,
    steps: &mut Vec<Value>,
) {
    let mut names: Vec<&String> = from.keys().chain(to.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        let length = path.len();
        path.push('/');
        path.push_str(&name.replace('~', "~0").replace('/', "~1"));
        match (from.get(name), to.get(name)) {
            (Some(from), Some(to)) => compare(path, from, to, steps),
            (None, Some(to)) => steps.push(json!({ "op": "add", "path": path, "value": to })),
            (Some(_), None) => steps.push(json!({ "op": "remove", "path": path })),
            (None, None) => {}
        }
        path.truncate(length);
    }
}

fn lists(path: &mut String, from: &[Value], to: &[Value], steps: &mut Vec<Value>) {
    for (index, (from, to)) in from.iter().zip(to).enumerate() {
        let length = path.len();
        path.push_str(&format!("/{index}"));
        compare(path, from, to, steps);
        path.truncate(length);
    }
    for index in (to.len()..from.len()).rev() {
        steps.push(json!({ "op": "remove", "path": format!("{path}/{index}") }));
    }
    for value in to.iter().skip(from.len()) {
        steps.push(json!({ "op": "add", "path": format!("{path}/-"), "value": value }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_applied_is_compared() {
        let live = json!({
            "metadata": { "name": "a", "resourceVersion": "1", "labels": { "a/b": "1" } },
            "data": { "k": "changed", "more": "x" }, "list": [1, 2, 3], "status": { "x": 1 },
        });
        let made = json!({
            "metadata": { "name": "a", "labels": { "a/b": "1", "c": "2" } },
            "data": { "k": "v" }, "list": [1, 4],
        });
        assert_eq!(
            difference(&live, &made, &IgnorePaths::default()),
            [
                json!({ "op": "replace", "path": "/data/k", "value": "v" }),
                json!({ "op": "remove", "path": "/data/more" }),
                json!({ "op": "replace", "path": "/list/1", "value": 4 }),
                json!({ "op": "remove", "path": "/list/2" }),
                json!({ "op": "add", "path": "/metadata/labels/c", "value": "2" }),
            ]
        );
    }
}
