//! An API server in memory: as much of one as the controller needs, and nothing that costs time. It says how often it was asked.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{Method, Response, StatusCode, Uri, header};
use serde_json::{Map, Value, json};
use tokio::sync::watch;

/// Group, version, kind and plural of all that it has.
const KINDS: [(&str, &str, &str, &str); 7] = [
    ("", "v1", "ConfigMap", "configmaps"),
    ("", "v1", "Secret", "secrets"),
    ("", "v1", "Event", "events"),
    (
        "source.toolkit.fluxcd.io",
        "v1",
        "GitRepository",
        "gitrepositories",
    ),
    (
        "source.toolkit.fluxcd.io",
        "v1",
        "OCIRepository",
        "ocirepositories",
    ),
    (
        "source.toolkit.fluxcd.io",
        "v1",
        "ExternalArtifact",
        "externalartifacts",
    ),
    (
        "kustomize.toolkit.fluxcd.io",
        "v1",
        "Kustomization",
        "kustomizations",
    ),
];

/// Namespace and name.
type Name = (String, String);

#[derive(Default)]
struct Objects {
    /// By plural.
    all: HashMap<String, BTreeMap<Name, Value>>,
    /// What changed, in order: the version, the plural, and the watch event as it is sent.
    log: Vec<(u64, String, Bytes)>,
}

#[derive(Clone)]
pub(crate) struct Server {
    objects: Arc<Mutex<Objects>>,
    version: watch::Sender<u64>,
    asked: Arc<Mutex<BTreeMap<String, u64>>>,
    uid: Arc<AtomicU64>,
    artifact: Arc<Mutex<Bytes>>,
}

impl Server {
    pub(crate) async fn start() -> Result<(Self, SocketAddr)> {
        let server = Self {
            objects: Arc::default(),
            version: watch::Sender::new(1),
            asked: Arc::default(),
            uid: Arc::default(),
            artifact: Arc::default(),
        };
        let router = Router::new().fallback(answer).with_state(server.clone());
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok((server, address))
    }

    /// What `/artifact.tar.gz` answers.
    pub(crate) fn serve(&self, artifact: Vec<u8>) {
        *self.artifact.lock().unwrap_or_else(PoisonError::into_inner) = artifact.into();
    }

    /// Requests since the last call, by verb and kind.
    pub(crate) fn take_asked(&self) -> BTreeMap<String, u64> {
        std::mem::take(&mut *self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts an object there, as somebody else would.
    pub(crate) fn put(&self, plural: &str, object: Value) {
        self.change(plural, object);
    }

    pub(crate) fn count(&self, plural: &str, wanted: impl Fn(&Value) -> bool) -> usize {
        let objects = self.lock();
        let all = objects
            .all
            .get(plural)
            .into_iter()
            .flat_map(BTreeMap::values);
        all.filter(|object| wanted(object)).count()
    }

    fn lock(&self) -> MutexGuard<'_, Objects> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, plural: &str, mut object: Value) -> Value {
        let mut objects = self.lock();
        let version = *self.version.borrow() + 1;
        let name = name_of(&object);
        let meta = &mut object["metadata"];
        meta["resourceVersion"] = version.to_string().into();
        let kind = objects.all.entry(plural.to_owned()).or_default();
        let known = kind.insert(name, Value::Null);
        let meta = &mut object["metadata"];
        if meta["uid"].is_null() {
            let uid = self.uid.fetch_add(1, Ordering::Relaxed);
            meta["uid"] = format!("{uid:032x}").into();
            meta["creationTimestamp"] = "2026-01-01T00:00:00Z".into();
        }
        let type_ = if known.is_some() { "MODIFIED" } else { "ADDED" };
        // Nobody watches Events here, and they are most of all.
        if plural != "events" {
            let line = format!("{}\n", json!({ "type": type_, "object": object }));
            objects.log.push((version, plural.to_owned(), line.into()));
            let kind = objects.all.entry(plural.to_owned()).or_default();
            kind.insert(name_of(&object), object.clone());
        }
        self.version.send_replace(version);
        object
    }
}

fn name_of(object: &Value) -> Name {
    let text = |key: &str| {
        object["metadata"][key]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    (text("namespace"), text("name"))
}

fn json_of(value: &Value) -> Response<Body> {
    let mut answer = Response::new(Body::from(value.to_string()));
    let json = header::HeaderValue::from_static("application/json");
    answer.headers_mut().insert(header::CONTENT_TYPE, json);
    answer
}

fn missing() -> Response<Body> {
    let mut answer = json_of(&json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404, "reason": "NotFound",
        "message": "not found",
    }));
    *answer.status_mut() = StatusCode::NOT_FOUND;
    answer
}

fn discovery(core: bool) -> Value {
    let mut groups: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for (group, version, kind, plural) in KINDS {
        if group.is_empty() == core {
            groups.entry(group).or_default().push(json!({
                "resource": plural, "scope": "Namespaced", "verbs": ["get", "list", "watch", "patch", "create"],
                "responseKind": { "group": group, "version": version, "kind": kind },
            }));
        }
    }
    let items: Vec<Value> = groups
        .into_iter()
        .map(|(group, resources)| {
            json!({
                "metadata": { "name": group },
                "versions": [{ "version": "v1", "resources": resources, "freshness": "Current" }],
            })
        })
        .collect();
    json!({ "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items })
}

async fn answer(
    State(server): State<Server>,
    method: Method,
    uri: Uri,
    body: Bytes,
) -> Response<Body> {
    let query = uri.query().unwrap_or_default();
    match uri.path() {
        "/api" => return json_of(&discovery(true)),
        "/apis" => return json_of(&discovery(false)),
        "/artifact.tar.gz" => {
            let artifact = server
                .artifact
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            return Response::new(Body::from(artifact.clone()));
        }
        _ => {}
    }
    // /api/v1/… or /apis/<group>/<version>/…, then [namespaces/<namespace>/]<plural>[/<name>[/<sub>]].
    let parts: Vec<&str> = uri.path().trim_matches('/').split('/').collect();
    let rest = &parts[if parts[0] == "api" { 2 } else { 3 }.min(parts.len())..];
    let (namespace, rest) = match rest {
        ["namespaces", namespace, rest @ ..] => (*namespace, rest),
        rest => ("", rest),
    };
    let Some((plural, rest)) = rest.split_first() else {
        return missing();
    };
    let watching = query.contains("watch=true");
    let verb = match (&method, watching, rest.get(1), query.contains("dryRun")) {
        (_, true, ..) => "watch",
        (_, _, Some(_), _) => "patch status",
        (_, _, _, true) => "dry run",
        (method, ..) if rest.is_empty() && method == Method::GET => "list",
        (method, ..) => method.as_str(),
    };
    {
        let mut asked = server.asked.lock().unwrap_or_else(PoisonError::into_inner);
        *asked.entry(format!("{verb} {plural}")).or_default() += 1;
    }
    match (method, rest) {
        (Method::GET, []) if watching => watch_of(&server, plural, query),
        (Method::GET, []) => {
            let objects = server.lock();
            let items: Vec<&Value> = objects
                .all
                .get(*plural)
                .into_iter()
                .flat_map(BTreeMap::values)
                .collect();
            let meta = json!({ "resourceVersion": server.version.borrow().to_string() });
            json_of(
                &json!({ "kind": "List", "apiVersion": "v1", "metadata": meta, "items": items }),
            )
        }
        (Method::GET, [name, ..]) => {
            let key = (namespace.to_owned(), (*name).to_owned());
            let found = server
                .lock()
                .all
                .get(*plural)
                .and_then(|kind| kind.get(&key))
                .cloned();
            found.map_or_else(missing, |object| json_of(&object))
        }
        (Method::POST, []) => {
            let object = serde_json::from_slice(&body).unwrap_or_default();
            json_of(&server.change(plural, object))
        }
        (Method::PATCH, [name, ..]) => {
            let patch: Value = serde_json::from_slice(&body).unwrap_or_default();
            let key = (namespace.to_owned(), (*name).to_owned());
            let old = server
                .lock()
                .all
                .get(*plural)
                .and_then(|kind| kind.get(&key))
                .cloned();
            let applies = query.contains("force=true");
            let mut object = match (&old, applies) {
                (None, false) => return missing(),
                (None, true) => patch.clone(),
                (Some(old), _) => old.clone(),
            };
            merge(&mut object, &patch);
            object["metadata"]["namespace"] = namespace.into();
            if applies {
                object["metadata"]["managedFields"] = json!([{
                    "manager": "kustomize-controller", "operation": "Apply", "apiVersion": "v1",
                    "fieldsType": "FieldsV1", "fieldsV1": { "f:data": { "f:key": {} } },
                }]);
            }
            if query.contains("dryRun") {
                return json_of(&object);
            }
            json_of(&server.change(plural, object))
        }
        _ => missing(),
    }
}

fn watch_of(server: &Server, plural: &str, query: &str) -> Response<Body> {
    let from = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("resourceVersion="));
    let mut seen: u64 = from.and_then(|version| version.parse().ok()).unwrap_or(0);
    let (server, plural) = (server.clone(), plural.to_owned());
    let versions = server.version.subscribe();
    let stream = async_stream(
        move || {
            let objects = server.lock();
            let start = objects
                .log
                .partition_point(|(version, ..)| *version <= seen);
            let mut lines = Vec::new();
            for (version, of, line) in &objects.log[start..] {
                seen = *version;
                if *of == plural {
                    lines.extend_from_slice(line);
                }
            }
            lines
        },
        move || {
            let mut versions = versions.clone();
            versions.borrow_and_update();
            async move { versions.changed().await.is_ok() }
        },
    );
    Response::new(Body::from_stream(stream))
}

/// What `next` has, whenever `changed` says that there may be more.
fn async_stream<F: Future<Output = bool> + Send>(
    next: impl FnMut() -> Vec<u8> + Send,
    changed: impl FnMut() -> F + Send,
) -> impl futures::Stream<Item = Result<Bytes, std::io::Error>> + Send {
    futures::stream::unfold((next, changed), |(mut next, mut changed)| async move {
        loop {
            // Listened to before it is looked at, so that nothing falls in between.
            let more = changed();
            let lines = next();
            if !lines.is_empty() {
                return Some((Ok(Bytes::from(lines)), (next, changed)));
            }
            if !more.await {
                return None;
            }
        }
    })
}

/// RFC 7386.
fn merge(object: &mut Value, patch: &Value) {
    let Value::Object(fields) = patch else {
        *object = patch.clone();
        return;
    };
    if !object.is_object() {
        *object = Value::Object(Map::new());
    }
    if let Value::Object(object) = object {
        for (key, value) in fields {
            if value.is_null() {
                object.remove(key);
            } else {
                merge(object.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
    }
}
