//! Requests to one repository of a registry.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::header::{ACCEPT, AUTHORIZATION, HeaderValue, LINK, LOCATION, WWW_AUTHENTICATE};
use reqwest::{Method, Response, StatusCode, Url};
use serde::Deserialize;

use super::auth::Challenge;
use super::manifest::{self, Document, Index, digest_of, is_digest};
use super::{Credentials, Manifest, OciError, Repository};
use crate::http::{Connect, HttpClients};

/// A manifest, a page of tags, a token, an error.
const MAX_ANSWER: u64 = 4 << 20;
const MAX_TAGS: usize = 200_000;
const MAX_REDIRECTS: usize = 5;
/// Of what an upstream says about a failure.
const MAX_MESSAGE: usize = 500;

/// How a registry is reached.
#[derive(Default)]
pub struct RegistryOptions {
    pub connect: Connect,
    pub credentials: Credentials,
    /// Plain HTTP will do where the registry speaks nothing else.
    pub insecure: bool,
    /// For each exchange.
    pub timeout: Duration,
}

/// One repository, for the time of a reconcile: it remembers how the registry wants to be spoken to.
pub struct Registry {
    client: reqwest::Client,
    repository: Repository,
    credentials: Credentials,
    plain_allowed: bool,
    pub(super) timeout: Duration,
    session: Mutex<Session>,
}

struct Session {
    scheme: &'static str,
    authorization: Option<HeaderValue>,
}

impl Registry {
    /// # Errors
    /// When certificates, keys or the proxy are malformed.
    pub fn new(
        clients: &HttpClients,
        repository: Repository,
        options: RegistryOptions,
    ) -> Result<Self, OciError> {
        let RegistryOptions {
            connect,
            credentials,
            insecure,
            timeout,
        } = options;
        Ok(Self {
            client: clients.get(&connect)?,
            plain_allowed: insecure || repository.is_local(),
            repository,
            credentials,
            timeout,
            session: Mutex::new(Session {
                scheme: "https",
                authorization: None,
            }),
        })
    }

    #[must_use]
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// All tags.
    ///
    /// # Errors
    /// When the registry refuses, or has more than anybody can want.
    pub async fn tags(&self) -> Result<Vec<String>, OciError> {
        #[derive(Deserialize)]
        struct Page {
            tags: Option<Vec<String>>,
        }
        let mut tags = Vec::new();
        let mut target = Target::Path("tags/list?n=1000".to_owned());
        loop {
            let (response, url) = self.get(target, None).await?;
            let next = next_page(&response, &url);
            let page = self.body("GET", response, &url).await?;
            let page: Page = serde_json::from_slice(&page).map_err(|_| OciError::Answer {
                url: shown(&url),
                reason: "the list of tags is malformed",
            })?;
            tags.extend(page.tags.unwrap_or_default());
            if tags.len() > MAX_TAGS {
                return Err(OciError::TooManyTags(MAX_TAGS));
            }
            match next {
                Some(next) if next != url => target = Target::Url(next),
                _ => return Ok(tags),
            }
        }
    }

    /// The digest of the manifest of a tag.
    ///
    /// # Errors
    /// When there is none, or the registry refuses.
    pub async fn digest(&self, tag: &str) -> Result<String, OciError> {
        let path = format!("manifests/{tag}");
        if let Ok((response, _)) = self
            .send(
                Method::HEAD,
                Target::Path(path.clone()),
                Some(manifest::ACCEPT),
            )
            .await
        {
            let digest = response.headers().get("docker-content-digest");
            if let Some(digest) = digest
                .and_then(|value| value.to_str().ok())
                .filter(|text| is_digest(text))
            {
                return Ok(digest.to_owned());
            }
        }
        let (content, _) = self.document(&path).await?;
        Ok(digest_of(&content))
    }

    /// The manifest of a digest. Of an index, that of the platform which Flux takes.
    ///
    /// # Errors
    /// When the registry refuses, or what it sends is not what it should be.
    pub async fn manifest(&self, digest: &str) -> Result<Manifest, OciError> {
        match self.checked(digest).await? {
            Document::Manifest(manifest) => Ok(manifest),
            Document::Index(index) => match self.checked(&index.for_platform()?.digest).await? {
                Document::Manifest(manifest) => Ok(manifest),
                Document::Index(_) => Err(OciError::Platform),
            },
        }
    }

    /// A small blob.
    pub(super) async fn small_blob(&self, digest: &str) -> Result<Vec<u8>, OciError> {
        let (response, url) = self.blob(digest).await?;
        let content = self.body("GET", response, &url).await?;
        expect("the blob", digest, digest_of(&content))?;
        Ok(content)
    }

    /// The manifests that refer to another one, newest way first: the referrers API, then the tag that stands for it.
    pub(super) async fn referrers(&self, digest: &str) -> Result<Index, OciError> {
        let document = match self.document(&format!("referrers/{digest}")).await {
            Err(error) if error.is_not_found() => {
                self.document(&format!("manifests/{}", digest.replace(':', "-")))
                    .await
            }
            other => other,
        };
        let (content, url) = document?;
        match Document::parse(&content, &shown(&url))? {
            Document::Index(index) => Ok(index),
            Document::Manifest(_) => Err(OciError::Answer {
                url: shown(&url),
                reason: "the list of referrers is no index",
            }),
        }
    }

    pub(super) async fn tagged_manifest(&self, tag: &str) -> Result<Manifest, OciError> {
        let (content, url) = self.document(&format!("manifests/{tag}")).await?;
        match Document::parse(&content, &shown(&url))? {
            Document::Manifest(manifest) => Ok(manifest),
            Document::Index(_) => Err(OciError::Platform),
        }
    }

    pub(super) async fn blob(&self, digest: &str) -> Result<(Response, Url), OciError> {
        if !is_digest(digest) {
            return Err(OciError::InvalidDigest(digest.to_owned()));
        }
        self.get(Target::Path(format!("blobs/{digest}")), None)
            .await
    }

    async fn checked(&self, digest: &str) -> Result<Document, OciError> {
        if !is_digest(digest) {
            return Err(OciError::InvalidDigest(digest.to_owned()));
        }
        let (content, url) = self.document(&format!("manifests/{digest}")).await?;
        expect("the manifest", digest, digest_of(&content))?;
        Document::parse(&content, &shown(&url))
    }

    async fn document(&self, path: &str) -> Result<(Vec<u8>, Url), OciError> {
        let (response, url) = self
            .get(Target::Path(path.to_owned()), Some(manifest::ACCEPT))
            .await?;
        let content = self.body("GET", response, &url).await?;
        Ok((content, url))
    }

    async fn get(
        &self,
        target: Target,
        accept: Option<&'static str>,
    ) -> Result<(Response, Url), OciError> {
        self.send(Method::GET, target, accept).await
    }

    /// Sends a request, logs in when asked to, falls back to plain HTTP where that is allowed, and follows redirects.
    async fn send(
        &self,
        method: Method,
        target: Target,
        accept: Option<&'static str>,
    ) -> Result<(Response, Url), OciError> {
        let word = if method == Method::HEAD {
            "HEAD"
        } else {
            "GET"
        };
        let mut url = self.url(&target)?;
        let mut logged_in = false;
        let mut redirects = 0;
        loop {
            let mut request = self.client.request(method.clone(), url.clone());
            if let Some(accept) = accept {
                request = request.header(ACCEPT, accept);
            }
            let authorization = self.session().authorization.clone();
            if let Some(authorization) = authorization.filter(|_| self.is_registry(&url)) {
                request = request.header(AUTHORIZATION, authorization);
            }
            let response = match self.exchange(word, &url, request).await {
                Err(OciError::Unreachable { .. }) if redirects == 0 && self.may_fall_back(&url) => {
                    self.session().scheme = "http";
                    url = self.url(&target)?;
                    continue;
                }
                other => other?,
            };
            let status = response.status();
            if status == StatusCode::UNAUTHORIZED && !logged_in && self.is_registry(&url) {
                logged_in = true;
                if self.log_in(&response, &url).await? {
                    continue;
                }
            }
            if status.is_redirection() && redirects < MAX_REDIRECTS {
                redirects += 1;
                url = self.redirect(&response, &url)?;
                continue;
            }
            if status.is_success() {
                return Ok((response, url));
            }
            return Err(self.refused(word, response, &url).await);
        }
    }

    async fn exchange(
        &self,
        method: &'static str,
        url: &Url,
        request: reqwest::RequestBuilder,
    ) -> Result<Response, OciError> {
        match tokio::time::timeout(self.timeout, request.send()).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(OciError::Unreachable {
                method,
                url: shown(url),
                source: error.without_url(),
            }),
            Err(_) => Err(self.timed_out(method, url)),
        }
    }

    pub(super) fn timed_out(&self, method: &'static str, url: &Url) -> OciError {
        OciError::Timeout {
            method,
            url: shown(url),
            seconds: self.timeout.as_secs(),
        }
    }

    /// A whole answer, unless it is longer than such answers are.
    async fn body(
        &self,
        method: &'static str,
        mut response: Response,
        url: &Url,
    ) -> Result<Vec<u8>, OciError> {
        let mut content = Vec::new();
        let read = async {
            while let Some(chunk) =
                response
                    .chunk()
                    .await
                    .map_err(|error| OciError::Unreachable {
                        method,
                        url: shown(url),
                        source: error.without_url(),
                    })?
            {
                if (content.len() + chunk.len()) as u64 > MAX_ANSWER {
                    return Err(OciError::TooLarge {
                        method,
                        url: shown(url),
                        limit: MAX_ANSWER,
                    });
                }
                content.extend_from_slice(&chunk);
            }
            Ok(())
        };
        match tokio::time::timeout(self.timeout, read).await {
            Ok(done) => done.map(|()| content),
            Err(_) => Err(self.timed_out(method, url)),
        }
    }

    /// Gets what the challenge asks for; `false` when we have nothing to offer.
    async fn log_in(&self, response: &Response, url: &Url) -> Result<bool, OciError> {
        let headers: Vec<&str> = response
            .headers()
            .get_all(WWW_AUTHENTICATE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .collect();
        let Some(challenge) = headers.iter().find_map(|header| Challenge::parse(header)) else {
            return match headers.first() {
                Some(header) => Err(OciError::Challenge(bounded(header))),
                None => Ok(false),
            };
        };
        let authorization = match (challenge, &self.credentials) {
            (Challenge::Basic, Credentials::Basic { username, password }) => {
                let text = BASE64_STANDARD.encode(format!("{username}:{password}"));
                format!("Basic {text}")
            }
            (Challenge::Basic, _) => return Ok(false),
            (Challenge::Bearer { .. }, Credentials::Token(token)) => format!("Bearer {token}"),
            (Challenge::Bearer { realm, service }, _) => {
                format!(
                    "Bearer {}",
                    self.token(&realm, service.as_deref(), url).await?
                )
            }
        };
        let mut value = HeaderValue::try_from(authorization).map_err(|_| OciError::Answer {
            url: shown(url),
            reason: "the credentials cannot be written as a header",
        })?;
        value.set_sensitive(true);
        self.session().authorization = Some(value);
        Ok(true)
    }

    async fn token(
        &self,
        realm: &str,
        service: Option<&str>,
        from: &Url,
    ) -> Result<String, OciError> {
        #[derive(Deserialize)]
        struct Answer {
            token: Option<String>,
            access_token: Option<String>,
        }
        let answer = |reason| OciError::Answer {
            url: shown(from),
            reason,
        };
        let mut url = Url::parse(realm)
            .map_err(|_| answer("the address of the token service is malformed"))?;
        if !self.may_speak(&url) {
            return Err(answer("the token service does not use https"));
        }
        let scope = format!("repository:{}:pull", self.repository.path());
        let request = if let Credentials::Identity(token) = &self.credentials {
            let mut form = url::form(&[
                ("grant_type", "refresh_token"),
                ("client_id", "rosin"),
                ("refresh_token", token),
                ("scope", &scope),
            ]);
            if let Some(service) = service {
                form.push('&');
                form.push_str(&url::form(&[("service", service)]));
            }
            let content = HeaderValue::from_static("application/x-www-form-urlencoded");
            let request = self
                .client
                .post(url.clone())
                .header(http::header::CONTENT_TYPE, content);
            request.body(form)
        } else {
            if let Some(service) = service {
                url.query_pairs_mut().append_pair("service", service);
            }
            url.query_pairs_mut().append_pair("scope", &scope);
            let request = self.client.get(url.clone());
            match &self.credentials {
                Credentials::Basic { username, password } => {
                    request.basic_auth(username, Some(password))
                }
                _ => request,
            }
        };
        let response = self.exchange("GET", &url, request).await?;
        if !response.status().is_success() {
            return Err(self.refused("GET", response, &url).await);
        }
        let content = self.body("GET", response, &url).await?;
        let malformed = || OciError::Answer {
            url: shown(&url),
            reason: "the token service sent no token",
        };
        let token: Answer = serde_json::from_slice(&content).map_err(|_| malformed())?;
        let token = token
            .token
            .into_iter()
            .chain(token.access_token)
            .find(|token| !token.is_empty());
        token.ok_or_else(malformed)
    }

    async fn refused(&self, method: &'static str, response: Response, url: &Url) -> OciError {
        let status = response.status();
        let content = self.body(method, response, url).await.unwrap_or_default();
        let message =
            message_of(&content).unwrap_or_else(|| format!("unexpected status code {status}"));
        OciError::Refused {
            method,
            url: shown(url),
            status: status.as_u16(),
            message,
        }
    }

    fn redirect(&self, response: &Response, from: &Url) -> Result<Url, OciError> {
        let answer = |reason| OciError::Answer {
            url: shown(from),
            reason,
        };
        let location = response
            .headers()
            .get(LOCATION)
            .and_then(|value| value.to_str().ok());
        let location = location.ok_or_else(|| answer("a redirect without an address"))?;
        let to = from
            .join(location)
            .map_err(|_| answer("a redirect to a malformed address"))?;
        if self.may_speak(&to) {
            Ok(to)
        } else {
            Err(answer("a redirect to an address without https"))
        }
    }

    fn url(&self, target: &Target) -> Result<Url, OciError> {
        let path = match target {
            Target::Url(url) => return Ok(url.clone()),
            Target::Path(path) => path,
        };
        let scheme = self.session().scheme;
        let (host, name) = (self.repository.registry(), self.repository.path());
        let url = format!("{scheme}://{host}/v2/{name}/{path}");
        Url::parse(&url).map_err(|_| OciError::Answer {
            url,
            reason: "the address is malformed",
        })
    }

    /// Credentials go nowhere else.
    fn is_registry(&self, url: &Url) -> bool {
        let scheme = self.session().scheme;
        Url::parse(&format!("{scheme}://{}/", self.repository.registry()))
            .is_ok_and(|own| own.origin() == url.origin())
    }

    fn may_speak(&self, url: &Url) -> bool {
        url.scheme() == "https" || (url.scheme() == "http" && self.plain_allowed)
    }

    fn may_fall_back(&self, url: &Url) -> bool {
        url.scheme() == "https" && self.plain_allowed
    }

    fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Target {
    /// Below the repository.
    Path(String),
    /// What the registry itself gave as the next page.
    Url(Url),
}

mod url {
    //! The one form that is sent.

    pub(super) fn form(pairs: &[(&str, &str)]) -> String {
        let mut url = reqwest::Url::parse("https://form.invalid/").ok();
        let query = url.as_mut().map(|url| {
            url.query_pairs_mut().extend_pairs(pairs);
            url.query().unwrap_or_default().to_owned()
        });
        query.unwrap_or_default()
    }
}

pub(super) fn expect(what: &'static str, expected: &str, actual: String) -> Result<(), OciError> {
    if expected == actual {
        return Ok(());
    }
    Err(OciError::Digest {
        what,
        expected: expected.to_owned(),
        actual,
    })
}

/// The next page of a list, on the same server.
fn next_page(response: &Response, url: &Url) -> Option<Url> {
    let link = response.headers().get(LINK)?.to_str().ok()?;
    let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
    if !parameters.replace('"', "").contains("rel=next") {
        return None;
    }
    let next = url.join(target).ok()?;
    (next.origin() == url.origin()).then_some(next)
}

/// `CODE: message` of each error that the registry states.
fn message_of(content: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Errors {
        errors: Vec<Stated>,
    }
    #[derive(Deserialize)]
    struct Stated {
        code: String,
        #[serde(default)]
        message: String,
    }
    let stated: Errors = serde_json::from_slice(content).ok()?;
    let all: Vec<String> = stated
        .errors
        .iter()
        .map(|error| {
            if error.message.is_empty() {
                error.code.clone()
            } else {
                format!("{}: {}", error.code, error.message)
            }
        })
        .collect();
    (!all.is_empty()).then(|| bounded(&all.join("; ")))
}

fn bounded(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .take(MAX_MESSAGE)
        .collect()
}

/// The address without what may be secret.
pub(super) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}
