//! Logging in to registries: the credentials of pull secrets, and what a registry asks for.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;

use super::Repository;

/// What is sent to a registry, or to the token service that it names.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Credentials {
    #[default]
    Anonymous,
    Basic {
        username: String,
        password: String,
    },
    /// Exchanged for an access token.
    Identity(String),
    /// Sent as it is.
    Token(String),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Anonymous => "Anonymous",
            Self::Basic { .. } => "Basic",
            Self::Identity(_) => "Identity",
            Self::Token(_) => "Token",
        })
    }
}

/// Says nothing of what is in it: that may be a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the docker config is not valid")]
pub struct InvalidDockerConfig;

#[derive(Deserialize)]
struct DockerConfig {
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    #[serde(alias = "identityToken")]
    identitytoken: Option<String>,
    #[serde(alias = "registryToken")]
    registrytoken: Option<String>,
}

impl Credentials {
    /// From the pull secrets of an object, each the text of its `.dockerconfigjson` or `.dockercfg`. The entry that names most of the
    /// repository's address wins, as for the images of pods; no entry means no credentials.
    ///
    /// # Errors
    /// When one of them is not what it is called.
    pub fn from_docker_configs<'a>(
        configs: impl IntoIterator<Item = &'a [u8]>,
        repository: &Repository,
    ) -> Result<Self, InvalidDockerConfig> {
        let mut best: Option<(String, Entry)> = None;
        for config in configs {
            for (key, entry) in parse(config)? {
                let key = normal(&key);
                if matches(&key, repository) && best.as_ref().is_none_or(|(found, _)| *found < key)
                {
                    best = Some((key, entry));
                }
            }
        }
        best.map_or(Ok(Self::Anonymous), |(_, entry)| entry.credentials())
    }
}

/// The newer format has `auths`; the older one is that map itself.
fn parse(config: &[u8]) -> Result<BTreeMap<String, Entry>, InvalidDockerConfig> {
    let value: serde_json::Value =
        serde_json::from_slice(config).map_err(|_| InvalidDockerConfig)?;
    if value.get("auths").is_some() {
        let config: DockerConfig =
            serde_json::from_value(value).map_err(|_| InvalidDockerConfig)?;
        return Ok(config.auths);
    }
    serde_json::from_value(value).map_err(|_| InvalidDockerConfig)
}

impl Entry {
    fn credentials(self) -> Result<Credentials, InvalidDockerConfig> {
        let some = |text: Option<String>| text.filter(|text| !text.is_empty());
        if let Some(token) = some(self.registrytoken) {
            return Ok(Credentials::Token(token));
        }
        if let Some(token) = some(self.identitytoken) {
            return Ok(Credentials::Identity(token));
        }
        if let Some(auth) = some(self.auth) {
            let text = BASE64_STANDARD
                .decode(auth.trim())
                .map_err(|_| InvalidDockerConfig)?;
            let text = String::from_utf8(text).map_err(|_| InvalidDockerConfig)?;
            let (username, password) = text.split_once(':').ok_or(InvalidDockerConfig)?;
            let password = password.trim_end_matches('\0');
            return Ok(Credentials::Basic {
                username: username.to_owned(),
                password: password.to_owned(),
            });
        }
        match (some(self.username), some(self.password)) {
            (Some(username), Some(password)) => Ok(Credentials::Basic { username, password }),
            _ => Ok(Credentials::Anonymous),
        }
    }
}

/// Host and path; the names and the API path under which Docker's own registry is known are one.
fn normal(key: &str) -> String {
    let key = key
        .trim_start_matches("https://")
        .trim_start_matches("http://");
    let key = key.trim_end_matches('/');
    let (host, path) = key.split_once('/').unwrap_or((key, ""));
    let host = if host == "docker.io" {
        "index.docker.io"
    } else {
        host
    };
    match path {
        "" | "v1" | "v2" => host.to_owned(),
        path => format!(
            "{host}/{}",
            path.trim_start_matches("v1/").trim_start_matches("v2/")
        ),
    }
}

/// Each part of the host may hold `*`; a path is a beginning of the repository's.
fn matches(key: &str, repository: &Repository) -> bool {
    let (host, path) = key.split_once('/').unwrap_or((key, ""));
    let port = |host: &str| host.split_once(':').map(|(_, port)| port.to_owned());
    let parts = |host: &str| -> Vec<String> {
        let host = host.split(':').next().unwrap_or_default();
        host.split('.').map(str::to_owned).collect()
    };
    let (wanted, given) = (parts(host), parts(repository.registry()));
    let same_host = wanted.len() == given.len()
        && wanted
            .iter()
            .zip(&given)
            .all(|(wanted, given)| glob(wanted.as_bytes(), given.as_bytes()));
    same_host && port(host) == port(repository.registry()) && repository.path().starts_with(path)
}

fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((b'*', rest)) => (0..=text.len()).any(|at| glob(rest, &text[at..])),
        Some((byte, rest)) => text
            .split_first()
            .is_some_and(|(first, text)| first == byte && glob(rest, text)),
    }
}

/// What a registry wants, from the header `WWW-Authenticate`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    Basic,
    Bearer {
        realm: String,
        service: Option<String>,
    },
}

impl Challenge {
    pub(super) fn parse(header: &str) -> Option<Self> {
        let (scheme, parameters) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let mut parameters = parameters_of(parameters);
        Some(Self::Bearer {
            realm: parameters.remove("realm")?,
            service: parameters.remove("service"),
        })
    }
}

/// `key="value"` or `key=value`, with commas between.
fn parameters_of(mut text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    while let Some((key, rest)) = text.split_once('=') {
        let key = key.trim_matches([' ', ',']).to_ascii_lowercase();
        let (value, rest) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => rest.split_once(',').unwrap_or((rest, "")),
        };
        found.insert(key, value.to_owned());
        text = rest;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(config: &str, url: &str) -> Credentials {
        let repository = Repository::parse(url).expect("valid");
        Credentials::from_docker_configs([config.as_bytes()], &repository).expect("valid")
    }

    fn basic(username: &str) -> Credentials {
        Credentials::Basic {
            username: username.into(),
            password: "p".into(),
        }
    }

    #[test]
    fn the_entry_that_names_most_of_the_address_wins() {
        // parity: SRC-OCI-012
        let config = r#"{"auths": {
            "https://index.docker.io/v1/": {"username": "hub", "password": "p"},
            "ghcr.io": {"username": "all", "password": "p"},
            "ghcr.io/org": {"auth": "b3JnOnA="},
            "*.azurecr.io": {"username": "azure", "password": "p"},
            "local:5000": {"username": "port", "password": "p"},
            "token.example.com": {"identitytoken": "t"}
        }}"#;
        for (url, expected) in [
            ("oci://org/app", basic("hub")),
            ("oci://ghcr.io/other/app", basic("all")),
            ("oci://ghcr.io/org/app", basic("org")),
            ("oci://x.azurecr.io/app", basic("azure")),
            ("oci://x.y.azurecr.io/app", Credentials::Anonymous),
            ("oci://local:5000/app", basic("port")),
            ("oci://local:5001/app", Credentials::Anonymous),
            (
                "oci://token.example.com/app",
                Credentials::Identity("t".into()),
            ),
        ] {
            assert_eq!(chosen(config, url), expected, "{url}");
        }
        assert_eq!(
            chosen(r#"{"ghcr.io": {"auth": "b2xkOnA="}}"#, "oci://ghcr.io/app"),
            basic("old")
        );
    }

    #[test]
    fn challenges_are_read_with_and_without_quotes() {
        let bearer = |realm: &str, service: Option<&str>| {
            Some(Challenge::Bearer {
                realm: realm.into(),
                service: service.map(Into::into),
            })
        };
        assert_eq!(
            Challenge::parse(
                r#"Bearer realm="https://auth/token?a=b,c",service="r.io",scope="x:y:pull""#
            ),
            bearer("https://auth/token?a=b,c", Some("r.io"))
        );
        assert_eq!(
            Challenge::parse("bearer realm=https://auth/token"),
            bearer("https://auth/token", None)
        );
        assert_eq!(
            Challenge::parse(r#"Basic realm="x""#),
            Some(Challenge::Basic)
        );
        assert_eq!(Challenge::parse("Negotiate"), None);
        assert_eq!(Challenge::parse("Bearer service=x"), None);
    }
}
