//! Parameters against the schema that a plugin declares. Both are strangers' work, and a schema can be made to cost minutes, so a child
//! looks at them; what it found is remembered.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use anyhow::Result;
use clap::Args;
use rosin_tree::Digest;
use serde::Deserialize;
use serde_json::{Value, json};

use super::child::{self, Failed, Limits};

const LIMITS: Limits = Limits {
    memory: 512,
    seconds: 5,
};
/// Answers that are remembered; beyond, all are found out again.
const MOST: usize = 10_000;
const LARGEST_SCHEMA: usize = 1 << 20;

/// Check options against a schema, both on standard input; the controller calls it
#[derive(Debug, Args)]
pub struct CheckOptionsArgs {
    #[command(flatten)]
    pub limits: Limits,
}

#[derive(Deserialize)]
struct Question {
    schema: String,
    options: Value,
}

/// The child.
///
/// # Errors
/// When the question is not one.
pub fn run(args: &CheckOptionsArgs) -> Result<()> {
    let Question { schema, options } = serde_json::from_slice(&child::begin(args.limits)?)?;
    let schema = match serde_json::from_str(&schema) {
        Ok(schema) => schema,
        Err(error) => child::refuse(&format!("its schema of options is not JSON: {error}")),
    };
    match rosin_schema::check(&schema, &options) {
        Ok(()) => Ok(()),
        Err(faults) => child::refuse(&format!("spec.renderer.options:\n{faults}")),
    }
}

/// The parent.
#[derive(Default)]
pub(super) struct Options(Mutex<HashMap<Digest, Result<(), String>>>);

impl Options {
    pub(super) async fn check(&self, schema: &str, options: &Value) -> Result<(), Failed> {
        if matches!(schema.trim(), "" | "{}" | "true") {
            return Ok(());
        }
        if schema.len() > LARGEST_SCHEMA {
            let message = format!("its schema of options has more than {LARGEST_SCHEMA} bytes");
            return Err(Failed::Input(message));
        }
        let question = json!({"schema": schema, "options": options}).to_string();
        let id = Digest::of(question.as_bytes());
        if let Some(known) = self.lock().get(&id) {
            return known.clone().map_err(Failed::Input);
        }
        let doing = "checking spec.renderer.options against its schema";
        let checked = child::run(doing, "check-options", &[], LIMITS, question.as_bytes()).await;
        let found = match checked {
            Ok(()) => Ok(()),
            Err(Failed::Input(message)) => Err(message),
            Err(failed) => return Err(failed),
        };
        let mut known = self.lock();
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(id, found.clone());
        found.map_err(Failed::Input)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Digest, Result<(), String>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
