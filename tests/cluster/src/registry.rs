//! A container registry in this process: it answers what the distribution specification asks of a reader, and lies where a test wants
//! it to. Signatures are made as version 2 of cosign makes them with a key.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::header::CONTENT_TYPE;
use http::{Method, StatusCode, Uri};
use rcgen::{KeyPair, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// What a component is in a registry.
pub const WASM: &str = "application/wasm";

type Contents = BTreeMap<String, (&'static str, Vec<u8>)>;

/// It ends with the value.
pub struct Registry {
    address: SocketAddr,
    contents: Arc<Mutex<Contents>>,
    server: tokio::task::JoinHandle<()>,
}

impl Registry {
    pub async fn start() -> Result<Self> {
        Self::start_at(0).await
    }

    /// At a port of 127.0.0.1.
    pub async fn start_at(port: u16) -> Result<Self> {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
        let address = listener.local_addr()?;
        let contents = Arc::new(Mutex::new(Contents::new()));
        let router = Router::new().fallback(answer).with_state(contents.clone());
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self {
            address,
            contents,
            server,
        })
    }

    /// Address of a repository for an OCIRepository.
    pub fn url(&self, repository: &str) -> String {
        format!("oci://{}/{repository}", self.address)
    }

    /// Pushes a component, and gives the digest of its manifest.
    pub fn push(&self, repository: &str, tag: &str, component: &[u8]) -> String {
        self.push_layer(repository, tag, WASM, component)
    }

    pub fn push_layer(
        &self,
        repository: &str,
        tag: &str,
        media_type: &str,
        layer: &[u8],
    ) -> String {
        let layer = json!({
            "mediaType": media_type, "digest": self.blob(repository, layer), "size": layer.len(),
        });
        self.manifest(repository, tag, layer)
    }

    /// Pushes a layer with annotations of its manifest.
    pub fn push_annotated(
        &self,
        repository: &str,
        tag: &str,
        (media_type, layer): (&str, &[u8]),
        annotations: Value,
    ) -> String {
        let layer = json!({
            "mediaType": media_type, "digest": self.blob(repository, layer), "size": layer.len(),
        });
        self.manifest_with(repository, tag, layer, annotations)
    }

    /// Signs a manifest with a key, as cosign stores it: under a tag that its digest makes.
    pub fn sign(&self, repository: &str, digest: &str, key: &KeyPair) -> Result<()> {
        let payload = json!({
            "critical": {
                "identity": {"docker-reference": format!("{}/{repository}", self.address)},
                "image": {"docker-manifest-digest": digest},
                "type": "cosign container image signature",
            },
            "optional": null,
        })
        .to_string();
        let signature = BASE64_STANDARD.encode(key.sign(payload.as_bytes())?);
        let layer = json!({
            "mediaType": "application/vnd.dev.cosign.simplesigning.v1+json",
            "digest": self.blob(repository, payload.as_bytes()),
            "size": payload.len(),
            "annotations": {"dev.cosignproject.cosign/signature": signature},
        });
        self.manifest(
            repository,
            &format!("{}.sig", digest.replace(':', "-")),
            layer,
        );
        Ok(())
    }

    /// From now on, `content` is what the registry sends as the blob or manifest of a digest.
    pub fn lie(&self, repository: &str, digest: &str, content: Vec<u8>) -> Result<()> {
        let mut contents = self.contents.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lied = false;
        for kind in ["blobs", "manifests"] {
            if let Some(entry) = contents.get_mut(&format!("{repository}/{kind}/{digest}")) {
                entry.1 = content.clone();
                lied = true;
            }
        }
        lied.then_some(()).context("there is nothing to lie about")
    }

    fn blob(&self, repository: &str, content: &[u8]) -> String {
        let digest = digest(content);
        let path = format!("{repository}/blobs/{digest}");
        self.put(path, "application/octet-stream", content.to_vec());
        digest
    }

    fn manifest(&self, repository: &str, tag: &str, layer: Value) -> String {
        self.manifest_with(repository, tag, layer, json!({}))
    }

    fn manifest_with(
        &self,
        repository: &str,
        tag: &str,
        layer: Value,
        annotations: Value,
    ) -> String {
        let config = json!({
            "mediaType": "application/vnd.wasm.config.v0+json",
            "digest": self.blob(repository, b"{}"),
            "size": 2,
        });
        let content = json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer],
            "annotations": annotations,
        })
        .to_string()
        .into_bytes();
        let digest = digest(&content);
        for name in [tag, &digest] {
            self.put(
                format!("{repository}/manifests/{name}"),
                MANIFEST,
                content.clone(),
            );
        }
        digest
    }

    fn put(&self, path: String, media_type: &'static str, content: Vec<u8>) {
        let mut contents = self.contents.lock().unwrap_or_else(PoisonError::into_inner);
        contents.insert(path, (media_type, content));
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// `sha256:<hex>`.
pub fn digest(content: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(content)))
}

/// The names of manifests that are no digests.
fn tags(contents: &Mutex<Contents>, repository: &str) -> Response {
    let contents = contents.lock().unwrap_or_else(PoisonError::into_inner);
    let prefix = format!("{repository}/manifests/");
    let names = contents
        .keys()
        .filter_map(|path| path.strip_prefix(&prefix));
    let tags: Vec<&str> = names.filter(|name| !name.contains(':')).collect();
    axum::Json(json!({ "name": repository, "tags": tags })).into_response()
}

async fn answer(
    State(contents): State<Arc<Mutex<Contents>>>,
    method: Method,
    uri: Uri,
) -> Response {
    let Some(path) = uri.path().strip_prefix("/v2/") else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if path.is_empty() {
        return StatusCode::OK.into_response();
    }
    if let Some(repository) = path.strip_suffix("/tags/list") {
        return tags(&contents, repository);
    }
    let found = {
        let contents = contents.lock().unwrap_or_else(PoisonError::into_inner);
        contents.get(path).cloned()
    };
    let Some((media_type, content)) = found else {
        return (
            StatusCode::NOT_FOUND,
            r#"{"errors":[{"code":"NOT_FOUND"}]}"#,
        )
            .into_response();
    };
    let digest = digest(&content);
    let length = content.len();
    let body = if method == Method::HEAD {
        Body::empty()
    } else {
        Body::from(content)
    };
    let mut response = body.into_response();
    let headers = response.headers_mut();
    let values = [
        (CONTENT_TYPE.as_str(), media_type.to_owned()),
        ("docker-content-digest", digest),
        ("content-length", length.to_string()),
    ];
    for (name, value) in values {
        if let (Ok(name), Ok(value)) = (http::HeaderName::try_from(name), value.parse()) {
            headers.insert(name, value);
        }
    }
    response
}
