//! A proxy before the API server that can fail in every way that networks and servers do: refuse, delay, cut before or after the request
//! got through, and end watches. What it does is decided request by request, so that a test knows what it hit.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, Response, StatusCode, header};
use futures::StreamExt;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::json;

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The server answers so by itself, and the request does not get through.
    Status(u16),
    /// The connection ends before the request gets through.
    CutBefore,
    /// The request gets through, and the connection ends before the answer.
    CutAfter,
    /// The answer comes late.
    Delay(Duration),
    /// The answer ends after so many bytes.
    CutAt(usize),
    /// A watch is told that its version is too old.
    Gone,
    /// It never gets through, and is never answered.
    Hold,
    /// It gets through, and is never answered.
    HoldAnswer,
}

/// A request, as far as faults depend on it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    /// Path and query.
    pub path: String,
}

impl Seen {
    pub fn is_watch(&self) -> bool {
        self.path.contains("watch=true")
    }

    pub fn is_dry_run(&self) -> bool {
        self.path.contains("dryRun=")
    }
}

type Rule = Box<dyn Fn(&Seen) -> Option<Fault> + Send + Sync>;

#[derive(Clone)]
struct Shared {
    client: kube::Client,
    rule: Arc<RwLock<Rule>>,
}

/// Ends with the runtime that it was started in.
pub struct FaultProxy {
    shared: Shared,
    kubeconfig: PathBuf,
}

impl FaultProxy {
    /// Without faults at first. Its kubeconfig goes to `folder`.
    pub async fn start(folder: &Path, kubeconfig: &Path) -> Result<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = Kubeconfig::read_from(kubeconfig)?;
        let config =
            kube::Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await?;
        let rule: Rule = Box::new(|_| None);
        let shared = Shared {
            client: kube::Client::try_from(config)?,
            rule: Arc::new(RwLock::new(rule)),
        };
        let router = Router::new().fallback(pass).with_state(shared.clone());
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        tokio::spawn(async move { axum::serve(listener, router).await });
        let kubeconfig = folder.join("faults.kubeconfig");
        let file = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "it",
            "clusters": [{ "name": "it", "cluster": { "server": format!("http://{address}") } }],
            "users": [{ "name": "it", "user": {} }],
            "contexts": [{ "name": "it", "context": { "cluster": "it", "user": "it" } }],
        });
        std::fs::create_dir_all(folder)?;
        std::fs::write(&kubeconfig, file.to_string())?;
        Ok(Self { shared, kubeconfig })
    }

    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// From now on, what happens to each request.
    pub fn set(&self, rule: impl Fn(&Seen) -> Option<Fault> + Send + Sync + 'static) {
        *self
            .shared
            .rule
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Box::new(rule);
    }

    /// No more faults.
    pub fn heal(&self) {
        self.set(|_| None);
    }
}

async fn pass(State(shared): State<Shared>, request: Request<Body>) -> Response<Body> {
    let seen = Seen {
        method: request.method().to_string(),
        path: request
            .uri()
            .path_and_query()
            .map_or_else(String::new, ToString::to_string),
    };
    let fault = (shared.rule.read().unwrap_or_else(PoisonError::into_inner))(&seen);
    match fault {
        Some(Fault::Status(code)) => return refused(code),
        Some(Fault::Gone) => return gone(),
        Some(Fault::CutBefore) => return cut(),
        Some(Fault::Hold) => std::future::pending().await,
        Some(Fault::Delay(pause)) => tokio::time::sleep(pause).await,
        Some(Fault::CutAfter | Fault::CutAt(_) | Fault::HoldAnswer) | None => {}
    }
    let Ok(answer) = forward(&shared.client, request).await else {
        return refused(502);
    };
    match fault {
        Some(Fault::CutAfter) => cut(),
        Some(Fault::HoldAnswer) => std::future::pending().await,
        Some(Fault::CutAt(bytes)) => answer.map(|body| cut_at(body, bytes)),
        _ => answer,
    }
}

async fn forward(client: &kube::Client, request: Request<Body>) -> Result<Response<Body>> {
    let (mut parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, 64 << 20).await?;
    // The client knows where the server is and how it is asked there.
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    parts.uri = path.parse()?;
    parts.headers.remove(header::HOST);
    parts.headers.remove(header::CONTENT_LENGTH);
    let request = Request::from_parts(parts, kube::client::Body::from(bytes.to_vec()));
    Ok(client.send(request).await?.map(Body::new))
}

fn refused(code: u16) -> Response<Body> {
    let reason = match code {
        429 => "TooManyRequests",
        503 => "ServiceUnavailable",
        504 => "Timeout",
        _ => "InternalError",
    };
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason,
        "message": format!("the proxy of the test answers {code}"),
    });
    let mut answer = Response::new(Body::from(status.to_string()));
    *answer.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = answer.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("application/json"),
    );
    if code == 429 {
        headers.insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
    }
    answer
}

/// The event by which a watch learns that it has to list again.
fn gone() -> Response<Body> {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 410, "reason": "Expired",
        "message": "too old resource version",
    });
    let event = json!({ "type": "ERROR", "object": status });
    Response::new(Body::from(format!("{event}\n")))
}

/// The server's side of a connection that breaks: its task ends, and nothing is said.
fn cut() -> Response<Body> {
    std::panic::resume_unwind(Box::new("the connection is cut"))
}

fn cut_at(body: Body, bytes: usize) -> Body {
    let mut left = bytes;
    let stream = body.into_data_stream().map(move |chunk| {
        let mut chunk = chunk.map_err(std::io::Error::other)?;
        if left == 0 {
            return Err(std::io::Error::other("the connection is cut"));
        }
        chunk.truncate(left);
        left -= chunk.len();
        Ok(chunk)
    });
    Body::from_stream(stream)
}
