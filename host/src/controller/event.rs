//! Events: a Kubernetes Event for `kubectl` and `flux events`, and the same as JSON to the notification endpoint if there is one.
//!
//! Sending never holds up a reconcile: bounded queues, a task for each, and what does not fit is dropped and said so in the log. All
//! events of an object go through the same queue, so that they stay in order.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{DefaultHasher, Hash, Hasher},
    time::{Duration, Instant},
};

use rosin_api::names;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tracing::{debug, warn};

use crate::cluster::{PatchKind, Session};

/// How many are sent at a time: more than one request waits for, fewer than would crowd out the reconciles.
const LANES: usize = 4;
/// In each lane. Two events for each of ten thousand objects fit.
const QUEUE: usize = 8192;
/// Equal events within this time are counted on one object, as client-go's recorder does.
const REPEAT: Duration = Duration::from_secs(600);
/// In each lane.
const REMEMBERED: usize = 2048;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    Info,
    Error,
    /// For the Kubernetes Event only, never forwarded.
    Trace,
}

/// Something worth telling about one of our objects.
#[derive(Debug, Clone)]
pub struct Event {
    /// apiVersion, kind, namespace, name, uid, resourceVersion.
    pub object: Value,
    pub severity: Severity,
    pub reason: String,
    pub message: String,
    /// With their full annotation keys, such as `kustomize.toolkit.fluxcd.io/revision`.
    pub metadata: BTreeMap<String, String>,
}

/// The object that an event is about.
pub fn involved<K: kube::Resource<DynamicType = ()>>(object: &K) -> Value {
    let meta = object.meta();
    json!({
        "apiVersion": K::api_version(&()),
        "kind": K::kind(&()),
        "namespace": meta.namespace,
        "name": meta.name,
        "uid": meta.uid,
        "resourceVersion": meta.resource_version,
    })
}

/// What an object's annotations add to its events, under the names that receivers know.
pub fn annotated(meta: &kube::core::ObjectMeta, group: &str) -> BTreeMap<String, String> {
    let annotations = meta.annotations.iter().flatten();
    let added = annotations.filter_map(|(key, value)| {
        let key = key.strip_prefix(names::EVENT_METADATA_PREFIX)?;
        Some((format!("{group}/{key}"), value.clone()))
    });
    added.collect()
}

/// Where events go. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Events {
    lanes: [mpsc::Sender<(Event, jiff::Timestamp)>; LANES],
}

impl Events {
    /// `component` is Flux's controller name, which alerts and filters rely on. The future sends until all handles are gone.
    pub fn new(
        session: Session,
        component: &'static str,
        endpoint: Option<(reqwest::Client, String)>,
    ) -> (Self, impl Future<Output = ()>) {
        let mut work = Vec::with_capacity(LANES);
        let lanes = std::array::from_fn(|_| {
            let (lane, mut events) = mpsc::channel(QUEUE);
            let mut sender = Sender {
                session: session.clone(),
                component,
                endpoint: endpoint.clone(),
                sent: HashMap::new(),
            };
            work.push(async move {
                while let Some((event, at)) = events.recv().await {
                    sender.send(event, at).await;
                }
            });
            lane
        });
        let send = async {
            futures::future::join_all(work).await;
        };
        (Self { lanes }, send)
    }

    pub fn send(&self, event: Event) {
        let mut hasher = DefaultHasher::new();
        (&event.object["kind"], &event.object["namespace"]).hash(&mut hasher);
        event.object["name"].hash(&mut hasher);
        let lane = &self.lanes[hasher.finish() as usize % LANES];
        if lane.try_send((event, jiff::Timestamp::now())).is_err() {
            warn!("too many events are waiting; one was dropped");
        }
    }
}

struct Sender {
    session: Session,
    component: &'static str,
    endpoint: Option<(reqwest::Client, String)>,
    sent: HashMap<String, Sent>,
}

struct Sent {
    path: String,
    count: u64,
    at: Instant,
}

impl Sender {
    async fn send(&mut self, event: Event, at: jiff::Timestamp) {
        if event.severity != Severity::Trace
            && let Some((client, endpoint)) = &self.endpoint
        {
            forward(client.clone(), endpoint.clone(), self.component, &event, at);
        }
        if let Err(error) = self.record(&event, at).await {
            debug!(%error, "the event could not be written");
        }
    }

    async fn record(
        &mut self,
        event: &Event,
        at: jiff::Timestamp,
    ) -> Result<(), crate::cluster::ApiError> {
        let text = |field: &str| event.object[field].as_str().unwrap_or_default().to_owned();
        let kind = match event.severity {
            Severity::Error => "Warning",
            Severity::Info | Severity::Trace => "Normal",
        };
        let now = rfc3339(at);
        let repeated = format!(
            "{}\0{kind}\0{}\0{}\0{:?}",
            event.object, event.reason, event.message, event.metadata
        );
        if self.sent.len() >= REMEMBERED {
            self.sent.retain(|_, sent| sent.at.elapsed() < REPEAT);
            if self.sent.len() >= REMEMBERED {
                self.sent.clear();
            }
        }
        if let Some(sent) = self
            .sent
            .get_mut(&repeated)
            .filter(|sent| sent.at.elapsed() < REPEAT)
        {
            sent.count += 1;
            let patch = json!({ "count": sent.count, "lastTimestamp": now });
            match self
                .session
                .patch(&sent.path, PatchKind::Merge, self.component, &patch)
                .await
            {
                Err(error) if error.is_not_found() => {}
                other => return other.map(drop),
            }
        }
        let namespace = match text("namespace") {
            namespace if namespace.is_empty() => "default".to_owned(),
            namespace => namespace,
        };
        // As client-go names them: events of one object sort by the time at which they happened.
        let nanos = at.as_nanosecond();
        let subject: String = text("name").chars().take(200).collect();
        let name = format!("{subject}.{nanos:x}");
        let collection = format!("/api/v1/namespaces/{namespace}/events");
        let body = json!({
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": { "name": name, "namespace": namespace, "annotations": event.metadata },
            "involvedObject": event.object,
            "type": kind,
            "reason": event.reason,
            "message": event.message,
            "source": { "component": self.component },
            "reportingComponent": self.component,
            "reportingInstance": "",
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        });
        self.session
            .create(
                &format!("{collection}?fieldManager={}", self.component),
                &body,
            )
            .await?;
        self.sent.insert(
            repeated,
            Sent {
                path: format!("{collection}/{name}"),
                count: 1,
                at: Instant::now(),
            },
        );
        Ok(())
    }
}

/// One POST in the background, tried again a few times; 429 means that the receiver has it already.
fn forward(
    client: reqwest::Client,
    endpoint: String,
    component: &'static str,
    event: &Event,
    at: jiff::Timestamp,
) {
    let body = json!({
        "involvedObject": event.object,
        "severity": if event.severity == Severity::Error { "error" } else { "info" },
        "timestamp": rfc3339(at),
        "message": event.message,
        "reason": event.reason,
        "metadata": event.metadata,
        "reportingController": component,
        "reportingInstance": std::process::id().to_string(),
    });
    tokio::spawn(async move {
        for attempt in 0..5u32 {
            match client
                .post(&endpoint)
                .timeout(Duration::from_secs(5))
                .json(&body)
                .send()
                .await
            {
                Ok(answer)
                    if answer.status().is_success()
                        || answer.status() == http::StatusCode::TOO_MANY_REQUESTS =>
                {
                    return;
                }
                _ => tokio::time::sleep(Duration::from_millis(200) * 2u32.pow(attempt)).await,
            }
        }
        debug!("the notification endpoint did not take an event");
    });
}

fn rfc3339(at: jiff::Timestamp) -> String {
    jiff::Timestamp::from_second(at.as_second())
        .unwrap_or(at)
        .to_string()
}
