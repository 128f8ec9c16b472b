//! Which values of a file are encrypted.

use regex::bytes::Regex;

use crate::error::FileError;

/// The one rule of a file.
#[derive(Debug, Clone)]
pub(crate) enum Rule {
    UnencryptedSuffix(String),
    EncryptedSuffix(String),
    UnencryptedRegex(Regex),
    EncryptedRegex(Regex),
    UnencryptedCommentRegex(Regex),
    EncryptedCommentRegex(Regex),
}

/// The comments that stand before a value and before each of those that contain it.
pub(crate) type CommentStack = Vec<Vec<String>>;

impl Rule {
    pub(crate) fn regex(field: &'static str, pattern: &str) -> Result<Regex, FileError> {
        Regex::new(pattern).map_err(|_| FileError::Rule(field))
    }

    pub(crate) fn encrypts(&self, path: &[String], comments: &CommentStack, comment: bool) -> bool {
        let ends = |suffix: &str| path.iter().any(|key| key.ends_with(suffix));
        let fits = |regex: &Regex| path.iter().any(|key| regex.is_match(key.as_bytes()));
        match self {
            Self::UnencryptedSuffix(suffix) => suffix.is_empty() || !ends(suffix),
            Self::EncryptedSuffix(suffix) => ends(suffix),
            Self::UnencryptedRegex(regex) => !fits(regex),
            Self::EncryptedRegex(regex) => fits(regex),
            Self::UnencryptedCommentRegex(regex) => !comments
                .iter()
                .flatten()
                .any(|line| regex.is_match(line.as_bytes())),
            Self::EncryptedCommentRegex(regex) => {
                // The line that asks for encryption is not itself encrypted; a line after it is.
                let last = comments.last().map_or(0, Vec::len);
                comments.iter().enumerate().any(|(depth, lines)| {
                    let own = comment && depth + 1 == comments.len();
                    let lines = if own {
                        &lines[..last.saturating_sub(1)]
                    } else {
                        lines
                    };
                    lines.iter().any(|line| regex.is_match(line.as_bytes()))
                })
            }
        }
    }
}
