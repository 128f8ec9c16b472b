//! One line of an ignore list, matched against a path.

use super::glob::Glob;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Exclude,
    Include,
}

#[derive(Debug)]
pub(super) struct Pattern {
    /// The folder of the list: the pattern says nothing about paths outside of it.
    folder: Vec<String>,
    verdict: Verdict,
    dirs_only: bool,
    shape: Shape,
}

#[derive(Debug)]
enum Shape {
    /// Without slash: any name on the way down.
    Name(Option<Glob>),
    /// With a slash: name by name from the folder of the list.
    Path(Vec<Step>),
}

#[derive(Debug)]
enum Step {
    /// What a leading or doubled slash leaves.
    Empty,
    AnyDepth,
    Name(Option<Glob>),
}

impl Pattern {
    pub(super) fn parse(line: &str, folder: &[&str]) -> Self {
        let (verdict, line) = match line.strip_prefix('!') {
            Some(rest) => (Verdict::Include, rest),
            None => (Verdict::Exclude, line),
        };
        let line = if line.ends_with("\\ ") {
            line
        } else {
            line.trim_end_matches(' ')
        };
        let (dirs_only, line) = match line.strip_suffix('/') {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        let shape = if line.contains('/') {
            Shape::Path(line.split('/').map(Step::parse).collect())
        } else {
            Shape::Name(Glob::parse(line))
        };
        Self {
            folder: folder.iter().map(|&name| name.to_owned()).collect(),
            verdict,
            dirs_only,
            shape,
        }
    }

    /// `None`: the pattern does not concern this path.
    pub(super) fn judge(&self, path: &[&str], is_dir: bool) -> Option<Verdict> {
        let below = path.strip_prefix_by(&self.folder)?;
        let matches = match &self.shape {
            Shape::Name(glob) => self.matches_name(glob.as_ref(), below, is_dir),
            Shape::Path(steps) => self.matches_path(steps, below, is_dir),
        };
        matches.then_some(self.verdict)
    }

    fn matches_name(&self, glob: Option<&Glob>, path: &[&str], is_dir: bool) -> bool {
        let found = glob.and_then(|glob| path.iter().position(|name| glob.matches(name)));
        found.is_some_and(|at| !self.dirs_only || is_dir || at + 1 < path.len())
    }

    /// Follows go-git step by step, with its peculiarities: `/**` alone matches nothing, what remains of the path is below a match.
    fn matches_path(&self, steps: &[Step], mut path: &[&str], is_dir: bool) -> bool {
        let mut matched = false;
        let mut any_depth = false;
        for (at, step) in steps.iter().enumerate() {
            let glob = match step {
                Step::Empty => {
                    any_depth = false;
                    continue;
                }
                Step::AnyDepth if at + 1 == steps.len() => break,
                Step::AnyDepth => {
                    any_depth = true;
                    continue;
                }
                Step::Name(None) => return false,
                Step::Name(Some(glob)) => glob,
            };
            let found = if any_depth {
                path.iter().position(|name| glob.matches(name))
            } else {
                first(path, glob)
            };
            match found {
                Some(at) => {
                    matched = true;
                    path = &path[at + 1..];
                }
                // Nothing is left for later steps, but a trailing `**` asks for nothing.
                None if any_depth && !path.is_empty() => {
                    matched = false;
                    path = &[];
                }
                None => return false,
            }
            any_depth = false;
        }
        matched && !(self.dirs_only && !is_dir && path.is_empty())
    }
}

impl Step {
    fn parse(part: &str) -> Self {
        match part {
            "" => Self::Empty,
            "**" => Self::AnyDepth,
            _ if part.contains("**") => Self::Name(None),
            _ => Self::Name(Glob::parse(part)),
        }
    }
}

fn first(path: &[&str], glob: &Glob) -> Option<usize> {
    path.first().filter(|name| glob.matches(name)).map(|_| 0)
}

trait StripPrefix<'a> {
    fn strip_prefix_by(&'a self, folder: &[String]) -> Option<&'a [&'a str]>;
}

impl<'a> StripPrefix<'a> for [&'a str] {
    /// What is below `folder`; the folder itself is not.
    fn strip_prefix_by(&'a self, folder: &[String]) -> Option<&'a [&'a str]> {
        let inside = self.len() > folder.len()
            && self
                .iter()
                .zip(folder)
                .all(|(name, expected)| name == expected);
        inside.then(|| &self[folder.len()..])
    }
}
