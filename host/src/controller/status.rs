//! The one writer of status: sends what changed and nothing else, and nothing when nothing did.

use std::sync::Arc;

use k8s_openapi::jiff::Timestamp;
use rosin_api::{Decode, FluxObject, Time, names};
use serde_json::{Map, Value, json};

use super::{Key, Watched};
use crate::cluster::{ApiError, PatchKind, Resource, Session};

/// Writes the status subresource of one kind under one field manager.
#[derive(Clone)]
pub struct StatusWriter {
    session: Session,
    resource: Resource,
    manager: &'static str,
}

impl StatusWriter {
    pub fn new(session: Session, resource: Resource, manager: &'static str) -> Self {
        Self {
            session,
            resource,
            manager,
        }
    }

    /// Makes `old` into `new`; both whole statuses. `Ok(None)`: they are equal and nothing was sent. The answer is the object as
    /// the server has it now.
    pub async fn write(
        &self,
        key: &Key,
        uid: &str,
        old: &Value,
        new: &Value,
    ) -> Result<Option<Value>, ApiError> {
        let Some(change) = merge_patch(old, new) else {
            return Ok(None);
        };
        let path = format!(
            "{}/status",
            self.resource.path(Some(&key.namespace), &key.name)
        );
        // The uid keeps a status from landing on an object that was deleted and made again under the same name.
        let patch = json!({ "metadata": { "uid": uid }, "status": change });
        self.session
            .patch(&path, PatchKind::Merge, self.manager, &patch)
            .await
            .map(Some)
    }
}

/// The time of a status, in whole seconds as the API has it.
pub fn now() -> Time {
    let now = Timestamp::now();
    Time(Timestamp::from_second(now.as_second()).unwrap_or(now))
}

pub fn has_finalizer(meta: &kube::core::ObjectMeta) -> bool {
    let mut finalizers = meta.finalizers.iter().flatten();
    finalizers.any(|finalizer| finalizer == names::FINALIZER)
}

/// The object with our finalizer, which is added where it lacks, unless somebody changed the object since it was read.
pub async fn ensure_finalizer<K: FluxObject + Decode>(
    session: &Session,
    resource: &Resource,
    watched: &Watched<K>,
    key: &Key,
    object: Arc<K>,
    manager: &str,
) -> Result<Arc<K>, ApiError> {
    let meta = object.meta();
    if has_finalizer(meta) {
        return Ok(object);
    }
    let mut finalizers = meta.finalizers.clone().unwrap_or_default();
    finalizers.push(names::FINALIZER.to_owned());
    let answer = set_finalizers(session, resource, key, meta, finalizers, manager).await?;
    watched
        .take_over(key, answer)
        .map_err(|error| ApiError::Request(error.to_string()))
}

/// Removes our finalizer; the object may be gone in the next moment.
pub async fn remove_finalizer(
    session: &Session,
    resource: &Resource,
    key: &Key,
    meta: &kube::core::ObjectMeta,
    manager: &str,
) -> Result<(), ApiError> {
    let finalizers = meta
        .finalizers
        .iter()
        .flatten()
        .filter(|f| *f != names::FINALIZER)
        .cloned()
        .collect();
    match set_finalizers(session, resource, key, meta, finalizers, manager).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_not_found() => Ok(()),
        Err(error) => Err(error),
    }
}

async fn set_finalizers(
    session: &Session,
    resource: &Resource,
    key: &Key,
    meta: &kube::core::ObjectMeta,
    finalizers: Vec<String>,
    manager: &str,
) -> Result<Value, ApiError> {
    let patch = json!({ "metadata": { "resourceVersion": meta.resource_version, "uid": meta.uid, "finalizers": finalizers } });
    session
        .patch(
            &resource.path(Some(&key.namespace), &key.name),
            PatchKind::Merge,
            manager,
            &patch,
        )
        .await
}

/// RFC 7386: the merge patch that makes `old` into `new`, or `None` when they are equal. Lists are replaced whole.
fn merge_patch(old: &Value, new: &Value) -> Option<Value> {
    if old == new {
        return None;
    }
    let (Value::Object(before), Value::Object(after)) = (old, new) else {
        return Some(new.clone());
    };
    let mut patch = Map::new();
    for (key, value) in after {
        match before.get(key) {
            Some(previous) => {
                if let Some(change) = merge_patch(previous, value) {
                    patch.insert(key.clone(), change);
                }
            }
            None => {
                patch.insert(key.clone(), value.clone());
            }
        }
    }
    for key in before.keys().filter(|key| !after.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    Some(Value::Object(patch))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patch_holds_only_what_changed() {
        let old = json!({"a": 1, "list": [1, 2], "gone": true, "deep": {"x": 1, "y": 2}});
        let new = json!({"a": 1, "list": [2], "deep": {"x": 1, "y": 3}, "more": {}});
        assert_eq!(
            merge_patch(&old, &new),
            Some(json!({"list": [2], "gone": null, "deep": {"y": 3}, "more": {}}))
        );
        assert_eq!(merge_patch(&new, &new.clone()), None);
    }
}
