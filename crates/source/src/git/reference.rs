//! Which revision of a repository an object asks for.

/// `spec.ref`, reduced to the one field that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// A commit, on any branch or on a given one.
    Commit {
        commit: String,
        branch: Option<String>,
    },
    /// A full reference name, such as `refs/pull/1/head`.
    Name(String),
    Tag(String),
    Semver(String),
    Branch(String),
}

impl Reference {
    /// Flux's order: commit, name, tag, semver, branch, and `master` when nothing is said. Empty fields are no fields.
    #[must_use]
    pub fn choose(
        commit: Option<&str>,
        name: Option<&str>,
        tag: Option<&str>,
        semver: Option<&str>,
        branch: Option<&str>,
    ) -> Self {
        let said = |field: Option<&str>| field.filter(|text| !text.is_empty()).map(str::to_owned);
        let branch = said(branch);
        if let Some(commit) = said(commit) {
            return Self::Commit { commit, branch };
        }
        said(name)
            .map(Self::Name)
            .or_else(|| said(tag).map(Self::Tag))
            .or_else(|| said(semver).map(Self::Semver))
            .unwrap_or_else(|| Self::Branch(branch.unwrap_or_else(|| "master".to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_an_order() {
        // parity: SRC-GIT-007, SRC-GIT-002
        let all = (Some("c"), Some("n"), Some("t"), Some("s"), Some("b"));
        let choose = |(c, n, t, s, b)| Reference::choose(c, n, t, s, b);
        assert_eq!(
            choose(all),
            Reference::Commit {
                commit: "c".into(),
                branch: Some("b".into())
            }
        );
        assert_eq!(
            choose((None, all.1, all.2, all.3, all.4)),
            Reference::Name("n".into())
        );
        assert_eq!(
            choose((None, Some(""), all.2, all.3, all.4)),
            Reference::Tag("t".into())
        );
        assert_eq!(
            choose((None, None, None, all.3, all.4)),
            Reference::Semver("s".into())
        );
        assert_eq!(
            choose((None, None, None, None, all.4)),
            Reference::Branch("b".into())
        );
        assert_eq!(
            choose((None, None, None, None, Some(""))),
            Reference::Branch("master".into())
        );
    }
}
