//! Requests to a bucket. Redirects are not followed: a signature is for one host.

use std::time::{Duration, SystemTime};

use reqwest::{Method, Response, StatusCode};

use super::Listed;
use super::sign::{self, EMPTY};
use super::xml;
use crate::http::{Connect, ConnectError, HttpClients};

/// A page of a listing, an error.
const MAX_ANSWER: usize = 8 << 20;
const MAX_OBJECTS: usize = 100_000;
const DEFAULT_REGION: &str = "us-east-1";
/// Of what a server says about a failure.
const MAX_MESSAGE: usize = 500;

#[derive(Clone)]
pub struct Keys {
    pub access: String,
    pub secret: String,
}

pub struct ClientOptions {
    pub endpoint: String,
    pub bucket: String,
    pub region: Option<String>,
    pub insecure: bool,
    pub keys: Option<Keys>,
    pub connect: Connect,
}

#[derive(Debug, thiserror::Error)]
pub enum S3Error {
    #[error("the endpoint '{0}' is no host")]
    Endpoint(String),
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error("the server cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    #[error("{message}")]
    Refused { status: StatusCode, message: String },
    #[error("{0}")]
    Answer(&'static str),
    #[error("more than {0} objects")]
    TooMany(usize),
    #[error("an object has more than {0} bytes")]
    TooLarge(usize),
}

impl S3Error {
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status, .. } if *status == StatusCode::NOT_FOUND)
    }
}

/// One bucket.
pub struct Client {
    http: reqwest::Client,
    options: ClientOptions,
    region: String,
}

impl Client {
    /// # Errors
    /// When the endpoint is no host, or certificates or the proxy are malformed.
    pub fn new(clients: &HttpClients, options: ClientOptions) -> Result<Self, S3Error> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:[]_".contains(&byte);
        if options.endpoint.is_empty() || !options.endpoint.bytes().all(allowed) {
            return Err(S3Error::Endpoint(options.endpoint));
        }
        let region = options.region.clone().filter(|region| !region.is_empty());
        Ok(Self {
            http: clients.get(&options.connect)?,
            region: region.unwrap_or_else(|| DEFAULT_REGION.to_owned()),
            options,
        })
    }

    /// Is there such a bucket? Where its region is not told, the server tells it.
    ///
    /// # Errors
    /// When the server cannot be reached, or lets nobody see it.
    pub async fn exists(&mut self) -> Result<bool, S3Error> {
        for _ in 0..2 {
            let response = self.send(Method::HEAD, "", "").await?;
            let status = response.status();
            let region = response.headers().get("x-amz-bucket-region");
            let region = region.and_then(|region| region.to_str().ok());
            match (status, region) {
                (StatusCode::NOT_FOUND, _) => return Ok(false),
                (status, _) if status.is_success() => return Ok(true),
                (_, Some(region)) if region != self.region && self.options.region.is_none() => {
                    self.region = region.to_owned();
                }
                (StatusCode::FORBIDDEN, _) => {
                    return Err(S3Error::Refused {
                        status,
                        message: "Access Denied.".to_owned(),
                    });
                }
                _ => return Err(refused(response).await),
            }
        }
        Err(S3Error::Answer("the region of the bucket is not clear"))
    }

    /// All objects whose keys begin so.
    ///
    /// # Errors
    /// When the server refuses, or has more than anybody can want.
    pub async fn list(&self, prefix: &str) -> Result<Vec<Listed>, S3Error> {
        let mut objects = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let mut query = String::new();
            if let Some(token) = &next {
                query = format!("continuation-token={}&", sign::encode(token, false));
            }
            query.push_str("list-type=2");
            if !prefix.is_empty() {
                query.push_str(&format!("&prefix={}", sign::encode(prefix, false)));
            }
            let response = self.send(Method::GET, "", &query).await?;
            if !response.status().is_success() {
                return Err(refused(response).await);
            }
            let page = body(response, MAX_ANSWER).await?;
            let page =
                String::from_utf8(page).map_err(|_| S3Error::Answer("the listing is not UTF-8"))?;
            let malformed = || S3Error::Answer("the listing is malformed");
            for object in xml::elements(&page, "Contents") {
                let key = xml::text(object, "Key").ok_or_else(malformed)?;
                let etag = xml::text(object, "ETag").unwrap_or_default();
                let etag = etag.trim_matches('"').to_owned();
                objects.push(Listed { key, etag });
            }
            if objects.len() > MAX_OBJECTS {
                return Err(S3Error::TooMany(MAX_OBJECTS));
            }
            let truncated = xml::text(&page, "IsTruncated").as_deref() == Some("true");
            next = match xml::text(&page, "NextContinuationToken") {
                Some(token) if truncated && next.as_ref() != Some(&token) => Some(token),
                _ if truncated => return Err(malformed()),
                _ => return Ok(objects),
            };
        }
    }

    /// The content of an object, and its tag.
    ///
    /// # Errors
    /// When there is none, it is larger than `limit`, or the server refuses.
    pub async fn get(&self, key: &str, limit: usize) -> Result<(Vec<u8>, String), S3Error> {
        if key.split('/').any(|part| matches!(part, "." | "..")) {
            return Err(S3Error::Answer("the key leads out of the bucket"));
        }
        let response = self.send(Method::GET, key, "").await?;
        if !response.status().is_success() {
            return Err(refused(response).await);
        }
        let etag = response.headers().get(http::header::ETAG);
        let etag = etag.and_then(|etag| etag.to_str().ok()).unwrap_or_default();
        let etag = etag.trim_matches('"').to_owned();
        Ok((body(response, limit).await?, etag))
    }

    async fn send(&self, method: Method, key: &str, query: &str) -> Result<Response, S3Error> {
        let ClientOptions {
            endpoint,
            bucket,
            insecure,
            keys,
            ..
        } = &self.options;
        let scheme = if *insecure { "http" } else { "https" };
        let path = format!(
            "/{}/{}",
            sign::encode(bucket, false),
            sign::encode(key, true)
        );
        let mut url = format!("{scheme}://{endpoint}{path}");
        if !query.is_empty() {
            url.push_str(&format!("?{query}"));
        }
        let mut request = self.http.request(method.clone(), url);
        if let Some(keys) = keys {
            let time = sign::time(SystemTime::now());
            let signed = sign::Request {
                method: method.as_str(),
                host: host(endpoint, *insecure),
                path: &path,
                query,
            };
            let authorization = sign::authorization(&signed, keys, &self.region, &time);
            request = request
                .header("x-amz-content-sha256", EMPTY)
                .header("x-amz-date", time)
                .header(http::header::AUTHORIZATION, authorization);
        }
        let response = request.send().await;
        response.map_err(|error| S3Error::Unreachable(error.without_url()))
    }
}

/// As the header `Host` has it: without the port that the scheme implies.
fn host(endpoint: &str, insecure: bool) -> &str {
    let implied = if insecure { ":80" } else { ":443" };
    endpoint.strip_suffix(implied).unwrap_or(endpoint)
}

async fn body(mut response: Response, limit: usize) -> Result<Vec<u8>, S3Error> {
    let mut content = Vec::new();
    let failed = |error: reqwest::Error| S3Error::Unreachable(error.without_url());
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if content.len() + chunk.len() > limit {
            return Err(S3Error::TooLarge(limit));
        }
        content.extend_from_slice(&chunk);
    }
    Ok(content)
}

async fn refused(response: Response) -> S3Error {
    let status = response.status();
    let content = body(response, MAX_ANSWER).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&content);
    let message = xml::text(&text, "Message").unwrap_or_else(|| status.to_string());
    let message = message.chars().filter(|c| !c.is_control());
    S3Error::Refused {
        status,
        message: message.take(MAX_MESSAGE).collect(),
    }
}
