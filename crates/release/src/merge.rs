//! Client-side apply: the patch from the last manifest, the new one and the live object, for releases that were never applied by
//! the server. Built-in kinds get a strategic merge patch, which knows which lists are maps by a key; all others a JSON merge patch.
//!
//! The patch says the same as that of kubectl and Helm, and says it more simply: of a list that is merged it names all wanted
//! items, and deletes those that were wanted before and are no longer.

use rosin_manifest::schema::{Schema, Type};
use serde_json::{Map, Value, json};

/// A patch for the API server.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientPatch {
    /// `application/strategic-merge-patch+json`, or else `application/merge-patch+json`.
    pub strategic: bool,
    pub patch: Value,
}

impl ClientPatch {
    #[must_use]
    pub fn content_type(&self) -> &'static str {
        match self.strategic {
            true => "application/strategic-merge-patch+json",
            false => "application/merge-patch+json",
        }
    }

    /// Is there nothing to change?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.patch.as_object().is_some_and(Map::is_empty)
    }
}

/// The patch that leads a live object to the new manifest. `adopt`: custom resources are compared with what is live as well;
/// Helm compares their manifests only, unless it takes objects over.
#[must_use]
pub fn client_patch(old: &Value, new: &Value, live: &Value, adopt: bool) -> ClientPatch {
    let text = |field: &str| new.get(field).and_then(Value::as_str).unwrap_or_default();
    let schema = Schema::builtin();
    let kind = schema.kind(text("apiVersion"), text("kind"));
    let strategic = kind.filter(|_| text("kind") != "CustomResourceDefinition");
    let (old, new, live) = (as_map(old), as_map(new), as_map(live));
    let patch = match strategic {
        Some(kind) => Strategic { schema: &schema }.maps(&old, &new, &live, Some(kind), ""),
        None if adopt => plain(&old, &new, &live),
        None => plain(&old, &new, &old),
    };
    ClientPatch {
        strategic: strategic.is_some(),
        patch: Value::Object(patch),
    }
}

type Object = Map<String, Value>;

fn as_map(value: &Value) -> Object {
    value.as_object().cloned().unwrap_or_default()
}

/// A JSON merge patch: what the new one changes of the live one, and what the old one had and the new one has not.
fn plain(old: &Object, new: &Object, live: &Object) -> Object {
    let mut patch = Object::new();
    for (key, wanted) in new {
        match (wanted, live.get(key)) {
            (Value::Object(wanted), Some(Value::Object(now))) => {
                let before = old.get(key).map(as_map).unwrap_or_default();
                let below = plain(&before, wanted, now);
                if !below.is_empty() {
                    patch.insert(key.clone(), Value::Object(below));
                }
            }
            (wanted, Some(now)) if same(wanted, now) => {}
            // A null deletes; where there is nothing, it says nothing.
            (Value::Null, None) => {}
            (wanted, _) => {
                patch.insert(key.clone(), wanted.clone());
            }
        }
    }
    for key in old.keys().filter(|key| !new.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    patch
}

/// Equal, whether numbers are written as integers or not.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}

struct Strategic<'s> {
    schema: &'s Schema,
}

/// How a list is merged.
enum Lists {
    Replaced,
    /// Items are maps, one for each value of this field.
    Keyed(String),
    /// Items are texts or numbers, each there once.
    Values,
}

impl Strategic<'_> {
    fn list(&self, of: Option<Type>) -> Lists {
        let Some(keys) = of.and_then(|of| self.schema.merge_keys(of)) else {
            return Lists::Replaced;
        };
        match keys.first() {
            Some(key) => Lists::Keyed(key.to_string()),
            None => Lists::Values,
        }
    }

    fn maps(
        &self,
        old: &Object,
        new: &Object,
        live: &Object,
        of: Option<Type>,
        name: &str,
    ) -> Object {
        let mut patch = Object::new();
        for (key, wanted) in new {
            let of = of.and_then(|of| self.schema.field(of, key));
            self.field(key, old.get(key), wanted, live.get(key), of, &mut patch);
        }
        for key in old.keys().filter(|key| !new.contains_key(*key)) {
            patch.insert(key.clone(), Value::Null);
        }
        // Of a choice, such as a Deployment's strategy or a volume, only what is wanted stays.
        if !patch.is_empty() && retains_keys(name) && new.len() < live.len() + patch.len() {
            let keys: Vec<&String> = new.keys().collect();
            patch.insert("$retainKeys".into(), json!(keys));
        }
        patch
    }

    fn field(
        &self,
        key: &str,
        old: Option<&Value>,
        wanted: &Value,
        live: Option<&Value>,
        of: Option<Type>,
        patch: &mut Object,
    ) {
        match (wanted, live) {
            (Value::Object(wanted), Some(Value::Object(live))) => {
                let old = old.map(as_map).unwrap_or_default();
                let below = self.maps(&old, wanted, live, of, key);
                if !below.is_empty() {
                    patch.insert(key.to_owned(), Value::Object(below));
                }
            }
            (Value::Array(wanted), Some(Value::Array(live))) => {
                let old = old.and_then(Value::as_array);
                let old = old.map(Vec::as_slice).unwrap_or_default();
                match self.list(of) {
                    Lists::Keyed(by) => {
                        self.keyed(key, &by, old, wanted, live, of, patch);
                    }
                    Lists::Values => values(key, old, wanted, live, patch),
                    Lists::Replaced => {
                        if !same_items(wanted, live) {
                            patch.insert(key.to_owned(), wanted.clone().into());
                        }
                    }
                }
            }
            (wanted, Some(live)) if same(wanted, live) => {}
            (Value::Null, None) => {}
            (wanted, _) => {
                patch.insert(key.to_owned(), wanted.clone());
            }
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the three sides of a merge, and where they are"
    )]
    fn keyed(
        &self,
        key: &str,
        by: &str,
        old: &[Value],
        wanted: &[Value],
        live: &[Value],
        of: Option<Type>,
        patch: &mut Object,
    ) {
        let find = |items: &[Value], id: &Value| -> Option<Object> {
            let found = items
                .iter()
                .find(|item| item.get(by).is_some_and(|other| same(other, id)));
            found.map(as_map)
        };
        let items = of.and_then(|of| self.schema.items(of));
        let mut changes = Vec::new();
        let mut order = Vec::new();
        let mut changed = false;
        for item in wanted {
            let Some(id) = item.get(by) else {
                // Without its key an item means nothing to this kind of patch; the whole list does.
                patch.insert(key.to_owned(), wanted.to_vec().into());
                return;
            };
            order.push(json!({ by: id }));
            let mut below = match find(live, id) {
                Some(now) => {
                    let before = find(old, id).unwrap_or_default();
                    let below = self.maps(&before, &as_map(item), &now, items, key);
                    changed |= !below.is_empty();
                    below
                }
                None => {
                    changed = true;
                    as_map(item)
                }
            };
            if !below.is_empty() {
                below.insert(by.to_owned(), id.clone());
                changes.push(Value::Object(below));
            }
        }
        for id in old.iter().filter_map(|item| item.get(by)) {
            if find(wanted, id).is_none() && find(live, id).is_some() {
                changed = true;
                changes.push(json!({ "$patch": "delete", by: id }));
            }
        }
        let live_order = live.iter().filter_map(|item| item.get(by));
        let live_order: Vec<&Value> = live_order.filter(|id| find(wanted, id).is_some()).collect();
        let in_order = live_order.len() != order.len()
            || order.iter().zip(&live_order).all(|(a, b)| same(&a[by], b));
        if changed || !in_order {
            patch.insert(format!("$setElementOrder/{key}"), order.into());
            if !changes.is_empty() {
                patch.insert(key.to_owned(), changes.into());
            }
        }
    }
}

/// Lists of texts or numbers: those that are wanted are added, those that were are deleted.
fn values(key: &str, old: &[Value], wanted: &[Value], live: &[Value], patch: &mut Object) {
    let has = |items: &[Value], value: &Value| items.iter().any(|item| same(item, value));
    let missing: Vec<Value> = wanted
        .iter()
        .filter(|value| !has(live, value))
        .cloned()
        .collect();
    let gone: Vec<Value> = old
        .iter()
        .filter(|value| !has(wanted, value) && has(live, value))
        .cloned()
        .collect();
    if missing.is_empty() && gone.is_empty() {
        return;
    }
    patch.insert(format!("$setElementOrder/{key}"), wanted.to_vec().into());
    if !missing.is_empty() {
        patch.insert(key.to_owned(), missing.into());
    }
    if !gone.is_empty() {
        patch.insert(format!("$deleteFromPrimitiveList/{key}"), gone.into());
    }
}

fn same_items(a: &[Value], b: &[Value]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
}

/// Fields whose types are choices, by the names that they have in the types of Kubernetes.
fn retains_keys(name: &str) -> bool {
    matches!(name, "strategy" | "volumes")
}
