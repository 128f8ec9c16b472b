//! A small client of the API server that speaks JSON values, so that a test writes the objects that a user would write.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, anyhow, bail};
use futures::{Stream, StreamExt};
use http::{Method, Request, StatusCode};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::WatchEvent;
use kube::{Client, Config};
use serde_json::{Value, json};
use tokio::sync::Mutex;

/// The field manager of what tests and demo apply themselves: nobody whom the controller takes over from.
pub const MANAGER: &str = "rosin-test";

/// One object by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ref {
    pub api_version: String,
    pub kind: String,
    pub namespace: Option<String>,
    pub name: String,
}

impl Ref {
    pub fn new(api_version: &str, kind: &str, namespace: &str, name: &str) -> Self {
        let namespace = (!namespace.is_empty()).then(|| namespace.to_owned());
        Self {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            namespace,
            name: name.to_owned(),
        }
    }

    pub fn of(object: &Value) -> Result<Self> {
        let text = |pointer: &str| {
            object
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let found = Self::new(
            text("/apiVersion"),
            text("/kind"),
            text("/metadata/namespace"),
            text("/metadata/name"),
        );
        if found.api_version.is_empty() || found.kind.is_empty() || found.name.is_empty() {
            bail!("an object needs apiVersion, kind and metadata.name: {object}");
        }
        Ok(found)
    }

    pub fn config_map(namespace: &str, name: &str) -> Self {
        Self::new("v1", "ConfigMap", namespace, name)
    }

    pub fn deployment(namespace: &str, name: &str) -> Self {
        Self::new("apps/v1", "Deployment", namespace, name)
    }

    pub fn kustomization(namespace: &str, name: &str) -> Self {
        Self::new(
            "kustomize.toolkit.fluxcd.io/v1",
            "Kustomization",
            namespace,
            name,
        )
    }

    pub fn git_repository(namespace: &str, name: &str) -> Self {
        Self::new(
            "source.toolkit.fluxcd.io/v1",
            "GitRepository",
            namespace,
            name,
        )
    }
}

impl fmt::Display for Ref {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{}/{namespace}/{}", self.kind, self.name),
            None => write!(f, "{}/{}", self.kind, self.name),
        }
    }
}

/// What the API server answered instead of doing what it was asked.
#[derive(Debug)]
pub struct Refused {
    pub status: StatusCode,
    pub message: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status.as_u16(), self.message)
    }
}

impl std::error::Error for Refused {}

#[derive(Clone)]
pub struct Api {
    client: Client,
    kinds: Arc<Mutex<HashMap<(String, String), Kind>>>,
    sent: Arc<AtomicU64>,
}

#[derive(Clone)]
struct Kind {
    plural: String,
    namespaced: bool,
}

impl Api {
    /// A client belongs to the runtime that it was made in.
    pub async fn connect(kubeconfig: &Path) -> Result<Self> {
        // Several crypto providers may be linked; the first to be asked wins, and a second call is no error here.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = Kubeconfig::read_from(kubeconfig)?;
        let config = Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await?;
        Ok(Self {
            client: Client::try_from(config)?,
            kinds: Arc::default(),
            sent: Arc::default(),
        })
    }

    pub async fn get(&self, object: &Ref) -> Result<Option<Value>> {
        let path = self.path(object).await?;
        absent_is_none(self.send(Method::GET, &path, "", None).await)
    }

    /// How many requests this client and its clones have sent.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// The object, which is expected to be there.
    pub async fn read(&self, object: &Ref) -> Result<Value> {
        self.get(object)
            .await?
            .with_context(|| format!("{object} does not exist"))
    }

    /// All objects of a kind; of all namespaces where `namespace` is empty. `selector` is a label selector or empty.
    pub async fn list(
        &self,
        api_version: &str,
        kind: &str,
        namespace: &str,
        selector: &str,
    ) -> Result<Vec<Value>> {
        let mut path = self.collection(api_version, kind, namespace).await?;
        if !selector.is_empty() {
            path = format!(
                "{path}?labelSelector={}",
                selector
                    .replace('=', "%3D")
                    .replace(',', "%2C")
                    .replace('/', "%2F")
            );
        }
        let mut list = self.send(Method::GET, &path, "", None).await?;
        let Value::Array(mut items) = list["items"].take() else {
            return Ok(Vec::new());
        };
        for item in &mut items {
            item["apiVersion"] = api_version.into();
            item["kind"] = kind.into();
        }
        Ok(items)
    }

    /// Server-side apply as [`MANAGER`], taking over conflicting fields.
    /// Every object of a kind as it is now and whenever it changes, until the server ends it.
    pub async fn watch(
        &self,
        api_version: &str,
        kind: &str,
        namespace: &str,
    ) -> Result<impl Stream<Item = Result<Value>>> {
        let collection = self.collection(api_version, kind, namespace).await?;
        let request = Request::get(format!("{collection}?watch=true")).body(Vec::new())?;
        let events = self.client.request_events::<Value>(request).await?;
        let kind = kind.to_owned();
        Ok(events.map(move |event| match event? {
            WatchEvent::Added(object)
            | WatchEvent::Modified(object)
            | WatchEvent::Deleted(object) => Ok(object),
            WatchEvent::Bookmark(_) => Ok(Value::Null),
            WatchEvent::Error(error) => Err(anyhow!("watching {kind}: {}", error.message)),
        }))
    }

    pub async fn apply(&self, object: &Value) -> Result<Value> {
        self.apply_as(object, MANAGER).await
    }

    pub async fn apply_as(&self, object: &Value, manager: &str) -> Result<Value> {
        let path = self.path(&Ref::of(object)?).await?;
        let path = format!("{path}?fieldManager={manager}&force=true");
        self.send(
            Method::PATCH,
            &path,
            "application/apply-patch+yaml",
            Some(object),
        )
        .await
    }

    /// Applies all documents of a YAML text in order, as `kubectl apply --server-side` does.
    pub async fn apply_yaml(&self, text: &str) -> Result<Vec<Ref>> {
        let mut applied = Vec::new();
        for object in documents(text)? {
            self.apply(&object)
                .await
                .with_context(|| format!("applying {object:.120}"))?;
            applied.push(Ref::of(&object)?);
        }
        Ok(applied)
    }

    pub async fn create(&self, object: &Value) -> Result<Value> {
        let named = Ref::of(object)?;
        let path = self
            .collection(
                &named.api_version,
                &named.kind,
                named.namespace.as_deref().unwrap_or_default(),
            )
            .await?;
        self.send(Method::POST, &path, "application/json", Some(object))
            .await
    }

    /// A JSON merge patch; `manager` becomes the owner of the fields.
    pub async fn merge(&self, object: &Ref, patch: &Value, manager: &str) -> Result<Value> {
        let path = format!("{}?fieldManager={manager}", self.path(object).await?);
        self.send(
            Method::PATCH,
            &path,
            "application/merge-patch+json",
            Some(patch),
        )
        .await
    }

    pub async fn merge_status(&self, object: &Ref, patch: &Value) -> Result<Value> {
        let path = format!("{}/status?fieldManager={MANAGER}", self.path(object).await?);
        self.send(
            Method::PATCH,
            &path,
            "application/merge-patch+json",
            Some(patch),
        )
        .await
    }

    /// Asks for the deletion; an object that is gone already is as good.
    pub async fn delete(&self, object: &Ref) -> Result<()> {
        let path = self.path(object).await?;
        let options = json!({ "propagationPolicy": "Background" });
        absent_is_none(
            self.send(Method::DELETE, &path, "application/json", Some(&options))
                .await,
        )
        .map(drop)
    }

    pub async fn create_namespace(&self, name: &str) -> Result<()> {
        self.apply(
            &json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } }),
        )
        .await
        .map(drop)
    }

    /// The text below a path that is no object: `/readyz`, `/metrics`.
    pub async fn text(&self, path: &str) -> Result<String> {
        self.sent.fetch_add(1, Ordering::Relaxed);
        Ok(self
            .client
            .request_text(Request::get(path).body(Vec::new())?)
            .await?)
    }

    /// The address below which an object is found.
    async fn path(&self, object: &Ref) -> Result<String> {
        let collection = self
            .collection(
                &object.api_version,
                &object.kind,
                object.namespace.as_deref().unwrap_or_default(),
            )
            .await?;
        Ok(format!("{collection}/{}", object.name))
    }

    async fn collection(&self, api_version: &str, kind: &str, namespace: &str) -> Result<String> {
        let prefix = if api_version.contains('/') {
            format!("/apis/{api_version}")
        } else {
            format!("/api/{api_version}")
        };
        let kind = self.kind(&prefix, api_version, kind).await?;
        Ok(match kind.namespaced && !namespace.is_empty() {
            true => format!("{prefix}/namespaces/{namespace}/{}", kind.plural),
            false => format!("{prefix}/{}", kind.plural),
        })
    }

    async fn kind(&self, prefix: &str, api_version: &str, kind: &str) -> Result<Kind> {
        let key = (api_version.to_owned(), kind.to_owned());
        let mut kinds = self.kinds.lock().await;
        if let Some(known) = kinds.get(&key) {
            return Ok(known.clone());
        }
        let found = self
            .send(Method::GET, prefix, "", None)
            .await
            .with_context(|| format!("discovering {api_version}"))?;
        for resource in found["resources"].as_array().into_iter().flatten() {
            let text = |field: &str| resource[field].as_str().unwrap_or_default().to_owned();
            if !text("name").contains('/') {
                let kind = Kind {
                    plural: text("name"),
                    namespaced: resource["namespaced"] == true,
                };
                kinds.insert((api_version.to_owned(), text("kind")), kind);
            }
        }
        kinds
            .get(&key)
            .cloned()
            .ok_or_else(|| anyhow!("the cluster does not know {api_version} {kind}"))
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: Option<&Value>,
    ) -> Result<Value> {
        self.sent.fetch_add(1, Ordering::Relaxed);
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("accept", "application/json");
        if !content_type.is_empty() {
            request = request.header("content-type", content_type);
        }
        let body = body
            .map(serde_json::to_vec)
            .transpose()?
            .unwrap_or_default();
        self.client
            .request(request.body(body)?)
            .await
            .map_err(|error| match error {
                kube::Error::Api(status) => {
                    let code = StatusCode::from_u16(status.code)
                        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                    Refused {
                        status: code,
                        message: status.message.clone(),
                    }
                    .into()
                }
                other => anyhow::Error::new(other),
            })
    }
}

/// The documents of a YAML text.
pub fn documents(text: &str) -> Result<Vec<Value>> {
    use serde::Deserialize;
    let mut found = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        let value = Value::deserialize(document)?;
        if !value.is_null() {
            found.push(value);
        }
    }
    Ok(found)
}

fn absent_is_none(answer: Result<Value>) -> Result<Option<Value>> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(error) => match error.downcast_ref::<Refused>() {
            Some(refused) if refused.status == StatusCode::NOT_FOUND => Ok(None),
            _ => Err(error),
        },
    }
}
