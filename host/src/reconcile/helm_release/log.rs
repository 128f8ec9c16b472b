//! What Helm would log of an action, kept for the event of its failure.

use std::sync::{Mutex, PoisonError};

use rosin_release::{
    log::{Log, Refusal},
    messages,
};
use serde_json::{Value, json};

use super::objects::Item;
use crate::cluster::ApiError;

/// The log of the action that is under way.
#[derive(Default)]
pub(super) struct ActionLog(Mutex<Log>);

impl ActionLog {
    /// Another action begins.
    pub(super) fn begin(&self) {
        *self.lock() = Log::default();
    }

    /// `fields`: a JSON object.
    pub(super) fn say(&self, text: &str, fields: &Value) {
        tracing::debug!(target: "helm", %fields, "{text}");
        self.lock().add(jiff::Timestamp::now(), text, fields, None);
    }

    /// About an object, as Helm's client names most of them.
    pub(super) fn of_kind(&self, text: &str, item: &Item, more: Value) {
        let kind = item.resource.gvk.kind.as_str();
        self.say(text, &about(item, "kind", kind, more));
    }

    /// As [`Self::of_kind`], with what the API server answered.
    pub(super) fn refused(&self, text: &str, item: &Item, error: &ApiError) {
        if error.code() == 0 {
            return self.of_kind(text, item, opaque());
        }
        let message = error.to_string();
        let gvk = &item.resource.gvk;
        let fields = about(item, "kind", &gvk.kind, json!({}));
        let refusal = Refusal {
            message: &message,
            reason: error.reason(),
            code: error.code(),
            name: &item.name,
            group: &gvk.group,
            resource: &item.resource.plural,
        };
        tracing::debug!(target: "helm", %fields, %error, "{text}");
        let now = jiff::Timestamp::now();
        self.lock().add(now, text, &fields, Some(&refusal));
    }

    /// About an object that was applied.
    pub(super) fn of_gvk(&self, text: &str, item: &Item, more: Value) {
        self.say(text, &about(item, "gvk", &item.gvk(), more));
    }

    /// The text of an event, with the last lines.
    pub(super) fn after(&self, message: &str) -> String {
        messages::with_log(message, &self.lock().to_string())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn about(item: &Item, key: &str, value: &str, mut fields: Value) -> Value {
    fields[key] = value.into();
    fields["name"] = item.name.as_str().into();
    fields["namespace"] = item.namespace.as_deref().unwrap_or_default().into();
    fields
}

/// An error as Go writes most of them: they have no fields that JSON could show.
pub(super) fn opaque() -> Value {
    json!({ "error": {} })
}
