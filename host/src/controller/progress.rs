//! The status of one run as it grows, and its writing: conditions of our objects are set nowhere else. What the conditions of a kind mean
//! is said beside its reconcile, in further methods.

use std::sync::Arc;

use rosin_api::{ConditionStatus, Decode, FluxObject, FluxStatus, Reason, condition_type};
use rosin_domain::status::{self as conditions, Wording};
use serde_json::Value;

use super::{Key, StatusWriter, Watched, now};
use crate::cluster::ApiError;

pub struct Progress<'a, K: FluxObject> {
    pub key: &'a Key,
    /// As the run began: what it says is about this generation.
    pub object: Arc<K>,
    /// As the server has it after the last write.
    pub current: Arc<K>,
    pub status: K::Status,
    writer: &'a StatusWriter,
    watched: &'a Watched<K>,
    written: Value,
}

impl<'a, K: FluxObject + Decode> Progress<'a, K> {
    pub fn new(
        key: &'a Key,
        object: Arc<K>,
        writer: &'a StatusWriter,
        watched: &'a Watched<K>,
    ) -> Self {
        let status = object.status().cloned().unwrap_or_default();
        let written = object
            .status()
            .map_or(Value::Object(serde_json::Map::new()), to_value);
        Self {
            key,
            current: object.clone(),
            object,
            status,
            writer,
            watched,
            written,
        }
    }

    pub fn set(&mut self, type_: &str, status: ConditionStatus, reason: &str, message: &str) {
        let generation = self.object.meta().generation;
        let wording = Wording {
            type_,
            status,
            reason,
            message,
        };
        conditions::set(self.status.conditions_mut(), wording, generation, &now());
    }

    pub fn unset(&mut self, type_: &str) {
        conditions::remove(self.status.conditions_mut(), type_);
    }

    /// Was the last run a failure?
    pub fn was_failing(&self) -> bool {
        self.object
            .condition(condition_type::READY)
            .is_some_and(|ready| ready.status == ConditionStatus::False)
    }

    /// Says that it will be tried again, where work is under way.
    pub fn with_retry(&mut self) {
        let conditions = self.status.conditions_mut().iter_mut();
        for condition in conditions.filter(|c| c.type_ == condition_type::RECONCILING) {
            condition.reason = Reason::ProgressingWithRetry.as_str().to_owned();
        }
    }

    /// The run came to its end for this generation of the spec.
    pub fn observed(&mut self) {
        self.status
            .set_observed_generation(self.object.meta().generation);
    }

    /// `lastHandledReconcileAt` follows the request annotation after every run.
    pub fn mirror_request(&mut self) {
        if let Some(request) = self.object.reconcile_request() {
            self.status
                .set_last_handled_reconcile_at(request.to_owned());
        }
    }

    /// Sends what changed since the last write. An object that is gone needs no status.
    pub async fn write(&mut self) -> Result<(), ApiError> {
        let new = to_value(&self.status);
        let uid = self.object.meta().uid.clone().unwrap_or_default();
        match self.writer.write(self.key, &uid, &self.written, &new).await {
            Ok(None) => {}
            Ok(Some(answer)) => {
                if let Ok(object) = self.watched.take_over(self.key, answer) {
                    self.current = object;
                }
                self.written = new;
            }
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

fn to_value(status: &impl serde::Serialize) -> Value {
    serde_json::to_value(status).unwrap_or_default()
}
