//! What a reference means, given the server's list. Pure: the same list gives the same answer.

use git2::Oid;

use super::advertisement::References;
use super::{GitError, Reference, RemoteError, Revision};
use crate::semver::{Constraint, Version};

/// How to get at a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The tip of a reference: one commit is enough.
    Tip {
        reference: String,
        revision: Revision,
    },
    /// Several tags are the same version; the youngest commit counts.
    YoungestOf(Vec<(String, Revision)>),
    /// A commit somewhere in the history of these references.
    Within {
        references: Vec<String>,
        revision: Revision,
    },
}

/// `url` is for messages; `listed` tells whether there is an artifact already, which changes Flux's words.
pub(super) fn resolve(
    reference: &Reference,
    found: &References,
    url: &str,
    listed: bool,
) -> Result<Wanted, GitError> {
    if found.is_empty() {
        let by_list = listed && matches!(reference, Reference::Branch(_) | Reference::Tag(_));
        return Err(match reference {
            Reference::Branch(_) if !listed => GitError::Empty,
            _ if by_list || matches!(reference, Reference::Name(_)) => GitError::List {
                url: url.to_owned(),
                cause: RemoteError::Empty,
            },
            _ => GitError::EmptyRemote(url.to_owned()),
        });
    }
    let unknown = |name: String| GitError::Clone {
        url: url.to_owned(),
        cause: RemoteError::UnknownReference(name),
    };
    match reference {
        Reference::Branch(branch) => {
            let name = format!("refs/heads/{branch}");
            let commit = found.get(&name).ok_or_else(|| unknown(name.clone()))?;
            Ok(Wanted::Tip {
                reference: name,
                revision: Revision::new(Some(branch), commit),
            })
        }
        Reference::Tag(tag) => {
            let name = format!("refs/tags/{tag}");
            let commit = found
                .peeled(&name)
                .filter(|_| is_valid(&name))
                .ok_or_else(|| unknown(name.clone()))?;
            Ok(Wanted::Tip {
                reference: name,
                revision: Revision::new(Some(tag), commit),
            })
        }
        Reference::Name(name) => resolve_name(name, found),
        Reference::Semver(range) => resolve_range(range, found),
        Reference::Commit { commit, branch } => {
            resolve_commit(commit, branch.as_deref(), found, unknown)
        }
    }
}

fn resolve_name(name: &str, found: &References) -> Result<Wanted, GitError> {
    if name.starts_with('/') || name.ends_with('/') {
        return Err(GitError::InvalidName(name.to_owned()));
    }
    // Only what git itself accepts is put into a request.
    let plain = name.strip_suffix("^{}").unwrap_or(name);
    let commit = if plain.starts_with("refs/tags/") {
        found.peeled(plain)
    } else {
        found.get(name)
    };
    let commit = commit
        .filter(|_| is_valid(plain))
        .ok_or_else(|| GitError::UnknownName(name.to_owned()))?;
    Ok(Wanted::Tip {
        reference: plain.to_owned(),
        revision: Revision::new(Some(name), commit),
    })
}

fn resolve_range(range: &str, found: &References) -> Result<Wanted, GitError> {
    let constraint = Constraint::parse(range)?;
    let tags = found
        .below("refs/tags/")
        .filter_map(|(name, _)| name.strip_prefix("refs/tags/"));
    let versions = tags
        .filter(|tag| !tag.ends_with("^{}"))
        .filter_map(Version::parse_tag);
    let mut matching: Vec<Version> = versions
        .filter(|version| constraint.matches(version))
        .collect();
    matching.sort();
    let Some(highest) = matching.last() else {
        return Err(GitError::NoMatch(range.to_owned()));
    };
    let equal = matching.iter().filter(|version| {
        *version == highest && is_valid(&format!("refs/tags/{}", version.original()))
    });
    let mut tips: Vec<(String, Revision)> = equal
        .filter_map(|version| {
            let name = format!("refs/tags/{}", version.original());
            let commit = found.peeled(&name)?;
            Some((name, Revision::new(Some(version.original()), commit)))
        })
        .collect();
    match (tips.len(), tips.pop()) {
        (1, Some((reference, revision))) => Ok(Wanted::Tip {
            reference,
            revision,
        }),
        (_, Some(last)) => {
            tips.push(last);
            Ok(Wanted::YoungestOf(tips))
        }
        (_, None) => Err(GitError::NoMatch(range.to_owned())),
    }
}

fn resolve_commit(
    commit: &str,
    branch: Option<&str>,
    found: &References,
    unknown: impl Fn(String) -> GitError,
) -> Result<Wanted, GitError> {
    let full = commit.len() == 40;
    let oid: Oid = commit
        .parse()
        .ok()
        .filter(|_| full)
        .ok_or_else(|| GitError::UnknownCommit(commit.to_owned()))?;
    let revision = Revision::new(branch, oid);
    let references: Vec<(String, Oid)> = match branch {
        Some(branch) => {
            let name = format!("refs/heads/{branch}");
            let tip = found
                .get(&name)
                .filter(|_| is_valid(&name))
                .ok_or_else(|| unknown(name.clone()))?;
            vec![(name, tip)]
        }
        None => found
            .below("refs/heads/")
            .map(|(name, tip)| (name.to_owned(), tip))
            .collect(),
    };
    if let Some((name, _)) = references.iter().find(|(_, tip)| *tip == oid) {
        return Ok(Wanted::Tip {
            reference: name.clone(),
            revision,
        });
    }
    let references = references
        .into_iter()
        .map(|(name, _)| name)
        .filter(|name| is_valid(name))
        .collect();
    Ok(Wanted::Within {
        references,
        revision,
    })
}

fn is_valid(name: &str) -> bool {
    name == "HEAD" || git2::Reference::is_valid_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "1111111111111111111111111111111111111111";
    const B: &str = "2222222222222222222222222222222222222222";
    const C: &str = "3333333333333333333333333333333333333333";

    fn references(list: &[(&str, &str)]) -> References {
        let mut answer = "001e# service=git-upload-pack\n0000".to_owned();
        for (name, oid) in list {
            answer += &format!("{:04x}{oid} {name}\n", name.len() + 46);
        }
        References::parse((answer + "0000").as_bytes()).expect("valid")
    }

    fn revision(reference: Reference, found: &References) -> Result<String, String> {
        match resolve(&reference, found, "http://h/r.git", false) {
            Ok(Wanted::Tip { revision, .. }) => Ok(revision.to_string()),
            Ok(other) => Err(format!("{other:?}")),
            Err(error) => Err(chain(&error)),
        }
    }

    fn chain(error: &dyn std::error::Error) -> String {
        match error.source() {
            Some(source) => format!("{error}: {}", chain(source)),
            None => error.to_string(),
        }
    }

    #[test]
    fn every_kind_of_reference_resolves() {
        // parity: SRC-GIT-003, SRC-GIT-005, SRC-GIT-008
        let found = references(&[
            ("HEAD", A),
            ("refs/heads/main", A),
            ("refs/heads/feature/x", B),
            ("refs/pull/7/head", C),
            ("refs/tags/v1", A),
            ("refs/tags/v2", C),
            ("refs/tags/v2^{}", B),
        ]);
        let ok = |name: &str, oid: &str| Ok(format!("{name}@sha1:{oid}"));
        assert_eq!(
            revision(Reference::Branch("feature/x".into()), &found),
            ok("feature/x", B)
        );
        assert_eq!(revision(Reference::Tag("v1".into()), &found), ok("v1", A));
        assert_eq!(revision(Reference::Tag("v2".into()), &found), ok("v2", B));
        assert_eq!(
            revision(Reference::Name("refs/pull/7/head".into()), &found),
            ok("refs/pull/7/head", C)
        );
        assert_eq!(
            revision(Reference::Name("refs/tags/v2".into()), &found),
            ok("refs/tags/v2", B)
        );
        assert_eq!(
            revision(Reference::Name("refs/tags/v2^{}".into()), &found),
            ok("refs/tags/v2^{}", B)
        );
        let commit = |commit: &str, branch: Option<&str>| Reference::Commit {
            commit: commit.into(),
            branch: branch.map(Into::into),
        };
        assert_eq!(revision(commit(A, None), &found), Ok(format!("sha1:{A}")));
        assert_eq!(revision(commit(A, Some("main")), &found), ok("main", A));
        assert!(matches!(
            resolve(&commit(C, Some("main")), &found, "", false),
            Ok(Wanted::Within { references, .. }) if references == ["refs/heads/main"]
        ));
    }

    #[test]
    fn failures_are_told_in_the_words_of_flux() {
        // parity: SRC-GIT-014, SRC-GIT-004
        let found = references(&[("refs/heads/main", A), ("refs/tags/1.0.0", A)]);
        let message = |reference| revision(reference, &found).expect_err("unknown");
        assert_eq!(
            message(Reference::Branch("nope".into())),
            "unable to clone 'http://h/r.git': couldn't find remote ref \"refs/heads/nope\""
        );
        assert_eq!(
            message(Reference::Name("refs/heads/none".into())),
            "unable to resolve ref 'refs/heads/none' to a specific commit"
        );
        assert_eq!(
            message(Reference::Name("/refs/x".into())),
            "ref /refs/x is invalid; Git refs cannot begin or end with a slash '/'"
        );
        assert_eq!(
            message(Reference::Semver(">=3".into())),
            "no match found for semver: >=3"
        );
        assert_eq!(
            message(Reference::Semver("not a range".into())),
            "semver parse error: improper constraint: \"not a range\""
        );
        assert_eq!(
            message(Reference::Commit {
                commit: "abc".into(),
                branch: None
            }),
            "unable to resolve commit object for 'abc': object not found"
        );
        let empty = references(&[]);
        assert_eq!(
            revision(Reference::Branch("main".into()), &empty),
            Err("git repository is empty".into())
        );
    }

    #[test]
    fn highest_version_wins_and_equal_ones_are_all_wanted() {
        // parity: SRC-GIT-004
        let found = references(&[
            ("refs/tags/1.0.0", A),
            ("refs/tags/v1.4.2", B),
            ("refs/tags/1.10.0+a", A),
            ("refs/tags/1.10.0+b", C),
            ("refs/tags/2.0.0-rc.1", C),
            ("refs/tags/not-a-version", A),
            ("refs/tags/9.9", A),
        ]);
        assert_eq!(
            revision(Reference::Semver("~1.4".into()), &found),
            Ok(format!("v1.4.2@sha1:{B}"))
        );
        assert_eq!(
            revision(Reference::Semver(">=1.0.0-0".into()), &found),
            Ok(format!("2.0.0-rc.1@sha1:{C}"))
        );
        let tied = resolve(&Reference::Semver("1.x".into()), &found, "", false).expect("matches");
        let Wanted::YoungestOf(tags) = tied else {
            panic!("{tied:?}")
        };
        assert_eq!(
            tags.iter()
                .map(|(name, _)| name.as_str())
                .collect::<Vec<_>>(),
            ["refs/tags/1.10.0+a", "refs/tags/1.10.0+b"]
        );
    }
}
