//! The connection to a git server: two kinds of request, with a deadline, a limit on every answer, and credentials that stay
//! with the server they were given for.

use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, LOCATION, USER_AGENT};
use reqwest::{Response, StatusCode, Url};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::error::printable;
use super::{Credentials, RemoteError, RemoteUrl};

const MAX_REDIRECTS: usize = 5;

/// Servers tell git clients from browsers by this beginning, and answer browsers with pages.
const CLIENT: &str = concat!("git/2.0 (rosin/", env!("CARGO_PKG_VERSION"), ")");

/// How long one fetch may take, and how to end it early.
#[derive(Clone)]
pub struct Budget {
    pub deadline: Instant,
    pub cancelled: CancellationToken,
    /// The whole time, for messages.
    timeout: Duration,
}

impl Budget {
    /// `timeout` from now, for everything: Flux's `spec.timeout`.
    #[must_use]
    pub fn new(timeout: Duration, cancelled: CancellationToken) -> Self {
        Self {
            deadline: Instant::now() + timeout,
            cancelled,
            timeout,
        }
    }

    pub(super) fn check(&self) -> Result<(), RemoteError> {
        if self.cancelled.is_cancelled() {
            return Err(RemoteError::Cancelled);
        }
        if Instant::now() >= self.deadline {
            return Err(RemoteError::Timeout(self.timeout));
        }
        Ok(())
    }

    async fn limit<T>(
        &self,
        work: impl Future<Output = Result<T, RemoteError>>,
    ) -> Result<T, RemoteError> {
        tokio::select! {
            biased;
            () = self.cancelled.cancelled() => Err(RemoteError::Cancelled),
            () = tokio::time::sleep_until(self.deadline.into()) => Err(RemoteError::Timeout(self.timeout)),
            done = work => done,
        }
    }
}

/// How much a server may send.
#[derive(Debug, Clone, Copy)]
pub struct ResponseLimits {
    /// The list of references.
    pub references: u64,
    /// The objects of one fetch, packed.
    pub pack: u64,
}

impl Default for ResponseLimits {
    fn default() -> Self {
        Self {
            references: 256 << 20,
            pack: 4 << 30,
        }
    }
}

pub(super) struct Connection {
    client: reqwest::Client,
    runtime: Handle,
    credentials: Credentials,
    limits: ResponseLimits,
    budget: Budget,
}

impl Connection {
    pub(super) fn new(
        client: reqwest::Client,
        runtime: Handle,
        credentials: Credentials,
        limits: ResponseLimits,
        budget: Budget,
    ) -> Self {
        Self {
            client,
            runtime,
            credentials,
            limits,
            budget,
        }
    }

    pub(super) fn budget(&self) -> &Budget {
        &self.budget
    }

    pub(super) fn limits(&self) -> &ResponseLimits {
        &self.limits
    }

    /// The list of references, and the address that the server wants to be asked at from now on.
    pub(super) fn references(&self, remote: &RemoteUrl) -> Result<(Url, Bytes), RemoteError> {
        self.runtime
            .block_on(self.budget.limit(self.list(remote.url())))
    }

    /// Sends a request for objects; the answer is read with [`Connection::chunk`].
    pub(super) fn exchange(&self, base: &Url, request: Vec<u8>) -> Result<Response, RemoteError> {
        let work = async {
            let url = RemoteUrl::service(base, "git-upload-pack");
            let post = self.client.post(url.clone()).body(request);
            let post = post
                .header(CONTENT_TYPE, "application/x-git-upload-pack-request")
                .header(ACCEPT, "application/x-git-upload-pack-result")
                .header(USER_AGENT, CLIENT);
            let response = self
                .credentials
                .apply(post)
                .send()
                .await
                .map_err(http_error)?;
            if response.status() == StatusCode::OK {
                Ok(response)
            } else {
                Err(self.refusal(&url, response).await)
            }
        };
        self.runtime.block_on(self.budget.limit(work))
    }

    pub(super) fn chunk(&self, response: &mut Response) -> Result<Option<Bytes>, RemoteError> {
        self.runtime.block_on(
            self.budget
                .limit(async { response.chunk().await.map_err(http_error) }),
        )
    }

    async fn list(&self, repository: &Url) -> Result<(Url, Bytes), RemoteError> {
        let mut base = repository.clone();
        for _ in 0..=MAX_REDIRECTS {
            let mut url = RemoteUrl::service(&base, "info/refs");
            url.query_pairs_mut()
                .append_pair("service", "git-upload-pack");
            let get = self
                .client
                .get(url.clone())
                .header(CACHE_CONTROL, "no-cache")
                .header(USER_AGENT, CLIENT);
            let response = self
                .credentials
                .apply(get)
                .send()
                .await
                .map_err(http_error)?;
            if response.status().is_redirection() {
                base = self.follow(&base, &url, &response)?;
                continue;
            }
            if response.status() != StatusCode::OK {
                return Err(self.refusal(&url, response).await);
            }
            let kind = response
                .headers()
                .get(CONTENT_TYPE)
                .and_then(|kind| kind.to_str().ok());
            if kind != Some("application/x-git-upload-pack-advertisement") {
                return Err(RemoteError::Protocol(
                    "it does not speak the smart HTTP protocol",
                ));
            }
            return Ok((base, read_all(response, self.limits.references).await?));
        }
        Err(RemoteError::Redirect)
    }

    /// Where a redirect of the list leads. Credentials are for one scheme, host and port; elsewhere we do not even ask without them,
    /// since the refusal that would come back hides the reason.
    fn follow(&self, base: &Url, asked: &Url, response: &Response) -> Result<Url, RemoteError> {
        let location = response
            .headers()
            .get(LOCATION)
            .and_then(|location| location.to_str().ok());
        let target = location
            .and_then(|location| asked.join(location).ok())
            .ok_or(RemoteError::Redirect)?;
        let path = target
            .path()
            .strip_suffix("/info/refs")
            .ok_or(RemoteError::Redirect)?;
        let mut next = target.clone();
        next.set_path(path);
        // The query is that of the list; one that the repository's own address had is kept.
        next.set_query(base.query());
        next.set_fragment(None);
        if !matches!(next.scheme(), "http" | "https")
            || !next.username().is_empty()
            || next.password().is_some()
        {
            return Err(RemoteError::Redirect);
        }
        if base.scheme() == "https" && next.scheme() == "http" {
            return Err(RemoteError::RedirectToPlain);
        }
        if !self.credentials.is_empty() && next.origin() != base.origin() {
            return Err(RemoteError::RedirectWithCredentials(
                next.origin().ascii_serialization(),
            ));
        }
        Ok(next)
    }

    async fn refusal(&self, url: &Url, response: Response) -> RemoteError {
        let status = response.status();
        // Servers explain themselves here, and Flux shows it.
        let body = read_all(response, 4096).await.unwrap_or_default();
        match status {
            StatusCode::UNAUTHORIZED => RemoteError::AuthenticationRequired(printable(&body)),
            StatusCode::FORBIDDEN => RemoteError::AuthorizationFailed(printable(&body)),
            StatusCode::NOT_FOUND => RemoteError::RepositoryNotFound(printable(&body)),
            _ if status.is_redirection() => RemoteError::Redirect,
            _ => {
                let mut shown = url.clone();
                let own_query = shown
                    .query()
                    .is_some_and(|query| query != "service=git-upload-pack");
                if own_query {
                    shown.set_query(None);
                }
                RemoteError::Status {
                    url: shown.to_string(),
                    status: status.as_u16(),
                }
            }
        }
    }
}

async fn read_all(mut response: Response, limit: u64) -> Result<Bytes, RemoteError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(http_error)? {
        if (body.len() + chunk.len()) as u64 > limit {
            return Err(RemoteError::TooLarge(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.into())
}

/// The causes in one line, without the URL: it may hold a token, and the message around it names the repository.
fn http_error(error: reqwest::Error) -> RemoteError {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    RemoteError::Http(printable(text.as_bytes()))
}
