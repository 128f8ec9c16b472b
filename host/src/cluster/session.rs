//! Requests under one identity.

use std::{sync::Arc, time::Duration};

use http::{Method, Request, header};
use serde_json::Value;
use tracing::trace;

use super::{ApiError, Discovery, DiscoveryError, Gvk, Identity, Resource};

/// No single request to the API server may take longer; a hanging connection must not hold a reconcile for ever.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// What a server-side apply sends besides the object.
#[derive(Debug, Clone, Copy)]
pub struct Apply<'a> {
    pub manager: &'a str,
    pub dry_run: bool,
}

#[derive(Debug, Clone, Copy)]
pub enum PatchKind {
    Merge,
    Json,
}

/// The API server as one identity sees it. Cheap to clone.
#[derive(Clone)]
pub struct Session {
    client: kube::Client,
    discovery: Discovery,
    identity: Arc<Identity>,
}

impl Session {
    pub fn new(client: kube::Client) -> Self {
        Self {
            discovery: Discovery::new(client.clone()),
            client,
            identity: Arc::new(Identity::CONTROLLER),
        }
    }

    /// The same server, asked as somebody else.
    pub fn impersonating(&self, identity: Identity) -> Self {
        Self {
            identity: Arc::new(identity),
            ..self.clone()
        }
    }

    pub fn client(&self) -> &kube::Client {
        &self.client
    }

    pub fn discovery(&self) -> &Discovery {
        &self.discovery
    }

    pub async fn resource(&self, gvk: &Gvk) -> Result<Resource, DiscoveryError> {
        self.discovery.resource(gvk).await
    }

    /// `Ok(None)` when there is no such object.
    pub async fn get(
        &self,
        resource: &Resource,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Option<Value>, ApiError> {
        match self
            .send(Method::GET, &resource.path(namespace, name), None, None)
            .await
        {
            Ok(object) => Ok(Some(object)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Server-side apply that takes over conflicting fields.
    pub async fn apply(
        &self,
        resource: &Resource,
        namespace: Option<&str>,
        object: &Value,
        how: Apply<'_>,
    ) -> Result<Value, ApiError> {
        let name = object
            .pointer("/metadata/name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let dry_run = if how.dry_run { "&dryRun=All" } else { "" };
        let path = format!(
            "{}?fieldManager={}&force=true{dry_run}",
            resource.path(namespace, name),
            how.manager
        );
        // JSON is YAML; the server asks for the name of the superset.
        self.send(
            Method::PATCH,
            &path,
            Some("application/apply-patch+yaml"),
            Some(object),
        )
        .await
    }

    pub async fn patch(
        &self,
        path: &str,
        kind: PatchKind,
        manager: &str,
        patch: &Value,
    ) -> Result<Value, ApiError> {
        let content = match kind {
            PatchKind::Merge => "application/merge-patch+json",
            PatchKind::Json => "application/json-patch+json",
        };
        self.send(
            Method::PATCH,
            &format!("{path}?fieldManager={manager}"),
            Some(content),
            Some(patch),
        )
        .await
    }

    pub async fn create(&self, path: &str, object: &Value) -> Result<Value, ApiError> {
        self.send(Method::POST, path, Some("application/json"), Some(object))
            .await
    }

    /// Background propagation. `Ok(false)` when it was gone already. With a `uid`, only that very object is deleted.
    pub async fn delete(
        &self,
        resource: &Resource,
        namespace: Option<&str>,
        name: &str,
        uid: Option<&str>,
    ) -> Result<bool, ApiError> {
        let mut options = serde_json::json!({"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"});
        if let Some(uid) = uid {
            options["preconditions"] = serde_json::json!({ "uid": uid });
        }
        match self
            .send(
                Method::DELETE,
                &resource.path(namespace, name),
                Some("application/json"),
                Some(&options),
            )
            .await
        {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// One request, one JSON answer. Texts of answers are never logged: they may hold Secrets.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        content: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Value, ApiError> {
        let mut request = Request::builder()
            .method(method.clone())
            .uri(path)
            .header(header::ACCEPT, "application/json");
        if let Some(content) = content {
            request = request.header(header::CONTENT_TYPE, content);
        }
        if let Some(user) = self.identity.header() {
            request = request.header("Impersonate-User", user);
        } else if !self.identity.is_controller() {
            return Err(ApiError::Request(
                "the account to impersonate cannot be written as a header".to_owned(),
            ));
        }
        let body = match body {
            Some(body) => serde_json::to_vec(body).map_err(ApiError::Answer)?,
            None => Vec::new(),
        };
        let request = request
            .body(body)
            .map_err(|error| ApiError::Request(error.to_string()))?;
        trace!(%method, path, "request");
        let text = tokio::time::timeout(REQUEST_TIMEOUT, self.client.request_text(request))
            .await
            .map_err(|_| ApiError::Timeout(REQUEST_TIMEOUT))??;
        serde_json::from_str(&text).map_err(ApiError::Answer)
    }
}
