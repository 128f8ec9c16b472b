//! Where a repository is, and who we are there.

use std::collections::BTreeMap;
use std::fmt;

use reqwest::Url;

use crate::http::{Connect, Proxy};

/// The address of a repository: http or https. Credentials that were written into it are kept apart and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct RemoteUrl {
    url: Url,
    /// As the object spells it, without credentials and query: for messages.
    shown: String,
    username: String,
    password: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUrl {
    #[error("it cannot be parsed")]
    Malformed,
    #[error("scheme {0:?} is not supported: use http or https")]
    Scheme(String),
}

impl RemoteUrl {
    /// # Errors
    /// When the text is no URL, or of a scheme that we do not fetch from.
    pub fn parse(text: &str) -> Result<Self, InvalidUrl> {
        let mut url = Url::parse(text).map_err(|_| InvalidUrl::Malformed)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(InvalidUrl::Scheme(url.scheme().to_owned()));
        }
        let (username, password) = (decode(url.username()), url.password().map(decode));
        url.set_username("").map_err(|()| InvalidUrl::Malformed)?;
        url.set_password(None).map_err(|()| InvalidUrl::Malformed)?;
        url.set_fragment(None);
        let shown = redact(text);
        Ok(Self {
            url,
            shown,
            username,
            password,
        })
    }

    /// The address of a submodule: one that begins with a dot is relative to this one, as git has it.
    pub(super) fn submodule(&self, text: &str) -> Result<Self, InvalidUrl> {
        if !text.starts_with("./") && !text.starts_with("../") {
            return Self::parse(text);
        }
        let mut parts: Vec<&str> = self.url.path().trim_matches('/').split('/').collect();
        for part in text.split('/') {
            match part {
                "" | "." => {}
                ".." => drop(parts.pop().ok_or(InvalidUrl::Malformed)?),
                part => parts.push(part),
            }
        }
        let mut url = self.url.clone();
        url.set_path(&parts.join("/"));
        Ok(Self {
            shown: redact(url.as_str()),
            url,
            username: self.username.clone(),
            password: self.password.clone(),
        })
    }

    /// Whether both are asked at the same scheme, host and port.
    pub(super) fn has_origin_of(&self, other: &Self) -> bool {
        self.url.origin() == other.url.origin()
    }

    /// The URL of a service below the repository.
    pub(super) fn service(url: &Url, service: &str) -> Url {
        let mut url = url.clone();
        let path = format!("{}/{service}", url.path().trim_end_matches('/'));
        url.set_path(&path);
        url
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }
}

impl fmt::Display for RemoteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for RemoteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        let mut byte = [0];
        if escaped.is_some_and(|digits| hex::decode_to_slice(digits, &mut byte).is_ok()) {
            out.push(byte[0]);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The text without userinfo, query and fragment, all of which may hold tokens.
fn redact(text: &str) -> String {
    let text = text.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    let (authority, path) = rest
        .split_once('/')
        .map_or((rest, None), |(authority, path)| (authority, Some(path)));
    let host = authority.rsplit('@').next().unwrap_or_default();
    match path {
        Some(path) => format!("{scheme}://{host}/{path}"),
        None => format!("{scheme}://{host}"),
    }
}

/// A repository, and how to get at it.
#[derive(Clone)]
pub struct Remote {
    pub url: RemoteUrl,
    pub credentials: Credentials,
    /// Wins over the proxies of the environment.
    pub proxy: Option<Proxy>,
}

/// What is sent to the server of a repository, and nowhere else.
#[derive(Clone, Default)]
pub struct Credentials {
    username: String,
    password: String,
    bearer_token: Option<String>,
    ca: Option<Vec<u8>>,
    identity: Option<(Vec<u8>, Vec<u8>)>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCredentials {
    #[error("invalid '{0}' auth option: 'password' requires 'username' to be set")]
    PasswordWithoutUsername(String),
    #[error(
        "invalid '{0}' auth option: 'bearerToken' cannot be combined with 'username' and 'password'"
    )]
    BearerAndBasic(String),
}

impl Credentials {
    /// For servers that ask for nothing.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// From the Secret of an object, whose keys are Flux's. What the URL holds fills in what the Secret leaves empty.
    ///
    /// # Errors
    /// When the keys do not go together.
    pub fn from_secret(
        url: &RemoteUrl,
        secret: &BTreeMap<String, Vec<u8>>,
    ) -> Result<Self, InvalidCredentials> {
        let key = |name: &str| secret.get(name).filter(|value| !value.is_empty()).cloned();
        let text = |name: &str| key(name).map(|value| String::from_utf8_lossy(&value).into_owned());
        let scheme = || url.url.scheme().to_owned();
        let mut credentials = Self {
            username: text("username").unwrap_or_default(),
            password: text("password").unwrap_or_default(),
            bearer_token: text("bearerToken"),
            ca: key("ca.crt").or_else(|| key("caFile")),
            identity: key("tls.crt").zip(key("tls.key")),
        };
        if credentials.bearer_token.is_some() {
            if !credentials.username.is_empty() || !credentials.password.is_empty() {
                return Err(InvalidCredentials::BearerAndBasic(scheme()));
            }
            return Ok(credentials);
        }
        if credentials.username.is_empty() {
            credentials.username.clone_from(&url.username);
        }
        if credentials.password.is_empty() {
            credentials.password = url.password.clone().unwrap_or_default();
        }
        if credentials.username.is_empty() && !credentials.password.is_empty() {
            return Err(InvalidCredentials::PasswordWithoutUsername(scheme()));
        }
        Ok(credentials)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bearer_token.is_none() && self.username.is_empty()
    }

    pub(super) fn apply(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        match &self.bearer_token {
            Some(token) => request.bearer_auth(token),
            None if self.username.is_empty() => request,
            None => request.basic_auth(&self.username, Some(&self.password)),
        }
    }

    pub(super) fn connect(&self, proxy: Option<&Proxy>) -> Connect {
        Connect {
            ca: self.ca.clone(),
            identity: self.identity.clone(),
            proxy: proxy.cloned(),
            unverified: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_the_url_are_not_shown() {
        // parity: SEC-SRC-21
        let url = RemoteUrl::parse("https://me:t%40ken@git.example:8443/a/b.git?sig=abc#x")
            .expect("valid");
        assert_eq!(url.to_string(), "https://git.example:8443/a/b.git");
        assert_eq!(format!("{url:?}"), url.to_string());
        let credentials = Credentials::from_secret(&url, &secret(&[])).expect("valid");
        assert_eq!(
            (credentials.username.as_str(), credentials.password.as_str()),
            ("me", "t@ken")
        );
    }

    fn secret(keys: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
        keys.iter()
            .map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec()))
            .collect()
    }

    #[test]
    fn the_secret_wins_over_the_url() {
        // parity: SRC-GIT-015
        let url = RemoteUrl::parse("http://a:b@h/r").expect("valid");
        let credentials =
            Credentials::from_secret(&url, &secret(&[("username", "c"), ("password", "d")]))
                .expect("valid");
        assert_eq!(
            (credentials.username.as_str(), credentials.password.as_str()),
            ("c", "d")
        );
    }

    #[test]
    fn parts_must_go_together() {
        // parity: SRC-GIT-015, SRC-GIT-016
        let url = RemoteUrl::parse("https://h/r").expect("valid");
        let error = Credentials::from_secret(&url, &secret(&[("password", "x")]))
            .err()
            .expect("no user");
        assert_eq!(
            error.to_string(),
            "invalid 'https' auth option: 'password' requires 'username' to be set"
        );
        let both =
            Credentials::from_secret(&url, &secret(&[("username", "u"), ("bearerToken", "t")]));
        assert!(matches!(both, Err(InvalidCredentials::BearerAndBasic(_))));
        assert!(Credentials::from_secret(&url, &secret(&[("username", "only")])).is_ok());
    }

    #[test]
    fn newer_keys_win() {
        // parity: SRC-GIT-019
        let url = RemoteUrl::parse("https://h/r").expect("valid");
        let credentials =
            Credentials::from_secret(&url, &secret(&[("caFile", "old"), ("ca.crt", "new")]))
                .expect("valid");
        assert_eq!(credentials.ca.as_deref(), Some(b"new".as_slice()));
    }

    #[test]
    fn only_http_is_fetched_from() {
        // parity: SEC-SRC-22, SRC-GIT-001
        for bad in [
            "file:///etc",
            "ssh://git@h/r",
            "ext::sh -c true",
            "git://h/r",
            "ftp://h/r",
            "git@h:r.git",
            "",
            "unix:///s",
        ] {
            assert!(RemoteUrl::parse(bad).is_err(), "{bad}");
        }
    }
}
