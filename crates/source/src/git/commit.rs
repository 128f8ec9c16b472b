//! What events and verification need to know of a commit.

/// A commit that was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    pub hash: String,
    pub message: String,
    /// Seconds since 1970; whatever the committer claimed.
    pub time: i64,
}

impl Commit {
    pub(super) fn of(commit: &git2::Commit<'_>) -> Self {
        Self {
            hash: commit.id().to_string(),
            message: String::from_utf8_lossy(commit.message_bytes()).into_owned(),
            time: commit.time().seconds(),
        }
    }

    /// The subject, cut to 50 characters: Flux's event text.
    #[must_use]
    pub fn short_message(&self) -> String {
        let subject = self.message.split('\n').next().unwrap_or_default();
        if subject.chars().count() > 50 {
            subject.chars().take(50).chain("...".chars()).collect()
        } else {
            subject.to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subject_is_cut_by_characters() {
        // parity: SRC-GIT-010
        let commit = |message: &str| Commit {
            hash: String::new(),
            message: message.into(),
            time: 0,
        };
        assert_eq!(commit("fix\n\nbody").short_message(), "fix");
        assert_eq!(commit(&"ä".repeat(50)).short_message(), "ä".repeat(50));
        assert_eq!(
            commit(&"ä".repeat(51)).short_message(),
            "ä".repeat(50) + "..."
        );
    }
}
