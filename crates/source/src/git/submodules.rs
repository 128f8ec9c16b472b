//! Submodules: what `.gitmodules` says of the commits of other repositories that a tree names.

use std::collections::BTreeMap;

use super::names;

/// So deep may one be in the other, as with go-git.
pub(super) const MAX_DEPTH: usize = 10;

/// So many may there be in one commit: each costs requests to another server.
pub(super) const MAX_COUNT: usize = 200;

/// Addresses by path, as the file has them. It is a file of git's configuration; of that, what git itself writes is read.
pub(super) fn addresses(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let (mut path, mut url) = (None, None);
    let mut end = |path: &mut Option<String>, url: &mut Option<String>| {
        if let (Some(path), Some(url)) = (path.take(), url.take())
            && rosin_tree::path::check(&path).is_ok()
            && path.split('/').all(|name| names::fault(name).is_none())
        {
            found.insert(path, url);
        }
    };
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            end(&mut path, &mut url);
            inside = line.starts_with("[submodule");
        } else if inside && let Some((key, value)) = line.split_once('=') {
            let value = value.trim().trim_matches('"').to_owned();
            match key.trim().to_ascii_lowercase().as_str() {
                "path" => path = Some(value.trim_end_matches('/').to_owned()),
                "url" => url = Some(value),
                _ => {}
            }
        }
    }
    end(&mut path, &mut url);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_by_path() {
        let text = "# ours\n[submodule \"a\"]\n\tpath = libs/a\n\turl = ../a.git\n\tbranch = main\n[core]\n\turl = x\n\
                    [submodule \"b\"]\n\turl = \"https://h/b.git\"\n\tpath = b/\n[submodule \"c\"]\n\tpath = c\n";
        let expected = [("b", "https://h/b.git"), ("libs/a", "../a.git")];
        let expected = expected.map(|(path, url)| (path.to_owned(), url.to_owned()));
        assert_eq!(addresses(text), BTreeMap::from(expected));
    }

    #[test]
    fn paths_that_lead_elsewhere_are_none() {
        for path in ["../a", "/a", "a/../../b", ".git", "a/.git/b"] {
            let text = format!("[submodule \"a\"]\npath = {path}\nurl = ../a.git\n");
            assert_eq!(addresses(&text), BTreeMap::new(), "{path}");
        }
    }
}
