//! The one place that decides what a path inside a source may look like.

use crate::TreeError;

/// The longest path, in bytes; Linux takes no longer one in a single call.
pub const MAX_PATH: usize = 4095;
/// The longest name of one file or folder, in bytes.
pub const MAX_NAME: usize = 255;
/// How deep folders may be nested.
pub const MAX_DEPTH: usize = 256;

/// Accepts relative, `/`-separated paths without empty parts, `.`, `..` or NUL.
///
/// A backslash is an ordinary character, as on Linux (systemd units carry it), but a path that would leave the folder on a
/// system where it separates (`..\x`, `\x`, `C:\x`) is refused everywhere, so that one revision means the same on every machine.
///
/// # Errors
/// [`TreeError::InvalidPath`] with the reason.
pub fn check(path: &str) -> Result<(), TreeError> {
    match fault(path) {
        None => Ok(()),
        Some(reason) => {
            // Names come from hostile archives: the message repeats what a reader needs, not 64 KB.
            let path = path.chars().take(MAX_NAME).collect();
            Err(TreeError::InvalidPath { path, reason })
        }
    }
}

fn fault(path: &str) -> Option<&'static str> {
    if path.is_empty() {
        return Some("it is empty");
    }
    if path.len() > MAX_PATH {
        return Some("it is longer than 4095 bytes");
    }
    if path.contains('\0') {
        return Some("it contains a NUL byte");
    }
    if path.starts_with(['/', '\\']) || has_drive(path) {
        return Some("it is absolute");
    }
    let mut depth = 0;
    for name in path.split('/') {
        match name {
            "" => return Some("it has an empty part"),
            "." | ".." => return Some("it has a part \".\" or \"..\""),
            _ if name.len() > MAX_NAME => return Some("a name in it is longer than 255 bytes"),
            _ if name.split('\\').any(|part| part == "..") => {
                return Some("it has a part \"..\" between backslashes");
            }
            _ => depth += 1,
        }
    }
    (depth > MAX_DEPTH).then_some("it is nested deeper than 256 folders")
}

fn has_drive(path: &str) -> bool {
    matches!(path.as_bytes(), [letter, b':', b'\\' | b'/', ..] if letter.is_ascii_alphabetic())
}

/// The folder that holds `path`; `None` at the top.
#[must_use]
pub fn parent(path: &str) -> Option<&str> {
    path.rsplit_once('/').map(|(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn refuses_everything_that_could_leave_the_folder() {
        // parity: SEC-SRC-02
        for bad in [
            "",
            "/",
            "/etc/passwd",
            "//x",
            "..",
            "../x",
            "a/..",
            "a/../b",
            ".",
            "./a",
            "a/.",
            "a//b",
            "a/",
            "a\0b",
            "C:\\x",
            "c:/x",
            "\\x",
            "..\\x",
            "a\\..\\b",
        ] {
            assert!(check(bad).is_err(), "{bad:?} was accepted");
        }
        assert!(check(&"a".repeat(256)).is_err());
        assert!(check(&vec!["a"; 300].join("/")).is_err());
        assert!(check(&vec!["a".repeat(200); 21].join("/")).is_err());
    }

    #[test]
    fn accepts_what_linux_and_git_allow() {
        for good in [
            "a",
            "a/b.yaml",
            "...",
            "..a",
            "a..",
            "dev-x\\x2dy.swap",
            "ä/日本",
            "a b",
            "line\nbreak",
            "C:x",
            "-rf",
        ] {
            assert!(check(good).is_ok(), "{good:?} was refused");
        }
    }

    #[test]
    fn message_is_escaped_and_short() {
        // parity: SEC-SRC-13
        let error = check(&format!("../\x1b[2J{}", "x".repeat(60_000))).expect_err("has ..");
        let message = error.to_string();
        assert!(!message.contains('\x1b'), "{message}");
        assert!(message.len() < 400);
    }

    proptest! {
        #[test]
        fn accepted_paths_have_only_normal_parts(path in "[a./\\\\:\0]{0,12}") {
            if check(&path).is_ok() {
                let parts = std::path::Path::new(&path).components();
                prop_assert!(parts.clone().all(|part| matches!(part, std::path::Component::Normal(_))));
                prop_assert_eq!(parts.count(), path.split('/').count());
            }
        }
    }
}
