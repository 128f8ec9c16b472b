//! Reading an object's fields by path, with the defaults that a rule gives.

use jiff::Timestamp;
use serde_json::Value;

use super::Readiness;
use crate::object::split_api_version;

pub(super) struct View<'a> {
    object: &'a Value,
    now: Option<Timestamp>,
}

/// A condition, absent fields empty.
pub(super) struct Condition<'a> {
    pub type_: &'a str,
    pub status: &'a str,
    pub reason: &'a str,
    pub message: &'a str,
}

impl<'a> View<'a> {
    pub(super) fn new(object: &'a Value, now: Option<Timestamp>) -> Self {
        Self { object, now }
    }

    pub(super) fn now(&self) -> Option<Timestamp> {
        self.now
    }

    pub(super) fn group(&self) -> &'a str {
        split_api_version(self.text("/apiVersion")).0
    }

    pub(super) fn kind(&self) -> &'a str {
        self.text("/kind")
    }

    pub(super) fn get(&self, path: &str) -> Option<&'a Value> {
        self.object.pointer(path)
    }

    pub(super) fn text(&self, path: &str) -> &'a str {
        self.get(path).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn int(&self, path: &str, default: i64) -> i64 {
        self.maybe_int(path).unwrap_or(default)
    }

    pub(super) fn maybe_int(&self, path: &str) -> Option<i64> {
        self.get(path).and_then(Value::as_i64)
    }

    pub(super) fn items(&self, path: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
        self.get(path)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    }

    pub(super) fn conditions(&self) -> impl Iterator<Item = Condition<'a>> + use<'a> {
        self.items("/status/conditions").map(|condition| {
            let text = |key: &str| {
                condition
                    .get(key)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
            };
            Condition {
                type_: text("type"),
                status: text("status"),
                reason: text("reason"),
                message: text("message"),
            }
        })
    }

    pub(super) fn has_condition(&self, type_: &str, status: &str) -> bool {
        self.conditions()
            .any(|condition| condition.type_ == type_ && condition.status == status)
    }
}

pub(super) fn in_progress(message: impl Into<String>) -> Readiness {
    Readiness::InProgress(message.into())
}
