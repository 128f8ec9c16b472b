//! Whether a resolved revision needs work, given what the status says was built last.

/// What decides the content of an artifact beside the revision. Compared field by field with the `observed*` fields of the status.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content {
    pub ignore: Option<String>,
    pub recurse_submodules: bool,
    /// In order: another order is another setting.
    pub sparse_checkout: Vec<String>,
    pub include: Vec<Include>,
}

/// One `spec.include`, with the artifact that it means now, or meant when the artifact was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Include {
    pub repository: String,
    pub from_path: String,
    pub to_path: String,
    pub revision: String,
    pub digest: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Nothing was fetched, nothing needs to be.
    UpToDate,
    Fetch,
}

/// `stored` says whether the current artifact has the resolved revision and its file is sound.
#[must_use]
pub fn next(stored: bool, wanted: &Content, observed: &Content) -> Next {
    if stored && wanted == observed {
        Next::UpToDate
    } else {
        Next::Fetch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_change_of_revision_or_content_is_work() {
        // parity: SRC-GIT-011, SRC-GIT-012
        let include = Include {
            repository: "lib".into(),
            from_path: String::new(),
            to_path: "v".into(),
            revision: "main@sha1:1".into(),
            digest: "sha256:1".into(),
        };
        let same = Content {
            ignore: Some("*.md".into()),
            recurse_submodules: false,
            sparse_checkout: vec!["a".into(), "b".into()],
            include: vec![include.clone()],
        };
        assert_eq!(next(true, &same, &same.clone()), Next::UpToDate);
        assert_eq!(next(false, &same, &same.clone()), Next::Fetch);
        let changed = [
            Content {
                ignore: None,
                ..same.clone()
            },
            Content {
                recurse_submodules: true,
                ..same.clone()
            },
            Content {
                sparse_checkout: vec!["b".into(), "a".into()],
                ..same.clone()
            },
            Content {
                include: vec![],
                ..same.clone()
            },
            Content {
                include: vec![Include {
                    revision: "main@sha1:2".into(),
                    ..include.clone()
                }],
                ..same.clone()
            },
            Content {
                include: vec![Include {
                    digest: "sha256:2".into(),
                    ..include
                }],
                ..same.clone()
            },
        ];
        for changed in changed {
            assert_eq!(next(true, &changed, &same), Next::Fetch, "{changed:?}");
        }
    }
}
