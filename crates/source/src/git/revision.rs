//! A revision as Flux writes it: `main@sha1:<40 hex>`, `sha1:<40 hex>`, `refs/pull/1/head@sha1:<40 hex>`.

use std::fmt;

use git2::Oid;

/// A commit, and the name under which it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    name: Option<String>,
    commit: Oid,
}

impl Revision {
    pub(super) fn new(name: Option<&str>, commit: Oid) -> Self {
        Self {
            name: name.map(str::to_owned),
            commit,
        }
    }

    /// The commit's hash.
    #[must_use]
    pub fn commit(&self) -> String {
        self.commit.to_string()
    }

    pub(super) fn oid(&self) -> Oid {
        self.commit
    }

    /// Whether a status recorded this revision, in today's spelling or in that of Flux before 2.0: `main/<hash>`, `HEAD/<hash>`.
    #[must_use]
    pub fn is(&self, recorded: &str) -> bool {
        if recorded == self.to_string() {
            return true;
        }
        let name = self.name.as_deref().unwrap_or("HEAD");
        recorded == format!("{name}/{}", self.commit)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.name {
            write!(f, "{name}@")?;
        }
        write!(f, "sha1:{}", self.commit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings() {
        // parity: SRC-GIT-008, SRC-GEN-034
        let commit: Oid = "0123456789012345678901234567890123456789"
            .parse()
            .expect("hash");
        let on_branch = Revision::new(Some("feature/x"), commit);
        assert_eq!(on_branch.to_string(), format!("feature/x@sha1:{commit}"));
        assert!(
            on_branch.is(&format!("feature/x/{commit}"))
                && !on_branch.is(&format!("main@sha1:{commit}"))
        );
        let alone = Revision::new(None, commit);
        assert_eq!(alone.to_string(), format!("sha1:{commit}"));
        assert!(alone.is(&format!("HEAD/{commit}")));
    }
}
