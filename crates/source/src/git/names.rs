//! Names that a checkout would confuse with git's own folder on some file system. We check nothing out, but others may unpack
//! our archives; git refuses such trees as well.

/// Why a name must not occur in a tree; `None` when it may.
pub(super) fn fault(name: &str) -> Option<&'static str> {
    if name.contains('/') {
        return Some("a name with a slash");
    }
    let plain: String = name
        .chars()
        .filter(|character| !is_ignorable(*character))
        .collect::<String>()
        .to_lowercase();
    // Windows drops trailing dots and spaces, and what follows a colon names a stream.
    let plain = plain
        .split(':')
        .next()
        .unwrap_or_default()
        .trim_end_matches(['.', ' ']);
    matches!(plain, ".git" | "git~1").then_some("a name of git's own folder")
}

/// Characters that HFS+ skips when it compares names.
fn is_ignorable(character: char) -> bool {
    matches!(character, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_in_disguise_is_seen() {
        // parity: SEC-GIT-03
        for bad in [
            ".git",
            ".GIT",
            ".Git",
            "git~1",
            "GIT~1",
            ".g\u{200c}it",
            ".git\u{feff}",
            ".git.",
            ".git ",
            ".git. .",
            ".git::$INDEX_ALLOCATION",
            "a/b",
        ] {
            assert!(fault(bad).is_some(), "{bad:?}");
        }
        for good in [
            ".gitignore",
            "git",
            ".github",
            "git~2",
            "x.git",
            ".git-crypt",
            "a:b",
        ] {
            assert!(fault(good).is_none(), "{good:?}");
        }
    }
}
