//! What releases are called.

use sha2::{Digest, Sha256};

/// The longest name that Helm takes.
const MAX: usize = 53;
/// As much of a digest as a shortened name ends with.
const HASH: usize = 12;

/// The name of a HelmRelease's release, before it is shortened.
#[must_use]
pub fn release_name(
    given: Option<&str>,
    target_namespace: Option<&str>,
    object_name: &str,
) -> String {
    let filled = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    filled(given).unwrap_or_else(|| match filled(target_namespace) {
        Some(namespace) => format!("{namespace}-{object_name}"),
        None => object_name.to_owned(),
    })
}

/// A name that Helm takes: the beginning of one that is too long, and of its digest.
#[must_use]
pub fn shorten(name: &str) -> String {
    if name.len() <= MAX {
        return name.to_owned();
    }
    let mut end = MAX - HASH - 1;
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    let hash = hex::encode(Sha256::digest(name));
    format!("{}-{}", &name[..end], &hash[..HASH])
}

/// A name that no release can have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "release name {0:?}: invalid release name, must match regex ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$ and the length must not be longer than 53"
)]
pub struct InvalidName(pub String);

/// Is it a DNS name of at most 53 characters?
pub fn check(name: &str) -> Result<(), InvalidName> {
    if rosin_chart::is_release_name(name) {
        Ok(())
    } else {
        Err(InvalidName(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_called_as_its_object_within_its_target() {
        // parity: HR-NAME-001
        assert_eq!(release_name(None, None, "app"), "app");
        assert_eq!(release_name(None, Some("team"), "app"), "team-app");
        assert_eq!(release_name(Some("own"), Some("team"), "app"), "own");
        assert_eq!(release_name(Some(""), Some(""), "app"), "app");
    }

    #[test]
    fn long_names_end_in_their_digest() {
        // parity: HR-NAME-002
        let name = "a-very-lengthy-target-namespace-with-a-nice-object-name";
        assert_eq!(
            shorten(name),
            "a-very-lengthy-target-namespace-with-a-n-97af5d7f41f3"
        );
        let fits = "a".repeat(53);
        assert_eq!(shorten(&fits), fits);
        assert_eq!(shorten(&"a".repeat(54)).len(), 53);
    }

    #[test]
    fn names_are_dns_names() {
        // parity: HR-NAME-007
        for name in ["app", "a.b-c", "0"] {
            assert_eq!(check(name), Ok(()));
        }
        for name in ["", "-a", "a-", "A", "a..b", "a_b", &"a".repeat(54)] {
            let error = check(name).unwrap_err().to_string();
            assert!(error.starts_with(&format!("release name {name:?}: invalid")));
        }
    }
}
