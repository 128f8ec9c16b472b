//! The address of a repository in a registry.

use std::fmt;

/// Registry of addresses that name none.
const DEFAULT_REGISTRY: &str = "index.docker.io";

/// `<host>[:<port>]/<path>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    registry: String,
    path: String,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRepository {
    #[error("URL must be in format 'oci://<domain>/<org>/<repo>'")]
    Format,
    #[error("URL must not contain a tag; remove ':{0}'")]
    Tag(String),
    #[error("URL must not contain a digest; remove '@{0}'")]
    Digest(String),
    #[error("{0:?} is no name of a repository: it has 2 to 255 of the characters a-z 0-9 _ - . /")]
    Path(String),
    #[error("{0:?} is no name of a registry")]
    Registry(String),
}

impl Repository {
    /// From `oci://<host>/<path>`.
    ///
    /// # Errors
    /// When it is anything else, or goes on with a tag or digest.
    pub fn parse(url: &str) -> Result<Self, InvalidRepository> {
        let rest = url
            .strip_prefix("oci://")
            .ok_or(InvalidRepository::Format)?;
        let (registry, path) = match rest.split_once('/') {
            Some((host, path)) if is_host(host) => (host, path.to_owned()),
            Some(_) => (DEFAULT_REGISTRY, rest.to_owned()),
            None => (DEFAULT_REGISTRY, format!("library/{rest}")),
        };
        if let Some((_, digest)) = path.split_once('@') {
            return Err(InvalidRepository::Digest(digest.to_owned()));
        }
        if let Some((_, tag)) = path.split_once(':') {
            return Err(InvalidRepository::Tag(tag.to_owned()));
        }
        let allowed = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-./".contains(&byte)
        };
        let sound = (2..=255).contains(&path.len())
            && path.bytes().all(allowed)
            && path.split('/').all(|part| !matches!(part, "" | "." | ".."));
        if !sound {
            return Err(InvalidRepository::Path(path));
        }
        let registry = match registry {
            "docker.io" => DEFAULT_REGISTRY,
            other => other,
        };
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:[]_".contains(&byte);
        if !registry.bytes().all(allowed) {
            return Err(InvalidRepository::Registry(registry.to_owned()));
        }
        Ok(Self {
            registry: registry.to_owned(),
            path,
        })
    }

    /// Host and port.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Registries on this machine speak plain HTTP without being asked to be insecure.
    pub(super) fn is_local(&self) -> bool {
        let host = self
            .registry
            .rsplit_once(':')
            .map_or(&*self.registry, |(host, _)| host);
        host == "localhost" || host.ends_with(".localhost") || matches!(host, "127.0.0.1" | "[::1]")
    }
}

/// `host.domain`, `host:port` or `localhost`; anything else is the first part of a path.
fn is_host(part: &str) -> bool {
    part == "localhost" || part.contains(['.', ':'])
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_docker_reads_them() {
        for (url, expected) in [
            ("oci://ghcr.io/org/app", "ghcr.io/org/app"),
            ("oci://localhost:5000/app", "localhost:5000/app"),
            ("oci://org/app", "index.docker.io/org/app"),
            ("oci://app", "index.docker.io/library/app"),
            ("oci://docker.io/org/app", "index.docker.io/org/app"),
        ] {
            assert_eq!(
                Repository::parse(url).map(|r| r.to_string()),
                Ok(expected.to_owned()),
                "{url}"
            );
        }
    }

    #[test]
    fn tags_digests_and_other_paths_are_refused() {
        // parity: SRC-OCI-001
        let error = |url| Repository::parse(url).expect_err(url).to_string();
        assert_eq!(
            error("oci://ghcr.io/org/app:v1"),
            "URL must not contain a tag; remove ':v1'"
        );
        assert!(
            error("oci://ghcr.io/org/app@sha256:00").starts_with("URL must not contain a digest")
        );
        for bad in [
            "https://ghcr.io/org/app",
            "oci://ghcr.io/",
            "oci://ghcr.io/org/../app",
            "oci://ghcr.io/org//app",
            "oci://ghcr.io/Org/app",
            "oci://ghcr.io/org/app?x=1",
            "oci://user:secret@ghcr.io/org/app",
            "oci://ghcr.io\\evil.com/app",
        ] {
            assert!(Repository::parse(bad).is_err(), "{bad}");
        }
    }
}
