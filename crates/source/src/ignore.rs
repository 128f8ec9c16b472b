//! Which files of a source do not go into its artifact: Flux's default sets, `.sourceignore` files, `spec.ignore`.
//!
//! Patterns look like git's but are matched as go-git does, which differs from git in ways that people's ignore lists lean on
//! (a negation below an ignored folder works, `abc/**` takes `abc` itself). The `ignore` crate follows git, hence this module.

mod glob;
mod pattern;

use pattern::{Pattern, Verdict};

/// The file that holds patterns for its folder and everything below.
pub const FILE: &str = ".sourceignore";

const VCS: &[&str] = &[".git/", ".gitignore", ".gitmodules", ".gitattributes"];

/// These apply only while nobody says anything else.
const DEFAULTS: &[&str] = &[
    // binaries
    "*.jpg",
    "*.jpeg",
    "*.gif",
    "*.png",
    "*.wmv",
    "*.flv",
    "*.tar.gz",
    "*.zip",
    // continuous integration
    ".github/",
    ".circleci/",
    ".travis.yml",
    ".gitlab-ci.yml",
    "appveyor.yml",
    ".drone.yml",
    "cloudbuild.yaml",
    "codeship-services.yml",
    "codeship-steps.yml",
    // tools
    "**/.goreleaser.yml",
    "**/.sops.yaml",
    "**/.flux.yaml",
];

/// All patterns of one source, ready to match.
#[derive(Debug)]
pub struct IgnoreRules {
    /// Later ones win.
    patterns: Vec<Pattern>,
}

impl IgnoreRules {
    /// `files` are the contents of all [`FILE`]s with the folder that holds them (`""` for the root), `spec` is `spec.ignore`.
    pub fn new<'a>(
        files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
        spec: Option<&str>,
    ) -> Self {
        let mut own = Self::without_defaults(files, spec).patterns;
        let mut patterns: Vec<Pattern> = VCS.iter().map(|text| Pattern::parse(text, &[])).collect();
        if own.is_empty() {
            patterns.extend(DEFAULTS.iter().map(|text| Pattern::parse(text, &[])));
        }
        patterns.append(&mut own);
        Self { patterns }
    }

    /// As [`IgnoreRules::new`], with the default sets whatever was said: what Flux leaves out of a build on somebody's machine.
    pub fn beside_defaults<'a>(
        files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
        spec: Option<&str>,
    ) -> Self {
        let defaults = VCS.iter().chain(DEFAULTS);
        let mut patterns: Vec<Pattern> = defaults.map(|text| Pattern::parse(text, &[])).collect();
        patterns.append(&mut Self::without_defaults(files, spec).patterns);
        Self { patterns }
    }

    /// As [`IgnoreRules::new`], of what was said alone.
    pub fn without_defaults<'a>(
        files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
        spec: Option<&str>,
    ) -> Self {
        let mut files: Vec<(Vec<&str>, &[u8])> = files
            .into_iter()
            .map(|(folder, content)| (parts(folder).collect(), content))
            .collect();
        // A folder's own file first, then those below, by name.
        files.sort();
        let mut patterns = Vec::new();
        for (folder, content) in files {
            patterns.extend(read(&String::from_utf8_lossy(content), &folder));
        }
        patterns.extend(read(spec.unwrap_or_default(), &[]));
        Self { patterns }
    }

    /// Whether the file or folder stays out. Files are asked for one by one: those in an excluded folder may be included again.
    #[must_use]
    pub fn excludes(&self, path: &str, is_dir: bool) -> bool {
        let path: Vec<&str> = parts(path).collect();
        let verdicts = self
            .patterns
            .iter()
            .rev()
            .map(|pattern| pattern.judge(&path, is_dir));
        verdicts.flatten().next() == Some(Verdict::Exclude)
    }
}

fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty())
}

fn read(text: &str, folder: &[&str]) -> Vec<Pattern> {
    let meant = |line: &&str| !line.starts_with('#') && !line.trim().is_empty();
    text.lines()
        .filter(meant)
        .map(|line| Pattern::parse(line, folder))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What the Go package that Flux uses printed: pattern, path, whether it is a folder, verdict.
    const CASES: &str = include_str!("ignore/cases.tsv");

    #[test]
    fn patterns_match_as_in_go() {
        // parity: SRC-GEN-012
        let mut checked = 0;
        for line in CASES.lines() {
            let fields: Vec<&str> = line.split('\t').collect();
            let [pattern, domain, path, is_dir, expected] = fields[..] else {
                panic!("malformed line {line:?}")
            };
            let domain: Vec<&str> = parts(domain).collect();
            let verdict = match Pattern::parse(pattern, &domain)
                .judge(&parts(path).collect::<Vec<_>>(), is_dir == "true")
            {
                None => "0",
                Some(Verdict::Exclude) => "1",
                Some(Verdict::Include) => "2",
            };
            assert_eq!(
                verdict, expected,
                "{pattern:?} in {domain:?} on {path:?}, folder: {is_dir}"
            );
            checked += 1;
        }
        assert!(checked > 2000, "only {checked} cases");
    }

    #[test]
    fn defaults_apply_only_without_patterns() {
        // parity: SRC-GEN-013, SRC-GEN-014
        let defaults = IgnoreRules::new([], None);
        for out in [
            ".gitignore",
            "a/.gitmodules",
            "pic.jpg",
            "x/y.tar.gz",
            ".github/x.yml",
            "a/.sops.yaml",
            "a/.drone.yml",
        ] {
            assert!(defaults.excludes(out, false), "{out}");
        }
        assert!(!defaults.excludes("a.yaml", false));
        for own in [
            IgnoreRules::new([], Some("*.md")),
            IgnoreRules::new([("deep/er", b"*.md".as_slice())], None),
        ] {
            assert!(own.excludes(".gitignore", false), "the VCS set stays");
            assert!(!own.excludes("pic.jpg", false), "the other sets are gone");
        }
        let comments = IgnoreRules::new([("", b"# nothing\n\n  \n".as_slice())], Some(""));
        assert!(
            comments.excludes("pic.jpg", false),
            "comments are no patterns"
        );
    }

    #[test]
    fn spec_has_the_last_word_and_files_know_their_folder() {
        // parity: SRC-GEN-012
        let rules = IgnoreRules::new(
            [
                ("a/b", b"!x.txt\n".as_slice()),
                ("", b"*.txt\n".as_slice()),
                ("a", b"/y\r\n".as_slice()),
            ],
            Some("!/keep.txt\n"),
        );
        assert!(rules.excludes("x.txt", false));
        assert!(!rules.excludes("a/b/x.txt", false));
        assert!(
            rules.excludes("a/y", false)
                && !rules.excludes("y", false)
                && !rules.excludes("a/b/y", false)
        );
        assert!(!rules.excludes("keep.txt", false) && rules.excludes("a/keep.txt", false));
    }

    #[test]
    fn negation_works_below_an_ignored_folder() {
        let rules = IgnoreRules::new([], Some("/*\n!/deploy\n/deploy/skip\n"));
        assert!(rules.excludes("README.md", false) && rules.excludes("other", true));
        assert!(!rules.excludes("deploy/b.yaml", false));
        assert!(rules.excludes("deploy/skip/c.yaml", false));
    }

    proptest! {
        #[test]
        fn a_negation_takes_back_exactly_what_the_pattern_excluded(
            pattern in "[ab*?\\[\\]^/\\\\.][ab*?\\[\\]!^/\\\\. -]{0,40}", path in "[ab]{1,30}(/[ab]{1,30}){0,4}",
        ) {
            let rules = IgnoreRules::new([], Some(&format!("{pattern}\n!{pattern}")));
            prop_assert!(!rules.excludes(&path, false));
        }
    }
}
