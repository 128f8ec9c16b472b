//! Paths as the contract wants them: relative, `/`-separated, without `.`, `..` and empty parts.

/// Joins what a file names to the folder it is in, and cleans it: `join("apps/web", "../base")` is `apps/base`. None where
/// the result lies outside the tree. A leading `/` means the root of the tree nowhere: such a path is outside too.
pub fn join(folder: &str, path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains('\0') {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// The folder of a path; the empty path for what lies in the root.
pub fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The last part of a path.
pub fn name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// Whether a path keeps the contract's conventions. The empty path, which is the root, does.
pub fn is_clean(path: &str) -> bool {
    path.is_empty()
        || !path.contains('\0') && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn join_cleans_and_refuses_what_leads_outside() {
        assert_eq!(join("apps/web", "../base").as_deref(), Some("apps/base"));
        assert_eq!(join("apps/web", "./a//b/").as_deref(), Some("apps/web/a/b"));
        assert_eq!(join("", "..").as_deref(), None);
        assert_eq!(join("apps", "../..").as_deref(), None);
        assert_eq!(join("apps", "../../apps").as_deref(), None);
        assert_eq!(join("apps", "..").as_deref(), Some(""));
        assert_eq!(join("apps", "/etc/passwd").as_deref(), None);
        assert_eq!(join("apps", "a\0b").as_deref(), None);
    }

    #[test]
    fn clean_paths_have_no_special_parts() {
        for path in ["", "a", "a/b", "a..b/..c", "ü"] {
            assert!(is_clean(path), "{path}");
        }
        for path in ["/", "/a", "a/", "a//b", ".", "a/./b", "..", "a/..", "a\0"] {
            assert!(!is_clean(path), "{path:?}");
        }
    }

    #[test]
    fn folder_and_name_split_a_path() {
        assert_eq!((folder("a/b/c"), name("a/b/c")), ("a/b", "c"));
        assert_eq!((folder("c"), name("c")), ("", "c"));
    }
}
