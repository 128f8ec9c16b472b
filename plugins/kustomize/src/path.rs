//! Paths of the tree: relative to its root, separated by `/`; the empty path is the root.

/// Removes `.`, empty parts and `name/..`. A path that leads above the root begins with `..`; an absolute one keeps its slash.
pub(crate) fn clean(path: &str) -> String {
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if matches!(parts.last(), Some(&last) if last != "..") => {
                parts.pop();
            }
            ".." if absolute => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    if absolute {
        format!("/{joined}")
    } else {
        joined
    }
}

/// Appends a relative path to a folder and cleans the whole.
pub(crate) fn join(folder: &str, path: &str) -> String {
    if folder.is_empty() {
        clean(path)
    } else {
        clean(&format!("{folder}/{path}"))
    }
}

/// Whether `path` is `folder` or lies below it.
pub(crate) fn is_in(path: &str, folder: &str) -> bool {
    if folder.is_empty() {
        return !leads_outside(path);
    }
    path == folder
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'))
}

/// Whether a cleaned path is not below the root of the tree.
pub(crate) fn leads_outside(path: &str) -> bool {
    path == ".." || path.starts_with("../") || path.starts_with('/')
}

pub(crate) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

pub(crate) fn base(path: &str) -> &str {
    let trimmed = path.trim_end_matches('/');
    match trimmed.rsplit_once('/') {
        Some((_, name)) => name,
        None if trimmed.is_empty() => {
            if path.is_empty() {
                "."
            } else {
                "/"
            }
        }
        None => trimmed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clean_removes_what_says_nothing() {
        assert_eq!(clean("a//./b/../c/"), "a/c");
        assert_eq!(clean("./"), "");
        assert_eq!(clean("a/../../b"), "../b");
        assert_eq!(clean("/../x"), "/x");
    }

    #[test]
    fn a_folder_contains_itself_but_not_its_namesakes() {
        assert!(is_in("a/b", "a"));
        assert!(is_in("a", "a"));
        assert!(!is_in("ab", "a"));
        assert!(is_in("x", ""));
        assert!(!is_in("../x", ""));
    }

    #[test]
    fn base_is_the_last_part() {
        assert_eq!(base("a/b.txt"), "b.txt");
        assert_eq!(base("b.txt"), "b.txt");
        assert_eq!(base(""), ".");
    }
}
