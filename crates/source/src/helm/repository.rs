//! Requests to a Helm repository over HTTP. Credentials go to the server of the index, and to others only where an object says so.

use std::io::Write;
use std::time::Duration;

use http::header::{HeaderValue, LOCATION};
use reqwest::{Response, Url};

use crate::artifact::{Blob, Store, StoreError};
use crate::http::{Connect, ConnectError, HttpClients};

const MAX_REDIRECTS: usize = 10;

#[derive(Debug, thiserror::Error)]
pub enum RepositoryError {
    #[error("the address is not valid")]
    Address,
    #[error("'{0}' URL scheme is not supported")]
    Scheme(String),
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error("failed to fetch {url} : {status}")]
    Status {
        url: String,
        status: reqwest::StatusCode,
    },
    #[error("failed to fetch {url}")]
    Unreachable {
        url: String,
        #[source]
        source: reqwest::Error,
    },
    #[error("failed to fetch {url}: no answer within {seconds} seconds")]
    Timeout { url: String, seconds: u64 },
    #[error("failed to fetch {url}: a redirect to no usable address")]
    Redirect { url: String },
    #[error("{what} exceeds the maximum size of {limit} bytes")]
    TooLarge { what: &'static str, limit: u64 },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How a repository is reached.
#[derive(Default)]
pub struct RepositoryOptions {
    pub connect: Connect,
    /// User and password.
    pub credentials: Option<(String, String)>,
    /// Also to servers that the index leads to.
    pub pass_credentials: bool,
    /// For a whole download.
    pub timeout: Duration,
}

pub struct Repository {
    base: Url,
    client: reqwest::Client,
    options: RepositoryOptions,
}

/// What came, in a file that nobody else sees.
pub struct Download {
    pub blob: Blob,
    /// `sha256:<hex>` of it.
    pub digest: String,
    pub size: u64,
}

impl Repository {
    /// # Errors
    /// When the address is none, or certificates or the proxy are malformed.
    pub fn new(
        clients: &HttpClients,
        url: &str,
        options: RepositoryOptions,
    ) -> Result<Self, RepositoryError> {
        let mut base = Url::parse(url).map_err(|_| RepositoryError::Address)?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(RepositoryError::Scheme(base.scheme().to_owned()));
        }
        if base.host_str().is_none_or(str::is_empty) {
            return Err(RepositoryError::Address);
        }
        // One slash at the end makes other addresses relative to the folder.
        let path = format!("{}/", base.path().trim_end_matches('/'));
        base.set_path(&path);
        Ok(Self {
            base,
            client: clients.get(&options.connect)?,
            options,
        })
    }

    /// The index of the repository.
    ///
    /// # Errors
    /// When the server does not give it, or it is larger than `limit`.
    pub async fn index(&self, store: &Store, limit: u64) -> Result<Download, RepositoryError> {
        let mut url = self.base.clone();
        url.set_path(&format!("{}index.yaml", self.base.path()));
        self.download(url, "the index", store, limit).await
    }

    /// A chart, whose address may be relative to the index.
    ///
    /// # Errors
    /// When the server does not give it, or it is larger than `limit`.
    pub async fn chart(
        &self,
        address: &str,
        store: &Store,
        limit: u64,
    ) -> Result<Download, RepositoryError> {
        let mut url = self
            .base
            .join(address)
            .map_err(|_| RepositoryError::Address)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(RepositoryError::Scheme(url.scheme().to_owned()));
        }
        if Url::parse(address).is_err() {
            // Servers that are told apart by a query, or let in by one, want it for charts too.
            url.set_query(self.base.query());
        }
        self.download(url, "the chart", store, limit).await
    }

    async fn download(
        &self,
        url: Url,
        what: &'static str,
        store: &Store,
        limit: u64,
    ) -> Result<Download, RepositoryError> {
        let address = shown(&url);
        let download = self.stream(url, what, store, limit);
        match tokio::time::timeout(self.options.timeout, download).await {
            Ok(done) => done,
            Err(_) => Err(RepositoryError::Timeout {
                url: address,
                seconds: self.options.timeout.as_secs(),
            }),
        }
    }

    async fn stream(
        &self,
        url: Url,
        what: &'static str,
        store: &Store,
        limit: u64,
    ) -> Result<Download, RepositoryError> {
        let (mut response, url) = self.get(url).await?;
        let mut blob = store.blob()?;
        let mut size: u64 = 0;
        while let Some(chunk) = response.chunk().await.map_err(unreachable(&url))? {
            size += chunk.len() as u64;
            if size > limit {
                return Err(RepositoryError::TooLarge { what, limit });
            }
            blob.write_all(&chunk).map_err(StoreError::from)?;
        }
        let digest = blob.finish().map_err(StoreError::from)?;
        Ok(Download { blob, digest, size })
    }

    async fn get(&self, mut url: Url) -> Result<(Response, Url), RepositoryError> {
        let mut redirects = 0;
        loop {
            let mut request = self.client.get(url.clone());
            let trusted = url.origin() == self.base.origin()
                || (self.options.pass_credentials && redirects == 0);
            if let Some((user, password)) = self.options.credentials.as_ref().filter(|_| trusted) {
                request = request.basic_auth(user, Some(password));
            }
            let response = request.send().await.map_err(unreachable(&url))?;
            let status = response.status();
            if status.is_success() {
                return Ok((response, url));
            }
            if !status.is_redirection() || redirects == MAX_REDIRECTS {
                let url = shown(&url);
                return Err(RepositoryError::Status { url, status });
            }
            redirects += 1;
            let location = response.headers().get(LOCATION).map(HeaderValue::to_str);
            let to = match location {
                Some(Ok(location)) => url.join(location).ok(),
                _ => None,
            };
            let sound = |to: &Url| {
                to.scheme() == "https" || (to.scheme() == "http" && url.scheme() == "http")
            };
            url = to
                .filter(sound)
                .ok_or_else(|| RepositoryError::Redirect { url: shown(&url) })?;
        }
    }
}

fn unreachable(url: &Url) -> impl FnOnce(reqwest::Error) -> RepositoryError + use<> {
    let url = shown(url);
    move |error| RepositoryError::Unreachable {
        url,
        source: error.without_url(),
    }
}

/// The address without what may be secret.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // Both fail only for addresses without a host.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.to_string()
}
