//! Patches that are made here, for releases that are not applied by the server.

use serde_json::Value;

use crate::cluster::Gvk;

/// The patch that leads a live object to what is wanted, and its content type. `adopt`: what is live is taken into account where no
/// schema says how lists are merged.
pub(super) fn client_patch(
    _gvk: &Gvk,
    old: &Value,
    new: &Value,
    live: &Value,
    _adopt: bool,
) -> (&'static str, Value) {
    ("application/merge-patch+json", three_way(old, new, live))
}

/// What the new one changes of the live one, and what the old one had and the new one has not.
fn three_way(old: &Value, new: &Value, live: &Value) -> Value {
    let (Value::Object(old), Value::Object(new), Value::Object(live)) = (old, new, live) else {
        return new.clone();
    };
    let mut patch = serde_json::Map::new();
    for (key, wanted) in new {
        let now = live.get(key).unwrap_or(&Value::Null);
        if wanted == now {
            continue;
        }
        if wanted.is_object() && now.is_object() {
            let below = three_way(old.get(key).unwrap_or(&Value::Null), wanted, now);
            if below.as_object().is_none_or(|map| !map.is_empty()) {
                patch.insert(key.clone(), below);
            }
        } else {
            patch.insert(key.clone(), wanted.clone());
        }
    }
    for key in old.keys().filter(|key| !new.contains_key(*key)) {
        if live.contains_key(key) {
            patch.insert(key.clone(), Value::Null);
        }
    }
    Value::Object(patch)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_dropped_is_removed_and_what_others_set_stays() {
        let old = json!({ "a": 1, "dropped": 1, "map": { "x": 1, "y": 2 } });
        let new = json!({ "a": 2, "map": { "x": 1 } });
        let live =
            json!({ "a": 1, "dropped": 1, "map": { "x": 1, "y": 2, "z": 3 }, "theirs": true });
        assert_eq!(
            three_way(&old, &new, &live),
            json!({ "a": 2, "dropped": null, "map": { "y": null } })
        );
    }
}
