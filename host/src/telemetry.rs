//! Logs as Flux's controllers write them: one JSON object a line with zap's keys, which `flux logs` and people's filters read.

use std::{fmt, io::Write};

use serde_json::{Map, Value};
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id},
};
use tracing_subscriber::{
    EnvFilter, Layer, layer::Context, layer::SubscriberExt, registry::LookupSpan,
    util::SubscriberInitExt,
};

use crate::cli::{LogEncoding, LogLevel};

/// Starts logging to stderr. `RUST_LOG`-style directives are not read: the flags decide.
pub fn init(level: LogLevel, encoding: LogEncoding) {
    let level = match level {
        LogLevel::Trace => "trace",
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Error => "error",
    };
    // Our crates at the level asked for; libraries only when something is wrong. The API client logs refusals as errors: they are
    // answers, and the reconcile that asked says what they mean.
    let filter = EnvFilter::new(format!(
        "warn,kube_client=off,rosin={level},rosin_render={level},rosin_source={level}"
    ));
    let registry = tracing_subscriber::registry().with(filter);
    match encoding {
        LogEncoding::Json => registry.with(ZapJson).init(),
        LogEncoding::Console => registry
            .with(tracing_subscriber::fmt::layer().with_writer(std::io::stderr))
            .init(),
    }
}

struct ZapJson;

/// A span's fields, kept until its events are written.
struct SpanFields(Map<String, Value>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for ZapJson {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Map::new();
        attributes.record(&mut Fields(&mut fields));
        if let Some(kind) = fields.get("kind").and_then(Value::as_str) {
            // The object once more under its kind, as controller-runtime has it.
            let object = serde_json::json!({ "name": fields.get("name"), "namespace": fields.get("namespace") });
            let kind = kind.to_owned();
            fields.insert(kind, object);
        }
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(SpanFields(fields));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut line = Map::new();
        line.insert("level".into(), level(*event.metadata().level()).into());
        line.insert(
            "ts".into(),
            jiff::Timestamp::now()
                .round(jiff::Unit::Millisecond)
                .unwrap_or_default()
                .to_string()
                .into(),
        );
        let mut fields = Map::new();
        event.record(&mut Fields(&mut fields));
        line.insert("msg".into(), fields.remove("message").unwrap_or_default());
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(SpanFields(fields)) = span.extensions().get() {
                for (key, value) in fields {
                    add_span_field(&mut line, key, value);
                }
            }
        }
        line.extend(fields);
        if let Ok(mut text) = serde_json::to_vec(&line) {
            text.push(b'\n');
            // Nobody is left to tell when stderr is closed.
            let _ = std::io::stderr().lock().write_all(&text);
        }
    }
}

/// `kind` of a reconcile becomes the keys that controller-runtime writes.
fn add_span_field(line: &mut Map<String, Value>, key: &str, value: &Value) {
    if key != "kind" {
        line.insert(key.to_owned(), value.clone());
        return;
    }
    let kind = value.as_str().unwrap_or_default();
    line.insert("controller".into(), kind.to_lowercase().into());
    line.insert("controllerKind".into(), kind.into());
}

fn level(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        // zap of controller-runtime knows no warnings; Flux logs what is not an error as info.
        Level::WARN | Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

struct Fields<'a>(&'a mut Map<String, Value>);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0
            .insert(field.name().to_owned(), format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}
