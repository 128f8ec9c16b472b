//! Which object an artifact belongs to, and thereby where it lies.

use std::fmt;

/// `<kind>/<namespace>/<name>`, each a single safe folder name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} cannot be part of an artifact's address")]
pub struct InvalidKey(pub String);

impl ObjectKey {
    /// # Errors
    /// When a part is no Kubernetes name. (The API server lets no such object through; the store does not rely on it.)
    pub fn new(kind: &str, namespace: &str, name: &str) -> Result<Self, InvalidKey> {
        let kind = kind.to_ascii_lowercase();
        for part in [kind.as_str(), namespace, name] {
            if !is_safe_name(part) {
                return Err(InvalidKey(part.to_owned()));
            }
        }
        Ok(Self(format!("{kind}/{namespace}/{name}")))
    }

    /// The path of one of its files in the store and in URLs.
    ///
    /// # Errors
    /// When the file name could lead elsewhere or would be hidden.
    pub fn path(&self, file: &str) -> Result<String, InvalidKey> {
        if !is_safe_file(file) {
            return Err(InvalidKey(file.to_owned()));
        }
        Ok(format!("{self}/{file}"))
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Characters of object names, versions and digests; never hidden, never a path.
pub(crate) fn is_safe_name(name: &str) -> bool {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'+');
    !name.is_empty() && name.len() <= 255 && !name.starts_with('.') && name.bytes().all(safe)
}

/// A name that may hold colons besides: the files of OCI artifacts are named by digest.
fn is_safe_file(name: &str) -> bool {
    !name.starts_with(':') && is_safe_name(&name.replace(':', "-"))
}

/// The object's folder and the file of an artifact path, when it is one.
pub(crate) fn split_path(path: &str) -> Option<(&str, &str)> {
    let (folder, file) = path.rsplit_once('/')?;
    let parts: Vec<&str> = folder.split('/').collect();
    let is_safe = parts.len() == 3 && parts.iter().all(|part| is_safe_name(part));
    (is_safe && is_safe_file(file)).then_some((folder, file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_make_a_key() {
        let key = ObjectKey::new("GitRepository", "flux-system", "app.v2").expect("valid");
        assert_eq!(
            key.path("abc.tar.gz"),
            Ok("gitrepository/flux-system/app.v2/abc.tar.gz".to_owned())
        );
        // parity: SRC-OCI-005
        assert_eq!(
            key.path("sha256:ab.tar.gz"),
            Ok("gitrepository/flux-system/app.v2/sha256:ab.tar.gz".to_owned())
        );
        for bad in [
            "", ".", "..", "a/b", ".hidden", "a\0", "a b", "ä", "a\\b", "a%2e",
        ] {
            assert!(
                ObjectKey::new("GitRepository", "ns", bad).is_err(),
                "{bad:?}"
            );
            assert!(key.path(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn paths_of_artifacts_have_four_parts() {
        assert_eq!(
            split_path("bucket/ns/a/x.tar.gz"),
            Some(("bucket/ns/a", "x.tar.gz"))
        );
        for bad in [
            "bucket/ns/a",
            "bucket/ns/a/b/c",
            "/ns/a/b",
            "bucket/../a/b",
            "bucket//a/b",
            "bucket/ns/a/.tmp",
        ] {
            assert_eq!(split_path(bad), None, "{bad}");
        }
    }
}
