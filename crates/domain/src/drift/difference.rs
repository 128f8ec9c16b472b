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
    let first = steps.len();
    match (from, to) {
        (from, to) if from == to => return,
        (Value::Object(from), Value::Object(to)) => maps(path, from, to, steps),
        (Value::Array(from), Value::Array(to)) => lists(path, from, to, steps),
        (_, to) => {
            steps.push(replace(path, to));
            return;
        }
    }
    // Many small steps are told as one where that is shorter, as Flux tells them.
    let whole = replace(path, to);
    let length = |step: &Value| step.to_string().len();
    let small = steps.len() - first;
    let each: usize = steps[first..].iter().map(length).sum();
    if !path.is_empty() && each + small.saturating_sub(1) > length(&whole) {
        steps.truncate(first);
        steps.push(whole);
    }
}

fn replace(path: &str, to: &Value) -> Value {
    json!({ "op": "replace", "path": path, "value": to })
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

    const LONG: &str = "so long that to tell it again would be longer than to tell of two small changes one by one";

    #[test]
    fn only_what_is_applied_is_compared() {
        let live = json!({
            "metadata": { "name": "a", "resourceVersion": "1", "labels": { "a/b": "1" } },
            "data": { "k": "changed", "more": "x", "same": LONG }, "list": [1, 2, 3], "status": { "x": 1 },
        });
        let made = json!({
            "metadata": { "name": "a", "labels": { "a/b": "1", "c": "2" } },
            "data": { "k": "v", "same": LONG }, "list": [1, 4],
        });
        assert_eq!(
            difference(&live, &made, &IgnorePaths::default()),
            [
                json!({ "op": "replace", "path": "/data/k", "value": "v" }),
                json!({ "op": "remove", "path": "/data/more" }),
                json!({ "op": "replace", "path": "/list", "value": [1, 4] }),
                json!({ "op": "add", "path": "/metadata/labels/c", "value": "2" }),
            ]
        );
    }
}
