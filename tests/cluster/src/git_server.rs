//! A real smart-HTTP git server on loopback: git's own `http-backend` as CGI behind a small HTTP server, which can ask for a password
//! and can fail on request.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::thread;

use anyhow::{Context, Result, anyhow, bail};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::sync::oneshot;

/// Larger than any pack of a test.
const BODY_LIMIT: usize = 256 << 20;

/// The server; it stops when dropped. Repositories are bare folders `NAME.git` below its root.
pub struct GitServer {
    root: PathBuf,
    address: SocketAddr,
    rules: Rules,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

type Rules = Arc<Mutex<HashMap<String, Rule>>>;

/// How requests to one repository are answered, where that is not as git would.
#[derive(Clone, Default)]
struct Rule {
    credentials: Option<String>,
    failure: Option<StatusCode>,
    requests: u64,
}

#[derive(Clone)]
struct Shared {
    root: PathBuf,
    rules: Rules,
}

impl GitServer {
    /// Serves the repositories below `root` from a thread of its own, so that it outlives the runtime of a test.
    pub fn start(root: &Path) -> Result<Self> {
        Self::start_at(root, 0)
    }

    /// On a port of the caller's choice; 0 is any.
    pub fn start_at(root: &Path, port: u16) -> Result<Self> {
        std::fs::create_dir_all(root)?;
        let listener =
            std::net::TcpListener::bind(("127.0.0.1", port)).context("binding the git server")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let rules = Rules::default();
        let app = Router::new().fallback(answer).with_state(Shared {
            root: root.to_owned(),
            rules: Arc::clone(&rules),
        });
        let (stop, stopped) = oneshot::channel::<()>();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let thread = thread::Builder::new()
            .name("git-server".into())
            .spawn(move || {
                runtime.block_on(async {
                    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
                        return;
                    };
                    tokio::select! {
                        _ = axum::serve(listener, app) => {}
                        _ = stopped => {}
                    }
                });
            })?;
        Ok(Self {
            root: root.to_owned(),
            address,
            rules,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn url(&self, repository: &str) -> String {
        format!("http://{}/{repository}.git", self.address)
    }

    /// From now on, only requests with these credentials are answered.
    pub fn require(&self, repository: &str, user: &str, password: &str) {
        let credentials = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
        self.change(repository, |rule| rule.credentials = Some(credentials));
    }

    /// From now on, every request is answered with this status; with `None`, as it should be.
    pub fn fail(&self, repository: &str, status: Option<u16>) {
        let failure = status.and_then(|status| StatusCode::from_u16(status).ok());
        self.change(repository, |rule| rule.failure = failure);
    }

    /// The requests to a repository so far.
    pub fn requests(&self, repository: &str) -> u64 {
        self.rules
            .lock()
            .ok()
            .and_then(|rules| rules.get(repository).map(|rule| rule.requests))
            .unwrap_or_default()
    }

    fn change(&self, repository: &str, change: impl FnOnce(&mut Rule)) {
        if let Ok(mut rules) = self.rules.lock() {
            change(rules.entry(repository.to_owned()).or_default());
        }
    }
}

impl Drop for GitServer {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn answer(State(shared): State<Shared>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let Some((name, _)) = path.trim_start_matches('/').split_once(".git/") else {
        return (StatusCode::NOT_FOUND, "not a repository\n").into_response();
    };
    let rule = match shared.rules.lock() {
        Ok(mut rules) => {
            let rule = rules.entry(name.to_owned()).or_default();
            rule.requests += 1;
            rule.clone()
        }
        Err(_) => Rule::default(),
    };
    if let Some(status) = rule.failure {
        return (status, "the server fails as it was told to\n").into_response();
    }
    let given = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    if rule.credentials.is_some() && given != rule.credentials.as_deref() {
        let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"git\"")];
        return (
            StatusCode::UNAUTHORIZED,
            challenge,
            "authentication required\n",
        )
            .into_response();
    }
    match backend(&shared.root, request).await {
        Ok(response) => response,
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}\n")).into_response(),
    }
}

/// One request through `git http-backend`.
async fn backend(root: &Path, request: Request) -> Result<Response> {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, BODY_LIMIT).await?;
    let of_header = |name: &str| {
        head.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let mut child = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REQUEST_METHOD", head.method.as_str())
        .env("PATH_INFO", head.uri.path())
        .env("QUERY_STRING", head.uri.query().unwrap_or_default())
        .env("CONTENT_TYPE", of_header("content-type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", of_header("content-encoding"))
        .env("GIT_PROTOCOL", of_header("git-protocol"))
        .env("REMOTE_USER", "git")
        .env("REMOTE_ADDR", "127.0.0.1")
        // What large hosts allow, and what the fetch of a single commit needs; and tests may run as root over others' folders.
        .env("GIT_CONFIG_COUNT", "2")
        .env("GIT_CONFIG_KEY_0", "safe.directory")
        .env("GIT_CONFIG_VALUE_0", "*")
        .env("GIT_CONFIG_KEY_1", "uploadpack.allowAnySHA1InWant")
        .env("GIT_CONFIG_VALUE_1", "true")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("starting git http-backend")?;
    let mut input = child.stdin.take().ok_or_else(|| anyhow!("no stdin"))?;
    // It may answer, and close, before it has read all.
    let feed = async move {
        let _ = input.write_all(&body).await;
    };
    let ((), output) = tokio::join!(feed, child.wait_with_output());
    let output = Bytes::from(output?.stdout);
    let end = output.windows(4).position(|four| four == b"\r\n\r\n");
    let Some(end) = end else {
        bail!("git http-backend gave no answer")
    };
    let (status, headers) = cgi_head(std::str::from_utf8(&output[..end])?)?;
    let mut response = (status, Body::from(output.slice(end + 4..))).into_response();
    // Those of the CGI only: no content type of ours beside git's.
    *response.headers_mut() = headers;
    Ok(response)
}

fn cgi_head(text: &str) -> Result<(StatusCode, HeaderMap)> {
    let mut status = StatusCode::OK;
    let mut headers = HeaderMap::new();
    for line in text.lines() {
        let Some((name, value)) = line.split_once(": ") else {
            continue;
        };
        match name.eq_ignore_ascii_case("status") {
            true => status = value.get(..3).unwrap_or_default().parse()?,
            false => {
                headers.append(header::HeaderName::try_from(name)?, value.parse()?);
            }
        }
    }
    Ok((status, headers))
}
